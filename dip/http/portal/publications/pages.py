"""Publications as anybody reads them: what was announced, names of a channel, versions of a name (5.6; FS-37, FS-57).

Each address answers with JSON, and browsers with a page.
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from aiohttp import web

from dip.channels.channel import Channel
from dip.channels.durations import written
from dip.ground.errors import BadRequest
from dip.http.portal.guard import visitor_of, wants_page
from dip.http.portal.navigation import allows
from dip.http.portal.open_doors import json_response
from dip.http.portal.parameters import Parameters
from dip.http.portal.publications.shown import Shown
from dip.http.portal.renderer import Renderer
from dip.messages.identifiers import InterfaceId
from dip.publications.address import PayloadAddress
from dip.publications.filtering.query import MOST_ROWS, OPERATORS
from dip.publications.filtering.source import Form
from dip.store.publication_records import PublicationFilter, VersionFilter

LIST: Final = "/publications"
UPLOADS: Final = "GET /admin/api/publications/uploads"
FILTERS: Final = ("channel", "text", "from", "to", "before", "limit")
_NAMES: Final = ("text", "after", "limit")
_VERSIONS: Final = ("version", "from", "to", "removed", "before", "limit")
_FILTER: Final = ("columns", "column", "operator", "value", "limit", "form")
_ANY: Final = VersionFilter(limit=2)
_YES_NO: Final = {"yes": True, "no": False}
_FORMS: Final = ("html", "json")


class PublicationPages:
    """Handlers of `/publications`, without log-in. Lists are `{"items": […], "next": address or null}`."""

    def __init__(self, *, shown: Shown, renderer: Renderer) -> None:
        self._shown = shown
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """The lists, and where the form of a filter leads."""
        return [
            web.get(LIST, self.publications),
            web.get(f"{LIST}/{{channel}}", self.channel),
            web.get(f"{LIST}/{{channel}}/{{name}}", self.versions),
            web.get(f"{LIST}/{{channel}}/{{name}}/{{version}}/filter", self.filter),
        ]

    async def publications(self, request: web.Request) -> web.Response:
        """What was announced, newest first: each with its payloads, and where they are read.

        Browsers get a page; so does `form=html`, and JSON `form=json`.
        """
        asked = Parameters(request.query, FILTERS)
        is_page = _is_page(request)
        channels = self._shown.channels()
        wanted = publication_filter(asked, channels)
        if not is_page:
            asked.check()
        items, key = ((), None) if asked.fault else await self._shown.publications(wanted)
        more = asked.address(LIST, before=str(key or ""), form=_form(request)) if key else None
        if not is_page:
            return json_response({"items": items, "next": self._whole(more)})
        can_see_uploads = allows(visitor_of(request), UPLOADS)
        return self._page(
            request,
            "publications/start.html",
            asked,
            {
                "items": items,
                "channels": channels.values(),
                "older": more,
                "newest": asked.address(LIST, before="") if asked.typed["before"] else None,
                "uploads": self._shown.uploads() if can_see_uploads else (),
                "can_see_uploads": can_see_uploads,
            },
        )

    async def channel(self, request: web.Request) -> web.Response:
        """Names under which a channel has payloads, each with its latest version; and how long versions stay.

        `removed` are the payloads that were taken away last.
        """
        asked, is_page = Parameters(request.query, _NAMES), _is_page(request)
        channel = self._shown.channel(request.match_info["channel"])
        text, after, limit = asked.text("text"), asked.text("after") or "", asked.limit()
        if not is_page:
            asked.check()
        items, key = ((), None) if asked.fault else await self._shown.names(channel.id, text, after, limit)
        removed = await self._shown.removed(channel.id)
        path = f"{LIST}/{channel.id}"
        more = asked.address(path, after=key, form=_form(request)) if key else None
        if not is_page:
            content = {"items": items, "next": self._whole(more), "removed": removed}
            return json_response({"channel": channel.id, "name": channel.name, "kept": _kept(channel), **content})
        return self._page(
            request,
            "publications/channel.html",
            asked,
            {
                "channel": channel,
                "items": items,
                "removed": removed,
                "following": more,
                "first": asked.address(path, after="") if asked.typed["after"] else None,
            },
        )

    async def versions(self, request: web.Request) -> web.Response:
        """Versions of a name, current and past, newest first: where each is read, or when and why it was removed."""
        asked, is_page = Parameters(request.query, _VERSIONS), _is_page(request)
        channel = self._shown.channel(request.match_info["channel"])
        name = request.match_info["name"]
        wanted = _version_filter(asked)
        if not is_page:
            asked.check()
        # Where something is wrong with the question, the name is looked up all the same.
        items, key = await self._shown.versions(channel.id, name, _ANY if asked.fault else wanted)
        address = PayloadAddress(channel.id, name, "")
        path = address.path.rstrip("/")
        more = (
            asked.address(path, before=f"{key[0]}-{key[1]}", form=_form(request)) if key and not asked.fault else None
        )
        if not is_page:
            latest = self._whole(address.latest_path)
            content = {"items": items, "next": self._whole(more)}
            return json_response({"channel": channel.id, "name": name, "latestUri": latest, **content})
        is_first = not any(asked.typed[name] for name in _VERSIONS if name != "limit")
        return self._page(
            request,
            "publications/versions.html",
            asked,
            {
                "channel": channel,
                "name": name,
                "items": () if asked.fault else items,
                "latest_path": address.latest_path,
                "shows_latest": is_first,
                "older": more,
                "newest": asked.address(path, before="") if asked.typed["before"] else None,
                "operators": OPERATORS,
                "forms": tuple(Form),
                "most_rows": MOST_ROWS,
            },
        )

    async def filter(self, request: web.Request) -> web.Response:
        """Where the form of a filter leads: on to the payload, with what was filled in as its filter."""
        asked = Parameters(request.query, _FILTER, ways=())
        asked.check()
        path = "/".join(quote(request.match_info[part], safe="") for part in ("channel", "name", "version"))
        pairs = _filter_of(asked.typed, request.query.get("value", ""))
        raise web.HTTPSeeOther(f"{LIST}/{path}" + (f"?{urlencode(pairs)}" if pairs else ""))

    def _page(self, request: web.Request, template: str, asked: Parameters, values: Mapping[str, Any]) -> web.Response:
        common = {
            "typed": asked.typed,
            "fault": asked.fault,
            "searching": any(text for name, text in asked.typed.items() if name not in ("before", "after", "limit")),
            "done": request.query.get("done", ""),
        }
        return self._renderer.page(request, template, {**common, **values}, status=400 if asked.fault else 200)

    def _whole(self, path: str | None) -> str | None:
        return None if path is None else f"{self._shown.base}{path}"


def publication_filter(
    asked: Parameters, channels: Mapping[InterfaceId, Channel] | Mapping[str, Channel]
) -> PublicationFilter:
    """Which publications an address asks for, and one more to see whether more follow."""
    return PublicationFilter(
        channel=asked.one_of("channel", list(channels)),
        text=asked.text("text"),
        since=asked.since("from"),
        until=asked.until("to"),
        before=asked.number("before"),
        limit=asked.limit() + 1,
    )


def _filter_of(typed: Mapping[str, str], value: str) -> list[tuple[str, str]]:
    """The filter that a form's fields come to. Raises BadRequest."""
    pairs = [(name, typed[name]) for name in ("limit", "form") if typed[name]]
    # Names are decoded once more by the filter: what somebody typed is meant as it stands.
    columns = [quote(name.strip(), safe="") for name in typed["columns"].split(",")]
    if any(columns):
        pairs.append(("columns", ",".join(columns)))
    if typed["column"]:
        operator = typed["operator"] or "eq"
        operand = value.replace("%", "%25") if operator == "in" else value
        pairs.append(("where", f"{quote(typed['column'], safe='')}:{operator}:{operand}"))
    elif value:
        raise BadRequest("column: expected the name of the column that has this value.")
    return pairs


def _version_filter(asked: Parameters) -> VersionFilter:
    version, begins = asked.version("version")
    return VersionFilter(
        version=version,
        version_begins=begins,
        since=asked.since("from"),
        until=asked.until("to"),
        removed=_YES_NO[found] if (found := asked.one_of("removed", list(_YES_NO))) in _YES_NO else True,
        before=asked.pair("before"),
        limit=asked.limit() + 1,
    )


def _is_page(request: web.Request) -> bool:
    """Whether a page is wanted. Raises BadRequest."""
    form = _form(request)
    if form and form not in _FORMS:
        raise BadRequest(f"form: expected {' or '.join(_FORMS)}.")
    return form == "html" if form else wants_page(request)


def _form(request: web.Request) -> str:
    return request.query.get("form", "")


def _kept(channel: Channel) -> dict[str, Any] | None:
    kept = channel.payloads
    return None if kept is None else {"for": written(kept.kept_for), "versions": kept.versions}

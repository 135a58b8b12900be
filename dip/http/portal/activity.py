"""The activity log: calls of the administration API, and the pages (5.8.1, FS-45)."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from aiohttp import hdrs, web

from dip.activity.events import RECEIVED, SENT
from dip.activity.reading import ActivityBook, Found, Wanted
from dip.ground.clock import microseconds
from dip.ground.errors import BadRequest, NotFound
from dip.http.portal.guard import API
from dip.http.portal.open_doors import json_response
from dip.http.portal.renderer import Renderer
from dip.http.portal.searches import read_search
from dip.reporting.call_verdicts import on_call, on_delivery
from dip.reporting.verdicts import Verdict
from dip.store.page_records import PAGE_LIMIT

_ALL: Final = f"{API}/activity"
_PAGE: Final = "/activity"
_ON_A_PAGE: Final = 50
_STATIC: Final = "/static/"
"""Pictures and styles: on the page only for who asks for them."""
_FIELDS: Final = ("who", "status", "path", "from", "to")


class Shown(msgspec.Struct, frozen=True):
    """A line of the page."""

    number: int
    at: datetime
    direction: str
    who: str
    method: str
    address: str
    status: int | None
    duration_us: int | None
    verdict: Verdict | None = None
    """Of a call that failed, most likely whose fault that was."""


class _Record(msgspec.Struct, rename="pascal"):
    attributes: dict[str, Any]
    event_name: str = ""
    body: Any = None


class ActivityDesk:
    """Handlers of `/admin/api/activity` and of the pages below `/activity`."""

    def __init__(self, *, book: ActivityBook, renderer: Renderer) -> None:
        self._book = book
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """Calls and pages."""
        return [
            web.get(_ALL, self.listed),
            web.get(f"{_ALL}/export", self.exported),
            web.get(f"{_ALL}/{{number}}", self.one),
            web.get(_PAGE, self.page),
            web.get(f"{_PAGE}/{{number}}", self.page_of_one),
        ]

    async def listed(self, request: web.Request) -> web.Response:
        """Records of the activity log at hand, newest first: every request in and out.

        A search looks at so many records (`activity_scan`); `next` goes on from there, whether or not any fitted.
        """
        return json_response(await asyncio.to_thread(self._book.search, _wanted(request.query, PAGE_LIMIT)))

    async def one(self, request: web.Request) -> web.Response:
        """One record."""
        return json_response(await self._one(request))

    async def exported(self, request: web.Request) -> web.StreamResponse:
        """Records as JSON lines, in order: number, time, hash and record. Archive files are read as well."""
        since, until = _moment(request.query, "from"), _moment(request.query, "to")
        response = web.StreamResponse(headers={"Content-Disposition": 'attachment; filename="activity.jsonl"'})
        response.content_type = "application/x-ndjson"
        await response.prepare(request)
        if request.method == hdrs.METH_HEAD:
            return response
        async for lines in self._lines(since, until):
            await response.write(lines)
        await response.write_eof()
        return response

    async def page(self, request: web.Request) -> web.Response:
        """Records that fit a search, newest first."""
        typed = {name: request.query.get(name, "").strip() for name in _FIELDS}
        conditions = {name: text for name, text in typed.items() if text}
        rows: list[Shown] = []
        fault, following = None, None
        try:
            given = {**typed, "next": request.query.get("next", "")}
            wanted = _wanted(given, _ON_A_PAGE)
            if not wanted.path:
                wanted = msgspec.structs.replace(wanted, but=_STATIC)
            found = await asyncio.to_thread(self._book.search, wanted)
            rows, following = [_shown(one) for one in found.items], found.next
        except BadRequest as error:
            fault = error.message
        values = {
            "rows": rows,
            "typed": typed,
            "searching": bool(conditions),
            "fault": fault,
            "older": f"{_PAGE}?{urlencode({**conditions, 'next': following})}" if following else None,
            "newest": f"{_PAGE}?{urlencode(conditions)}" if request.query.get("next") else None,
            "export": f"{_ALL}/export?{urlencode({name: typed[name] for name in ('from', 'to') if typed[name]})}",
            "last": await asyncio.to_thread(self._book.head),
        }
        return self._renderer.page(request, "activity.html", values, status=400 if fault else 200)

    async def page_of_one(self, request: web.Request) -> web.Response:
        """One record in full."""
        found = await self._one(request)
        text = msgspec.json.format(bytes(found.record)).decode()
        return self._renderer.page(
            request,
            "activity_record.html",
            {"row": _shown(found), "hash": found.hash, "text": text, "verdicts": _verdicts(found)},
        )

    async def _one(self, request: web.Request) -> Found:
        text = request.match_info["number"]
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0
        found = await asyncio.to_thread(self._book.one, number)
        if found is None:
            raise NotFound("No record at hand has this number. Older ones stand in the archive files; export them.")
        return found

    async def _lines(self, since: int | None, until: int | None) -> AsyncIterator[bytes]:
        """Some lines at a time, each read in a thread."""
        lines = self._book.lines(since, until)
        while (some := await asyncio.to_thread(next, lines, None)) is not None:
            yield some


def _shown(found: Found) -> Shown:
    read = msgspec.json.decode(bytes(found.record), type=_Record)
    attributes, name = read.attributes, read.event_name
    party = "dip.party" if name.endswith("sent") else "user.id"
    return Shown(
        number=found.number,
        at=found.at,
        direction={"dip.request.received": "in", "dip.request.sent": "out"}.get(name, name.removeprefix("dip.")),
        who=str(attributes.get(party) or attributes.get("client.address") or ""),
        method=str(attributes.get("http.request.method", "")),
        address=str(attributes.get("url.path") or attributes.get("url.full") or ""),
        status=attributes.get("http.response.status_code"),
        duration_us=attributes.get("dip.duration_us"),
        verdict=next(iter(_verdicts(found)), None),
    )


def _verdicts(found: Found) -> list[Verdict]:
    """What to say of a failed call of the participants' port, or of a call to a webhook; nothing of pages."""
    read = msgspec.json.decode(bytes(found.record), type=_Record)
    attributes = read.attributes
    status, reason = attributes.get("http.response.status_code"), str(attributes.get("error.type", ""))
    party = str(attributes.get("dip.party", ""))
    if read.event_name == SENT:
        url = str(attributes.get("url.full", ""))
        return on_delivery(status, reason=reason, at=found.at, party=party, url=url)
    if read.event_name == RECEIVED and attributes.get("dip.port") == "api":
        note = str(attributes.get("dip.note", ""))
        return on_call(status, read.body, note=note, reason=reason, at=found.at, party=party)
    return []


def _wanted(query: Mapping[str, str], limit: int) -> Wanted:
    """Raises BadRequest."""
    paged = read_search({name: query.get(name, "") for name in ("next", "limit")}, limit=limit)
    status = query.get("status", "").strip()
    if status and not (status.isascii() and status.isdecimal() and len(status) in (1, 3)):
        raise BadRequest("status is an HTTP status such as 404, or its first digit.")
    return Wanted(
        who=query.get("who", "").strip(),
        status=int(status) if status else None,
        path=query.get("path", "").strip(),
        since=_moment(query, "from"),
        until=_moment(query, "to"),
        before=paged.before,
        limit=paged.limit,
    )


def _moment(query: Mapping[str, str], name: str) -> int | None:
    """A time of the query as business time, microseconds; what a form gives is UTC. Raises BadRequest."""
    text = query.get(name, "").strip()
    if not text:
        return None
    try:
        # A plus sign that was not escaped reaches us as a space.
        found = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError as exc:
        raise BadRequest(f"{name} is a time such as 2026-03-21T00:00:00+00:00.") from exc
    return microseconds(found.replace(tzinfo=UTC) if found.tzinfo is None else found)

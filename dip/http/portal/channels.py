"""The pages of the channels: what is served, and its definition changed, paused and undone (5.3, 5.13.5)."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, NoReturn

from aiohttp import web

from dip.catalogue.catalogue import Catalogue, Definition
from dip.catalogue.definitions import check_id, own_id
from dip.catalogue.edits import Recipient, RecipientClass, recipients_edit, senders_edit
from dip.catalogue.errors import DefinitionRefused
from dip.catalogue.pauses import Pauses
from dip.ground.errors import BadRequest, Conflict, DipError, NotFound
from dip.http.portal.guard import visitor_of
from dip.http.portal.maintenance import Maintenance
from dip.http.portal.renderer import Renderer
from dip.http.problems import status_of
from dip.messages.identifiers import InterfaceId, RoleCode

_ONE: Final = "/channels/{channel_id}"
_NEW: Final = "new"
_CLASSES: Final[Sequence[RecipientClass]] = ("primary", "secondary", "always")
_DRAFT: Final = """\
id: IF-999
template: pattern-a
name: Name of the channel
publication: PUB-999
purpose: What it is for, in a sentence.
category: 2
senders: [SUP]
routing: {primary: [REGS], secondary: [], always: []}
correlation: create
events:
  Example: {meaning: What happened}
formats:
  Example:
    custom: [B071]
"""


class ChannelPages:
    """Handlers of `/channels`. Every form works without script, and leads back to the page by a redirect."""

    def __init__(self, *, catalogue: Catalogue, pauses: Pauses, maintenance: Maintenance, renderer: Renderer) -> None:
        self._catalogue = catalogue
        self._pauses = pauses
        self._maintenance = maintenance
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """The pages and what their forms ask for."""
        return [
            web.get("/channels", self.channels),
            web.get(f"/channels/{_NEW}", self.new),
            web.post(f"/channels/{_NEW}", self.save_new),
            web.get(_ONE, self.channel),
            web.post(_ONE, self.save),
            web.get(f"{_ONE}/versions/{{version}}", self.version),
            web.post(f"{_ONE}/undo", self.undo),
            web.post(f"{_ONE}/remove", self.remove),
            web.post(f"{_ONE}/roles", self.roles),
            web.post(f"{_ONE}/pause", self.pause),
            web.post(f"{_ONE}/resume", self.resume),
        ]

    async def channels(self, request: web.Request) -> web.Response:
        """Every channel in a line."""
        channels = sorted(self._catalogue.registry.value.channels.values(), key=lambda one: one.id)
        definitions = {one.id: self._catalogue.definition(one.id) for one in channels}
        values = {
            "channels": channels,
            "versions": {id_: found.version if found else 0 for id_, found in definitions.items()},
            "pause_of": self._maintenance.of,
            "removed": request.query.get("removed", ""),
        }
        return self._renderer.page(request, "channels.html", values)

    async def new(self, request: web.Request) -> web.Response:
        """The form for a channel that there isn't yet, with a draft to start from."""
        return self._renderer.page(request, "channel_new.html", _editor(_DRAFT, base=0))

    async def save_new(self, request: web.Request) -> web.Response:
        """Check a new channel, or add it."""
        form = await request.post()
        channel_id = own_id(_text(form))
        present = self._catalogue.definition(channel_id)
        if present is not None and present.text is not None:
            exists = Conflict(f"There is a channel {channel_id} already; change it on its own page.")
            shown = _editor(_text(form), base=0, reason=_reason(form), refused=exists)
            return self._renderer.page(request, "channel_new.html", shown, status=status_of(exists))
        base = present.version if present is not None else 0
        return await self._checked(request, form, channel_id, "channel_new.html", {}, base=base)

    async def channel(self, request: web.Request) -> web.Response:
        """One channel: definition, versions, maintenance."""
        channel_id, definition = self._known(request)
        text = definition.text if definition.text is not None else self._last_text(channel_id)
        return self._page(request, channel_id, _editor(text, base=definition.version))

    async def save(self, request: web.Request) -> web.Response:
        """Check a changed definition and show what it changes, or save it."""
        channel_id, _ = self._known(request)
        values = self._values(channel_id)
        form = await request.post()
        return await self._checked(request, form, channel_id, "channel.html", values, base=_base(form))

    async def version(self, request: web.Request) -> web.Response:
        """One version: what it changed, and what going back to it would change."""
        channel_id, present = self._known(request)
        number = request.match_info["version"]
        if not (number.isascii() and number.isdecimal() and int(number[:9]) <= present.version):
            raise NotFound("The channel has no such version.")
        version = int(number)
        records = {one.version: one for one in self._catalogue.versions(channel_id)}
        values = {
            "channel_id": channel_id,
            "version": version,
            "present": present.version,
            "record": records.get(version),
            "text": self._catalogue.text(channel_id, version),
            "change": _lines(self._catalogue.difference(channel_id, version - 1, version)) if version else [],
            "way_back": _lines(self._catalogue.difference(channel_id, present.version, version)),
        }
        return self._renderer.page(request, "channel_version.html", values)

    async def undo(self, request: web.Request) -> web.Response:
        """Make the channel an earlier version again."""
        channel_id, _ = self._known(request)
        number = str((await request.post()).get("version", ""))
        if not (number.isascii() and number.isdecimal()):
            raise BadRequest("version is the number of a version.")
        await self._catalogue.undo(channel_id, int(number[:9]), author=_author(request))
        _back(channel_id)

    async def remove(self, request: web.Request) -> web.Response:
        """Remove the channel."""
        channel_id, _ = self._known(request)
        form = await request.post()
        await self._catalogue.remove(channel_id, author=_author(request), reason=_reason(form), base=_base(form))
        raise web.HTTPSeeOther(f"/channels?removed={channel_id}")

    async def roles(self, request: web.Request) -> web.Response:
        """Add a role to the senders or to a class of recipients, or strike it."""
        channel_id, _ = self._known(request)
        form = await request.post()
        role, place, adds = RoleCode(str(form.get("role", ""))), form.get("place"), form.get("action") == "add"
        if place == "senders":
            edit = senders_edit([role] if adds else [], [] if adds else [role])
        elif place in _CLASSES:
            one = Recipient(role, next(name for name in _CLASSES if name == place))
            edit = recipients_edit([one] if adds else [], [] if adds else [one])
        else:
            raise BadRequest("place is senders, primary, secondary or always.")
        await self._catalogue.edit(channel_id, edit, author=_author(request), reason=_reason(form))
        _back(channel_id)

    async def pause(self, request: web.Request) -> web.Response:
        """Pause the channel, or announce it."""
        channel_id, _ = self._known(request)
        form = await request.post()
        await self._pauses.begin(
            channel_id,
            starts=_moment(form, "from"),
            ends=_moment(form, "until"),
            author=_author(request),
            reason=_reason(form),
        )
        _back(channel_id)

    async def resume(self, request: web.Request) -> web.Response:
        """End the channel's pause."""
        channel_id, _ = self._known(request)
        await self._pauses.end(channel_id)
        _back(channel_id)

    async def _checked(
        self,
        request: web.Request,
        form: Any,
        channel_id: str,
        template: str,
        values: dict[str, Any],
        *,
        base: int,
    ) -> web.Response:
        """Save what was seen with its difference; else show the difference, or the faults."""
        text, reason = _text(form), _reason(form)
        try:
            if form.get("action") == "save" and form.get("checked") == _mark(text):
                saved = await self._catalogue.change(
                    channel_id, text, author=_author(request), reason=reason, base=base
                )
                _back(channel_id, saved=saved.version)
            draft = await self._catalogue.draft(channel_id, text)
        except (DefinitionRefused, BadRequest, Conflict) as refused:
            shown = _editor(text, base=base, reason=reason, refused=refused)
            return self._renderer.page(request, template, {**values, **shown}, status=status_of(refused))
        shown = _editor(text, base=base, reason=reason, difference=_lines(draft.difference), checked=_mark(text))
        return self._renderer.page(request, template, {**values, **shown})

    def _page(self, request: web.Request, channel_id: InterfaceId, editor: dict[str, Any]) -> web.Response:
        saved = request.query.get("saved", "")
        return self._renderer.page(request, "channel.html", {**self._values(channel_id), **editor, "saved": saved})

    def _values(self, channel_id: InterfaceId) -> dict[str, Any]:
        registry = self._catalogue.registry.value
        definition = self._catalogue.definition(channel_id) or Definition(0, None)
        return {
            "channel_id": channel_id,
            "channel": registry.find(channel_id),
            "version": definition.version,
            "versions": self._catalogue.versions(channel_id),
            "has_file": self._catalogue.text(channel_id, 0) is not None,
            "pause": self._maintenance.of(channel_id),
            "roles": sorted(registry.roles.values(), key=lambda role: role.code),
            "routings": self._routings(channel_id),
            "saved": "",
        }

    def _routings(self, channel_id: InterfaceId) -> list[tuple[str, list[RoleCode]]]:
        """The roles that send, and those that get messages in each class, over all events."""
        channel = self._catalogue.registry.value.find(channel_id)
        if channel is None:
            return []
        routings = [
            routing
            for event in channel.events.values()
            for routing in (event.usual_routing, *event.routing_by_sender.values())
        ]
        classes = [
            (name, sorted({role for routing in routings for role in getattr(routing, name)})) for name in _CLASSES
        ]
        return [("senders", sorted(channel.senders)), *classes]

    def _known(self, request: web.Request) -> tuple[InterfaceId, Definition]:
        channel_id = request.match_info["channel_id"]
        definition = self._catalogue.definition(channel_id)
        if definition is None:
            raise NotFound("No channel has this id.")
        return check_id(channel_id), definition

    def _last_text(self, channel_id: InterfaceId) -> str:
        """What a removed channel was."""
        texts = (one.text for one in self._catalogue.versions(channel_id))
        return next((text for text in texts if text is not None), self._catalogue.text(channel_id, 0) or "")


def _editor(
    text: str,
    *,
    base: int,
    reason: str = "",
    refused: DipError | None = None,
    difference: list[tuple[str, str]] | None = None,
    checked: str = "",
) -> dict[str, Any]:
    """What the form of a definition shows. checked: the mark of the text that was checked and shown as a difference."""
    faults = refused.faults if isinstance(refused, DefinitionRefused) else ()
    lines = text.splitlines()
    return {
        "definition": text,
        "base": base,
        "reason": reason,
        "refused": refused,
        "faults": [(one, lines[one.line - 1] if one.line <= len(lines) else "") for one in faults],
        "difference": difference,
        "checked": checked,
    }


def _lines(difference: str) -> list[tuple[str, str]]:
    """The lines of a unified difference with their kind, without the two that name the sides."""
    kinds = {"+": "added", "-": "removed", "@": "place"}
    return [(kinds.get(line[:1], "same"), line) for line in difference.splitlines()[2:]]


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _text(form: Any) -> str:
    return str(form.get("definition", "")).replace("\r\n", "\n")


def _reason(form: Any) -> str:
    return str(form.get("reason", "")).strip()[:200]


def _base(form: Any) -> int:
    text = str(form.get("base", ""))
    return int(text[:9]) if text.isascii() and text.isdecimal() else 0


def _moment(form: Any, name: str) -> datetime | None:
    """A time of a form, UTC. Raises BadRequest."""
    text = str(form.get(name, "")).strip()
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as exc:
        raise BadRequest(f"{name} is a time such as 2026-03-21T19:05.") from exc
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _author(request: web.Request) -> str:
    visitor = visitor_of(request)
    return visitor.name if visitor is not None else ""


def _back(channel_id: str, saved: int | None = None) -> NoReturn:
    raise web.HTTPSeeOther(f"/channels/{channel_id}" + (f"?saved={saved}" if saved is not None else ""))

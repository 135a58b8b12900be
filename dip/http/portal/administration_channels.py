"""The administration API of the channels: added, changed, removed, paused while messages flow (5.3, 5.13.5)."""

from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec
from aiohttp import web

from dip.catalogue.catalogue import Catalogue
from dip.catalogue.definitions import check_id, written
from dip.catalogue.edits import Edit, Recipient, recipients_edit, senders_edit
from dip.catalogue.pauses import Pauses
from dip.channels.channel import Channel
from dip.ground.errors import BadRequest, NotFound
from dip.http.portal.guard import API, visitor_of
from dip.http.portal.maintenance import Maintenance
from dip.http.portal.open_doors import json_response
from dip.http.portal.views import channel_in_full, channel_in_list
from dip.messages.identifiers import InterfaceId, RoleCode

_ONE: Final = f"{API}/channels/{{channel_id}}"
_JSON: Final = frozenset({"application/json", "text/json"})
_CREATED: Final = 201
_NO_CONTENT: Final = 204
_Body = TypeVar("_Body")


class SendersChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Roles that may send from now on, and that may not any more."""

    add: tuple[RoleCode, ...] = ()
    remove: tuple[RoleCode, ...] = ()


class RecipientsChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Roles that get messages from now on, by class, and that don't any more."""

    add: tuple[Recipient, ...] = ()
    remove: tuple[Recipient, ...] = ()


class Undo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The version that the channel shall be again; 0: as the files have it."""

    version: int
    reason: str = ""


class PauseOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A maintenance to begin. from: None for now; until: None where nobody knows. Times need an offset."""

    reason: str
    until: datetime | None = None
    starts: datetime | None = msgspec.field(default=None, name="from")


class VersionView(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A version of a channel; by: who made it. base: the version that it was made from."""

    version: int
    at: datetime | None
    by: str
    reason: str
    base: int | None
    removed: bool


class ChannelAdministration:
    """Handlers of `/admin/api/channels`."""

    def __init__(self, *, catalogue: Catalogue, pauses: Pauses, maintenance: Maintenance) -> None:
        self._catalogue = catalogue
        self._pauses = pauses
        self._maintenance = maintenance

    def routes(self) -> list[web.RouteDef]:
        """The calls."""
        return [
            web.get(f"{API}/channels", self.channels),
            web.get(_ONE, self.channel),
            web.put(_ONE, self.put),
            web.delete(_ONE, self.remove),
            web.get(f"{_ONE}/versions", self.versions),
            web.get(f"{_ONE}/diff", self.difference),
            web.post(f"{_ONE}/undo", self.undo),
            web.post(f"{_ONE}/senders", self.senders),
            web.post(f"{_ONE}/recipients", self.recipients),
            web.post(f"{_ONE}/pause", self.pause),
            web.delete(f"{_ONE}/pause", self.resume),
        ]

    async def channels(self, request: web.Request) -> web.Response:
        """Every channel."""
        channels = sorted(self._catalogue.registry.value.channels.values(), key=lambda one: one.id)
        items = [channel_in_list(one, self._version(one.id), self._maintenance.of(one.id)) for one in channels]
        return json_response({"items": items, "next": None})

    async def channel(self, request: web.Request) -> web.Response:
        """One channel with its events and its definition; its version is the ETag."""
        return self._shown(request.match_info["channel_id"])

    async def put(self, request: web.Request) -> web.Response:
        """Add a channel or change it: YAML, or JSON of the same structure.

        `If-Match` with the ETag of what was changed guards against a change meanwhile; `?reason=` is kept.
        """
        channel_id = request.match_info["channel_id"]
        existed = self._catalogue.registry.value.find(channel_id) is not None
        text = await _definition(request)
        await self._catalogue.change(channel_id, text, **_attribution(request), base=_base(request))
        return self._shown(channel_id, 200 if existed else _CREATED)

    async def remove(self, request: web.Request) -> web.Response:
        """Remove a channel; what waits in its queues is delivered all the same."""
        channel_id = request.match_info["channel_id"]
        await self._catalogue.remove(channel_id, **_attribution(request), base=_base(request))
        return web.Response(status=_NO_CONTENT)

    async def versions(self, request: web.Request) -> web.Response:
        """The versions of a channel, newest first; 0 is the file, where there is one."""
        channel_id = self._known(request)
        items = [
            VersionView(
                version=one.version,
                at=one.at,
                by=one.author,
                reason=one.reason,
                base=one.base,
                removed=one.text is None,
            )
            for one in self._catalogue.versions(channel_id)
        ]
        if self._catalogue.text(channel_id, 0) is not None:
            items.append(VersionView(version=0, at=None, by="file", reason="", base=None, removed=False))
        return json_response({"items": items, "next": None})

    async def difference(self, request: web.Request) -> web.Response:
        """What two versions have different: `?from=&to=`; by default the last change."""
        channel_id = self._known(request)
        last = self._version(channel_id)
        new = _number(request, "to", last)
        old = _number(request, "from", max(new - 1, 0))
        text = self._catalogue.difference(channel_id, old, new)
        return json_response({"channel": channel_id, "from": old, "to": new, "text": text})

    async def undo(self, request: web.Request) -> web.Response:
        """Make a channel what an earlier version was; where that had removed it, it is removed (204)."""
        channel_id, wanted = self._known(request), await _body(request, Undo)
        author = _attribution(request)["author"]
        made = await self._catalogue.undo(channel_id, wanted.version, author=author, reason=wanted.reason)
        return web.Response(status=_NO_CONTENT) if made.text is None else self._shown(channel_id)

    async def senders(self, request: web.Request) -> web.Response:
        """Add senders to a channel, and strike others."""
        change = await _body(request, SendersChange)
        return await self._edited(request, senders_edit(change.add, change.remove))

    async def recipients(self, request: web.Request) -> web.Response:
        """Add recipients to a channel by class, and strike others."""
        change = await _body(request, RecipientsChange)
        if any(one.class_ is None for one in change.add):
            raise BadRequest("add: expected a class for each role: primary, secondary or always.")
        return await self._edited(request, recipients_edit(change.add, change.remove))

    async def pause(self, request: web.Request) -> web.Response:
        """Pause a channel now, or from a moment on; until a moment, or until somebody resumes it."""
        channel = self._present(request.match_info["channel_id"])
        order = await _body(request, PauseOrder)
        if any(time is not None and time.tzinfo is None for time in (order.starts, order.until)):
            raise BadRequest("from and until: expected times with an offset, such as 2026-03-21T19:05:00+00:00.")
        await self._pauses.begin(
            channel.id,
            starts=order.starts,
            ends=order.until,
            author=_attribution(request)["author"],
            reason=order.reason,
        )
        return json_response(self._maintenance.of(channel.id))

    async def resume(self, request: web.Request) -> web.Response:
        """End a channel's pause, or take back an announced one."""
        await self._pauses.end(InterfaceId(request.match_info["channel_id"]))
        return web.Response(status=_NO_CONTENT)

    async def _edited(self, request: web.Request, edit: Edit) -> web.Response:
        channel_id = request.match_info["channel_id"]
        await self._catalogue.edit(channel_id, edit, **_attribution(request))
        return self._shown(channel_id)

    def _shown(self, channel_id: str, status: int = 200) -> web.Response:
        channel = self._present(channel_id)
        definition = self._catalogue.definition(channel_id)
        version, text = (definition.version, definition.text or "") if definition else (0, "")
        response = json_response(channel_in_full(channel, version, self._maintenance.of(channel_id), text))
        response.headers["ETag"] = f'"{version}"'
        response.set_status(status)
        return response

    def _present(self, channel_id: str) -> Channel:
        found = self._catalogue.registry.value.find(channel_id)
        if found is None:
            raise NotFound("No channel has this id.")
        return found

    def _known(self, request: web.Request) -> InterfaceId:
        """The id of a channel that there is or was."""
        channel_id = check_id(request.match_info["channel_id"])
        if self._catalogue.definition(channel_id) is None:
            raise NotFound("No channel has this id.")
        return channel_id

    def _version(self, channel_id: str) -> int:
        definition = self._catalogue.definition(channel_id)
        return definition.version if definition is not None else 0


def _attribution(request: web.Request) -> dict[str, str]:
    visitor = visitor_of(request)
    return {"author": visitor.name if visitor is not None else "", "reason": request.query.get("reason", "")[:200]}


async def _definition(request: web.Request) -> str:
    body = await request.read()
    if request.content_type in _JSON:
        try:
            return written(msgspec.json.decode(body, type=dict[str, Any]))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
            raise BadRequest(f"Body: expected a channel's definition: {exc}.") from exc
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise BadRequest("Body: expected YAML in UTF-8.") from exc


async def _body(request: web.Request, kind: type[_Body]) -> _Body:
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise BadRequest(f"Body: {exc}.") from exc


def _base(request: web.Request) -> int | None:
    text = request.headers.get("If-Match", "*").strip().removeprefix("W/").strip('"')
    if text == "*":
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise BadRequest('If-Match: expected the ETag of the channel, such as "3".')
    return int(text)


def _number(request: web.Request, name: str, otherwise: int) -> int:
    text = request.query.get(name, "")
    if not text:
        return otherwise
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise BadRequest(f"{name} is the number of a version.")
    return int(text)

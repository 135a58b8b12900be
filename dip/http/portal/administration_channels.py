"""The administration API of the channels: added, changed, removed, paused while messages flow (5.3, 5.13.5)."""

from typing import Final

from aiohttp import web

from dip.catalogue.catalogue import Catalogue
from dip.catalogue.definitions import check_id
from dip.catalogue.edits import Edit, recipients_edit, senders_edit
from dip.catalogue.pauses import Pauses
from dip.channels.channel import Channel
from dip.ground.errors import BadRequest, NotFound
from dip.http.portal.administration_orders import (
    PauseOrder,
    RecipientsChange,
    SendersChange,
    Undo,
    VersionView,
    attribution_of,
    base_of,
    definition_of,
    number_of,
    order_of,
)
from dip.http.portal.guard import API
from dip.http.portal.maintenance import Maintenance
from dip.http.portal.open_doors import json_response
from dip.http.portal.views import channel_in_full, channel_in_list
from dip.messages.identifiers import InterfaceId

_ONE: Final = f"{API}/channels/{{channel_id}}"
_CREATED: Final = 201
_NO_CONTENT: Final = 204


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
        text = await definition_of(request)
        await self._catalogue.change(channel_id, text, **attribution_of(request), base=base_of(request))
        return self._shown(channel_id, 200 if existed else _CREATED)

    async def remove(self, request: web.Request) -> web.Response:
        """Remove a channel; what waits in its queues is delivered all the same."""
        channel_id = request.match_info["channel_id"]
        await self._catalogue.remove(channel_id, **attribution_of(request), base=base_of(request))
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
        new = number_of(request, "to", last)
        old = number_of(request, "from", max(new - 1, 0))
        found = await self._catalogue.compare(channel_id, old, new)
        return json_response({"channel": channel_id, "from": old, "to": new, "text": found.text, "items": found.items})

    async def undo(self, request: web.Request) -> web.Response:
        """Make a channel what an earlier version was; where that had removed it, it is removed (204)."""
        channel_id, wanted = self._known(request), await order_of(request, Undo)
        author = attribution_of(request)["author"]
        made = await self._catalogue.undo(channel_id, wanted.version, author=author, reason=wanted.reason)
        return web.Response(status=_NO_CONTENT) if made.text is None else self._shown(channel_id)

    async def senders(self, request: web.Request) -> web.Response:
        """Add senders to a channel, and strike others."""
        change = await order_of(request, SendersChange)
        return await self._edited(request, senders_edit(change.add, change.remove))

    async def recipients(self, request: web.Request) -> web.Response:
        """Add recipients to a channel by class, and strike others."""
        change = await order_of(request, RecipientsChange)
        if any(one.class_ is None for one in change.add):
            raise BadRequest("add: expected a class for each role: primary, secondary or always.")
        return await self._edited(request, recipients_edit(change.add, change.remove))

    async def pause(self, request: web.Request) -> web.Response:
        """Pause a channel now, or from a moment on; until a moment, or until somebody resumes it."""
        channel = self._present(request.match_info["channel_id"])
        order = await order_of(request, PauseOrder)
        if any(time is not None and time.tzinfo is None for time in (order.starts, order.until)):
            raise BadRequest("from and until: expected times with an offset, such as 2026-03-21T19:05:00+00:00.")
        await self._pauses.begin(
            channel.id,
            starts=order.starts,
            ends=order.until,
            author=attribution_of(request)["author"],
            reason=order.reason,
        )
        return json_response(self._maintenance.of(channel.id))

    async def resume(self, request: web.Request) -> web.Response:
        """End a channel's pause, or take back an announced one."""
        await self._pauses.end(InterfaceId(request.match_info["channel_id"]))
        return web.Response(status=_NO_CONTENT)

    async def _edited(self, request: web.Request, edit: Edit) -> web.Response:
        channel_id = request.match_info["channel_id"]
        await self._catalogue.edit(channel_id, edit, **attribution_of(request))
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

"""What can be downloaded from the data portal: JSON, CSV and Mermaid."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from aiohttp import web

from dip.channels.channel import Channel, Event
from dip.channels.flow import Flow
from dip.channels.flows import Flows
from dip.ground.errors import BadRequest, NotFound
from dip.http.portal.data import exports, flow_exports
from dip.http.portal.data.interfaces import event_named, examples_of, schema_of
from dip.http.portal.data.sequence import mermaid
from dip.http.portal.data.shelf import Shelf
from dip.http.portal.data.tables import csv_text
from dip.messages.identifiers import RoleCode


class DataFiles:
    """Handlers of the downloads; each page links its own."""

    def __init__(self, *, shelf: Shelf, flows: Flows) -> None:
        self._shelf = shelf
        self._flows = flows

    async def items_json(self, request: web.Request) -> web.Response:
        """The data items that fit a search, or all of them, as JSON."""
        _, dictionary = await self._shelf.take()
        found = dictionary.find_items(request.query.get("q", ""))
        return _json("items.json", [exports.item_record(entry) for entry in found])

    async def items_csv(self, request: web.Request) -> web.Response:
        """The data items that fit a search, or all of them, as CSV with a line for each."""
        _, dictionary = await self._shelf.take()
        found = dictionary.find_items(request.query.get("q", ""))
        return _csv("items.csv", exports.ITEM_HEAD, map(exports.item_row, found))

    async def blocks_json(self, request: web.Request) -> web.Response:
        """The blocks with their items, as JSON."""
        _, dictionary = await self._shelf.take()
        return _json("blocks.json", [exports.block_record(block) for block in dictionary.blocks.values()])

    async def blocks_csv(self, request: web.Request) -> web.Response:
        """The blocks as CSV, a line for each key."""
        _, dictionary = await self._shelf.take()
        rows = (row for block in dictionary.blocks.values() for row in exports.block_rows(block))
        return _csv("blocks.csv", exports.BLOCK_HEAD, rows)

    async def interfaces_json(self, request: web.Request) -> web.Response:
        """The interfaces with their events, as JSON."""
        registry = self._shelf.registry
        return _json("interfaces.json", [exports.interface_record(one, registry) for one in self._channels()])

    async def interfaces_csv(self, request: web.Request) -> web.Response:
        """The interfaces as CSV, a line for each event and group of senders."""
        rows = (row for channel in self._channels() for row in exports.interface_rows(channel))
        return _csv("interfaces.csv", exports.INTERFACE_HEAD, rows)

    async def schema(self, request: web.Request) -> web.Response:
        """The JSON schema (2020-12) of a channel's payload: of the `event` asked for, else of any."""
        channel, events = self._asked(request)
        return _json(f"{_name(channel, events)}.schema.json", schema_of(channel, events))

    async def example(self, request: web.Request) -> web.Response:
        """An array of messages to post; with `role` as a recipient in that role gets them."""
        channel, events = self._asked(request)
        role = request.query.get("role")
        if role is not None and RoleCode(role) not in self._shelf.registry.roles:
            raise BadRequest("role is no role code; GET /data/interfaces.json has those that are in use.")
        try:
            found = examples_of(channel, events, RoleCode(role) if role else None)
        except ValueError as error:
            raise NotFound(
                "No example can be made: a pattern of this format is beyond the maker of examples."
            ) from error
        return _json(f"{_name(channel, events)}.example.json", found)

    async def lines_csv(self, request: web.Request) -> web.Response:
        """The items of an interface as CSV, a line for each key of each event."""
        channel, events = self._asked(request)
        _, dictionary = await self._shelf.take()
        return _csv(
            f"{_name(channel, events)}.items.csv", exports.LINE_HEAD, exports.line_rows(events, dictionary.lines)
        )

    async def flow_json(self, request: web.Request) -> web.Response:
        """A business flow as JSON."""
        flow = self._flow(request)
        return _json(f"{flow.name}.json", flow_exports.flow_record(flow))

    async def flow_csv(self, request: web.Request) -> web.Response:
        """A business flow as CSV, a line for each step and lane."""
        flow = self._flow(request)
        return _csv(f"{flow.name}.csv", flow_exports.STEP_HEAD, flow_exports.step_rows(flow))

    async def flow_mermaid(self, request: web.Request) -> web.Response:
        """A business flow as the text of a Mermaid sequence diagram."""
        flow = self._flow(request)
        return _file(f"{flow.name}.mmd", "text/plain", mermaid(flow, self._shelf.registry).encode())

    def _channels(self) -> list[Channel]:
        return sorted(self._shelf.registry.channels.values(), key=lambda one: one.id)

    def _flow(self, request: web.Request) -> Flow:
        return flow_asked(request, self._flows)

    def _asked(self, request: web.Request) -> tuple[Channel, Sequence[Event]]:
        channel = channel_asked(request, self._shelf.registry.find(request.match_info["interface"]))
        event = event_asked(request, channel)
        return channel, [event] if event else list(channel.events.values())


def channel_asked(request: web.Request, found: Channel | None) -> Channel:
    """The channel that an address names. Raises NotFound."""
    if found is None:
        raise NotFound("No interface has this id. The list of interfaces has every one that there is.")
    return found


def event_asked(request: web.Request, channel: Channel) -> Event | None:
    """The event that a query names, if it names one. Raises NotFound."""
    name = request.query.get("event", "")
    event = event_named(channel, name) if name else None
    if name and event is None:
        raise NotFound("This interface has no such event.")
    return event


def flow_asked(request: web.Request, flows: Flows) -> Flow:
    """The flow that an address names. Raises NotFound."""
    found = flows.flows.get(request.match_info["flow"])
    if found is None:
        raise NotFound("No business flow has this name.")
    return found


def _name(channel: Channel, events: Sequence[Event]) -> str:
    return f"{channel.id}-{events[0].code.strip('[]')}" if len(events) == 1 else channel.id


def _json(name: str, content: Sequence[Any] | Mapping[str, Any]) -> web.Response:
    return _file(name, "application/json", msgspec.json.format(msgspec.json.encode(content), indent=2))


def _csv(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> web.Response:
    return _file(name, "text/csv", csv_text(head, rows).encode())


def _file(name: str, content_type: str, body: bytes) -> web.Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    charset = None if content_type == "application/json" else "utf-8"
    return web.Response(body=body, content_type=content_type, charset=charset, headers=headers)

"""The pages of the data portal (5.9); every one is made on the server and works without script."""

from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from dip.channels.channel import Channel, Event
from dip.channels.flows import Flows
from dip.ground.errors import NotFound
from dip.http.portal.data import interfaces
from dip.http.portal.data.dictionary import find_channels
from dip.http.portal.data.files import channel_asked, event_asked, flow_asked
from dip.http.portal.data.layouts import editions_of
from dip.http.portal.data.sequence import drawn, parties
from dip.http.portal.data.shelf import Shelf
from dip.http.portal.renderer import Renderer

_ON_A_PAGE: Final = 50
_FOUND_SHOWN: Final = 20


class DataPages:
    """Handlers of the pages below `/data`."""

    def __init__(self, *, shelf: Shelf, flows: Flows, renderer: Renderer) -> None:
        self._shelf = shelf
        self._flows = flows
        self._renderer = renderer

    async def start(self, request: web.Request) -> web.Response:
        """Start of the data portal: the doors, and one search over items, blocks and interfaces."""
        registry, dictionary = await self._shelf.take()
        query = request.query.get("q", "").strip()
        values: dict[str, Any] = {
            "query": query,
            "items": dictionary.find_items(query) if query else [],
            "blocks": dictionary.find_blocks(query) if query else [],
            "channels": find_channels(registry.channels.values(), query) if query else [],
            "shown": _FOUND_SHOWN,
            "item_count": len(dictionary.items),
            "block_count": len(dictionary.blocks),
            "channel_count": len(registry.channels),
            "event_count": sum(len(channel.events) for channel in registry.channels.values()),
            "flow_count": len(self._flows.flows),
        }
        return self._page(request, "start", values)

    async def items(self, request: web.Request) -> web.Response:
        """The data dictionary, or what of it fits a search, by id; `after` names the last id of the page before."""
        _, dictionary = await self._shelf.take()
        query, after = request.query.get("q", "").strip(), request.query.get("after", "")
        found = dictionary.find_items(query)
        rest = [entry for entry in found if entry.item.id > after]
        shown = rest[:_ON_A_PAGE]
        conditions = {"q": query} if query else {}
        more = len(rest) > len(shown)
        values = {
            "query": query,
            "download": f"?{urlencode(conditions)}" if conditions else "",
            "found": len(found),
            "entries": shown,
            "first": f"/data/items?{urlencode(conditions)}" if after else None,
            "following": f"/data/items?{urlencode({**conditions, 'after': shown[-1].item.id})}" if more else None,
        }
        return self._page(request, "items", values)

    async def item(self, request: web.Request) -> web.Response:
        """One data item with all that refers to it, or 404."""
        _, dictionary = await self._shelf.take()
        entry = dictionary.items.get(request.match_info["item"])
        if entry is None:
            raise NotFound("The data dictionary has no item of this id.")
        return self._page(request, "item", {"entry": entry, "item": entry.item, "blocks": dictionary.blocks})

    async def blocks(self, request: web.Request) -> web.Response:
        """Every block of the dictionary."""
        _, dictionary = await self._shelf.take()
        return self._page(request, "blocks", {"blocks": dictionary.blocks.values()})

    async def block(self, request: web.Request) -> web.Response:
        """One block with its items in order, or 404."""
        _, dictionary = await self._shelf.take()
        block = dictionary.blocks.get(request.match_info["block"])
        if block is None:
            raise NotFound("The data dictionary has no block of this name.")
        return self._page(request, "block", {"block": block, "known": dictionary.blocks})

    async def interfaces(self, request: web.Request) -> web.Response:
        """Every interface, by business process."""
        groups = interfaces.by_process(self._shelf.registry, dict(self._flows.processes))
        return self._page(request, "interfaces", {"groups": groups})

    async def interface(self, request: web.Request) -> web.Response:
        """One interface: its logical view, and its physical one for an event, the first if none is asked for."""
        registry, dictionary = await self._shelf.take()
        channel = channel_asked(request, registry.find(request.match_info["interface"]))
        event = event_asked(request, channel) or next(iter(channel.events.values()), None)
        if event is None:
            raise NotFound("This interface has no events.")
        values = {
            "channel": channel,
            "event": event,
            "rules": {code: interfaces.sender_rules(one) for code, one in channel.events.items()},
            "category": registry.categories.get(channel.category),
            "roles": registry.roles,
            "processes": self._flows.processes,
            "flows": self._flows.with_interface(channel.id),
            "editions": [
                (one.versions, interfaces.parts_of(one.format, dictionary.lines)) for one in editions_of(event)
            ],
            "known": dictionary.blocks,
            "hidden": interfaces.hidden_items(channel),
            "addressing": [(date, interfaces.addressing_words(date)) for date in event.addressing_dates],
            "appointments": [(rule, interfaces.appointment_words(rule)) for rule in event.appointments],
            "schema": _pretty(interfaces.schema_of(channel, [event])),
            **_example(channel, event),
        }
        return self._page(request, "interface", values)

    async def flows(self, request: web.Request) -> web.Response:
        """Every business flow."""
        flows = sorted(self._flows.flows.values(), key=lambda flow: flow.title)
        return self._page(request, "flows", {"flows": flows, "processes": self._flows.processes})

    async def flow(self, request: web.Request) -> web.Response:
        """One business flow, drawn and as a list of its steps; of one lane where the query names it."""
        flow = flow_asked(request, self._flows)
        lane = request.query.get("lane") or None
        if lane is not None and lane not in flow.lanes:
            raise NotFound("This flow has no such lane.")
        registry = self._shelf.registry
        values = {
            "flow": flow,
            "lane": lane,
            "processes": self._flows.processes,
            "diagram": drawn(flow, registry, lane),
            "parties": parties(flow, registry),
            "channels": registry.channels,
            "channel_names": {one.id: one.name for one in registry.channels.values()},
            "role_names": {role.code: role.name for role in registry.roles.values()},
        }
        return self._page(request, "flow", values)

    def _page(self, request: web.Request, name: str, values: dict[str, Any]) -> web.Response:
        return self._renderer.page(request, f"data/{name}.html", values)


def _example(channel: Channel, event: Event) -> dict[str, Any]:
    """The example of an event and the views of the roles; none where no example can be made."""
    try:
        found = interfaces.examples_of(channel, [event])
    except ValueError:
        return {"example": None, "views": []}
    views = [(view, _pretty([view.message])) for view in interfaces.role_views(channel, found[0])]
    return {"example": _pretty(found[:1]), "views": views}


def _pretty(content: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(content), indent=2).decode()

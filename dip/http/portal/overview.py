"""The balance and the queues as pages; balance and alarms as calls of the administration API (5.11.3, 5.11.4)."""

from collections.abc import Callable

import msgspec
from aiohttp import web

from dip.delivery.dispatcher import Dispatcher, EndpointState
from dip.delivery.duties import Duties
from dip.ground.current import Current
from dip.http.portal.alarm_notes import AlarmNotes
from dip.http.portal.alarm_searches import read_alarm_search
from dip.http.portal.guard import API, present_visitor
from dip.http.portal.open_doors import json_response
from dip.http.portal.powers import Visitor
from dip.http.portal.renderer import Renderer
from dip.participants.registry import Participants
from dip.reporting.balance import BalanceSheet
from dip.store.page_records import PAGE_LIMIT
from dip.store.pages import SqlitePages
from dip.store.records import ALL_CHANNELS, STATUS_CHANNEL, DeliveryState


class Overview:
    """Handlers of `/balance` and `/queues`, and of `/admin/api/balance` and `/admin/api/alarms`."""

    def __init__(
        self,
        *,
        duties: Duties,
        dispatcher: Dispatcher,
        pages: SqlitePages,
        notes: AlarmNotes,
        participants: Current[Participants],
        renderer: Renderer,
    ) -> None:
        self._duties = duties
        self._notes = notes
        self._dispatcher = dispatcher
        self._pages = pages
        self._participants = participants
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """Calls and pages."""
        return [
            web.get("/balance", self.balance_page),
            web.get("/queues", self.queues),
            web.get(f"{API}/balance", self.balance),
            web.get(f"{API}/alarms", self.alarms),
        ]

    async def balance(self, request: web.Request) -> web.Response:
        """What was accepted for each participant and channel, where it stands, and what does not balance; as it is now.

        accepted = waiting + leased + delivered + rejected + dead + withdrawn, counted for each recipient from the
        journal. `unbalanced` names up to a hundred deliveries that are missing, doubled, or not as the journal says.
        """
        return json_response(_as_seen(await self._duties.balance.now(), present_visitor(request)))

    async def alarms(self, request: web.Request) -> web.Response:
        """Alarms, newest first; `state=open` for those that go on, `state=cleared` for those that are over."""
        asked = read_alarm_search(request.query, limit=PAGE_LIMIT)
        found = await self._duties.alarms.listed(
            before=asked.before,
            is_open=asked.is_open,
            limit=asked.limit + 1,
            parties=present_visitor(request).dip_ids,
            kind=asked.kind,
            about=asked.recipient or None,
        )
        visitor = present_visitor(request)
        shown = [self._notes.seen(one, visitor) for one in found[: asked.limit]]
        return json_response({"items": shown, "next": shown[-1].id if len(found) > len(shown) else None})

    async def balance_page(self, request: web.Request) -> web.Response:
        """Whether the books balance, by participant and channel."""
        visitor, last = present_visitor(request), self._duties.balance.last
        sheet = None if last is None else _as_seen(last, visitor)
        values = {
            "sheet": sheet,
            "states": list(DeliveryState),
            "totals": {
                name: sum(getattr(item, name) for item in sheet.items) if sheet else 0
                for name in ("accepted", *DeliveryState)
            },
            "name_of": self._name_of,
        }
        return self._renderer.page(request, "balance.html", values)

    async def queues(self, request: web.Request) -> web.Response:
        """Every queue in which something waits, and how its endpoint is doing."""
        queues = await self._pages.queues(present_visitor(request).dip_ids)
        values = {"queues": queues, "endpoint_of": self._endpoints(), "name_of": self._name_of}
        return self._renderer.page(request, "queues.html", values)

    def _endpoints(self) -> Callable[[str, str], EndpointState | None]:
        """Finds the endpoint that serves a recipient's channel."""
        served: dict[tuple[str, str], EndpointState] = {
            (state.recipient, channel): state for state in self._dispatcher.endpoints() for channel in state.channels
        }

        def endpoint_of(recipient: str, channel: str) -> EndpointState | None:
            own = served.get((recipient, channel))
            return own if own is not None or channel == STATUS_CHANNEL else served.get((recipient, ALL_CHANNELS))

        return endpoint_of

    def _name_of(self, dip_id: str) -> str:
        return next((one.name for one in self._participants.value if one.dip_id == dip_id), "")


def _as_seen(sheet: BalanceSheet, visitor: Visitor) -> BalanceSheet:
    """Totals are everybody's; what names one message is its recipient's (5.11)."""
    return msgspec.structs.replace(
        sheet, unbalanced=tuple(one for one in sheet.unbalanced if visitor.sees(one.recipient))
    )

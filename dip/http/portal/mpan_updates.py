"""What messages say about appointments and could not be applied: calls and the page (5.5.14, FS-35)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from aiohttp import web

from dip.ground.clock import moment
from dip.ground.current import Current
from dip.ground.errors import BadRequest, NotFound
from dip.http.portal.guard import API
from dip.http.portal.open_doors import json_response
from dip.http.portal.renderer import Renderer
from dip.http.portal.searches import read_search
from dip.messages.identifiers import DipId, EventCode, InterfaceId, TransactionId
from dip.participants.registry import Participants
from dip.registration.updates import Updates
from dip.store.appointments import FailedUpdate, SqliteAppointments
from dip.store.page_records import PAGE_LIMIT
from dip.store.pages import SqlitePages

_ALL: Final = f"{API}/mpans/updates"
_ONE: Final = f"{_ALL}/{{transaction_id}}"
_PAGE: Final = "/mpans/updates"
_ON_A_PAGE: Final = 50
_NEWEST: Final = 2**63 - 1
_UNKNOWN: Final = "No update of this message is one that could not be applied."


class UpdateView(msgspec.Struct, frozen=True, rename="camel"):
    """An update that could not be applied, all or in part, with its message. id: by which a list goes on.

    known_at: the receipt of its message; reason: what was wrong, without the MPAN.
    """

    id: int
    transaction_id: TransactionId
    interface: InterfaceId
    event: EventCode
    sender: DipId
    known_at: datetime
    failed_at: datetime
    reason: str


class MpanUpdateDesk:
    """Handlers of `/admin/api/mpans/updates` and of the page `/mpans/updates`."""

    def __init__(
        self,
        *,
        updates: Updates,
        store: SqliteAppointments,
        pages: SqlitePages,
        participants: Current[Participants],
        renderer: Renderer,
    ) -> None:
        self._updates = updates
        self._store = store
        self._pages = pages
        self._participants = participants
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """Calls and page; before those whose last part is an MPAN."""
        return [
            web.get(_ALL, self.listed),
            web.post(f"{_ONE}/retry", self.retry),
            web.delete(_ONE, self.give_up),
            web.get(_PAGE, self.page),
            web.post(_PAGE, self.decide),
        ]

    async def listed(self, request: web.Request) -> web.Response:
        """Updates of the MPAN table that could not be applied, newest first; `waiting` and `failed` count them all."""
        if request.query.get("state", "failed") != "failed":
            raise BadRequest("state: only failed updates are listed; waiting ones are counted.")
        asked = read_search({name: request.query.get(name, "") for name in ("next", "limit")}, limit=PAGE_LIMIT)
        rows, following = self._found(asked.before, asked.limit)
        waiting, failed = self._store.count_updates()
        return json_response({"items": rows, "next": following, "waiting": waiting, "failed": failed})

    async def retry(self, request: web.Request) -> web.Response:
        """Apply an update again; it comes last now. 202: it waits; what becomes of it stands in the journal."""
        if not await self._updates.retry(await self._number(request.match_info["transaction_id"])):
            raise NotFound(_UNKNOWN)
        return web.Response(status=202)

    async def give_up(self, request: web.Request) -> web.Response:
        """Forget an update that could not be applied; the journal keeps what was wrong."""
        if not await self._updates.give_up(await self._number(request.match_info["transaction_id"])):
            raise NotFound(_UNKNOWN)
        return web.Response(status=204)

    async def page(self, request: web.Request) -> web.Response:
        """What could not be applied, and how much waits."""
        return self._page(request, request.query)

    async def decide(self, request: web.Request) -> web.Response:
        """What a button of the page asks for."""
        form = await request.post()
        action, _, transaction_id = str(form.get("do", "")).partition(" ")
        if action not in ("retry", "give-up"):
            raise BadRequest("do: expected retry or give-up, with a transaction id.")
        try:
            number = await self._number(transaction_id)
        except NotFound:
            raise web.HTTPSeeOther(f"{_PAGE}?done=gone") from None
        done = await (self._updates.retry(number) if action == "retry" else self._updates.give_up(number))
        raise web.HTTPSeeOther(f"{_PAGE}?done={action if done else 'gone'}")

    def _page(self, request: web.Request, query: Mapping[str, str]) -> web.Response:
        before = read_search({"next": query.get("next", "")}, limit=_ON_A_PAGE).before
        rows, following = self._found(before, _ON_A_PAGE)
        waiting, failed = self._store.count_updates()
        values: dict[str, Any] = {
            "rows": rows,
            "waiting": waiting,
            "failed": failed,
            "done": query.get("done", ""),
            "older": f"{_PAGE}?next={following}" if following else None,
            "newest": _PAGE if before else None,
            "name_of": self._name_of,
        }
        return self._renderer.page(request, "mpan_updates.html", values)

    def _found(self, before: int | None, limit: int) -> tuple[list[UpdateView], int | None]:
        found = self._updates.failed(_NEWEST if before is None else before, limit + 1)
        shown = [_view(one) for one in found[:limit]]
        return shown, shown[-1].id if len(found) > limit else None

    async def _number(self, transaction_id: str) -> int:
        found = await self._pages.message(transaction_id)
        if found is None:
            raise NotFound(_UNKNOWN)
        return found.id

    def _name_of(self, dip_id: str) -> str:
        participant = self._participants.value.get(DipId(dip_id))
        return participant.name if participant is not None else ""


def _view(failed: FailedUpdate) -> UpdateView:
    return UpdateView(
        failed.update.message,
        failed.transaction_id,
        failed.interface,
        failed.event,
        failed.sender,
        moment(failed.update.known_at),
        moment(failed.failed_at),
        failed.fault,
    )

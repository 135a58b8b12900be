"""Dead letters: calls of the administration API, and the page (5.5.8)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from aiohttp import hdrs, web

from dip.channels.registry import Registry
from dip.delivery.dead_letters import DeadLetters
from dip.ground.current import Current
from dip.ground.errors import BadRequest, Conflict, NotFound, NotPermitted
from dip.http.portal.administration_orders import order_of
from dip.http.portal.data.tables import csv_lines
from dip.http.portal.guard import API, present_visitor
from dip.http.portal.open_doors import json_response
from dip.http.portal.powers import Visitor
from dip.http.portal.renderer import Renderer
from dip.http.portal.searches import read_search
from dip.participants.registry import Participants
from dip.store.dead_letters import DeadLetter, DeadLetterFilter, Found
from dip.store.page_records import PAGE_LIMIT
from dip.store.protocol import DeadLetterStore
from dip.store.records import STATUS_CHANNEL, DeliveryState, Status

_ALL: Final = f"{API}/dead-letters"
_ONE: Final = f"{_ALL}/{{delivery_id}}"
_PAGE: Final = "/dead-letters"
_ON_A_PAGE: Final = 50
_UNKNOWN: Final = "No dead letter has this number."
REASONS: Final = (Status.RETRIES_EXHAUSTED, Status.DELIVERY_FAILURE)
FIELDS: Final = ("recipient", "channel", "sender", "from", "to", "reason")


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which dead letters: what is given has to fit. from, to: when they were given up, to exclusive, with an offset."""

    recipient: str | None = None
    channel: str | None = None
    sender: str | None = None
    since: datetime | None = msgspec.field(default=None, name="from")
    to: datetime | None = None
    reason: str | None = None


class DeadLetterDesk:
    """Handlers of `/admin/api/dead-letters` and of the page `/dead-letters`."""

    def __init__(
        self,
        *,
        dead_letters: DeadLetters,
        store: DeadLetterStore,
        registry: Current[Registry],
        participants: Current[Participants],
        renderer: Renderer,
    ) -> None:
        self._dead_letters = dead_letters
        self._store = store
        self._registry = registry
        self._participants = participants
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """Calls and page."""
        return [
            web.get(_ALL, self.listed),
            web.get(f"{_ALL}.csv", self.exported),
            web.post(f"{_ALL}/requeue", self.requeue_all),
            web.get(_ONE, self.one),
            web.post(f"{_ONE}/requeue", self.requeue),
            web.post(f"{_ONE}/withdraw", self.withdraw),
            web.get(_PAGE, self.page),
            web.post(_PAGE, self.move),
        ]

    async def listed(self, request: web.Request) -> web.Response:
        """Dead letters, newest first, by recipient, channel, sender, time of death and reason."""
        asked = read_search({name: request.query.get(name, "") for name in ("next", "limit")}, limit=PAGE_LIMIT)
        found, following = await self._found(
            _of_query(request.query, present_visitor(request)), asked.before, asked.limit
        )
        return json_response({"items": found, "next": following})

    async def one(self, request: web.Request) -> web.Response:
        """One dead letter."""
        found = await self._one(request, _number(request))
        if found.state is not DeliveryState.DEAD:
            raise NotFound(_UNKNOWN)
        return json_response(found.letter)

    async def requeue(self, request: web.Request) -> web.Response:
        """Have a dead letter wait again, under its ids; 409 where it is not dead any more."""
        await self._check_own(request, _number(request))
        return json_response((await self._dead_letters.requeue(_number(request))).letter)

    async def withdraw(self, request: web.Request) -> web.Response:
        """Have nobody get a dead letter any more; 409 where it is not dead any more."""
        await self._check_own(request, _number(request))
        return json_response((await self._dead_letters.withdraw(_number(request))).letter)

    async def requeue_all(self, request: web.Request) -> web.Response:
        """Have all that fit wait again, in order of receipt; says how many, and whether more than the limit fit."""
        wanted = _filter(await order_of(request, Wanted), present_visitor(request))
        return json_response(await self._dead_letters.requeue_all(wanted))

    async def exported(self, request: web.Request) -> web.StreamResponse:
        """Dead letters that fit, as CSV with a line for each, newest first."""
        wanted = _of_query(request.query, present_visitor(request))
        response = web.StreamResponse(headers={"Content-Disposition": 'attachment; filename="dead-letters.csv"'})
        response.content_type, response.charset = "text/csv", "utf-8"
        await response.prepare(request)
        if request.method == hdrs.METH_HEAD:
            return response
        await response.write(csv_lines([DeadLetter.__struct_encode_fields__]).encode())
        before: int | None = None
        while True:
            found = await self._store.newest(wanted, before=before, limit=PAGE_LIMIT)
            if not found:
                break
            rows = [tuple(msgspec.to_builtins(one.letter).values()) for one in found]
            await response.write(csv_lines(rows).encode())
            before = found[-1].letter.id
        await response.write_eof()
        return response

    async def page(self, request: web.Request) -> web.Response:
        """Dead letters that fit a search, newest first."""
        visitor = present_visitor(request)
        typed = {name: request.query.get(name, "").strip() for name in FIELDS}
        conditions = {name: text for name, text in typed.items() if text}
        rows: list[DeadLetter] = []
        fault, following, before = None, None, None
        try:
            before = read_search({"next": request.query.get("next", "")}, limit=_ON_A_PAGE).before
            rows, following = await self._found(_of_query(typed, visitor), before, _ON_A_PAGE)
        except BadRequest as error:
            fault = error.message
        values = {
            "rows": rows,
            "typed": typed,
            "searching": bool(conditions),
            "fault": fault,
            "done": request.query.get("done", "")[:10],
            "more": request.query.get("more") == "1",
            "gone": request.query.get("gone") == "1",
            "older": f"{_PAGE}?{urlencode({**conditions, 'next': following})}" if following else None,
            "newest": f"{_PAGE}?{urlencode(conditions)}" if before else None,
            "export": f"{_ALL}.csv?{urlencode(conditions)}",
            "participants": sorted(
                (one for one in self._participants.value if visitor.sees(one.dip_id)), key=lambda one: one.dip_id
            ),
            "channels": sorted(self._registry.value.channels.values(), key=lambda one: one.id),
            "status_channel": STATUS_CHANNEL,
            "reasons": REASONS,
            "name_of": self._name_of,
        }
        return self._renderer.page(request, "dead_letters.html", values, status=400 if fault else 200)

    async def move(self, request: web.Request) -> web.Response:
        """What a button of the page asks for."""
        form = await request.post()
        conditions = {name: text for name in FIELDS if (text := str(form.get(name, "")).strip())}
        action, _, number = str(form.get("do", "")).partition(" ")
        if action == "requeue-all":
            done = await self._dead_letters.requeue_all(_of_query(conditions, present_visitor(request)))
            raise _back(conditions, done=done.requeued, more=int(done.more))
        if action not in ("requeue", "withdraw") or not (number.isascii() and number.isdecimal()):
            raise BadRequest("do: expected requeue, withdraw, with a number, or requeue-all.")
        moved = self._dead_letters.requeue if action == "requeue" else self._dead_letters.withdraw
        try:
            await self._check_own(request, int(number[:19]))
            await moved(int(number[:19]))
        except (NotFound, Conflict):
            raise _back(conditions, gone=1) from None
        raise _back(conditions, done=1)

    async def _one(self, request: web.Request, number: int) -> Found:
        """A delivery that is or was a dead letter, of a message that the visitor sees. Raises NotFound."""
        found, visitor = await self._store.one(number), present_visitor(request)
        if found is None or not (visitor.sees(found.letter.recipient) or visitor.sees(found.letter.sender)):
            raise NotFound(_UNKNOWN)
        return found

    async def _check_own(self, request: web.Request, number: int) -> None:
        """Raise NotPermitted where a dead letter stood in the queue of somebody else: its sender only sees it."""
        found = await self._one(request, number)
        if not present_visitor(request).sees(found.letter.recipient):
            raise NotPermitted(
                "This dead letter is of another participant's queue: its recipient may move it, or the DIP."
            )

    async def _found(
        self, wanted: DeadLetterFilter, before: int | None, limit: int
    ) -> tuple[list[DeadLetter], int | None]:
        found = [one.letter for one in await self._store.newest(wanted, before=before, limit=limit + 1)]
        shown = found[:limit]
        return shown, shown[-1].id if len(found) > limit else None

    def _name_of(self, dip_id: str) -> str:
        return next((one.name for one in self._participants.value if one.dip_id == dip_id), "")


def _of_query(query: Mapping[str, str], visitor: Visitor) -> DeadLetterFilter:
    given: dict[str, Any] = {name: text for name in FIELDS if (text := query.get(name, "").strip())}
    given.update({name: _moment(name, given[name]) for name in ("from", "to") if name in given})
    return _filter(msgspec.convert(given, Wanted), visitor)


def _filter(wanted: Wanted, visitor: Visitor) -> DeadLetterFilter:
    """The store's form of it. Raises BadRequest."""
    if wanted.reason is not None and wanted.reason not in REASONS:
        raise BadRequest(f"reason is {' or '.join(REASONS)}.")
    for name, moment in (("from", wanted.since), ("to", wanted.to)):
        if moment is not None and moment.tzinfo is None:
            raise BadRequest(f"{name} is a time with an offset, such as 2026-03-21T00:00:00+00:00.")
    return DeadLetterFilter(
        parties=visitor.dip_ids,
        recipient=wanted.recipient,
        channel=wanted.channel,
        sender=wanted.sender,
        since=wanted.since,
        until=wanted.to,
        reason=None if wanted.reason is None else Status(wanted.reason),
    )


def _moment(name: str, text: str) -> datetime:
    try:
        # A plus sign that was not escaped reaches us as a space; what a form gives is UTC.
        found = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError as exc:
        raise BadRequest(f"{name} is a time such as 2026-03-21T00:00:00+00:00.") from exc
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _number(request: web.Request) -> int:
    text = request.match_info["delivery_id"]
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise NotFound(_UNKNOWN)
    return int(text)


def _back(conditions: Mapping[str, str], **said: int) -> web.HTTPSeeOther:
    return web.HTTPSeeOther(f"{_PAGE}?{urlencode({**conditions, **said})}")

"""The general audit report: call and page (5.11.3, figures 16 to 18; FS-54)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from dip.channels.registry import Registry
from dip.ground.current import Current
from dip.ground.errors import BadRequest
from dip.http.portal.guard import API, present_visitor
from dip.http.portal.open_doors import json_response
from dip.http.portal.renderer import Renderer
from dip.http.portal.searches import check_mpan, read_search
from dip.http.portal.trails.asking import csv_response, moment_asked, wants_csv
from dip.messages.identifiers import DipId
from dip.participants.registry import Participants
from dip.store.page_records import PAGE_LIMIT, MessageFilter, Parties
from dip.store.pages import SqlitePages
from dip.store.trail_records import AuditRow
from dip.store.trails import NO_KEY

_PAGE: Final = "/audit"
_CALL: Final = f"{API}/audit"
_ON_A_PAGE: Final = 50
IDS: Final = ("mpan", "reference", "correlation", "transaction", "envelope")
FIELDS: Final = ("id", *IDS, "sender", "channel", "process", "from", "to")
_KINDS: Final = {
    "reference": "sender's reference",
    "correlation": "correlation id",
    "transaction": "transaction id",
    "envelope": "envelope reference",
    "mpan": "MPAN",
}
_HEAD: Final = (
    *("dateTime", "senderUniqueReference", "transactionId", "correlationId", "MPAN", "interface", "event", "sender"),
    *("sent", "DIP", "received", "failed", "undelivered", "waiting"),
)


class AuditQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for: all that is given has to fit. kind, value: the mark by which it is searched, if any."""

    kind: str = ""
    value: str = ""
    sender: str | None = None
    channels: tuple[str, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None
    limit: int = _ON_A_PAGE


class AuditDesk:
    """Handlers of `/admin/api/audit` and of the page `/audit`. scan: messages looked at where no index leads there."""

    def __init__(
        self,
        *,
        pages: SqlitePages,
        registry: Current[Registry],
        participants: Current[Participants],
        processes: Mapping[str, str],
        digest: Callable[[str], bytes],
        scan: int,
        renderer: Renderer,
    ) -> None:
        self._pages = pages
        self._registry = registry
        self._participants = participants
        self._processes = processes
        self._digest = digest
        self._scan = scan
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """Call and page."""
        return [web.get(_CALL, self.listed), web.get(_PAGE, self.page)]

    async def listed(self, request: web.Request) -> web.Response:
        """Lines of the general audit report, newest first, by sender, id, channel, business process and time.

        An envelope reference, and one sender's channels, are searched among so many messages (`audit_scan`); `next`
        goes on from there, whether or not any fitted. `form=csv` gives a table, with the key of the next page in
        `X-Next`.
        """
        as_table = wants_csv(request.query)
        parties = present_visitor(request).dip_ids
        asked = await self._question(request.query, parties, PAGE_LIMIT)
        rows, following = await self._found(asked, parties)
        if as_table:
            return csv_response("audit", _HEAD, map(_line, rows), following)
        return json_response({"items": rows, "next": following})

    async def page(self, request: web.Request) -> web.Response:
        """The general audit report."""
        visitor = present_visitor(request)
        typed = {name: request.query.get(name, "").strip() for name in FIELDS}
        conditions = {name: text for name, text in typed.items() if text}
        rows: list[AuditRow] = []
        fault, following, asked = None, None, AuditQuestion()
        try:
            asked = await self._question({**typed, "next": request.query.get("next", "")}, visitor.dip_ids, _ON_A_PAGE)
            rows, following = await self._found(asked, visitor.dip_ids)
        except BadRequest as error:
            fault = error.message
        values = {
            "rows": rows,
            "typed": {**typed, "id": typed["id"] or next((typed[name] for name in IDS if typed[name]), "")},
            "kind": _KINDS.get(asked.kind, ""),
            "title": self._title(asked, typed),
            "searching": bool(conditions),
            "fault": fault,
            "older": f"{_PAGE}?{urlencode({**conditions, 'next': following})}" if following else None,
            "newest": f"{_PAGE}?{urlencode(conditions)}" if asked.before else None,
            "link": f"{_PAGE}?{urlencode(conditions)}" if conditions else None,
            "export": f"{_CALL}?{urlencode(conditions)}",
            "channels": sorted(self._registry.value.channels.values(), key=lambda one: one.id),
            "processes": self._processes,
            "senders": sorted(
                (one for one in self._participants.value if visitor.sees(one.dip_id)), key=lambda one: one.dip_id
            ),
            "name_of": self._name_of,
        }
        return self._renderer.page(request, "trails/audit.html", values, status=400 if fault else 200)

    async def _question(self, query: Mapping[str, str], parties: Parties, limit: int) -> AuditQuestion:
        """Read a query. Raises BadRequest."""
        paged = read_search({name: query.get(name, "") for name in ("next", "limit")}, limit=limit)
        kind, value = await self._mark(query, parties)
        channel, process = query.get("channel", "").strip(), query.get("process", "").strip()
        channels: tuple[str, ...] | None = (channel,) if channel else None
        if process:
            known = self._registry.value.channels.values()
            within = tuple(one.id for one in known if process in one.processes)
            channels = within if channels is None else tuple(one for one in channels if one in within)
        return AuditQuestion(
            kind=kind,
            value=check_mpan(value) if kind == "mpan" else value,
            sender=query.get("sender", "").strip() or None,
            channels=channels,
            since=moment_asked(query, "from"),
            until=moment_asked(query, "to", is_end=True),
            before=paged.before,
            limit=paged.limit,
        )

    async def _mark(self, query: Mapping[str, str], parties: Parties) -> tuple[str, str]:
        """The mark that is searched for; of any id, what it is."""
        named = [(kind, text) for kind in IDS if (text := query.get(kind, "").strip())]
        anything = query.get("id", "").strip()
        if len(named) + bool(anything) > 1:
            raise BadRequest("Search for one id at a time.")
        if named or not anything:
            return named[0] if named else ("", "")
        digits = anything.replace(" ", "")
        if digits.isascii() and digits.isdecimal():
            return "mpan", digits
        for kind in ("transaction", "correlation", "reference"):
            asked = AuditQuestion(kind=kind, value=anything)
            if await self._pages.numbers(self._filter(asked, parties, before=None, limit=1)):
                return kind, anything
        return "envelope", anything

    async def _found(self, asked: AuditQuestion, parties: Parties) -> tuple[list[AuditRow], int | None]:
        """The lines of one page, and the key of the next."""
        first = 0 if asked.since is None else await self._pages.first_received_from(asked.since) or 0
        before = NO_KEY if asked.before is None else asked.before
        if asked.until is not None:
            last = await self._pages.first_received_from(asked.until)
            before = before if last is None else min(before, last)
        numbers, looked = await self._numbers(asked, parties, first, before)
        shown = numbers[: asked.limit]
        mpan = asked.value if asked.kind == "mpan" else None
        rows = await self._pages.trails.audit(shown, parties, mpan=mpan)
        if asked.channels is not None:
            rows = [row for row in rows if row.interface in asked.channels]
        return rows, shown[-1] if len(numbers) > len(shown) else looked

    async def _numbers(
        self, asked: AuditQuestion, parties: Parties, first: int, before: int
    ) -> tuple[list[int], int | None]:
        """Numbers of messages that fit, one more than a page; where a search ended early, from where to look on."""
        trails, many = self._pages.trails, asked.limit + 1
        is_own = parties is None or asked.sender in parties
        if asked.kind == "envelope":
            return await trails.of_envelope(
                asked.value, sender=asked.sender, first=first, before=before, scan=self._scan
            )
        if asked.channels is not None and not asked.kind:
            if asked.sender is not None and is_own:
                return await trails.of_sender(asked.sender, asked.channels, first=first, before=before, scan=self._scan)
            if asked.sender is None and parties is None:
                found = await trails.of_interfaces(asked.channels, first=first, before=before, limit=many)
                return found, None
        wanted = self._filter(asked, parties, before=before, limit=many)
        among: Sequence[str | None] = (None,) if asked.channels is None else asked.channels
        merged = [
            number
            for channel in among
            for number in await self._pages.numbers(msgspec.structs.replace(wanted, interface=channel))
        ]
        return sorted((number for number in merged if number >= first), reverse=True)[:many], None

    def _filter(self, asked: AuditQuestion, parties: Parties, *, before: int | None, limit: int) -> MessageFilter:
        return MessageFilter(
            sender=asked.sender,
            mpan_digest=self._digest(asked.value) if asked.kind == "mpan" else None,
            reference=asked.value if asked.kind == "reference" else None,
            correlation_id=asked.value if asked.kind == "correlation" else None,
            transaction_id=asked.value if asked.kind == "transaction" else None,
            parties=parties,
            before=before,
            limit=limit,
        )

    def _title(self, asked: AuditQuestion, typed: Mapping[str, str]) -> str:
        """What kind of report it is, as the figures head it."""
        if asked.kind:
            return {"mpan": "MPAN report"}.get(asked.kind, f"{_KINDS[asked.kind].capitalize()} report")
        if asked.sender:
            return "Sender report"
        return "Business process report" if typed["process"] else "Audit report"

    def _name_of(self, dip_id: str) -> str:
        participant = self._participants.value.get(DipId(dip_id))
        return participant.name if participant is not None else ""


def _line(row: AuditRow) -> tuple[object, ...]:
    return (
        *(row.received_at.isoformat(), row.reference, row.transaction_id, row.correlation_id, row.mpan),
        *(row.interface, row.event.strip("[]"), row.sender, row.sent, row.dip),
        *(" ".join(row.received), " ".join(row.failed), " ".join(row.undelivered), " ".join(row.waiting)),
    )

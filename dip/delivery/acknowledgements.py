"""A recipient acknowledges, message by message, what was handed out to it (contract, Pull and stream)."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from dip.archive.archive import Archive
from dip.delivery.answers import Fate, Judgement, entries_of, judgement_of
from dip.delivery.leases import Leases
from dip.delivery.ledger import Ledger
from dip.ground.clock import Clock, microseconds
from dip.ground.errors import BadRequest
from dip.ground.settings import Settings
from dip.messages.identifiers import DIP, DipId
from dip.messages.standard_response import (
    Entry,
    ReceivedEntry,
    StandardResponse,
    clip,
    code_of,
    label,
)
from dip.messages.timestamps import wire_time
from dip.participants.access import Caller, agent_of
from dip.participants.signatures import Signed
from dip.reporting.metrics import Metrics
from dip.store.evidence import inbound_call
from dip.store.protocol import MessageStore
from dip.store.records import STATUS_CHANNEL, DeliveryState, Exchange, Known, Lane, stage_of

_TAKEN: Final = 200
_SUCCESS, _FAILED = "MSG0000", "MSG1000"
_SETTLED_BY: Final = {Fate.DELIVERED: DeliveryState.DELIVERED, Fate.REJECTED: DeliveryState.REJECTED}
_REPORT: Final = "It is settled already, as {state}; report it by POST /statusmessage."
_GIVEN_UP: Final = "It was given up before it was acknowledged; ask for a requeue."
_NEVER: Final = "It waits, and was never handed out; fetch it first."


class Acknowledgement(msgspec.Struct, frozen=True, kw_only=True):
    """The call of a recipient. body: a StandardResponse; url: the address as signed.

    lease: the number that the answer to its pull carried, where it says so: then a message that was handed out again
    under another number is not touched.
    """

    recipient: DipId
    channel: str
    body: bytes
    lease: int | None
    caller: Caller
    signed: Signed
    url: str
    started: float
    """Monotonic seconds when the call began."""


class _Decision(msgspec.Struct):
    """What becomes of one entry: a delivery that it settles, or what it is answered."""

    entry: ReceivedEntry
    found: Known | None = None
    judgement: Judgement | None = None
    refusal: str | None = None


class Acknowledgements:
    """Takes acknowledgements. An entry decides as that of a webhook's answer does; nothing is answered uncommitted."""

    def __init__(
        self,
        *,
        settings: Settings,
        clock: Clock,
        store: MessageStore,
        archive: Archive,
        ledger: Ledger,
        leases: Leases,
        metrics: Metrics,
        texts: Mapping[str, str],
        wake: Callable[[Iterable[int]], None],
    ) -> None:
        """texts: what response codes mean."""
        self._settings = settings
        self._clock = clock
        self._store = store
        self._archive = archive
        self._ledger = ledger
        self._leases = leases
        self._metrics = metrics
        self._texts = texts
        self._wake = wake

    async def take(self, call: Acknowledgement) -> bytes:
        """Settle what the entries speak of; the StandardResponse to it. Raises BadRequest, StoreUnavailable."""
        entries = entries_of(call.body)
        if entries is None:
            raise BadRequest("Body: expected a StandardResponse, an object with messageArray and timestamp.")
        limit = self._settings.message_limit
        if not 0 < len(entries) <= limit:
            raise BadRequest(f"/messageArray: expected 1 to {limit} entries, not {len(entries)}.")
        lane = self._store.lane_of(call.recipient, call.channel)
        if lane is None:
            return await self._settle(call, [_unknown(entry, call) for entry in entries])
        async with self._leases.turn(lane.id):
            return await self._settle(call, self._decide(call, lane, entries))

    async def _settle(self, call: Acknowledgement, decisions: Sequence[_Decision]) -> bytes:
        answer = self._answer(call, decisions)
        counted = {
            one.found.id: (one.found, one.judgement) for one in decisions if one.found is not None and one.judgement
        }
        settlement = self._ledger.acknowledged(
            self._evidence(call, answer),
            list(counted.values()),
            call.recipient,
            stage_of(for_status=call.channel == STATUS_CHANNEL),
        )
        done = await self._store.settle(settlement)
        self._leases.settled(done.taken)
        self._wake(done.lanes)
        now = microseconds(self._clock.now())
        self._metrics.called(
            settlement,
            [(now - found.received_at) * 1e-6 for found, judged in counted.values() if judged.fate is Fate.DELIVERED],
        )
        if done.taken.issuperset(counted):
            return answer
        for one in decisions:
            if one.found is not None and one.judgement is not None and one.found.id not in done.taken:
                one.judgement, one.refusal = None, "It was settled otherwise at this moment; report it if need be."
        return self._answer(call, decisions)

    def _decide(self, call: Acknowledgement, lane: Lane, entries: Sequence[ReceivedEntry]) -> list[_Decision]:
        """Each entry takes the next delivery that it may speak of: the same transaction may stand in a lane twice."""
        by_transaction: defaultdict[str, list[Known]] = defaultdict(list)
        ids = {entry.transaction_id for entry in entries if entry.transaction_id}
        for known in self._store.of_transactions(lane.id, ids) if ids else ():
            by_transaction[known.transaction_id].append(known)
        by_reference: defaultdict[str, list[Known]] = defaultdict(list)
        if any(not entry.transaction_id for entry in entries):
            for known in self._store.leased(lane.id, self._settings.most_leased):
                by_reference[known.reference].append(known)
        settled: dict[int, DeliveryState] = {}
        decisions: list[_Decision] = []
        for entry in entries:
            if entry.transaction_id:
                candidates = by_transaction.get(entry.transaction_id, [])
            else:
                candidates = by_reference.get(entry.sender_unique_reference or "", [])
            decisions.append(self._decision(call, entry, candidates, settled))
        return decisions

    def _decision(
        self,
        call: Acknowledgement,
        entry: ReceivedEntry,
        candidates: Sequence[Known],
        settled: dict[int, DeliveryState],
    ) -> _Decision:
        """What one entry makes of the deliveries that it may speak of. settled: by the entries before it."""
        if not candidates:
            return _unknown(entry, call)
        if code_of(entry.message) is None:
            return _Decision(entry, candidates[-1], refusal="message: expected a response code, such as RCP0000.")
        judgement = judgement_of(entry)
        wanted = _SETTLED_BY[judgement.fate]
        open_ones = [one for one in candidates if one.id not in settled and self._counts(one, call.lease)]
        # What is handed out at this moment comes before what waits again.
        open_ones.sort(key=lambda one: one.state is not DeliveryState.LEASED)
        if open_ones:
            settled[open_ones[0].id] = wanted
            return _Decision(entry, open_ones[0], judgement)
        for one in candidates:
            if settled.get(one.id, one.state) is wanted:
                return _Decision(entry, one)
        latest = candidates[-1]
        return _Decision(entry, latest, refusal=_why_not(latest, settled.get(latest.id, latest.state)))

    def _counts(self, known: Known, lease: int | None) -> bool:
        """Whether an acknowledgement settles a delivery: it is handed out, or was and waits again."""
        match known.state:
            case DeliveryState.LEASED:
                return lease in (None, known.exchange)
            case DeliveryState.WAITING:
                return known.attempts > 0
            case DeliveryState.DEAD | DeliveryState.WITHDRAWN:
                # Given up while its acknowledgement was under way.
                return self._leases.is_open(known.id)
        return False

    def _answer(self, call: Acknowledgement, decisions: Sequence[_Decision]) -> bytes:
        timestamp = wire_time(self._clock.now())
        entries = []
        for one in decisions:
            known, given = one.found, one.entry
            entries.append(
                Entry(
                    transaction_id=known.transaction_id if known else given.transaction_id,
                    sender_unique_reference=known.reference if known else given.sender_unique_reference,
                    correlation_id=known.correlation_id if known else None,
                    sent_timestamp=timestamp,
                    sender_id=DIP,
                    recipient_id=call.recipient,
                    connection_provider_id=agent_of(call.recipient, call.caller.dip_id),
                    message=label(_FAILED if one.refusal else _SUCCESS, self._texts),
                    help=clip(one.refusal) if one.refusal else None,
                )
            )
        return msgspec.json.encode(StandardResponse(entries, timestamp))

    def _evidence(self, call: Acknowledgement, answer: bytes) -> Exchange:
        return inbound_call(
            call.caller,
            call.signed,
            at=microseconds(self._clock.now()),
            method="POST",
            url=call.url,
            status=_TAKEN,
            answer=self._archive.seal_answer(answer),
            duration_us=int((self._clock.monotonic() - call.started) * 1_000_000),
        )


def _unknown(entry: ReceivedEntry, call: Acknowledgement) -> _Decision:
    by = "transactionID" if entry.transaction_id else "senderUniqueReference (give the transactionID)"
    return _Decision(entry, refusal=f"{call.channel}: nothing with this {by} was handed out to {call.recipient}.")


def _why_not(known: Known, state: DeliveryState) -> str:
    match state:
        case DeliveryState.LEASED:
            return f"It was handed out again, under lease {known.exchange}."
        case DeliveryState.WAITING:
            return _NEVER
        case DeliveryState.DEAD | DeliveryState.WITHDRAWN:
            return _GIVEN_UP
    return _REPORT.format(state=state)

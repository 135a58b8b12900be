"""Verdicts: of every failed exchange whose fault it most likely is, by which rule, on what evidence (FS-55).

Pure: made of what the store says of a message, or the activity log of a refused call. What somebody may not see of a
message is left out before, and so it is in no verdict.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from dip.messages.identifiers import DIP, DipId
from dip.reporting import call_rules, delivery_rules
from dip.reporting.verdict_rules import Failure, Rule, Side, What, fault_in
from dip.store.page_records import JournalRow, MessageDetail, StatusRow
from dip.store.records import DeliveryState, Stage, Status

RULES: Final[Mapping[str, Rule]] = {one.number: one for one in (*call_rules.RULES, *delivery_rules.RULES)}
"""Every rule by its number, in the order in which they are tried."""

_FINAL: Final = frozenset(
    {
        *(Status.RETRIES_EXHAUSTED, Status.DELIVERY_FAILURE, Status.REJECTED_BY_RECIPIENT, Status.WITHDRAWN),
        *(Status.INBOUND_RULE_FAILURE, Status.INTERNAL_SERVER_ERROR, Status.EXCEPTION, Status.FAILED),
    }
)
_ATTEMPTS: Final = frozenset({Status.RETRYING, Status.PAUSED, Status.UNKNOWN_DELIVERY_STATUS})
_SENT: Final = frozenset({Stage.OUTBOUND, Stage.STATUS_MESSAGE})
_ROUTING: Final = "MSG103"


class VerdictEvidence(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What a verdict stands on. status: of the HTTP answer; code: a response code; note: what was written down.

    first, last: when it was seen; times: how often in a row.
    """

    status: int | None = None
    code: str | None = None
    note: str | None = None
    url: str | None = None
    first: datetime
    last: datetime
    times: int = 1


class Verdict(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """Whose fault a failed exchange most likely is.

    rule: its number; step: the stage in which it failed; party: the participant at the other end, where there was one;
    why, remedy: in words; is_final: it was not put right since; on_purpose: somebody wanted it to fail.
    """

    rule: str
    side: Side
    step: str
    party: DipId | None
    why: str
    remedy: str
    evidence: VerdictEvidence
    is_final: bool
    on_purpose: bool


class Verdicts(msgspec.Struct, frozen=True):
    """The verdicts of one message, the earliest first. head: the one that decides; None where nothing failed."""

    all: tuple[Verdict, ...]
    head: Verdict | None
    beside: Mapping[JournalRow, Verdict]
    """The verdict of each failed step."""
    about: Mapping[StatusRow, Verdict]
    """The verdict of each status message."""


def rule_for(failure: Failure) -> Rule:
    """The first rule that holds."""
    return next(one for one in RULES.values() if one.holds(failure))


def verdict(
    failure: Failure,
    *,
    step: str,
    at: datetime,
    party: DipId | None = None,
    url: str | None = None,
    is_final: bool = True,
    back_to_sender: bool = False,
) -> Verdict:
    """The verdict on one failure. back_to_sender: it was on its way to the message's sender, as its recipient."""
    found = rule_for(failure)
    side = Side.SENDER if back_to_sender and found.side is Side.RECIPIENT else found.side
    return Verdict(
        rule=found.number,
        side=side,
        step=step,
        party=party,
        why=found.why,
        remedy=found.remedy,
        evidence=VerdictEvidence(
            status=failure.status,
            code=failure.code or None,
            note=failure.note or (f"fault {failure.fault}" if failure.fault else None),
            url=url,
            first=at,
            last=at,
        ),
        is_final=is_final,
        on_purpose=found.on_purpose,
    )


def verdicts_of(message: MessageDetail) -> Verdicts:
    """The verdicts of a message, from its journal, its deliveries and its status messages."""
    beside = dict(_of_steps(message))
    about = {row: found for row in message.status_messages if (found := _of_status(row, message)) is not None}
    first = [_of_answer(message)] if fault_in(message.evidence.note) else []
    # What a status message tells of a failed delivery stands there already.
    told = {(one.party, one.evidence.code) for one in beside.values()}
    more = [one for one in about.values() if (one.party, one.evidence.code) not in told]
    listed = sorted([*first, *_in_rows(list(beside.values())), *more], key=lambda one: one.evidence.first)
    return Verdicts(tuple(listed), _head(listed), beside, about)


def _of_steps(message: MessageDetail) -> Iterator[tuple[JournalRow, Verdict]]:
    arrived = {one.recipient for one in message.deliveries if one.state is DeliveryState.DELIVERED}
    routing_told = any(one.code.startswith(_ROUTING) and one.origin == DIP for one in message.status_messages)
    last: dict[tuple[Stage, DipId | None], Failure] = {}
    tried: set[tuple[Stage, DipId | None]] = set()
    for row in message.journal:
        lane = row.stage, row.recipient
        if row.call_status is not None or row.url or row.status in _ATTEMPTS or row.status is Status.LEASED:
            tried.add(lane)
        if row.status is Status.DELIVERED:
            last.pop(lane, None)
        failure = _failure_of(row, is_tried=lane in tried)
        if failure is None or (row.stage is Stage.ADDRESSING and routing_told):
            continue
        if row.status is Status.RETRIES_EXHAUSTED:
            # Time alone ended it: what its last attempt failed of is what it failed of.
            failure = msgspec.structs.replace(last.get(lane, failure), tried=lane in tried)
        elif row.stage in _SENT:
            last[lane] = failure
        yield (
            row,
            verdict(
                failure,
                step=row.stage,
                at=row.at,
                party=row.recipient,
                url=row.url,
                is_final=row.status in _FINAL and (row.stage is not Stage.OUTBOUND or row.recipient not in arrived),
                back_to_sender=row.stage is Stage.STATUS_MESSAGE and row.recipient == message.sender,
            ),
        )


def _failure_of(row: JournalRow, *, is_tried: bool) -> Failure | None:
    if row.stage in _SENT and row.status in _FINAL | _ATTEMPTS:
        if row.status is Status.REJECTED_BY_RECIPIENT:
            what, code, note = What.REJECTION, row.detail or "", ""
        else:
            what, code, note = What.DELIVERY, "", row.detail or row.call_note or ""
        tried = is_tried or row.status is not Status.RETRIES_EXHAUSTED
        fault = fault_in(row.call_note, row.detail)
        return Failure(what=what, status=row.call_status, code=code, note=note, fault=fault, tried=tried)
    if row.status not in _FINAL:
        return None
    if row.stage is Stage.ADDRESSING:
        return Failure(what=What.ADDRESSING)
    if row.stage is Stage.MPAN_UPDATE_QUEUE:
        return Failure(what=What.TABLE, note=row.detail or "")
    status = row.status_code or (400 if row.status is Status.INBOUND_RULE_FAILURE else 500)
    return Failure(what=What.CALL, status=status, note=row.detail or "")


def _of_status(row: StatusRow, message: MessageDetail) -> Verdict | None:
    """About addressing, by the DIP; or a recipient's own word, later than its answer."""
    if row.origin == DIP:
        if not row.code.startswith(_ROUTING):
            return None
        return verdict(Failure(what=What.ADDRESSING, code=row.code), step=Stage.ADDRESSING, at=row.at)
    beside = [one for one in message.journal if one.recipient == row.origin and one.detail == row.code]
    fault = fault_in(*(one.call_note for one in beside))
    failure = Failure(what=What.REJECTION, code=row.code, fault=fault)
    return verdict(failure, step=Stage.STATUS_MESSAGE, at=row.at, party=row.origin)


def _of_answer(message: MessageDetail) -> Verdict:
    """A fault on demand that struck the answer to the call that brought the message: it was taken all the same."""
    call = message.evidence
    failure = Failure(what=What.CALL, status=call.status, note=call.note or "", fault=fault_in(call.note))
    return verdict(failure, step=Stage.INBOUND, at=call.at, party=call.party, is_final=False)


def _in_rows(found: Sequence[Verdict]) -> list[Verdict]:
    """What failed in the same way in a row, of one recipient, is one verdict that says how often."""
    by_party: defaultdict[tuple[str, DipId | None], list[Verdict]] = defaultdict(list)
    for one in found:
        held = by_party[one.step, one.party]
        if held and _alike(held[-1], one):
            held[-1] = _joined(held[-1], one)
        else:
            held.append(one)
    return [one for held in by_party.values() for one in held]


def _alike(one: Verdict, other: Verdict) -> bool:
    return (one.rule, one.side, one.evidence.status, one.evidence.note, one.evidence.code) == (
        other.rule,
        other.side,
        other.evidence.status,
        other.evidence.note,
        other.evidence.code,
    )


def _joined(one: Verdict, other: Verdict) -> Verdict:
    evidence = msgspec.structs.replace(one.evidence, last=other.evidence.last, times=one.evidence.times + 1)
    return msgspec.structs.replace(other, evidence=msgspec.structs.replace(evidence, url=other.evidence.url))


def _head(found: Sequence[Verdict]) -> Verdict | None:
    """The latest that was not put right, before the latest that was."""
    final = [one for one in found if one.is_final]
    return max(final or found, key=lambda one: one.evidence.last, default=None)

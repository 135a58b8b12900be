"""The books of a drill: what was acknowledged against what arrived and what the store holds."""

from collections import Counter

import msgspec

from dip.benchmark.drill.market import APPOINTED, Market, mpan_of
from dip.benchmark.drill.publishing import wrong_with_payload
from dip.ground.log import make_log
from dip.store.records import STATUS_CHANNEL, DeliveryState, Stage, Status
from dip.store.sqlite import SqliteStore


class Expected(msgspec.Struct, frozen=True):
    """How each message should end. times: how often each recipient gets it, if nothing is doubled."""

    state: DeliveryState = DeliveryState.DELIVERED
    times: int = 1
    rows: int = 1
    """Deliveries that the store holds of it for each recipient; 0: its archive time is over."""
    returned: bool = False
    """Whether its sender is told by a status message."""
    appointed: bool = False
    """Whether what it says of its MPAN stands in the table, once."""


class Books(msgspec.Struct, frozen=True):
    """The outcome. acknowledged: before the server died; lost: of all that was ever acknowledged."""

    acknowledged: int
    lost: int
    doubled: int
    reasons: list[str]
    """Why a message counts as lost."""


async def close_books(market: Market, expected: Expected) -> Books:
    """Compare; the server must have stopped."""
    lost: set[str] = set(market.contradicted)
    reasons = [f"{len(lost)} answered with two transaction ids"] if lost else []
    doubled = 0
    for recipient in market.trade.recipients:
        arrived = market.arrived(recipient)
        absent = {
            reference
            for reference, transaction in market.acknowledged.items()
            if transaction not in arrived.get(reference, ())
        }
        mixed = {reference for reference, found in arrived.items() if len(set(found)) > 1}
        few = {reference for reference, found in arrived.items() if len(found) < expected.times} - absent
        doubled += sum(max(0, len(found) - expected.times) for found in arrived.values())
        for what, group in (
            ("never arrived", absent),
            ("arrived under two transaction ids", mixed),
            ("arrived too seldom", few & market.acknowledged.keys()),
        ):
            if group:
                lost |= group
                reasons.append(f"{len(group)} {what} at {recipient}")
    if expected.returned:
        told = market.returned()
        untold = market.acknowledged.keys() - told.keys()
        doubled += sum(len(found) - 1 for found in told.values())
        if untold:
            lost |= untold
            reasons.append(f"{len(untold)} of whose fate the sender was not told")
    if market.imported or expected.appointed:
        unknown = await _wrong_in_table(market, expected)
        lost |= unknown.keys()
        reasons += [f"{count} {how}" for how, count in Counter(unknown.values()).items()]
    amiss = [*market.amiss, *await wrong_with_payload(market)]
    lost |= set(amiss)
    reasons += amiss
    wrong = await _wrong_in_store(market, expected)
    if wrong:
        lost |= wrong.keys()
        found = ", ".join(f"{count} {how}" for how, count in Counter(wrong.values()).items())
        reasons.append(f"{len(wrong)} not in the store as they should be: {found}")
    return Books(market.acknowledged_before, len(lost), doubled, reasons)


async def _wrong_in_table(market: Market, expected: Expected) -> dict[str, str]:
    """What is wrong with the MPANs of messages and of files, by reference or MPAN: each is known once, by one row."""
    store = SqliteStore(market.directory, group_limit=1, log=make_log())
    wrong: dict[str, str] = {}
    try:
        lane = store.messages.lane_of(market.trade.recipients[0], market.trade.channel)
        transactions = {transaction: reference for reference, transaction in market.acknowledged.items()}
        found = store.messages.of_transactions(lane.id, transactions) if lane is not None else ()
        messages = {str(known.transaction_id): known.message for known in found}
        wanted: dict[str, tuple[int, int | None]] = {str(mpan): (mpan, None) for mpan in market.imported}
        for transaction, reference in transactions.items() if expected.appointed else ():
            wanted[reference] = mpan_of(market.sent[reference]), messages.get(transaction, 0)
        for name, (mpan, message) in wanted.items():
            history = store.appointments.history(mpan)
            if [row.dip_id for row in history.rows] != [APPOINTED]:
                wrong[name] = "not in the MPAN table"
            elif [one.message for one in history.knowledge] != [message] or history.past:
                wrong[name] = "more than once in the MPAN table"
            elif message is not None and not await _is_noted_once(store, market.acknowledged[name]):
                wrong[name] = "not once in the journal as applied"
        waiting, failed = store.appointments.count_updates()
        if waiting or failed:
            wrong["queue"] = f"{waiting} updates wait, {failed} could not be applied"
    finally:
        await store.close()
    return wrong


async def _is_noted_once(store: SqliteStore, transaction: str) -> bool:
    detail = await store.pages.message(transaction)
    journal = () if detail is None else detail.journal
    return [entry.status for entry in journal if entry.stage == Stage.MPAN_UPDATE_QUEUE] == [Status.OK]


async def _wrong_in_store(market: Market, expected: Expected) -> dict[str, str]:
    """How messages stand, by reference, that are not stored once for each recipient, in the state they should have."""
    store = SqliteStore(market.directory, group_limit=1, log=make_log())
    wrong: dict[str, str] = {}
    try:
        by_transaction = {transaction: reference for reference, transaction in market.acknowledged.items()}
        for recipient in market.trade.recipients:
            lane = store.messages.lane_of(recipient, market.trade.channel)
            if lane is None:
                return dict.fromkeys(market.acknowledged, f"no lane of {recipient}")
            rows: dict[str, list[DeliveryState]] = {transaction: [] for transaction in by_transaction}
            for known in store.messages.of_transactions(lane.id, by_transaction):
                rows[known.transaction_id].append(known.state)
            ends = [expected.state] * expected.rows
            wrong |= {
                by_transaction[transaction]: "+".join(found) or "absent"
                for transaction, found in rows.items()
                if found != ends
            }
        if expected.returned:
            lane = store.messages.lane_of(market.trade.sender, STATUS_CHANNEL)
            if lane is None or store.messages.waiting({lane.id: 0}, 1):
                wrong |= dict.fromkeys(market.acknowledged, "its status message waits")
    finally:
        await store.close()
    return wrong

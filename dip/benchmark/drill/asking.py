"""Scenarios of recipients that ask: pull, report, requeue."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from dip.benchmark.drill.fault import Fault
from dip.benchmark.drill.market import Market
from dip.benchmark.drill.traffic import all_arrived, all_returned, repeat, send_until_dead
from dip.benchmark.receiver import TAKEN
from dip.client.responses import read_response
from dip.messages.standard_response import SUCCESS_CODES, Entry, code_of
from dip.messages.timestamps import wire_time

_MOST_PULLS = 30


async def pull(market: Market, fault: Fault | None) -> None:
    """A recipient without webhook pulls and acknowledges."""
    await market.start(fault)
    await send_until_dead(market)
    await _pull(market)
    await market.died()


async def pull_on(market: Market, fault: Fault | None) -> None:
    """The recipient acknowledges again what it has, and goes on pulling until everything is settled."""
    await market.start()
    await repeat(market)
    (recipient,) = market.trade.recipients
    settled = await _acknowledge(market, market.handed_out[recipient]) if market.handed_out[recipient] else set()
    for _ in range(_MOST_PULLS):
        if market.acknowledged.keys() <= settled:
            return
        settled |= await _pull(market)


async def _pull(market: Market) -> set[str]:
    """Pull once and acknowledge; the references that the DIP settled."""
    (recipient,) = market.trade.recipients
    answer = await market.ask(recipient, "GET", f"{_pull_path(market)}?max=100&wait=1")
    if answer is None or answer.status != 200:
        return set()
    blocks = [element["payload"]["CommonBlock"] for element in msgspec.json.decode(answer.body)]
    pairs = [(common["S1"]["senderUniqueReference"], common["D0"]["transactionID"]) for common in blocks]
    market.handed_out[recipient] += pairs
    return await _acknowledge(market, pairs)


async def _acknowledge(market: Market, pairs: Sequence[tuple[str, str]]) -> set[str]:
    now = wire_time(datetime.now(UTC))
    entries = [_entry(market, transaction, reference, TAKEN, now) for reference, transaction in pairs]
    body = {"messageArray": entries, "timestamp": now}
    (recipient,) = market.trade.recipients
    answer = await market.ask(recipient, "POST", f"{_pull_path(market)}/ack", body)
    said = None if answer is None else read_response(answer.body)
    if said is None:
        return set()
    settled = {entry.transaction_id for entry in said.message_array if code_of(entry.message) in SUCCESS_CODES}
    return {reference for reference, transaction in pairs if transaction in settled}


def _pull_path(market: Market) -> str:
    return f"/dip-channel/{market.trade.channel}/messages/{market.trade.recipients[0]}"


def _entry(market: Market, transaction: str, reference: str, message: str, now: str) -> Entry:
    (recipient,) = market.trade.recipients
    return Entry(
        transaction_id=transaction,
        sender_unique_reference=reference,
        sent_timestamp=now,
        sender_id=recipient,
        recipient_id=market.trade.sender,
        message=message,
    )


async def report(market: Market, fault: Fault | None) -> None:
    """The recipient took the messages, and reports about each of them later."""
    await market.start(fault)
    await market.listen_for_status()
    await market.listen()
    await send_until_dead(market)
    await all_arrived(market)
    await _report(market)
    await market.died()


async def report_again(market: Market, fault: Fault | None) -> None:
    """The report is made again, for it had no answer."""
    await market.start()
    await repeat(market)
    await all_arrived(market)
    await _report(market)
    await all_returned(market)


async def _report(market: Market) -> None:
    (recipient,) = market.trade.recipients
    entries = [
        _entry(market, transaction, reference, "RCP1061 - MPAN Invalid or Unknown", "2026-01-01T00:00:00+00:00")
        for reference, transaction in market.acknowledged.items()
    ]
    await market.ask(recipient, "POST", "/statusmessage", entries)


async def requeue(market: Market, fault: Fault | None) -> None:
    """Everything arrived, and the recipient asks for all of it once more."""
    await market.start(fault)
    await market.listen()
    await send_until_dead(market)
    await all_arrived(market)
    await _requeue(market)
    await market.died()


async def requeue_on(market: Market, fault: Fault | None) -> None:
    """The requeue goes on by itself; where the server does not know it, it is asked for again."""
    await market.start()
    (recipient,) = market.trade.recipients
    status = await market.ask(recipient, "GET", f"/dip-channel/{market.trade.channel}/requeueStatus/{recipient}")
    if status is not None and status.status == 204:
        await _requeue(market)
    await all_arrived(market, times=2)


async def _requeue(market: Market) -> None:
    (recipient,) = market.trade.recipients
    wanted = {"datetimeFrom": None, "datetimeTo": None, "eventCode": None, "MPAN": None, "version": None}
    await market.ask(recipient, "POST", f"/dip-channel/{market.trade.channel}/requeue/{recipient}", wanted)

"""Scenarios of messages on their way to webhooks."""

import asyncio
import random
from collections.abc import Sequence

from dip.benchmark.drill.fault import Fault
from dip.benchmark.drill.market import Market, reference_of
from dip.benchmark.drill.traffic import BATCH, all_arrived, all_returned, catch_up_running, repeat, send_until_dead
from dip.benchmark.receiver import REJECTED, TAKEN, take_all

_UNAVAILABLE = 503
_ROUNDS = 5


async def post(market: Market, fault: Fault | None) -> None:
    """Messages on their way to webhooks."""
    await market.start(fault)
    await market.listen()
    await send_until_dead(market)
    await market.died()


async def catch_up(market: Market, fault: Fault | None) -> None:
    """Everything is sent again, and arrives."""
    await market.start()
    await catch_up_running(market)


async def answered(market: Market, fault: Fault | None) -> None:
    """Killed from outside as soon as the first answer is there."""
    await market.start()
    await market.listen()
    await market.send(market.written(BATCH))
    market.server.kill()
    await market.died()


async def called(market: Market, fault: Fault | None) -> None:
    """Killed from outside while a recipient has the call and has not answered yet."""
    first = market.receivers[market.trade.recipients[0]]

    def judge(references: Sequence[str]) -> Sequence[str]:
        market.server.kill()
        first.judge = take_all
        return [TAKEN] * len(references)

    first.judge = judge
    await market.start()
    await market.listen()
    await send_until_dead(market)
    await market.died()


async def refuse_first(market: Market, fault: Fault | None) -> None:
    """The recipient answers 503 until the server dies, then it takes everything."""
    for receiver in market.receivers.values():
        receiver.judge = lambda references: _UNAVAILABLE
    await market.start(fault)
    await market.listen()
    await send_until_dead(market)
    await market.died()
    for receiver in market.receivers.values():
        receiver.judge = take_all


async def poison(market: Market, fault: Fault | None) -> None:
    """One message makes the recipient answer 500, until the server dies."""
    (receiver,) = market.receivers.values()
    messages = market.written(BATCH)
    bad = reference_of(messages[1])
    receiver.judge = lambda references: 500 if bad in references else [TAKEN] * len(references)
    await market.start(fault)
    await market.listen()
    await market.send(messages)
    await market.died()
    receiver.judge = take_all


async def reject(market: Market, fault: Fault | None) -> None:
    """The recipient rejects each message; the sender is to be told."""
    for receiver in market.receivers.values():
        receiver.judge = lambda references: [REJECTED] * len(references)
    await market.start(fault)
    await market.listen_for_status()
    await market.listen()
    await send_until_dead(market)
    await market.died()


async def hear(market: Market, fault: Fault | None) -> None:
    """Everything is sent again; each sender is told."""
    await market.start()
    await repeat(market)
    await all_arrived(market)
    await all_returned(market)


async def under_load(market: Market, fault: Fault | None) -> None:
    """Killed at some moment while messages flow, several times over the same directory."""
    for number in range(_ROUNDS):
        await market.start()
        if number == 0:
            await market.listen()
        sending = asyncio.create_task(send_until_dead(market, 1000))
        await asyncio.sleep(random.SystemRandom().uniform(0.2, 1.2))
        market.server.kill()
        await market.died()
        await sending
        market.acknowledged_before = len(market.acknowledged)

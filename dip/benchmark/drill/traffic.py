"""What senders do in every scenario."""

import asyncio

from dip.benchmark.drill.market import Market

BATCH = 5
"""Messages in a request."""
_BATCHES = 4
_SENDERS = 2


async def send_until_dead(market: Market, batches: int = _BATCHES) -> None:
    """Two senders post batches, each the next one when it is answered, until the server is gone."""

    async def sender() -> None:
        for _ in range(batches):
            if not await market.send(market.written(BATCH)):
                return

    await asyncio.gather(*(sender() for _ in range(_SENDERS)))


async def repeat(market: Market) -> None:
    """Send everything again, as a sender does that had no answer: no id may change."""
    everything = list(market.sent.values())
    for start in range(0, len(everything), 100):
        await market.send(everything[start : start + 100])


async def all_arrived(market: Market, times: int = 1) -> None:
    """Until every acknowledged message came to each recipient, so often."""

    def complete() -> bool:
        seen = [market.arrived(recipient) for recipient in market.trade.recipients]
        return all(len(one.get(reference, ())) >= times for one in seen for reference in market.acknowledged)

    await market.until(complete)


async def all_returned(market: Market) -> None:
    """Until the sender was told of every acknowledged message."""
    await market.until(lambda: market.acknowledged.keys() <= market.returned().keys())


async def catch_up_running(market: Market) -> None:
    """As `catch_up`, with the server that runs."""
    await repeat(market)
    await all_arrived(market)

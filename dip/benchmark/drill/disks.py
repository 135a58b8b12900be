"""Scenarios in which the disk is full, or fails."""

from dip.benchmark.drill.fault import Fault, Room
from dip.benchmark.drill.market import Market, NotRun
from dip.benchmark.drill.traffic import BATCH, catch_up_running, send_until_dead

_FULL_PAGES = 40
_MOST_BATCHES = 200


async def fill_the_disk(market: Market, fault: Fault | None) -> None:
    """The database may not grow any more, until it may again; the server stays up."""
    await market.start(watched=True)
    await market.listen()
    await market.send(market.written(BATCH))
    await market.order(Room(_FULL_PAGES))
    for _ in range(_MOST_BATCHES):
        known = len(market.acknowledged)
        if not await market.send(market.written(BATCH)):
            raise NotRun("the server ended when its disk was full")
        if len(market.acknowledged) == known:
            break
    else:
        raise NotRun("the disk did not become full")
    market.acknowledged_before = len(market.acknowledged)
    await market.order(Room(None))
    await catch_up_running(market)


async def fill_the_disk_and_die(market: Market, fault: Fault | None) -> None:
    """As above, and the server is killed while there is no room."""
    await market.start(watched=True)
    await market.listen()
    await market.order(Room(_FULL_PAGES))
    for _ in range(_MOST_BATCHES):
        known = len(market.acknowledged)
        await market.send(market.written(BATCH))
        if len(market.acknowledged) == known:
            break
    market.server.kill()
    await market.died()


async def fail_to_commit(market: Market, fault: Fault | None) -> None:
    """Commits fail for a while; the server stays up, and what was refused is sent again."""
    await market.start(fault)
    await market.listen()
    await send_until_dead(market)
    market.acknowledged_before = len(market.acknowledged)
    await catch_up_running(market)


async def nothing_more(market: Market, fault: Fault | None) -> None:
    """The server got over it."""

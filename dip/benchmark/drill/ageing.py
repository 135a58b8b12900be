"""Scenarios in which business time passes: dead letters, the clock, retention."""

import asyncio

from dip.benchmark.drill.fault import Fault
from dip.benchmark.drill.market import Market, NotRun
from dip.benchmark.drill.traffic import all_arrived, all_returned, catch_up_running, repeat, send_until_dead


async def outlive(market: Market, fault: Fault | None) -> None:
    """Nobody takes the messages, and their dead letter time comes."""
    await market.start(fault)
    await market.listen_for_status()
    await send_until_dead(market)
    await market.administer("POST", "clock", {"advance": "P15D"})
    await market.died()


async def revive(market: Market, fault: Fault | None) -> None:
    """The dead letters are found, their senders are told, and they are requeued."""
    await market.start()
    await repeat(market)
    await market.administer("POST", "clock", {"advance": "P15D"})
    await all_returned(market)
    await market.listen()
    for _ in range(10):
        found = await market.administer("GET", "dead-letters")
        for item in found["items"]:
            await market.administer("POST", f"dead-letters/{item['id']}/requeue")
        if not found["items"]:
            break
    await all_arrived(market)


async def advance(market: Market, fault: Fault | None) -> None:
    """The clock is moved while messages wait."""
    await market.start(fault)
    await send_until_dead(market)
    await market.administer("POST", "clock", {"advance": "PT1H"})
    await market.died()


async def take_after_advance(market: Market, fault: Fault | None) -> None:
    """The clock can still be read and moved, and what waited arrives."""
    await market.start()
    if not await market.administer("GET", "clock"):
        raise NotRun("the clock can't be read after the restart")
    await market.administer("POST", "clock", {"advance": "PT1H"})
    await market.listen()
    await catch_up_running(market)


async def forget(market: Market, fault: Fault | None) -> None:
    """Everything arrived, and its archive time is over."""
    await market.start(watched=True)
    await market.listen()
    await send_until_dead(market)
    await all_arrived(market)
    if fault is not None:
        # The sweep at the start forgets nothing; the one that counts comes now.
        await market.order(fault)
    await market.administer("POST", "clock", {"advance": "P2600D"})
    await market.died()


async def forget_on(market: Market, fault: Fault | None) -> None:
    """The sweep goes on by itself."""
    await market.start()
    await market.administer("POST", "clock", {"advance": "PT1S"})


async def jump(market: Market, fault: Fault | None) -> None:
    """Business time is moved by days while messages flow, and the server is killed in between."""
    await market.start()
    await market.listen()
    sending = asyncio.create_task(send_until_dead(market, 1000))
    try:
        for _ in range(3):
            await asyncio.sleep(0.2)
            await market.administer("POST", "clock", {"advance": "P1D"})
    finally:
        market.server.kill()
        await sending
    await market.died()

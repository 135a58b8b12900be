"""A play performed against a running server."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from dip.client import Server, credentials_of, fetch_catalogue
from dip.ground.clock import Clock
from dip.simulation.actor import Actor
from dip.simulation.exchange import Exchange, Observer
from dip.simulation.play import Play


async def perform(
    play: Play,
    *,
    server: Server,
    directory: Path,
    observer: Observer,
    clock: Clock,
    timeout_s: float = 30,
) -> Exchange:
    """Let the participants of the data directory play; ends at success, the first failure, or the timeout.

    The exchange that is returned says which. Raises CredentialsIncomplete, ServerNotReached and CallRefused
    where the play can't begin.
    """
    exchange = Exchange(play.expected, observer)
    async with AsyncExitStack() as stage:
        first, *others = [credentials_of(directory, dip_id) for dip_id in play.cast]
        catalogue = await fetch_catalogue(server.portal, first.root)
        encrypted = {channel_id for channel_id, entry in catalogue.items() if entry.encrypted}
        actors = [
            await stage.enter_async_context(
                Actor(
                    credentials,
                    server=server,
                    encrypted=encrypted,
                    play=play,
                    exchange=exchange,
                    clock=clock,
                )
            )
            for credentials in (first, *others)
        ]
        for actor in actors:
            await actor.register()
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(actor.run(), name=actor.dip_id) for actor in actors]
            try:
                async with asyncio.timeout(timeout_s):
                    await actors[0].send(play.opening())
                    await exchange.ended.wait()
            except TimeoutError:
                missing = "; ".join(sorted(map(str, exchange.awaited)))
                exchange.fail(f"after {timeout_s:g} s these had not arrived: {missing}")
            for task in running:
                task.cancel()
    return exchange

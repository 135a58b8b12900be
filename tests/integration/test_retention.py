"""Messages are kept as long as their channel says, and then forgotten with all that hangs on them (5.5.7)."""

from datetime import timedelta

import pytest

from dip.archive.retention import Retention
from dip.ground.clock import Clock
from dip.ground.log import make_log
from tests.conftest import Serve
from tests.support.platform import Platform, sample
from tests.support.waiting import until

_TABLES = ("message", "archive", "delivery", "journal_entry", "status_message", "exchange")


async def counts(platform: Platform) -> dict[str, int]:
    """Rows of each table that holds something of a message."""
    return await platform.dip.store.writer.ask(
        lambda connection: {
            table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
            for table in _TABLES
        }
    )


def retention(platform: Platform, clock: Clock) -> Retention:
    """The platform's retention on another clock."""
    return Retention(
        store=platform.dip.store.sweep, registry=platform.dip.registry, clock=clock, settings=platform.dip.settings, log=make_log()
    )


@pytest.mark.requirement("FS-27")
async def test_a_message_is_forgotten_when_its_channels_archive_time_is_over_and_not_before(serve: Serve) -> None:
    async with serve() as platform:
        registration = await platform.listener("2200000001")
        supplier = await platform.client("2300000001")
        await supplier.send("IF-031", [sample("if-031")])
        await registration.next(5)
        await until(lambda: not platform.dip.store.messages.lanes_waiting())
        kept = platform.dip.registry.value.channels[next(iter(platform.dip.registry.value.channels))].archive_for
        assert await retention(platform, Clock(kept - timedelta(days=1))).sweep() == 0
        assert (await counts(platform))["message"] == 1
        assert await retention(platform, Clock(kept + timedelta(days=1))).sweep() == 1
        assert set((await counts(platform)).values()) == {0}


@pytest.mark.requirement("FS-16", "FS-27")
async def test_a_message_that_still_waits_outlives_its_archive_time(serve: Serve) -> None:
    async with serve() as platform:
        supplier = await platform.client("2300000001")
        await supplier.send("IF-031", [sample("if-031")])
        assert await retention(platform, Clock(timedelta(days=3650))).sweep() == 0
        assert (await counts(platform))["message"] == 1

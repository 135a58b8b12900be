"""The clock of the contract: it moves forward, survives a restart, and moves what becomes due."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from dip.channels.durations import duration
from dip.messages.identifiers import InterfaceId
from tests.conftest import Serve
from tests.integration.delivery.conftest import Receive, endpoint_of, journal_of, send, state_of
from tests.integration.delivery.receiver import status
from tests.integration.duties.desk import desk
from tests.support.waiting import until

QUIET = {"retry_jitter": 0.0, "dead_letter_sweep_s": 3600.0, "retention_sweep_s": 3600.0}


@pytest.mark.parametrize(
    ("by", "offset"),
    [("PT336H", "P14D"), ("P14D", "P14D"), ("P1DT2H3M4S", "P1DT2H3M4S"), ("PT90S", "PT1M30S"), ("P0DT1S", "PT1S")],
)
async def test_the_clock_moves_by_an_iso_duration_and_says_where_it_stands(serve: Serve, by: str, offset: str) -> None:
    async with serve(**QUIET) as platform, desk(platform) as office:
        before = await office.ask("clock")
        assert before["offset"] == "PT0S"
        moved = await office.do("clock", {"advance": by})
        assert moved["offset"] == offset
        now, wall = (datetime.fromisoformat(moved[name]) for name in ("now", "wall"))
        assert now - wall == duration(by)
        assert abs(wall - datetime.now(UTC)) < timedelta(seconds=30)
        again = await office.do("clock", {"advance": "PT1S"})
        assert duration(again["offset"]) == duration(by) + timedelta(seconds=1)


@pytest.mark.parametrize(
    "order",
    [
        {"advance": "PT0S"},
        {"advance": "P0D"},
        {"advance": "-PT1H"},
        {"advance": "PT-1H"},
        {"advance": "one day"},
        {"advance": ""},
        {"advance": "P1M"},
        {"advance": "P1W"},
        {"advance": "PT"},
        {"advance": "P99999999999D"},
        {"advance": f"P{'9' * 5000}D"},
        {"advance": "P3000000D"},
        {"advance": 3600},
        {"advance": None},
        {},
        {"advance": "PT1H", "back": True},
        [],
    ],
)
async def test_a_step_that_is_not_forward_or_not_readable_is_refused(serve: Serve, order: Any) -> None:
    async with serve(**QUIET) as platform, desk(platform) as office:
        said = await office.do("clock", order, status=400)
        assert said["code"] == "bad_request"
        assert (await office.ask("clock"))["offset"] == "PT0S"


async def test_the_offset_survives_a_restart_and_is_shown_on_every_page(serve: Serve) -> None:
    async with serve(**QUIET) as platform, desk(platform) as office:
        assert "The clock runs" not in await office.page("/messages")
        await office.do("clock", {"advance": "P3DT1S"})
    async with serve(**QUIET) as platform, desk(platform) as office:
        assert (await office.ask("clock"))["offset"] == "P3DT1S"
        assert platform.dip.clock.offset == timedelta(days=3, seconds=1)
        for path in ("/", "/messages", "/queues", "/dead-letters", "/clock", "/endpoints"):
            assert "The clock runs <strong>3 d" in await office.page(path), path


async def test_a_backed_off_delivery_gets_one_attempt_when_time_moves(serve: Serve, receive: Receive) -> None:
    async with serve(retry_first_s=3600.0, retry_longest_s=7200.0, **QUIET) as platform, desk(platform) as office:
        webhook = await receive(platform, answering=status(503))
        (accepted,) = await send(platform)
        await until(lambda: endpoint_of(platform).failures == 1)
        await office.do("clock", {"advance": "PT1H"})
        await until(lambda: endpoint_of(platform).failures == 2)
        await office.do("clock", {"advance": "PT1H"})
        assert len(webhook.calls) == 2
        await office.do("clock", {"advance": "PT1H"})
        await until(lambda: endpoint_of(platform).failures == 3)
        assert len(webhook.calls) == 3
        assert (await journal_of(platform, accepted.transaction_id))[:2] == ["Retrying", "Retrying"]


async def test_it_does_not_wait_for_the_answer_of_a_webhook(serve: Serve, receive: Receive) -> None:
    async with serve(retry_first_s=3600.0, clock_patience_s=0.05, **QUIET) as platform, desk(platform) as office:
        webhook = await receive(platform, answering=status(503))
        webhook.open.clear()
        await send(platform)
        await webhook.called(1)
        await office.do("clock", {"advance": "PT1H"})
        # The answer is still to come.
        assert endpoint_of(platform).failures == 0
        webhook.open.set()
        await until(lambda: endpoint_of(platform).failures == 1)


@pytest.mark.requirement("FS-28")
async def test_the_attempt_comes_before_the_dead_letter(serve: Serve, receive: Receive) -> None:
    async with serve(retry_first_s=3600.0, **QUIET) as platform, desk(platform) as office:
        webhook = await receive(platform, answering=status(503))
        (accepted,) = await send(platform)
        await webhook.called(1)
        await office.do("clock", {"advance": "P14D"})
        assert (await journal_of(platform, accepted.transaction_id))[-2:] == ["Retrying", "RetriesExhausted"]
        assert await state_of(platform, accepted.transaction_id) == "dead"


@pytest.mark.requirement("FS-62")
async def test_a_pause_that_ends_lets_its_channel_have_an_attempt_first(serve: Serve, receive: Receive) -> None:
    async with serve(**QUIET) as platform, desk(platform) as office:
        webhook = await receive(platform)
        dispatcher, endpoint = platform.dip.dispatcher, endpoint_of(platform).id
        await dispatcher.change(msgspec.structs.replace(dispatcher.setting(endpoint), held=True))
        (accepted,) = await send(platform)
        end = platform.dip.clock.now() + timedelta(days=1)
        await platform.dip.pauses.begin(InterfaceId("IF-031"), starts=None, ends=end, author="admin", reason="Formats")
        await dispatcher.change(msgspec.structs.replace(dispatcher.setting(endpoint), held=False))
        await office.do("clock", {"advance": "P14D"})
        assert await state_of(platform, accepted.transaction_id) == "delivered"
        assert len(webhook.calls) == 1


async def test_the_page_moves_the_clock_too(serve: Serve) -> None:
    async with serve(**QUIET) as platform, desk(platform) as office:
        assert "+ 14 days" in await office.page("/clock")
        assert "The clock was moved" in await office.send_form("/clock", step="P14D")
        assert "expected an ISO 8601 duration" in await office.send_form("/clock", advance="soon")
        await office.send_form("/clock", advance="pt30m")
        assert (await office.ask("clock"))["offset"] == "P14DT30M"

"""Pulls from registration services: side by side, patient, resumed, reported (5.5.14, FS-35)."""

import asyncio
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from dip.ground.clock import Clock
from dip.messages.timestamps import wire_time
from tests.conftest import Serve
from tests.integration.appointments.announcements import announce, applied, held, supplier
from tests.integration.pulls.pulls import (
    QUICK,
    SERVICE_1,
    SERVICE_2,
    answering,
    ask,
    ended,
    mpan,
    order,
    page,
    pulls,
    serving,
    two_rows,
    written,
)
from tests.integration.routing.traffic import consumption, recipients
from tests.support.waiting import until

pytestmark = pytest.mark.requirement("FS-35")
SUPPLIER_1, SUPPLIER_2, METERING = "2300000001", "2300000002", "1200000001"
NEW_YEAR = "2024-01-01T00:00:00+00:00"


async def test_two_services_are_pulled_side_by_side_while_messages_are_routed(serve: Serve, tmp_path: Path) -> None:
    first = written(tmp_path / "1.csv", two_rows(range(100)))
    second = written(tmp_path / "2.csv", two_rows(range(100, 160)))
    async with serve(**QUICK) as platform:
        async with (
            serving(platform, SERVICE_1, first, delay_s=0.01) as one,
            serving(platform, SERVICE_2, second, delay_s=0.01) as other,
        ):
            await order(platform, s2200000001=one, s2200000002=other)
            sent = 0
            while any(view["state"] == "running" for view in (await pulls(platform)).values()):
                assert await recipients(platform, consumption("2026-01-01"))
                sent += 1
            found = await pulls(platform)
        assert sent > 0
        assert {name: (view["state"], view["mpans"], view["accepted"]) for name, view in found.items()} == {
            SERVICE_1: ("finished", 100, 200),
            SERVICE_2: ("finished", 60, 120),
        }
        assert found[SERVICE_1]["rejected"] == found[SERVICE_1]["unchanged"] == 0
        assert held(platform, mpan(159), "SUP") == [(SUPPLIER_1, NEW_YEAR, None)]


async def test_a_new_mpan_is_routed_by_what_was_pulled(serve: Serve, tmp_path: Path) -> None:
    rows = [
        (mpan(1), "SUP", SUPPLIER_1, "2024-01-01", "2025-06-01"),
        (mpan(1), "SUP", SUPPLIER_2, "2025-06-01", ""),
        (mpan(1), "LDSO", "2500000001", "2024-01-01", ""),
    ]
    async with serve(**QUICK) as platform:
        assert held(platform, mpan(1), "SUP") == []
        async with serving(platform, SERVICE_1, written(tmp_path / "1.csv", rows)) as url:
            await order(platform, s2200000001=url)
            await ended(platform)
        assert SUPPLIER_2 in await recipients(platform, consumption("2026-01-01", mpan=mpan(1)))
        assert SUPPLIER_1 in await recipients(platform, consumption("2025-01-01", mpan=mpan(1)))


async def test_the_same_again_changes_nothing(serve: Serve, tmp_path: Path) -> None:
    async with serve(**QUICK) as platform:
        async with serving(platform, SERVICE_1, written(tmp_path / "1.csv", two_rows(range(25)))) as url:
            await order(platform, s2200000001=url)
            await ended(platform)
            before = platform.dip.store.appointments.history(int(mpan(3)))
            await order(platform, s2200000001=url)
            again = await ended(platform)
        assert (again["accepted"], again["unchanged"], again["rejected"]) == (50, 50, 0)
        assert again["asOf"].endswith("+00:00") and not again["goesOn"]
        assert platform.dip.store.appointments.history(int(mpan(3))) == before


async def test_rows_that_are_wrong_are_reported_by_reason_and_the_others_taken(serve: Serve, tmp_path: Path) -> None:
    rows = [
        (mpan(1), "SUP", SUPPLIER_1, "2024-01-01", ""),
        (mpan(1), "MSS", "1200009999", "2024-01-01", ""),
        (mpan(2), "MSS", "1200009999", "2024-01-01", ""),
        (mpan(2), "MSS", SUPPLIER_1, "2024-01-01", ""),
        (mpan(2), "SUP", SUPPLIER_1, "2024-02-30", ""),
        (mpan(2), "SUP", SUPPLIER_1, "2024-01-01", "2024-01-01"),
        (mpan(2), "SUP", SUPPLIER_1, "2024-01-01", "never"),
        (mpan(3), "SUP", SUPPLIER_1, "2024-01-01", ""),
    ]
    async with serve(**QUICK, appointment_rejections_kept=4) as platform:
        async with serving(platform, SERVICE_1, written(tmp_path / "1.csv", rows)) as url:
            await order(platform, s2200000001=url)
            view = await ended(platform)
        assert (view["state"], view["rows"], view["accepted"], view["rejected"]) == ("finished", 8, 2, 6)
        assert {reason.replace("'", "")[:30]: count for reason, count in view["reasons"].items()} == {
            "dip_id: 1200009999 is no parti": 2,
            "role: 2300000001 does not hold": 1,
            "effective_from: expected YYYY-": 1,
            "effective_to: expected a time ": 1,
            "effective_to: expected empty, ": 1,
        }
        assert [(one["line"], one["mpan"]) for one in view["examples"]] == [
            (2, mpan(1)),
            *((line, mpan(2)) for line in (3, 4, 5)),
        ]
        assert held(platform, mpan(3), "SUP") == [(SUPPLIER_1, NEW_YEAR, None)]
        run = (await ask(platform, "GET", f"runs/{view['run']}")).body
        assert len(run["faults"]) == 4 and run["run"]["rejected"] == 6
        assert mpan(2) not in platform.log.getvalue()


async def test_a_service_that_is_busy_now_and_then_is_asked_again(serve: Serve, tmp_path: Path) -> None:
    faults = ["503:every=3,retry-after=0", "cut:every=4"]
    async with serve(**QUICK) as platform:
        async with serving(platform, SERVICE_1, written(tmp_path / "1.csv", two_rows(range(95))), faults=faults) as url:
            await order(platform, s2200000001=url)
            view = await ended(platform)
        assert (view["state"], view["mpans"], view["rows"], view["unchanged"]) == ("finished", 95, 190, 0)


async def test_one_that_fails_stops_alone_and_goes_on_from_its_cursor(serve: Serve, tmp_path: Path) -> None:
    files = written(tmp_path / "1.csv", two_rows(range(45))), written(tmp_path / "2.csv", two_rows(range(50, 60)))
    async with serve(**QUICK) as platform:
        async with (
            serving(platform, SERVICE_1, files[0], faults=["bad-json:every=4"]) as bad,
            serving(platform, SERVICE_2, files[1]) as good,
        ):
            await order(platform, s2200000001=bad, s2200000002=good)
            failed = await ended(platform)
            assert (await ended(platform, SERVICE_2))["state"] == "finished"
            assert (failed["state"], failed["mpans"], failed["goesOn"]) == ("failed", 30, True)
            assert "has not the form of a page" in failed["reason"]
            await order(platform, s2200000001=bad)
            view = await ended(platform)
        assert (view["state"], view["mpans"], view["rows"], view["unchanged"]) == ("finished", 45, 90, 0)
        assert view["reason"] is None and view["startedAt"] == failed["startedAt"]


class Forgetful:
    """A service of three pages that answers 410 to a cursor for so many times."""

    def __init__(self, times: int) -> None:
        self.cursors: list[str] = []
        self._times = times

    def __call__(self, request: web.Request) -> Any:
        cursor = request.query.get("cursor", "0")
        self.cursors.append(cursor)
        number = int(cursor)
        if number == 2 and self._times > 0:
            self._times -= 1
            return web.json_response({"code": "cursor_too_old"}, status=410)
        return page([*two_rows([number]), (mpan(number), "SUP", "2399999999", "2024-01-01", "")], _after(number))


def _after(number: int) -> str | None:
    return str(number + 1) if number < 2 else None


async def test_where_the_cursor_is_too_old_the_pull_begins_anew(serve: Serve) -> None:
    async with serve(**QUICK) as platform:
        async with answering(platform, SERVICE_1, forgetful := Forgetful(1)) as url:
            await order(platform, s2200000001=url)
            view = await ended(platform)
        assert forgetful.cursors == ["0", "1", "2", "0", "1", "2"]
        assert (view["state"], view["mpans"], view["rows"], view["unchanged"]) == ("finished", 3, 9, 4)
        assert view["rejected"] == len(view["examples"]) == 3
        assert held(platform, mpan(0), "SUP") == [(SUPPLIER_1, NEW_YEAR, None)]


async def test_a_service_that_forgets_every_cursor_fails_in_the_end(serve: Serve) -> None:
    async with serve(**QUICK, registration_restarts=2) as platform:
        async with answering(platform, SERVICE_1, forgetful := Forgetful(100)) as url:
            await order(platform, s2200000001=url)
            view = await ended(platform)
        assert view["state"] == "failed" and "it answered 410" in view["reason"]
        assert forgetful.cursors.count("0") == 3


async def test_mpans_ascend_over_pages_also_where_a_pull_goes_on(serve: Serve) -> None:
    def answer(request: web.Request) -> Any:
        if "cursor" in request.query and not calls:
            calls.append(1)
            return web.json_response({}, status=404)
        return page(two_rows([5, 6]), "x")

    calls: list[int] = []
    async with serve(**QUICK) as platform, answering(platform, SERVICE_1, answer) as url:
        await order(platform, s2200000001=url)
        assert (await ended(platform))["mpans"] == 2
        await order(platform, s2200000001=url)
        view = await ended(platform)
        assert (view["state"], view["mpans"]) == ("failed", 2)
        assert "does not come after the last one" in view["reason"]


async def test_since_asks_for_what_was_recorded_later(serve: Serve, tmp_path: Path) -> None:
    old, new = written(tmp_path / "1.csv", two_rows(range(5))), written(tmp_path / "2.csv", two_rows(range(5, 8)))
    os.utime(old, (1_700_000_000, 1_700_000_000))
    async with serve(**QUICK) as platform, serving(platform, SERVICE_1, old, new) as url:
        await order(platform, "2024-07-01", s2200000001=url)
        view = await ended(platform)
        assert (view["mpans"], view["since"]) == (3, "2024-06-30T23:00:00+00:00")
        await order(platform, s2200000001=url)
        assert (await ended(platform))["mpans"] == 8
        assert len((await ask(platform, "GET")).body["items"]) == 2


async def test_a_row_that_a_message_has_overtaken_stays_out_and_is_reported(serve: Serve) -> None:
    read_at = Clock().wall() - timedelta(minutes=1)
    rows = [(mpan(1), "SUP", SUPPLIER_1, "2024-01-01", ""), (mpan(1), "MSS", METERING, "2024-01-01", "")]
    async with serve(**QUICK) as platform:
        await announce(platform, supplier(platform, mpan(1), SUPPLIER_2, "2025-01-01T00:00:00+00:00"))
        await applied(platform)
        async with answering(platform, SERVICE_1, lambda request: page(rows, as_of=wire_time(read_at))) as url:
            await order(platform, s2200000001=url)
            view = await ended(platform)
        assert (view["accepted"], view["rejected"]) == (1, 1)
        assert view["reasons"] == {"a message that came later says otherwise": 1}
        assert [one["mpan"] for one in view["examples"]] == [mpan(1)]
        assert held(platform, mpan(1), "SUP") == [(SUPPLIER_2, "2025-01-01T00:00:00+00:00", None)]
        assert held(platform, mpan(1), "MSS") == [(METERING, NEW_YEAR, None)]


async def test_a_clock_of_the_future_overtakes_no_message(serve: Serve) -> None:
    rows = [(mpan(1), "SUP", SUPPLIER_1, "2024-01-01", "")]
    async with serve(**QUICK) as platform:
        async with answering(platform, SERVICE_1, lambda request: page(rows, as_of="9999-12-31T23:59:59-14:00")) as url:
            await order(platform, s2200000001=url)
            view = await ended(platform)
        assert (view["state"], view["accepted"]) == ("finished", 1)
        assert view["asOf"] <= wire_time(Clock().wall() + timedelta(seconds=1))


async def test_a_pull_is_stopped_and_goes_on_with_the_next_order(serve: Serve, tmp_path: Path) -> None:
    file = written(tmp_path / "1.csv", two_rows(range(200)))
    async with serve(**QUICK) as platform, serving(platform, SERVICE_1, file, delay_s=0.02) as url:
        await order(platform, s2200000001=url)
        busy = await ask(platform, "POST", content={"services": {SERVICE_1: url}})
        assert (busy.status, busy.body["code"]) == (409, "conflict")

        async def begun() -> bool:
            return bool((await pulls(platform))[SERVICE_1]["mpans"])

        await until(begun)
        assert (await ask(platform, "POST", f"?run=pull-{SERVICE_1}")).status == 409
        stopped = await ask(platform, "DELETE", f"pulls/{SERVICE_1}")
        assert (stopped.status, stopped.body["state"]) == (200, "stopped")
        assert 0 < stopped.body["mpans"] < 200
        assert (await ask(platform, "DELETE", f"pulls/{SERVICE_1}")).status == 404
        await order(platform, s2200000001=url)
        view = await ended(platform)
        assert (view["state"], view["mpans"], view["rows"], view["unchanged"]) == ("finished", 200, 400, 0)


async def test_the_services_of_the_settings_are_pulled_where_none_is_named(serve: Serve) -> None:
    async with serve(
        registration_services=f" {SERVICE_1} = https://127.0.0.1:1/ ,", registration_attempts=1
    ) as platform:
        said = await ask(platform, "POST", content={})
        assert [one["service"] for one in said.body["items"]] == [SERVICE_1]
        view = await ended(platform)
        assert view["state"] == "failed" and "no connection" in view["reason"]
        listed = (await ask(platform, "GET")).body["services"]
        assert listed == [{"service": SERVICE_1, "url": "https://127.0.0.1:1/"}]
        said = await ask(platform, "POST", content={"services": {SERVICE_1: None}})
        assert said.status == 202


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({}, "the setting registration_services names none"),
        ({"services": {}}, "the setting registration_services names none"),
        ({"services": {"22": "https://localhost"}}, "expected a DIP id"),
        ({"services": {SUPPLIER_1: "https://localhost"}}, "no participant in role REGS"),
        ({"services": {"2299999999": "https://localhost"}}, "no participant in role REGS"),
        ({"services": {SERVICE_1: "http://localhost"}}, "expected an https address"),
        ({"services": {SERVICE_1: "https://user@localhost"}}, "expected an https address"),
        ({"services": {SERVICE_1: None}}, "has no address in the setting"),
        ({"services": {SERVICE_1: "https://localhost"}, "since": "yesterday"}, "since: expected a date"),
        ({"services": {SERVICE_1: "https://localhost"}, "since": "0001-01-01"}, "since: expected a date"),
        ({"service": SERVICE_1}, "unknown field"),
    ],
)
async def test_orders_that_can_not_be_followed_are_refused_in_words(serve: Serve, content: Any, words: str) -> None:
    async with serve() as platform:
        said = await ask(platform, "POST", content=content)
        assert said.status == 400 and words in said.body["detail"]
        assert (await ask(platform, "GET")).body["items"] == []


async def test_a_stranger_behind_the_address_is_told_nothing(serve: Serve) -> None:
    async with serve(**QUICK) as platform, serving(platform, SERVICE_2) as url:
        await order(platform, s2200000001=url)
        view = await ended(platform)
        assert view["state"] == "failed" and f"is of {SERVICE_2}, not of {SERVICE_1}" in view["reason"]


async def test_several_orders_at_once_begin_one_pull(serve: Serve, tmp_path: Path) -> None:
    file = written(tmp_path / "1.csv", two_rows(range(30)))
    async with serve(**QUICK) as platform, serving(platform, SERVICE_1, file, delay_s=0.05) as url:
        asked = [ask(platform, "POST", content={"services": {SERVICE_1: url}}) for _ in range(5)]
        assert sorted([said.status for said in await asyncio.gather(*asked)]) == [202, 409, 409, 409, 409]
        assert (await ended(platform))["rows"] == 60

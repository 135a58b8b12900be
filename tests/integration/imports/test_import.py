"""POST /admin/api/mpans: appointments as CSV, of any size, streamed; visible when it answers, resumable (FS-35)."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
import pytest

from dip.ground.errors import StoreUnavailable
from tests.conftest import Serve
from tests.support.platform import Platform
from tests.support.waiting import until

pytestmark = pytest.mark.requirement("FS-35")
HEAD = "mpan,role,dip_id,effective_from,effective_to"
MPAN = "1999999999990"
OLD, NEW = "2300000002", "2300000001"
MANY = 12_000


def csv(*rows: str) -> bytes:
    return "\n".join(rows).encode()


def mpan(number: int) -> str:
    return str(1_500_000_000_000 + number)


def many(count: int = MANY) -> list[str]:
    """Two appointments for each of so many MPANs."""
    return [
        f"{mpan(number)},{role},{holder},2024-01-01,"
        for number in range(count)
        for role, holder in (("SUP", OLD), ("REGS", "2200000001"))
    ]


class Office:
    """The administration API."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session

    async def post(
        self, body: Any, *, status: int = 200, query: str = "", headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        async with self.session.post(f"/admin/api/mpans{query}", data=body, headers=headers) as answer:
            content = await answer.read()
            assert answer.status == status, content
            return msgspec.json.decode(content, type=dict[str, Any])

    async def get(self, path: str, *, status: int = 200) -> dict[str, Any]:
        async with self.session.get(f"/admin/api/mpans/{path}") as answer:
            content = await answer.read()
            assert answer.status == status, content
            return msgspec.json.decode(content, type=dict[str, Any])

    async def held(self, number: str) -> list[tuple[str, str, str, str | None]]:
        """The appointments of an MPAN."""
        found = (await self.get(number))["appointments"]
        return sorted(
            ((one["role"], one["dipId"], one["effectiveFrom"], one["effectiveTo"]) for one in found if stands(one)),
            key=lambda one: one[:3],
        )


def stands(appointment: dict[str, Any]) -> bool:
    return appointment.get("replacedAt") is None


@asynccontextmanager
async def office(platform: Platform) -> AsyncIterator[Office]:
    token = (platform.dip.directory / "admin.token").read_text().strip()
    async with aiohttp.ClientSession(
        platform.dip.portal_url, headers={"Authorization": f"Bearer {token}"}, auto_decompress=False
    ) as session:
        yield Office(session)


async def test_rows_are_taken_and_the_next_look_up_sees_them(serve: Serve) -> None:
    rows = (HEAD, f"{MPAN},SUP,{OLD},2024-01-01,2024-07-01", f"{MPAN},SUP,{NEW},2024-07-01,")
    async with serve() as platform, office(platform) as admin:
        before = await admin.get(MPAN)
        assert before["recipients"] == before["appointments"] == []
        taken = await admin.post(csv(*rows))
        assert (taken["accepted"], taken["rejected"], taken["faults"]) == (2, 0, [])
        assert await admin.held(MPAN) == [
            ("SUP", NEW, "2024-06-30T23:00:00+00:00", None),
            ("SUP", OLD, "2024-01-01T00:00:00+00:00", "2024-06-30T23:00:00+00:00"),
        ]
        assert [one["dipId"] for one in (await admin.get(MPAN))["recipients"]] == [NEW]
        past = await admin.get(f"{MPAN}?at=2024-06-30T22:59:59%2B00:00")
        assert [one["dipId"] for one in past["recipients"]] == [OLD]
        again = await admin.post(csv(*rows))
        assert (again["accepted"], again["unchanged"], again["rejected"]) == (2, 2, 0)


@pytest.mark.parametrize("order", [0, 1, 2, 3])
async def test_an_open_row_ends_when_the_next_one_begins_in_whatever_order_they_come(serve: Serve, order: int) -> None:
    rows = [
        f"{MPAN},SUP,{OLD},2022-01-01,",
        f"{MPAN},SUP,{NEW},2023-01-01,",
        f"{MPAN},SUP,{OLD},2024-01-01,",
        f"{MPAN},LDSO,2500000001,2020-01-01,",
    ]
    rows = [*rows[order:], *rows[:order]][:: 1 if order % 2 else -1]
    async with serve(appointment_import_rows=1) as platform, office(platform) as admin:
        assert (await admin.post(csv(*rows)))["accepted"] == len(rows)
        assert [(one[1], one[2][:4], one[3] and one[3][:4]) for one in await admin.held(MPAN)] == [
            ("2500000001", "2020", None),
            (NEW, "2023", "2024"),
            (OLD, "2022", "2023"),
            (OLD, "2024", None),
        ]
        assert (await admin.post(csv(*rows)))["unchanged"] == len(rows)


async def test_rejected_rows_are_named_and_stop_nothing(serve: Serve) -> None:
    rows = (
        HEAD,
        f"{MPAN},SUP,2399999999,2024-01-01,",
        f"{MPAN},SUP,{NEW},2024-01-01,",
        f"{MPAN},MSS,{NEW},2024-01-01,",
        f"{MPAN}0,SUP,{NEW},2024-01-01,",
        "nothing",
        f"{MPAN},SUP,{NEW},2024-13-01,",
    )
    async with serve() as platform, office(platform) as admin:
        taken = await admin.post(csv(*rows), query="?run=seven")
        assert (taken["accepted"], taken["rejected"]) == (1, 5)
        assert [(one["line"], one["mpan"]) for one in taken["faults"]] == [
            (2, MPAN),
            (4, MPAN),
            (5, MPAN),
            (6, "nothing"),
            (7, MPAN),
        ]
        assert "no participant" in taken["faults"][0]["reason"]
        run = await admin.get("runs/seven?limit=2")
        assert run["faults"] == taken["faults"][:2]
        assert (await admin.get(f"runs/seven?after={run['next']}"))["faults"] == taken["faults"][2:]
        assert run["run"]["state"] == "finished"
        assert (run["run"]["lines"], run["run"]["rows"], run["run"]["rejected"]) == (7, 6, 5)
        assert [one["name"] for one in (await admin.get("runs"))["items"]] == ["seven"]
        assert MPAN.encode() not in (platform.dip.directory / "dip.sqlite").read_bytes()


async def test_only_so_many_rejected_rows_are_kept_and_all_are_counted(serve: Serve) -> None:
    rows = [f"{number},SUP,{NEW},2024-01-01," for number in range(5000)]
    async with (
        serve(appointment_import_rows=100, appointment_rejections_kept=250) as platform,
        office(platform) as admin,
    ):
        taken = await admin.post(csv(*rows), query="?run=r")
        assert (taken["rejected"], len(taken["faults"])) == (5000, 250)
        kept = (await admin.get("runs/r"))["faults"]
        assert kept == taken["faults"]
        assert [one["line"] for one in kept] == list(range(1, 251))


def packed(rows: Iterable[str]) -> bytes:
    return gzip.compress(csv(*rows), mtime=0)


@pytest.mark.parametrize(
    "headers",
    [{}, {"Content-Encoding": "gzip"}, {"Content-Type": "application/gzip"}, {"Content-Type": "text/csv"}],
)
async def test_gzip_is_taken_however_it_is_told(serve: Serve, headers: dict[str, str]) -> None:
    async with serve() as platform, office(platform) as admin:
        assert (await admin.post(packed(many(100)), headers=headers))["accepted"] == 200
        assert len(await admin.held(mpan(99))) == 2


@pytest.mark.parametrize(
    ("body", "headers", "detail"),
    [
        (b'{"mpan": "x"}', {}, "expected CSV in UTF-8"),
        (csv(HEAD).decode().encode("utf-16"), {}, "expected CSV in UTF-8"),
        (csv(HEAD), {"Content-Encoding": "gzip"}, "no gzip"),
        (csv(HEAD), {"Content-Encoding": "br"}, "Content-Encoding: expected gzip"),
        (packed([HEAD])[:-9], {}, "ends before its end"),
    ],
)
async def test_what_can_not_be_read_is_a_problem_and_leaves_no_run(
    serve: Serve, body: bytes, headers: dict[str, str], detail: str
) -> None:
    async with serve() as platform, office(platform) as admin:
        problem = await admin.post(body, status=400, headers=headers)
        assert detail in problem["detail"]
        assert (await admin.get("runs"))["items"] == []
        assert "Traceback" not in platform.log.getvalue()


@pytest.mark.parametrize(
    "query", ["?run=", "?run=a%20b", f"?run={'x' * 101}", "?from_line=2", "?run=a&from_line=0", "?run=a&from_line=x"]
)
async def test_a_name_or_line_that_can_not_be_one_is_refused(serve: Serve, query: str) -> None:
    async with serve() as platform, office(platform) as admin:
        await admin.post(csv(HEAD), status=400, query=query)
        await admin.get("runs/nobody", status=404)


async def test_a_body_of_many_rows_is_taken_in_pieces_and_as_a_whole_it_is_there(serve: Serve) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for row in batches(many()):
            yield ("\n".join(row) + "\n").encode()

    def batches(rows: list[str]) -> Iterator[list[str]]:
        for start in range(0, len(rows), 111):
            yield rows[start : start + 111]

    async with serve(appointment_import_rows=1000) as platform, office(platform) as admin:
        taken = await admin.post(pieces())
        assert (taken["accepted"], taken["rejected"], taken["lines"]) == (2 * MANY, 0, 2 * MANY)
        (count,) = await platform.dip.store.writer.ask(
            lambda connection: connection.execute("SELECT count(*) FROM mpan").fetchone()
        )
        assert count >= MANY
        assert len(await admin.held(mpan(MANY - 1))) == 2


async def broken_off(platform: Platform, query: str, body: bytes) -> None:
    """Send a part of a longer body, and go."""
    host, port = platform.dip.portal_url.partition("://")[2].split(":")
    token = (platform.dip.directory / "admin.token").read_text().strip()
    _, writer = await asyncio.open_connection(host, int(port))
    head = f"POST /admin/api/mpans{query} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
    writer.write(f"{head}Content-Length: {len(body) * 2}\r\n\r\n".encode() + body)
    await writer.drain()
    writer.close()


async def test_a_run_that_broke_off_goes_on_where_it_stopped(serve: Serve) -> None:
    rows = many()
    async with serve(appointment_import_rows=1000) as platform, office(platform) as admin:
        await broken_off(platform, "?run=long", csv(*rows[:-7]) + b"\n")

        async def stopped() -> dict[str, Any] | None:
            found = (await admin.get("runs/long"))["run"]
            return found if found["state"] == "stopped" else None

        run = await until(stopped)
        done = run["lines"]
        assert 0 < done < len(rows)
        assert run["accepted"] == run["rows"] == done
        assert len(await admin.held(mpan(0))) == 2
        for wrong in ("", "&from_line=1", f"&from_line={done}", f"&from_line={done + 2}"):
            problem = await admin.post(csv(*rows), status=409, query=f"?run=long{wrong}")
            assert f"line {done + 1}," in problem["detail"]
        taken = await admin.post(csv(*rows[done:]), query=f"?run=long&from_line={done + 1}")
        assert (taken["accepted"], taken["unchanged"], taken["lines"]) == (len(rows) - done, 0, len(rows))
        run = (await admin.get("runs/long"))["run"]
        assert (run["state"], run["accepted"], run["lines"]) == ("finished", len(rows), len(rows))
        assert "Traceback" not in platform.log.getvalue()


async def test_a_finished_run_is_begun_anew(serve: Serve) -> None:
    async with serve() as platform, office(platform) as admin:
        for unchanged in (0, 20):
            taken = await admin.post(csv(*many(10)), query="?run=daily")
            assert (taken["accepted"], taken["unchanged"]) == (20, unchanged)
        assert len((await admin.get("runs"))["items"]) == 1
        await admin.post(csv(*many(10)), status=409, query="?run=daily&from_line=21")


async def test_a_slow_sender_is_told_and_what_it_sent_stays(serve: Serve) -> None:
    rows = many()
    gone = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield csv(*rows) + b"\n"
        await gone.wait()

    async with serve(request_timeout_s=0.2, appointment_import_rows=1000) as platform, office(platform) as admin:
        async with admin.session.post("/admin/api/mpans?run=slow", data=slow()) as answer:
            assert answer.status == 408
        gone.set()
        run = (await admin.get("runs/slow"))["run"]
        assert run["state"] == "stopped"
        assert run["lines"] > 0


async def test_a_run_is_not_taken_twice_at_once_and_others_wait_for_their_turn(serve: Serve) -> None:
    go = asyncio.Event()

    async def held_back() -> AsyncIterator[bytes]:
        yield csv(*many(10)) + b"\n"
        await go.wait()

    async with serve(appointment_imports_at_once=1) as platform, office(platform) as admin:
        first = asyncio.create_task(admin.post(held_back(), query="?run=a"))

        async def is_under_way() -> bool:
            async with admin.session.post("/admin/api/mpans?run=a&from_line=9", data=csv(HEAD)) as answer:
                return answer.status == 409 and "under way" in await answer.text()

        await until(is_under_way)
        second = asyncio.create_task(admin.post(csv(*many(20)), query="?run=b"))
        go.set()
        assert (await first)["accepted"] == 20
        assert (await second)["accepted"] == 40


async def test_where_the_disk_is_full_nothing_is_said_to_be_taken(serve: Serve) -> None:
    async with serve(appointment_import_rows=1000) as platform, office(platform) as admin:
        await platform.dip.store.limit_growth(20)
        problem = await admin.post(csv(*many()), status=503, query="?run=full")
        assert problem["code"] == StoreUnavailable.code
        await platform.dip.store.limit_growth(None)
        run = (await admin.get("runs/full"))["run"]
        assert run["state"] == "stopped"
        done = run["lines"]
        taken = await admin.post(csv(*many()[done:]), query=f"?run=full&from_line={done + 1}")
        assert taken["lines"] == 2 * MANY
        assert len(await admin.held(mpan(MANY - 1))) == 2


async def test_nobody_without_the_power_imports(serve: Serve) -> None:
    async with serve() as platform, aiohttp.ClientSession(platform.dip.portal_url) as stranger:
        async with stranger.post("/admin/api/mpans", data=csv(HEAD)) as answer:
            assert answer.status == 401
        async with stranger.get("/admin/api/mpans/runs") as answer:
            assert answer.status == 401


async def test_rows_stay_after_a_restart(serve: Serve) -> None:
    async with serve() as platform, office(platform) as admin:
        await admin.post(csv(*many(10)), query="?run=a")
    async with serve() as platform, office(platform) as admin:
        assert len(await admin.held(mpan(9))) == 2
        assert (await admin.get("runs/a"))["run"]["state"] == "finished"

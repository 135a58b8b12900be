"""A look-up that is timed is checked, too, and so is an update that was applied (FS-35)."""

from pathlib import Path

import msgspec
import pytest

from dip.benchmark.mpans import questions
from dip.benchmark.mpans.asking import ask, compare, read_times
from dip.benchmark.mpans.floor import insert, select
from dip.benchmark.mpans.orders import Expected
from dip.benchmark.mpans.questions import Question
from dip.messages.identifiers import DipId, Mpan, RoleCode
from dip.store.appointments import SqliteAppointments
from dip.store.database import database_file
from dip.store.queries import queries
from tests.conftest import Serve

MPAN = Mpan("2000056535971")
"""Supplier 2 until 1 January 2026, then 1; `data/seed/mpans.csv`."""
BEFORE, AFTER = 1_760_000_000_000_000, 1_780_000_000_000_000
ONE, TWO = DipId("2300000001"), DipId("2300000002")


@pytest.mark.requirement("FS-35", "FS-48")
async def test_each_look_up_is_timed_and_a_wrong_answer_is_counted(serve: Serve, tmp_path: Path) -> None:
    asked, times = tmp_path / "questions", tmp_path / "times"
    async with serve() as platform:
        suppliers = [row.dip_id for row in platform.dip.look_up.history(MPAN).rows if row.role == "SUP"]
        assert suppliers == [TWO, ONE]
        services = [row.dip_id for row in platform.dip.look_up.history(MPAN).rows if row.role == "SDS"]
        right = [
            Question(MPAN, BEFORE, tuple(sorted([TWO, *services]))),
            Question(MPAN, AFTER, tuple(sorted([ONE, *services]))),
        ]
        questions.write(right, asked)
        assert ask(platform.dip.look_up, asked, times, repeats=3) == 0
        found = read_times(times)
        assert (found.count, found.p50 > 0, found.p50 <= found.p99 <= found.max) == (6, True, True)
        questions.write([*right, Question(MPAN, AFTER, (TWO,))], asked)
        assert ask(platform.dip.look_up, asked, times, repeats=2) == 2


async def test_an_update_that_is_not_in_the_table_is_counted(serve: Serve, tmp_path: Path) -> None:
    expected = tmp_path / "expected"
    async with serve() as platform:
        store = platform.dip.store.appointments
        assert isinstance(store, SqliteAppointments)
        latest = [(holder, starts) for holder, starts, _ in store.standing(int(MPAN)) if holder[0] == "SUP"][-1]
        (role, dip_id), starts = latest
        rows = [
            Expected(MPAN, role, dip_id, starts),
            Expected(MPAN, role, dip_id, starts + 1),
            Expected(Mpan("2099999999999"), RoleCode("SUP"), dip_id, starts),
        ]
        expected.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in rows))
        assert compare(store, expected) == 2


async def test_the_floor_writes_and_reads_the_very_same_histories(serve: Serve, tmp_path: Path) -> None:
    asked = tmp_path / "questions"
    async with serve() as platform:
        mpans = await platform.dip.store.writer.ask(
            lambda connection: [row[0] for row in connection.execute(queries()["mpans_from"], (0, 1_000))]
        )
        database = database_file(platform.dip.directory)
        questions.write([Question(Mpan(f"{mpan:013}"), 0, ()) for mpan in mpans], asked)
        assert insert(database, tmp_path / "floor.sqlite", 1_000_000).mpans == len(mpans)
        assert insert(database, tmp_path / "less.sqlite", 1).mpans == 1
        assert select(tmp_path / "floor.sqlite", asked).count == len(mpans)

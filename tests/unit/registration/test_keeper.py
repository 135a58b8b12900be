"""Rows of an import come to the table as if each were said alone, however they are merged (FS-35)."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dip.appointments.changes import Change, Kind, amend
from dip.appointments.history import NOTHING, OPEN, History, Knowledge
from dip.appointments.packing import Packable, unpack
from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.log import make_log
from dip.messages.identifiers import DipId, RoleCode
from dip.participants.registry import Participants
from dip.registration.keeper import Keeper, Merged
from dip.store.appointments import Rejection, Run, SqliteAppointments
from dip.store.sqlite import SqliteStore

HOLDERS = [(RoleCode("SUP"), DipId(f"230000000{number}")) for number in (1, 2, 3)]
HOLDERS += [(RoleCode("SDS"), DipId(f"140000000{number}")) for number in (1, 2)]
ROW = st.tuples(st.sampled_from(HOLDERS), st.integers(0, 8), st.none() | st.integers(1, 9)).filter(
    lambda row: row[2] is None or row[1] < row[2]
)
FILE = st.lists(ROW, min_size=1, max_size=6)
Rows = list[tuple[tuple[RoleCode, DipId], int, int | None]]
MPAN = 1055855690701


def said(rows: Rows) -> list[Change]:
    return [
        Change(Kind.APPOINT, starts, (role,), role, party, OPEN if ends is None else ends)
        for (role, party), starts, ends in rows
    ]


def standing(history: History) -> list[tuple[str, str, int, int]]:
    return [(row.role, row.dip_id, row.starts, row.ends) for row in history.rows]


class Office:
    """A keeper over a store of its own."""

    def __init__(self, store: SqliteStore, executor: ThreadPoolExecutor) -> None:
        self.appointments: SqliteAppointments = store.appointments
        self.mpan = MPAN
        self._numbers = 0
        self.keeper = Keeper(
            store=store.appointments,
            executor=executor,
            clock=Clock(),
            participants=Current(Participants([], [])),
            changed=lambda mpans: None,
        )

    def packable(self, rows: Rows) -> list[Packable]:
        holders = self.appointments.holders
        return [(holders.number(*holder), starts, OPEN if ends is None else ends) for holder, starts, ends in rows]

    async def take(self, mpan: int, rows: Rows) -> Merged:
        self._numbers += 1
        run = await self.appointments.begin_run(f"r{self._numbers}", "file", None, 1, 1000)

        def advance(merged: Merged) -> tuple[Run, list[Rejection]]:
            return run, []

        return await self.keeper.take_rows({mpan: self.packable(rows)}, run, advance)


@pytest.fixture(scope="module")
def loop_runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def office(loop_runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    directory: Path = tmp_path_factory.mktemp("store")
    store = SqliteStore(directory, group_limit=100, log=make_log())
    with ThreadPoolExecutor(1) as executor:
        yield Office(store, executor)
    loop_runner.run(store.close())


@pytest.mark.requirement("FS-35", "FS-48")
@given(files=st.lists(FILE, min_size=1, max_size=3))
def test_rows_that_are_merged_stand_as_if_each_were_said_alone(
    loop_runner: asyncio.Runner, office: Office, files: list[Rows]
) -> None:
    office.mpan += 1
    mpan = office.mpan
    history = NOTHING
    for rows in files:
        before = standing(history)
        for change in said(rows):
            history = amend(history, [change], Knowledge(1, run=1)).history
        merged = loop_runner.run(office.take(mpan, rows))
        found = office.appointments.history(mpan)
        assert standing(found) == standing(history)
        assert merged.accepted == len(rows)
        assert (merged.unchanged == len(rows)) >= (before == standing(history))
        assert len(found.knowledge) <= len(files)
        (packed,) = office.appointments.packed([mpan]).values()
        assert standing(unpack(packed, office.appointments.holders)) == standing(found)

"""Appointments of a server of schema 5 hold as before in the table of schema 6 (5.5.14)."""

import sqlite3
from typing import Final, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dip.appointments.history import OPEN
from dip.appointments.packing import unpack
from dip.store.database import migrate
from dip.store.holders import HolderNumbers
from dip.store.keys import mpan_key, reference_key
from dip.store.queries import sql_text

OLDER = ("0001_first.sql", "0002_catalogue.sql", "0003_delivery.sql", "0004_keys.sql", "0005_trust.sql")
SECOND: Final = 1_000_000
MOMENTS = 12


class Old(NamedTuple):
    """A row of schema 5, times in seconds; None: open."""

    mpan: int
    role: str
    dip_id: str
    starts: int
    ends: int | None
    known_at: int

    def holds(self, at: int) -> bool:
        return self.starts <= at and (self.ends is None or at < self.ends)


@st.composite
def rows_of_a_role(draw: st.DrawFn) -> list[Old]:
    """Rows of one role of one MPAN that do not overlap, known in any order."""
    mpan = draw(st.sampled_from([1055855690701, 2000401060285]))
    role = draw(st.sampled_from(["SUP", "SDS", "LDSO"]))
    cuts = sorted(draw(st.sets(st.integers(0, MOMENTS - 1), min_size=2, max_size=8)))
    ends: list[int | None] = [*cuts[1:]]
    if draw(st.booleans()):
        ends[-1] = None
    found = []
    for starts, end in zip(cuts, ends, strict=False):
        if draw(st.booleans()):
            holder = draw(st.sampled_from(["1", "2", "3"]))
            found.append(Old(mpan, role, f"{role}{holder}", starts, end, draw(st.integers(1, 4))))
    return found


def migrated(rows: list[Old]) -> sqlite3.Connection:
    older = sqlite3.connect(":memory:", isolation_level=None)
    for key in (reference_key, mpan_key):
        older.create_function(key.__name__, 1, key, deterministic=True)
    for name in OLDER:
        older.executescript(sql_text(f"migrations/{name}"))
    older.execute("PRAGMA user_version=5")
    older.executemany(
        "INSERT INTO appointment (mpan, role, dip_id, effective_from, effective_to, known_at) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        [
            (
                one.mpan,
                one.role,
                one.dip_id,
                one.starts * SECOND,
                None if one.ends is None else one.ends * SECOND,
                one.known_at,
            )
            for one in rows
        ],
    )
    migrate(older)
    return older


@pytest.mark.requirement("FS-35")
@given(st.lists(rows_of_a_role(), max_size=6))
def test_who_held_what_holds_it_and_was_known_since_the_same_time(lists: list[list[Old]]) -> None:
    by_role = {(rows[0].mpan, rows[0].role): rows for rows in lists if rows}
    rows = [row for mine in by_role.values() for row in mine]
    connection = migrated(rows)
    try:
        holders = HolderNumbers(connection)
        found = dict(connection.execute("SELECT mpan, history FROM mpan"))
        assert found.keys() == {row.mpan for row in rows}
        for mpan, packed in found.items():
            history = unpack(packed, holders)
            mine = [row for row in rows if row.mpan == mpan]
            for moment in range(MOMENTS + 1):
                held = sorted((one.role, one.dip_id) for one in history.rows if one.starts <= moment < one.ends)
                assert held == sorted((row.role, row.dip_id) for row in mine if row.holds(moment))
            assert sum(one.ends == OPEN for one in history.rows) == sum(row.ends is None for row in mine)
            assert sorted({one.at for one in history.knowledge}) == sorted({row.known_at for row in mine})
            for known_at in range(6):
                thought = {(one.role, one.dip_id, one.starts) for one in history.as_known(known_at)}
                assert thought == {(row.role, row.dip_id, row.starts) for row in mine if row.known_at <= known_at}
    finally:
        connection.close()


def test_of_two_rows_that_overlap_the_one_known_later_holds() -> None:
    connection = migrated([Old(1, "SUP", "first", 2, None, 10), Old(1, "SUP", "second", 5, None, 20)])
    try:
        history = unpack(connection.execute("SELECT history FROM mpan").fetchone()[0], HolderNumbers(connection))
        assert [(one.dip_id, one.starts, one.ends) for one in history.rows] == [("first", 2, 5), ("second", 5, OPEN)]
        assert [(one.dip_id, one.ends) for one in history.as_known(10)] == [("first", OPEN)]
    finally:
        connection.close()

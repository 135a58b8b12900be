"""Moving the log into files: on business time, in small steps, and a crash anywhere loses and doubles nothing."""

from datetime import timedelta
from pathlib import Path

import pytest

from dip.activity.files import lines_of
from dip.activity.keeping import months_before
from dip.activity.reading import ActivityBook
from dip.activity.verification import Chain
from dip.ground.errors import StoreUnavailable
from tests.unit.activity.chains import START, StillClock, add, keeping, opened, verified

pytestmark = pytest.mark.requirement("FS-45")


def numbers_in(directory: Path) -> list[int]:
    """Of every record in the files, in order."""
    return [line.number for path in sorted(directory.iterdir()) for line in lines_of(path)]


async def test_what_is_older_than_three_months_moves_and_the_rest_stays(tmp_path: Path) -> None:
    clock = StillClock()
    async with opened(tmp_path) as store:
        await add(store, clock, 7)
        clock.advance(timedelta(days=60))
        await add(store, clock, 3)
        duty = keeping(store, clock)
        clock.advance(timedelta(days=30))
        await duty.sweep()
        assert store.activity_reader.files() == []
        clock.advance(timedelta(days=14))
        await duty.sweep()
        assert [row.number for row in store.activity_reader.rows(1, 100)] == [8, 9, 10]
        assert numbers_in(store.activity.files) == list(range(1, 8))
        await duty.sweep()
        assert len(store.activity_reader.files()) == 1
    assert isinstance(verified(tmp_path), Chain)


async def test_a_file_is_removed_twelve_months_later_and_its_row_stays(tmp_path: Path) -> None:
    clock = StillClock()
    async with opened(tmp_path) as store:
        await add(store, clock, 7)
        duty = keeping(store, clock)
        for days, kept in ((100, True), (355, True), (5, False)):
            clock.advance(timedelta(days=days))
            await duty.sweep()
            assert bool(list(store.activity.files.iterdir())) is kept
        (file,) = store.activity_reader.files()
        assert file.removed_at is not None
        await add(store, clock, 1)
    found = verified(tmp_path)
    assert isinstance(found, Chain)
    assert (found.removed, found.head) == (7, 8)


@pytest.mark.parametrize("step", ["add_file", "forget_filed", "removed"])
@pytest.mark.parametrize("after", [False, True], ids=["before the commit", "after it"])
async def test_who_dies_at_any_step_loses_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    clock = StillClock()
    async with opened(tmp_path) as store:
        await add(store, clock, 25)
        clock.advance(timedelta(days=200 if step != "removed" else 600))
        real = getattr(store.activity, step)

        async def dies(*given: int) -> None:
            if after:
                await real(*given)
            raise StoreUnavailable

        monkeypatch.setattr(store.activity, step, dies)
        with pytest.raises(StoreUnavailable):
            await keeping(store, clock, activity_file_records=10, retention_step=4).sweep()
    assert isinstance(verified(tmp_path), Chain)
    async with opened(tmp_path) as store:
        duty = keeping(store, clock, activity_file_records=10, retention_step=4)
        await duty.sweep()
        assert store.activity_reader.rows(1, 100) == []
        assert [(file.first, file.last) for file in store.activity_reader.files()] == [(1, 10), (11, 20), (21, 25)]
        if step != "removed":
            assert numbers_in(store.activity.files) == list(range(1, 26))
        else:
            assert list(store.activity.files.iterdir()) == []
        await add(store, clock, 1)
    found = verified(tmp_path)
    assert isinstance(found, Chain)
    assert found.head == 26


async def test_an_export_goes_over_files_and_table_and_keeps_to_its_time(tmp_path: Path) -> None:
    clock = StillClock()
    async with opened(tmp_path) as store:
        await add(store, clock, 7)
        clock.advance(timedelta(days=200))
        between = clock.now() - timedelta(days=1)
        await keeping(store, clock).sweep()
        await add(store, clock, 5)
        book = ActivityBook(store.activity_reader, scan=10)
        assert b"".join(book.lines(None, None)).count(b"\n") == 12
        at = int(between.timestamp() * 1_000_000)
        assert b"".join(book.lines(at, None)).count(b"\n") == 5
        assert b"".join(book.lines(None, at)).count(b"\n") == 7


@pytest.mark.parametrize(("months", "expected"), [(0, "2026-03-21"), (3, "2025-12-21"), (15, "2024-12-21")])
def test_months_are_those_of_the_calendar(months: int, expected: str) -> None:
    assert months_before(START, months).date().isoformat() == expected
    assert months_before(START.replace(day=31), 1).date().isoformat() == "2026-02-28"

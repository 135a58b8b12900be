"""The one writer: grouped commits, jobs undone alone, a full disk, and never an answer before its commit."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from dip.ground.errors import Conflict, StoreUnavailable
from dip.ground.log import make_log
from dip.store.database import connect
from dip.store.writer import Writer
from tests.support.waiting import settled


class Bench:
    """A writer over a table of numbers, and what it did."""

    def __init__(self, path: Path, group_limit: int = 100, linger_s: float = 0.0) -> None:
        self.path = path
        self.statements: list[str] = []
        self.rolled_back = 0
        self.on_commit: Callable[[], None] = lambda: None
        connection = connect(path)
        connection.execute("CREATE TABLE IF NOT EXISTS number (value INTEGER PRIMARY KEY, filler BLOB) STRICT")
        connection.set_trace_callback(self._trace)
        self.writer = Writer(
            connection, group_limit=group_limit, linger_s=linger_s, rolled_back=self._count, log=make_log()
        )
        self.reader = connect(path, read_only=True)

    def _trace(self, statement: str) -> None:
        if statement == "COMMIT":
            self.on_commit()
        self.statements.append(statement)

    def _count(self) -> None:
        self.rolled_back += 1

    @property
    def transactions(self) -> int:
        return self.statements.count("BEGIN IMMEDIATE")

    def numbers(self) -> list[int]:
        """What a second connection sees."""
        return [row[0] for row in self.reader.execute("SELECT value FROM number ORDER BY value")]

    def add(self, value: int, *, weight: int = 1, size: int = 0, patient: bool = False) -> asyncio.Task[int]:
        """Ask for a number to be written."""

        def job(connection: sqlite3.Connection) -> int:
            connection.execute("INSERT INTO number VALUES (?, ?)", (value, bytes(size)))
            return value

        return asyncio.ensure_future(self.writer.ask(job, weight, patient=patient))

    async def hold(self) -> Callable[[], None]:
        """Keep the writer busy until the returned function is called."""
        entered, gate = threading.Event(), threading.Event()

        def job(connection: sqlite3.Connection) -> None:
            entered.set()
            gate.wait(10)

        self._held = asyncio.ensure_future(self.writer.ask(job))
        await asyncio.to_thread(entered.wait, 10)
        return gate.set


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(tmp_path / "numbers.sqlite")
    yield made
    made.reader.close()
    made.writer.close()


async def test_jobs_that_wait_together_share_one_transaction(bench: Bench) -> None:
    release = await bench.hold()
    tasks = [bench.add(number) for number in range(20)]
    await settled()
    release()
    assert await asyncio.gather(*tasks) == list(range(20))
    assert bench.transactions == 2
    assert bench.numbers() == list(range(20))


async def test_a_group_takes_no_more_weight_than_its_limit(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "numbers.sqlite", group_limit=10)
    release = await bench.hold()
    tasks = [bench.add(number, weight=4) for number in range(6)]
    await settled()
    release()
    await asyncio.gather(*tasks)
    assert bench.transactions == 1 + 2
    bench.reader.close()
    bench.writer.close()


@pytest.mark.requirement("FS-59")
async def test_no_job_is_answered_before_others_can_see_what_it_wrote(bench: Bench) -> None:
    seen_at_commit: list[tuple[list[int], bool]] = []
    task: list[asyncio.Task[int]] = []

    def look() -> None:
        other = connect(bench.path, read_only=True)
        rows = [row[0] for row in other.execute("SELECT value FROM number")]
        other.close()
        seen_at_commit.append((rows, task[0].done()))

    bench.on_commit = look
    task.append(bench.add(1))
    await task[0]
    assert bench.numbers() == [1]
    assert seen_at_commit == [([], False)]


async def test_a_job_that_is_refused_is_undone_alone(bench: Bench) -> None:
    def refused(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO number VALUES (99, NULL)")
        raise Conflict("no")

    release = await bench.hold()
    first = bench.add(1)
    bad = asyncio.ensure_future(bench.writer.ask(refused))
    last = bench.add(2)
    await settled()
    release()
    assert (await first, await last) == (1, 2)
    with pytest.raises(Conflict, match="no"):
        await bad
    assert bench.numbers() == [1, 2]
    assert bench.rolled_back >= 1


async def test_a_mistake_in_a_job_reaches_its_caller_and_nobody_else(bench: Bench) -> None:
    await bench.add(1)
    release = await bench.hold()
    twice, good = bench.add(1), bench.add(2)
    await settled()
    release()
    with pytest.raises(sqlite3.IntegrityError):
        await twice
    assert await good == 2
    assert bench.numbers() == [1, 2]


async def test_counters_are_reset_before_the_transaction_after_one_that_was_undone(bench: Bench) -> None:
    def refused(connection: sqlite3.Connection) -> None:
        raise Conflict

    with pytest.raises(Conflict):
        await bench.writer.ask(refused)
    assert bench.rolled_back == 0
    await bench.add(1)
    assert bench.rolled_back == 1
    await bench.add(2)
    assert bench.rolled_back == 1


@pytest.mark.requirement("FS-59")
async def test_when_the_disk_is_full_all_get_unavailable_nothing_is_kept_and_later_it_works_again(
    bench: Bench,
) -> None:
    await bench.add(1)

    def limit(pages: int) -> Callable[[sqlite3.Connection], None]:
        def job(connection: sqlite3.Connection) -> None:
            connection.execute(f"PRAGMA max_page_count={pages}")

        return job

    await bench.writer.ask(limit(4))
    release = await bench.hold()
    tasks = [bench.add(number, size=50_000) for number in range(2, 8)]
    await settled()
    release()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {StoreUnavailable}
    assert bench.numbers() == [1]
    await bench.writer.ask(limit(100_000))
    assert await asyncio.gather(*(bench.add(number, size=50_000) for number in range(2, 8))) == [*range(2, 8)]
    assert bench.numbers() == [*range(1, 8)]


async def test_a_caller_that_went_away_holds_nobody_up(bench: Bench) -> None:
    release = await bench.hold()
    gone, stays = bench.add(1), bench.add(2)
    await settled()
    gone.cancel()
    release()
    assert await stays == 2
    assert bench.numbers() == [1, 2]


async def test_closing_finishes_what_was_asked_and_takes_nothing_more(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "numbers.sqlite")
    tasks = [bench.add(number) for number in range(5)]
    await settled()
    bench.writer.close()
    assert await asyncio.gather(*tasks) == list(range(5))
    with pytest.raises(StoreUnavailable):
        await bench.add(9)
    assert bench.numbers() == list(range(5))
    bench.reader.close()


async def test_patient_jobs_linger_for_others_and_an_urgent_one_ends_it(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "numbers.sqlite", linger_s=3600.0)
    patient = [bench.add(value, patient=True) for value in (1, 2)]
    await settled()
    assert not any(task.done() for task in patient)
    urgent = bench.add(3)
    assert await asyncio.gather(*patient, urgent) == [1, 2, 3]
    assert bench.transactions == 1
    bench.reader.close()
    bench.writer.close()


async def test_closing_does_not_wait_for_whoever_lingers(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "numbers.sqlite", linger_s=3600.0)
    patient = bench.add(1, patient=True)
    await settled()
    bench.reader.close()
    bench.writer.close()
    assert await patient == 1


async def test_patient_jobs_are_committed_when_the_time_is_over(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "numbers.sqlite", linger_s=0.02)
    assert await bench.add(1, patient=True) == 1
    assert bench.numbers() == [1]
    bench.reader.close()
    bench.writer.close()

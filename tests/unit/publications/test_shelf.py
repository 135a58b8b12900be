"""The shelf of the payloads' files, and that no reader loses one."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from dip.publications.shelf import Shelf

pytestmark = pytest.mark.requirement("FS-37", "FS-38")

PAYLOADS = (1, 2, 3)


def test_a_file_goes_at_once_when_nobody_reads_it(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "publications")
    shelf.path(1).write_bytes(b"one")
    assert shelf.remove(1)
    assert not shelf.path(1).exists()
    assert shelf.remove(1)


def test_a_file_goes_when_its_last_reader_is_done(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.path(1).write_bytes(b"one")
    with shelf.reading(1):
        with shelf.reading(1) as path:
            assert not shelf.remove(1)
            assert path.read_bytes() == b"one"
        assert shelf.path(1).read_bytes() == b"one"
    assert not shelf.path(1).exists()


def test_a_file_goes_also_when_its_last_reader_fails(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.path(1).write_bytes(b"one")
    with pytest.raises(KeyError), shelf.reading(1):
        shelf.remove(1)
        raise KeyError
    assert not shelf.path(1).exists()


def test_a_start_finds_what_belongs_to_no_payload_and_nothing_else(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    for name in ("1", "2", "30", "030", "notes.txt", "x"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "4").mkdir()
    assert shelf.strays({1, 30, 99}) == [2]


def test_the_shelf_is_for_the_server_alone_and_knows_its_room(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "publications")
    assert shelf.path(1).parent.stat().st_mode & 0o777 == 0o700
    assert shelf.room() > 0


class Readers(RuleBasedStateMachine):
    """Readers and removals in any order, against a list of who reads."""

    folder: Path

    def __init__(self) -> None:
        super().__init__()
        self.shelf = Shelf(self.folder)
        self.reading: list[tuple[int, ExitStack]] = []
        self.removed: set[int] = set()
        self.gone: set[int] = set()
        for payload in PAYLOADS:
            self.shelf.path(payload).write_bytes(b"x")

    def teardown(self) -> None:
        for _, stack in self.reading:
            stack.close()

    @rule(payload=st.sampled_from(PAYLOADS))
    def open(self, payload: int) -> None:
        stack = ExitStack()
        stack.enter_context(self.shelf.reading(payload))
        self.reading.append((payload, stack))

    @precondition(lambda self: self.reading)
    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        _, stack = self.reading.pop(data.draw(st.integers(0, len(self.reading) - 1)))
        stack.close()

    @rule(payload=st.sampled_from(PAYLOADS))
    def remove(self, payload: int) -> None:
        is_read = payload in {read for read, _ in self.reading}
        assert self.shelf.remove(payload) is not is_read
        self.removed.add(payload)

    @invariant()
    def stands_as_long_as_somebody_reads(self) -> None:
        self.gone |= self.removed - {read for read, _ in self.reading}
        there = {payload for payload in PAYLOADS if self.shelf.path(payload).exists()}
        assert there == set(PAYLOADS) - self.gone


def test_readers_and_removals_in_any_order(tmp_path: Path) -> None:
    class Here(Readers):
        folder = tmp_path

    run_state_machine_as_test(Here, settings=settings(max_examples=100, stateful_step_count=30))

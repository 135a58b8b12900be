"""A payload's file against a model: however its bytes are cut, whatever breaks, file and digest are right."""

import gzip
import hashlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dip.publications.packed_check import GzipCheck, UnpackedBounds
from dip.publications.receiving import Mark, ReceivingFile
from dip.publications.upload_errors import PayloadRefused

BOUNDS = UnpackedBounds(most=1 << 20, ratio=300)
PACKED = gzip.compress(b"gzip holds this, and more of it. " * 40) + gzip.compress(b"a second member")
UNPACKED = 33 * 40 + 15


class Receiving(RuleBasedStateMachine):
    """Bytes come in pieces; some are thrown away again; the server stops, or is killed with or without its cache."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "1"
        self.committed = 0
        self.mark: tuple[Mark, int] | None = None

    @initialize(is_packed=st.booleans(), content=st.binary(min_size=1, max_size=2000))
    def begin(self, is_packed: bool, content: bytes) -> None:
        self.is_packed = is_packed
        self.content = PACKED if is_packed else content
        self.open()

    def open(self) -> None:
        check = GzipCheck(BOUNDS) if self.is_packed else None
        self.file = ReceivingFile(self.path, self.committed, check)
        while not self.file.catch_up():
            pass
        self.mark = None

    @rule(count=st.integers(0, 700))
    def write(self, count: int) -> None:
        self.file.write(self.content[self.file.length : self.file.length + count])

    @rule()
    def set_a_mark(self) -> None:
        self.mark = self.file.mark(), self.file.length

    @precondition(lambda self: self.mark is not None)
    @rule()
    def throw_away(self) -> None:
        assert self.mark is not None
        mark, length = self.mark
        # What was committed is never thrown away.
        if length >= self.committed:
            self.file.back(mark)
            assert self.file.length == length
        self.mark = None

    @rule()
    def commit(self) -> None:
        self.file.sync()
        self.committed = self.file.length

    @rule(left=st.floats(0, 1), junk=st.binary(max_size=50))
    def be_killed(self, left: float, junk: bytes) -> None:
        """Of what was not synced some is left on disk, or none, or something else."""
        synced, length = self.file.synced, self.file.length
        self.file.close()
        kept = synced + int((length - synced) * left)
        self.path.write_bytes(self.path.read_bytes()[:kept] + junk)
        self.open()

    @invariant()
    def what_stands_is_the_beginning_of_the_whole(self) -> None:
        if not hasattr(self, "file"):
            return
        expected = self.content[: self.file.length]
        assert self.file.digest == hashlib.sha256(expected).digest()
        assert self.path.read_bytes() == expected
        assert self.committed <= self.file.synced <= self.file.length

    def teardown(self) -> None:
        if hasattr(self, "file"):
            self.file.write(self.content[self.file.length :])
            assert self.path.read_bytes() == self.content
            assert self.file.digest == hashlib.sha256(self.content).digest()
            assert self.file.unpacked() == (UNPACKED if self.is_packed else None)
            self.file.close()
        self.folder.cleanup()


TestReceiving = pytest.mark.requirement("FS-36")(Receiving.TestCase)
TestReceiving.settings = settings(max_examples=60, stateful_step_count=25)


def test_a_file_that_lost_what_was_certain_is_not_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / "1").write_bytes(b"12345")
    with pytest.raises(PayloadRefused, match="damaged"):
        ReceivingFile(tmp_path / "1", 6, None)

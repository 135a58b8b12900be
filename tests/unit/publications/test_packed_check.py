"""What is said to be packed is opened, and measured, without anything of it being kept."""

import gzip
import io
import itertools
import struct
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dip.publications.packed_check import GzipCheck, UnpackedBounds, check_zip
from dip.publications.upload_errors import PayloadRefused

BOUNDS = UnpackedBounds(most=64 * 1024**2, ratio=300)
MEBIBYTE = 1024 * 1024

pytestmark = pytest.mark.requirement("FS-36")


def measured(data: bytes, cuts: list[int], bounds: UnpackedBounds = BOUNDS) -> int:
    check = GzipCheck(bounds)
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    for start, end in itertools.pairwise(places):
        check.feed(data[start:end])
    return check.finish()


@given(members=st.lists(st.binary(max_size=300), min_size=1, max_size=5), cuts=st.lists(st.integers(0, 5000)))
def test_a_stream_is_measured_however_it_is_cut(members: list[bytes], cuts: list[int]) -> None:
    data = b"".join(map(gzip.compress, members))
    assert measured(data, cuts) == sum(map(len, members))
    assert measured(data + bytes(40), cuts) == sum(map(len, members))


@given(member=st.binary(max_size=300), lost=st.integers(1, 300), cuts=st.lists(st.integers(0, 5000)))
def test_a_stream_that_is_cut_off_is_refused(member: bytes, lost: int, cuts: list[int]) -> None:
    data = gzip.compress(member)
    with pytest.raises(PayloadRefused, match="too early"):
        measured(data[: max(0, len(data) - lost)], cuts)


@given(data=st.binary(min_size=1), cuts=st.lists(st.integers(0, 5000)))
def test_whatever_comes_is_measured_or_refused(data: bytes, cuts: list[int]) -> None:
    try:
        expected: int | None = len(gzip.decompress(data))
    except (OSError, EOFError, zlib.error, struct.error):
        expected = None
    try:
        found: int | None = measured(data, cuts)
    except PayloadRefused:
        found = None
    if found is not None:
        assert found == expected


def test_a_bomb_is_refused_long_before_its_end() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(bytes(MEBIBYTE)) for _ in range(200)) + packer.flush()
    tracemalloc.start()
    try:
        for bounds in (BOUNDS, UnpackedBounds(most=20 * MEBIBYTE, ratio=100_000)):
            check = GzipCheck(bounds)
            with pytest.raises(PayloadRefused, match="expected at most"):
                check.feed(bomb)
        assert tracemalloc.get_traced_memory()[1] < 16 * MEBIBYTE
    finally:
        tracemalloc.stop()
    small = gzip.compress(bytes(9 * MEBIBYTE))
    assert measured(small, []) == 9 * MEBIBYTE


def archive(tmp_path: Path, *names: str, content: bytes = b"x") -> Path:
    file = tmp_path / "archive"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name in names:
            made.writestr(name, content)
    return file


def test_an_archive_is_measured_by_its_directory(tmp_path: Path) -> None:
    assert check_zip(archive(tmp_path, "a.csv", "b/c..d.csv", content=b"12345"), BOUNDS) == 10


@pytest.mark.parametrize("name", ["../a", "a/../../b", "/a", "\\a", "C:a", "c:\\a", "a\\..\\b", ".."])
def test_an_entry_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(PayloadRefused, match="below the folder"):
        check_zip(archive(tmp_path, "fine.csv", name), BOUNDS)


def test_an_archive_of_very_many_entries_is_refused(tmp_path: Path) -> None:
    assert check_zip(archive(tmp_path, *(f"{number}" for number in range(10_000))), BOUNDS) == 10_000
    with pytest.raises(PayloadRefused, match="10000 entries"):
        check_zip(archive(tmp_path, *(f"{number}" for number in range(10_001))), BOUNDS)


def test_an_archive_with_a_secret_is_refused(tmp_path: Path) -> None:
    file = archive(tmp_path, "a.csv")
    data = bytearray(file.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    file.write_bytes(data)
    with pytest.raises(PayloadRefused, match="encrypted"):
        check_zip(file, BOUNDS)


@given(cut=st.integers(0, 300), place=st.integers(0, 300), byte=st.integers(0, 255))
def test_a_damaged_archive_is_measured_or_refused(
    tmp_path_factory: pytest.TempPathFactory, cut: int, place: int, byte: int
) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as opened:
        opened.writestr("a.csv", b"12345")
        opened.writestr("b.csv", b"67890")
    data = bytearray(made.getvalue())
    data[place % len(data)] = byte
    file = tmp_path_factory.getbasetemp() / "damaged"
    file.write_bytes(data[: len(data) - cut % 20])
    try:
        check_zip(file, BOUNDS)
    except PayloadRefused as exc:
        assert exc.message.startswith("compression: ")

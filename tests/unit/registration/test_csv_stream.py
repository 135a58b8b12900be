"""CSV as it comes: in whatever pieces, plain or gzip, in groups, in bounded memory (FS-35)."""

import gzip
import tracemalloc
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dip.registration.csv_stream import CsvStream, ImportRefused
from dip.registration.rows import LONGEST_LINE, ReadRows, RowReader
from tests.unit.registration.test_rows import GOOD, HEAD, MPAN, ROLES, Numbers

pytestmark = pytest.mark.requirement("FS-35")
ROWS = [GOOD.replace(MPAN, f"{1_000_000_000_000 + number}") for number in range(50)]
BODY = "\n".join([HEAD, *ROWS]).encode() + b"\n"


def stream(group_rows: int = 7, **options: bool) -> CsvStream:
    return CsvStream(RowReader(Numbers(), ROLES.get), group_rows=group_rows, **options)


def read(pieces: Iterable[bytes], made: CsvStream | None = None) -> list[ReadRows]:
    """Every group that the pieces hold."""
    reading, found = made or stream(), []
    for piece in pieces:
        reading.feed(piece)
        while (group := reading.rows()) is not None:
            found.append(group)
    while (group := reading.rows(is_end=True)) is not None:
        found.append(group)
    return found


def mpans(groups: Sequence[ReadRows]) -> list[int]:
    return [mpan for group in groups for mpan in group.rows]


def cut(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


@pytest.mark.parametrize("packed", [False, True])
@given(size=st.integers(1, 200), group_rows=st.integers(1, 60))
def test_pieces_of_any_size_hold_the_same_rows(*, packed: bool, size: int, group_rows: int) -> None:
    body = gzip.compress(BODY, mtime=0) if packed else BODY
    groups = read(cut(body, size), stream(group_rows))
    assert mpans(groups) == [int(row[:13]) for row in ROWS]
    assert sum(group.lines for group in groups) == len(ROWS) + 1
    assert not any(group.faults for group in groups)


def test_groups_have_about_as_many_rows_as_they_should() -> None:
    groups = read(cut(BODY, 64), stream(10))
    assert all(10 <= group.lines <= 12 for group in groups[:-1])


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf" + BODY,
        b"\xef\xbb\xbf" + "\n".join(ROWS).encode(),
        BODY.replace(b"\n", b"\r\n"),
        BODY.rstrip(b"\n"),
        BODY.replace(b"\n", b"\n\n") + b"\n\n",
        gzip.compress(BODY[:1000], mtime=0) + gzip.compress(BODY[1000:], mtime=0),
        gzip.compress(BODY, mtime=0) + bytes(512),
    ],
)
def test_bom_line_ends_and_several_gzip_streams_make_no_difference(body: bytes) -> None:
    groups = read([body])
    assert mpans(groups) == [int(row[:13]) for row in ROWS]
    assert not any(group.faults for group in groups)


@pytest.mark.parametrize("body", [b"", b"\n", b"\r\n\n", HEAD.encode(), gzip.compress(b"", mtime=0)])
def test_nothing_at_all_is_a_csv_without_rows(body: bytes) -> None:
    groups = read([body] if body else [])
    assert sum(group.count for group in groups) == 0


@pytest.mark.parametrize("length", [LONGEST_LINE + 1, 200_000, 5_000_000])
@pytest.mark.parametrize("size", [4096, 1 << 20])
def test_a_line_that_is_too_long_is_one_refused_row(length: int, size: int) -> None:
    body = "\n".join([ROWS[0], ROWS[1] + "x" * length, ROWS[2]]).encode()
    groups = read(cut(body, size))
    (fault,) = [fault for group in groups for fault in group.faults]
    assert (fault.line, fault.mpan, fault.reason) == (2, ROWS[1][:13], f"expected at most {LONGEST_LINE} bytes")
    assert mpans(groups) == [int(ROWS[0][:13]), int(ROWS[2][:13])]


def test_a_byte_that_is_no_utf_8_refuses_its_row_alone() -> None:
    body = b"\n".join([ROWS[0].encode(), ROWS[1].encode().replace(b"SUP", b"S\xffP"), ROWS[2].encode()])
    groups = read([body])
    assert [(fault.line, fault.reason) for group in groups for fault in group.faults] == [(2, "expected UTF-8")]
    assert len(mpans(groups)) == 2


@pytest.mark.parametrize(
    "body",
    [
        b'{"mpan": "2000056535971"}',
        b" [1, 2]",
        b"<mpans/>",
        b"--boundary\r\nContent-Disposition: form-data\r\n",
        b"PK\x03\x04",
        BODY.decode().encode("utf-16"),
        bytes(range(256)),
        gzip.compress(gzip.compress(BODY, mtime=0), mtime=0),
    ],
)
def test_what_is_no_csv_is_refused_before_anything_is_taken(body: bytes) -> None:
    with pytest.raises(ImportRefused, match="expected CSV in UTF-8"):
        read([body])


def test_a_body_that_is_said_to_be_gzip_has_to_be() -> None:
    with pytest.raises(ImportRefused, match="no gzip"):
        read([BODY], stream(is_packed=True))
    assert len(mpans(read([gzip.compress(BODY, mtime=0)], stream(is_packed=True)))) == len(ROWS)


@pytest.mark.parametrize("spoil", ["cut", "damaged"])
def test_a_gzip_stream_that_breaks_gives_what_came_before(spoil: str) -> None:
    whole = gzip.compress("\n".join(ROWS * 400).encode(), 1, mtime=0)
    middle = len(whole) // 2
    body = whole[:middle] if spoil == "cut" else whole[:middle] + b"\xff" * 64 + whole[middle + 64 :]
    reading, rows = stream(100), 0
    reading.feed(body)
    with pytest.raises(ImportRefused, match="gzip stream"):
        while (group := reading.rows(is_end=True)) is not None:
            rows += group.count
    assert rows > 5_000
    with pytest.raises(ImportRefused):
        reading.rows(is_end=True)


def test_a_bomb_becomes_lines_and_never_memory() -> None:
    bomb = gzip.compress(b"\n" * 1_000_000, mtime=0) + gzip.compress(b"x" * 50_000_000, mtime=0)
    reading = stream(10_000)
    lines = 0
    tracemalloc.start()
    reading.feed(bomb)
    while (group := reading.rows(is_end=True)) is not None:
        lines += group.lines
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert lines == 1_000_001
    assert peak < 16 << 20

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dip.client.payload_files import FileUnreadable, Kind, PayloadFile, kind_of, opened_file, pieces, read_file

pytestmark = pytest.mark.requirement("FS-37")
MADE = datetime(2026, 3, 21, 19, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("isd.csv", Kind("text/csv", None, "CSV", None)),
        ("ISD.JSON", Kind("application/json", None, "JSON", None)),
        ("isd.2026-03.xml", Kind("application/xml", None, "XML", None)),
        ("isd.csv.gz", Kind("text/csv", "gzip", "CSV", "GZIP")),
        ("isd.json.zip", Kind("application/json", "zip", "JSON", "ZIP")),
        ("isd.zip", Kind("application/octet-stream", "zip", None, "ZIP")),
        ("isd.xlsx", Kind("application/octet-stream", None, "XLSX", None)),
        ("isd.1", Kind("application/octet-stream", None, None, None)),
        ("isd.anendingthatistoolong", Kind("application/octet-stream", None, None, None)),
        ("gz", Kind("application/octet-stream", None, None, None)),
    ],
)
def test_the_endings_of_a_name_tell_what_is_in_the_file(name: str, kind: Kind) -> None:
    assert kind_of(name) == kind


async def test_a_file_is_read_for_its_size_its_digest_and_its_time(tmp_path: Path) -> None:
    content = os.urandom(9_000_000)
    file = tmp_path / "isd.csv"
    file.write_bytes(content)
    os.utime(file, (MADE.timestamp() + 0.5, MADE.timestamp() + 0.5))
    steps: list[tuple[int, int]] = []
    found = await read_file(file, lambda done, total: steps.append((done, total)))
    assert found == PayloadFile(file, len(content), hashlib.sha256(content).hexdigest(), MADE)
    assert steps[-1] == (len(content), len(content)) and len(steps) > 2


@pytest.mark.parametrize(("start", "length"), [(0, 3_000_000), (1, 2_000_001), (2_999_999, 1)])
async def test_any_part_of_a_file_is_read_in_pieces(tmp_path: Path, start: int, length: int) -> None:
    content = os.urandom(3_000_000)
    (tmp_path / "isd.csv").write_bytes(content)
    file = await read_file(tmp_path / "isd.csv")
    with await opened_file(file) as opened:
        found = [piece async for piece in pieces(file, opened, start, length)]
    assert b"".join(found) == content[start : start + length]
    assert max(map(len, found)) <= 1024 * 1024


async def test_a_file_that_is_not_there_is_empty_or_became_shorter_is_told_by_its_path(tmp_path: Path) -> None:
    file = tmp_path / "isd.csv"
    with pytest.raises(FileUnreadable, match=r"isd\.csv can't be read: No such file"):
        await read_file(file)
    with pytest.raises(FileUnreadable, match="can't be read: Is a directory"):
        await read_file(tmp_path)
    file.write_bytes(b"")
    with pytest.raises(FileUnreadable, match="is empty"):
        await read_file(file)
    file.write_bytes(b"a,b\n1,2\n")
    known = await read_file(file)
    file.write_bytes(b"a,b\n")
    with await opened_file(known) as opened:
        with pytest.raises(FileUnreadable, match="became shorter"):
            _ = [piece async for piece in pieces(known, opened, 0, known.size)]
    file.unlink()
    with pytest.raises(FileUnreadable, match="No such file"):
        await opened_file(known)

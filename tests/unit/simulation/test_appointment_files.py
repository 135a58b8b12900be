"""Files of appointments: what may be served, what is refused in words, and what is kept in memory of them."""

import gzip
import os
import tracemalloc
from pathlib import Path

import pytest

from dip.simulation import appointment_files
from dip.simulation.appointment_files import AppointmentFile, AppointmentFiles, RegistrationFileRefused
from dip.simulation.registration_faults import RegistrationFault, RegistrationFaultRefused, RegistrationFaults

HEAD = "mpan,role,dip_id,effective_from,effective_to\n"
ROW = "2000056535971,SUP,2300000001,2026-01-01,\n"

pytestmark = pytest.mark.requirement("FS-35")


def written(directory: Path, text: str | bytes, name: str = "mpans.csv") -> Path:
    path = directory / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    "text",
    [
        HEAD + ROW,
        HEAD + ROW.strip(),
        (HEAD + ROW).replace("\n", "\r\n"),
        "\ufeff" + HEAD + "\n" + ROW,
        HEAD + ' 2000056535971,"SUP" ,2300000001 ,"2026-01-01", \n',
        gzip.compress((HEAD + ROW).encode(), mtime=0),
    ],
    ids=["plain", "no end of line", "CRLF", "byte order mark", "quoted", "gzip"],
)
def test_a_file_is_read_as_people_and_programs_write_it(tmp_path: Path, text: str | bytes) -> None:
    files = AppointmentFiles([AppointmentFile(written(tmp_path, text))])
    assert files.page([], None, 10) == ([(b"2000056535971", [ROW.strip().encode()])], None)
    files.close()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "line 1: expected the head"),
        (ROW, "line 1: expected the head"),
        (HEAD + ROW + "2000056535971,SUP\n", "line 3: expected 13 digits"),
        (HEAD + "200005653597,SUP,2300000001,2026-01-01,\n", "line 2: expected 13 digits"),
        (HEAD + f"2000056535971,SUP,{'2' * 41},2026-01-01,\n", "line 2: expected 13 digits"),
        (HEAD + "2000056535971,SÜP,2300000001,2026-01-01,\n", "line 2: expected 13 digits"),
        (HEAD + '2000056535971,"S,P",2300000001,2026-01-01,\n', "line 2: expected 13 digits"),
        (HEAD + "x" * 500, "a line has more than 400 characters"),
        (gzip.compress((HEAD + ROW * 50).encode(), mtime=0)[:-9], "it is no whole gzip file"),
        (gzip.compress((HEAD + ROW * 50).encode(), mtime=0)[:20] + b"x" * 40, "it is no whole gzip file"),
    ],
    ids=range(10),
)
def test_a_file_that_is_none_is_refused_with_its_line(tmp_path: Path, text: str | bytes, reason: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(RegistrationFileRefused) as refused:
        AppointmentFile(path)
    assert str(path) in refused.value.message and reason in refused.value.message
    assert "2000056535971" not in refused.value.message


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RegistrationFileRefused, match="No such file"):
        AppointmentFile(tmp_path / "none.csv")


def test_a_file_out_of_order_is_put_in_order_where_it_is_short(tmp_path: Path) -> None:
    numbers = [10**12 + place * 1_234_577 % 999_983 for place in range(3000)]
    text = "".join(f"{number},{role},2300000001,2026-01-01,\n" for role in ("SUP", "MSS") for number in numbers)
    files = AppointmentFiles([AppointmentFile(written(tmp_path, HEAD + text))])
    found, _ = files.page([], None, 10_000)
    assert [int(mpan) for mpan, _ in found] == sorted(numbers)
    assert all([row.split(b",")[1] for row in rows] == [b"SUP", b"MSS"] for _, rows in found)
    files.close()


def test_a_long_file_out_of_order_is_refused_with_the_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(appointment_files, "SORTED_HERE", 3)
    text = HEAD + ROW + ROW.replace("2000", "1000") + ROW + ROW
    with pytest.raises(RegistrationFileRefused, match="line 3: the MPANs of a file of more than 3 rows must ascend"):
        AppointmentFile(written(tmp_path, text))


def test_a_large_file_takes_little_memory(tmp_path: Path) -> None:
    with (tmp_path / "large.csv").open("w") as file:
        file.write(HEAD)
        for number in range(100_000):
            file.write(f"{10**12 + number},SUP,2300000001,2026-01-01,\n{10**12 + number},LDSO,2500000001,2026-01-01,\n")
    tracemalloc.start()
    files = AppointmentFiles([AppointmentFile(tmp_path / "large.csv")])
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert files.mpans == 100_000
    assert kept < 200_000, "two numbers for each 256 MPANs"
    found, passed = files.page([99_000], None, 400)
    assert (int(found[0][0]), int(found[-1][0]), passed) == (10**12 + 99_000, 10**12 + 99_399, [99_400])
    files.close()


def test_the_snapshot_changes_with_a_file(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD + ROW)
    snapshots = []
    for moment in (1_000_000, 1_000_000, 1_000_001):
        os.utime(path, (moment, moment))
        files = AppointmentFiles([AppointmentFile(path)])
        snapshots.append(files.snapshot)
        files.close()
    assert snapshots[0] == snapshots[1] != snapshots[2]


def test_faults_are_read_from_their_words() -> None:
    assert RegistrationFault.read("503:every=7") == RegistrationFault("503", 7, 1)
    assert RegistrationFault.read("cut:every=2,retry-after=0") == RegistrationFault("cut", 2, 0)


@pytest.mark.parametrize(
    "text",
    ["", "503", "503:every=0", "503:every=x", "200:every=1", "503:every=1,often=2", "503:retry-after=1", "²:every=1"],
)
def test_a_fault_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(RegistrationFaultRefused, match="expected KIND:every=N"):
        RegistrationFault.read(text)


def test_the_first_fault_that_fits_strikes() -> None:
    first, second = RegistrationFault("503", 2), RegistrationFault("429", 3)
    faults = RegistrationFaults([first, second])
    assert [faults.strikes() for _ in range(6)] == [None, first, second, first, None, first]

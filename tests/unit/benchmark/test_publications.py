"""The benchmark of publications: its payloads are the same each time; what is not as it should be has no rate."""

import csv
import hashlib
import io
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dip.benchmark.even import EvenCall
from dip.benchmark.measure import Round, Unaccounted
from dip.benchmark.publications.floor import copy
from dip.benchmark.publications.memory import Memory
from dip.benchmark.publications.outcome import Outcome, report
from dip.benchmark.publications.payloads import WANTED_AREA, rows_of, write_bytes, write_table
from dip.benchmark.publications.plan import Found, Plan, Stretch, no_room
from dip.benchmark.publications.reading import Ask, Download, ask, download

pytestmark = pytest.mark.requirement("FS-59")
TABLE = b"row,area\nw1,_Z\nw2,_Z\n"


def untold(done: int, total: int) -> None:
    """Nobody looks at the progress."""


def test_bytes_are_the_same_for_a_seed_and_have_the_digest_that_is_said(tmp_path: Path) -> None:
    one = write_bytes(tmp_path / "one", "p", 3_000_001, "seed", untold)
    other = write_bytes(tmp_path / "other", "p", 3_000_001, "seed", untold)
    content = (tmp_path / "one").read_bytes()
    assert one == other
    assert (one.size, one.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert (tmp_path / "one").stat().st_blocks * 512 >= len(content)


def test_a_table_has_the_wanted_rows_early_and_one_at_its_end(tmp_path: Path) -> None:
    table = write_table(tmp_path / "table", "t", 2_000_000, "seed", untold)
    content = (tmp_path / "table").read_bytes()
    assert table.said.size == len(content) >= 2_000_000
    assert table.said.sha256 == hashlib.sha256(content).hexdigest()
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    found = [",".join(row.values()) for row in rows if row["area"] == WANTED_AREA]
    assert found == list(table.wanted)
    assert [row for row in rows if float(row["kwh"]) >= 1_000_000] == [row for row in rows if row["area"] == "_Z"]
    assert len(found) == table.early + 1 > 100
    last_early = content.index(table.wanted[table.early - 1].encode())
    assert last_early < table.early_bytes
    assert content.rstrip().endswith(table.wanted[-1].encode())


def test_rows_are_read_without_their_header() -> None:
    assert rows_of(TABLE) == ["w1,_Z", "w2,_Z"]


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """A server that answers everything alike; gives its address."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass
            head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            self.wfile.write(head.encode() + body)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/p"
        server.shutdown()


def test_downloads_are_timed_each() -> None:
    with answering(200, b"whole") as uri:
        found = download(Download(uri, hashlib.sha256(b"whole").hexdigest(), 3))
    assert (len(found.seconds), found.faults) == (3, [])


@pytest.mark.parametrize(("status", "body"), [(200, b"other"), (200, b"whol"), (503, b"whole")])
def test_a_download_with_other_bytes_or_none_has_no_time(status: int, body: bytes) -> None:
    with answering(status, body) as uri:
        found = download(Download(uri, hashlib.sha256(b"whole").hexdigest(), 2))
    assert (found.seconds, len(found.faults)) == ([], 2)


def test_rows_of_a_filter_are_timed_and_compared() -> None:
    with answering(200, TABLE) as uri:
        found = ask(Ask(uri, "where=area:eq:_Z", ["w1,_Z", "w2,_Z"], 1))
    assert found.faults == []
    assert 0 < found.first_s <= found.early_s <= found.seconds


@pytest.mark.parametrize(("status", "body"), [(200, TABLE + b"w3,_Z\n"), (200, b"row,area\n"), (400, TABLE)])
def test_a_filter_that_gives_other_rows_has_no_time(status: int, body: bytes) -> None:
    with answering(status, body) as uri:
        found = ask(Ask(uri, "where=area:eq:_Z", ["w1,_Z", "w2,_Z"], 1))
    assert len(found.faults) == 1
    assert found.seconds == 0


def test_the_copy_of_the_floor_is_gone_when_it_was_timed(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"x" * 100_000)
    assert copy(tmp_path / "source", tmp_path / "copy") > 0
    assert not (tmp_path / "copy").exists()


def test_a_run_for_which_there_is_no_room_is_refused_with_both_numbers(tmp_path: Path) -> None:
    fault = no_room(Plan(gib=1_000_000), tmp_path)
    assert fault is not None
    assert "GB free, and this takes 3" in fault.reason
    assert no_room(Plan(gib=0.001, mib=1, filter_gb=0.001), tmp_path) is None


def outcome(answer_ms: float) -> Outcome:
    found = Found(
        upload_s=2.0,
        upload_floor_s=1.0,
        copy_s=1.0,
        told_s=[0.5],
        download_s=1.0,
        download_floor_s=1.0,
        downloads_s=[1.0, 2.0],
        downloads_floor_s=[1.0],
        equal_s=(0.1, 0.2, 3.0),
        range_s=(0.1, 1.2, 31.0),
    )
    nobody = Memory(0)
    messages = Round(100.0, 100.0, {}, {}, None, None, 0)
    calls = [EvenCall(["a"], 10.0, 10.0 + answer_ms / 1000, 201, 10.001)]
    return Outcome(
        found=found, messages=messages, calls=calls, doubled=0, memory=nobody, stretches=[Stretch("upload", 9.0, 11.0)]
    )


def test_the_report_tells_answers_by_stretch_and_what_was_missed() -> None:
    found = report(Plan(gib=1.0), outcome(600.0))
    (rate,) = found.rows["upload over mTLS, MB/s"]
    assert rate == pytest.approx(536.9, abs=0.1)
    assert found.rows["answer, ms: upload"] == [600.0] * 4
    verdicts = {target.name: target.met for target in found.targets}
    assert verdicts == {
        "messages' p90": False,
        "messages' p90, the worst stretch": False,
        "filter: equal, early rows": True,
        "filter: equal, all": True,
        "filter: range, early rows": False,
        "filter: range, all": False,
    }


def test_where_something_is_unaccounted_for_there_are_no_rows() -> None:
    found = report(Plan(), Unaccounted("a digest differs"))
    assert (found.rows, found.unaccounted) == ({}, ["a digest differs"])

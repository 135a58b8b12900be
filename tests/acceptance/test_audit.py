"""`python run.py audit`: over a server that runs, one that stopped, and one whose data somebody changed."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.support.process import finished, server

pytestmark = pytest.mark.requirement("FS-45")


async def report(data: Path, code: int) -> Any:
    ended = await finished("audit", "verify", "--data", data)
    assert ended.code == code, ended
    return json.loads(ended.stdout)


async def test_the_log_is_verified_while_the_server_runs_and_when_it_stopped(data: Path) -> None:
    async with server(data) as running:
        await running.ready()
        found = await report(data, 0)
        assert found["intact"] is True
        await running.stop()
    stopped = await report(data, 0)
    assert stopped["chain"]["head"] > found["chain"]["head"]
    assert stopped["firstBreak"] is None


async def test_a_changed_record_is_named(data: Path) -> None:
    connection = sqlite3.connect(data / "dip.sqlite")
    connection.execute("DROP TRIGGER activity_unchanged")
    connection.execute("UPDATE activity SET at = at + 1 WHERE id = 2")
    connection.commit()
    connection.close()
    found = (await report(data, 1))["firstBreak"]
    assert (found["where"], found["record"]) == ("table activity", 2)
    assert found["what"].startswith("changed")
    assert found["at"]


async def test_damaged_pages_are_told_in_words(data: Path) -> None:
    path = data / "dip.sqlite"
    connection = sqlite3.connect(path)
    (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'activity'").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    raw = bytearray(path.read_bytes())
    raw[(page - 1) * size : (page - 1) * size + 16] = b"\xff" * 16
    path.write_bytes(raw)
    found = (await report(data, 1))["firstBreak"]
    assert found["where"] in ("table activity", "table activity_file", "the database's pages")
    assert "damaged" in found["what"]


async def test_an_export_writes_the_records_as_json_lines(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    ended = await finished("audit", "export", "--data", data, "--out", out)
    assert (ended.code, ended.stdout) == (0, "")
    lines = [json.loads(line) for line in out.read_bytes().splitlines()]
    assert lines[0]["number"] == 1
    assert lines[0]["record"]["EventName"] == "dip.server.started"
    assert lines[0]["record"]["Attributes"]["dip.environment"] == "DEV"
    ended = await finished("audit", "export", "--data", data, "--from", "2999-01-01")
    assert (ended.code, ended.stdout) == (0, "")


async def test_what_can_not_be_looked_at_ends_with_2(data: Path, tmp_path: Path) -> None:
    for command in ("verify", "export"):
        ended = await finished("audit", command, "--data", tmp_path / "nowhere")
        assert ended.code == 2
        assert "not there" in ended.stderr
    (data / "master.key").unlink()
    ended = await finished("audit", "verify", "--data", data)
    assert ended.code == 2
    assert "master.key" in ended.stderr
    ended = await finished("audit", "export", "--data", data, "--from", "never")
    assert ended.code == 2

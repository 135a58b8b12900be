"""`python run.py mpans`, from outside: a file is imported, goes on after a crash, and is looked up (FS-35)."""

import asyncio
import gzip
import json
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.process import Ended, Running, finished, server, started
from tests.support.waiting import until

pytestmark = pytest.mark.requirement("FS-35")
HEAD = "mpan,role,dip_id,effective_from,effective_to\n"
MPANS = 60_000
SUPPLIER, OLD_SUPPLIER, SERVICE = "2300000001", "2300000002", "2200000001"


def mpan(number: int) -> int:
    return 1_600_000_000_000 + number


def rows(mpans: int = MPANS) -> Iterator[str]:
    for number in range(mpans):
        yield f"{mpan(number)},SUP,{OLD_SUPPLIER},2023-01-01,\n"
        yield f"{mpan(number)},SUP,{SUPPLIER},2024-01-01,\n"
        yield f"{mpan(number)},REGS,{SERVICE},2023-01-01,\n"


def written(file: Path, lines: Iterator[str]) -> Path:
    content = (HEAD + "".join(lines)).encode()
    file.write_bytes(gzip.compress(content, 1) if file.suffix == ".gz" else content)
    return file


async def run(data: Path, *words: str | Path, code: int = 0) -> Ended:
    """A command against the server of a data directory."""
    ended = await finished("mpans", *words, "--data", data, within_s=120)
    assert ended.code == code, ended.stderr
    assert "Traceback" not in ended.stderr
    return ended


def line(ended: Ended) -> dict[str, Any]:
    """The one line that it printed."""
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def stored(data: Path) -> dict[int, bytes]:
    """The histories of the file's MPANs, without the time at which they became known and the run that said so."""
    with closing(sqlite3.connect(f"{(data / 'dip.sqlite').as_uri()}?mode=ro", uri=True)) as connection:
        found = connection.execute("SELECT mpan, history FROM mpan WHERE mpan BETWEEN ? AND ?", (mpan(0), mpan(MPANS)))
        return dict(found.fetchall())


async def under_way(running: Running, data: Path) -> dict[str, Any]:
    """The run, once some of its lines are dealt with and before it is finished."""
    portal = (await running.ready())["portal"]
    headers = {"Authorization": f"Bearer {(data / 'admin.token').read_text().strip()}"}
    async with aiohttp.ClientSession(headers=headers) as session:

        async def begun() -> dict[str, Any] | None:
            async with session.get(f"{portal}/admin/api/mpans/runs") as answer:
                items = (await answer.json())["items"]
            return items[0] if items and items[0]["lines"] else None

        found: dict[str, Any] = await until(begun)
        return found


@pytest.mark.parametrize("name", ["file.csv", "file.csv.gz"])
async def test_an_import_goes_on_after_the_server_was_killed(data: Path, tmp_path: Path, name: str) -> None:
    file = written(tmp_path / name, rows())
    async with server(data, environment={"DIP_APPOINTMENT_IMPORT_ROWS": "500"}) as running:
        await running.ready()
        async with started("mpans", "import", file, "--data", data) as importing:
            begun = await under_way(running, data)
            await running.kill()
            ended = await importing.end()
    assert begun["state"] == "running"
    assert ended.code == 2
    assert "goes on" in ended.stderr and "Traceback" not in ended.stderr
    before = stored(data)
    assert 0 < len(before) < MPANS
    async with server(data) as running:
        await running.ready()
        told = line(await run(data, "import", file))
        assert told["fromLine"] > begun["lines"]
        assert (told["state"], told["rows"], told["accepted"]) == ("finished", 3 * MPANS, 3 * MPANS)
        # What one commit held was left out, whole: nothing is told twice.
        assert (told["unchanged"], told["rejected"], told["faults"]) == (0, 0, [])
        assert (await running.stop()).code == 0
    after = stored(data)
    assert len(after) == MPANS
    # Of the last one a row may have come later.
    whole = list(before)[:-1]
    assert [after[number] for number in whole] == [before[number] for number in whole]


async def test_an_import_goes_on_after_it_was_interrupted(data: Path, tmp_path: Path) -> None:
    file = written(tmp_path / "file.csv.gz", rows())
    async with server(data, environment={"DIP_APPOINTMENT_IMPORT_ROWS": "500"}) as running:
        await running.ready()
        async with started("mpans", "import", file, "--data", data) as importing:
            begun = await under_way(running, data)
            importing.signal(signal.SIGINT)
            ended = await importing.end()
        assert ended.code == 130
        assert "goes on" in ended.stderr and "Traceback" not in ended.stderr
        told = line(await until(lambda: taken_on(data, file)))
        assert told["fromLine"] >= begun["lines"]
        assert (told["rows"], told["unchanged"]) == (3 * MPANS, 0)
    assert len(stored(data)) == MPANS


async def taken_on(data: Path, file: Path) -> Ended | None:
    """The import again; None while the server has not seen yet that the first one is gone."""
    ended = await finished("mpans", "import", file, "--data", data)
    return ended if ended.code == 0 else None


async def test_rows_are_told_rejected_and_the_rest_is_looked_up(data: Path, tmp_path: Path) -> None:
    lines = [*rows(2), f"{mpan(3)},SUP,2399999999,2024-01-01,\n", "nothing\n"]
    file = written(tmp_path / "file.csv", iter(lines))
    async with server(data) as running:
        await running.ready()
        told = line(await run(data, "import", file))
        assert (told["accepted"], told["rejected"], told["lines"]) == (6, 2, 9)
        assert [(one["line"], one["mpan"]) for one in told["faults"]] == [(8, str(mpan(3))), (9, "nothing")]
        again = line(await run(data, "import", file))
        assert (again["accepted"], again["unchanged"], again["rejected"], again["fromLine"]) == (6, 6, 2, 1)
        shown = line(await run(data, "show", str(mpan(1)), "--at", "2023-06-01T00:00:00+01:00"))
        assert {one["dipId"] for one in shown["recipients"]} == {OLD_SUPPLIER, SERVICE}
        shown = line(await run(data, "show", str(mpan(1)), "--channel", "IF-031"))
        assert shown["mpan"] == str(mpan(1))
        refused = await run(data, "show", "12", code=1)
        assert "thirteen digits" in refused.stderr
        (tmp_path / "file.json").write_text('{"mpan": 1}')
        refused = await run(data, "import", tmp_path / "file.json", code=1)
        assert "expected CSV" in refused.stderr
        missing = await run(data, "import", tmp_path / "none.csv", code=2)
        assert "can't be read" in missing.stderr


async def test_the_server_answers_others_while_a_file_is_imported(data: Path, tmp_path: Path) -> None:
    file = written(tmp_path / "file.csv.gz", rows())
    async with server(data, environment={"DIP_APPOINTMENT_IMPORT_ROWS": "100"}) as running:
        portal = (await running.ready())["portal"]
        importing = asyncio.create_task(run(data, "import", file))
        answered = 0
        async with aiohttp.ClientSession() as session:
            await under_way(running, data)
            while not importing.done():
                async with session.get(f"{portal}/healthz") as answer:
                    answered += answer.status == 200
        assert line(await importing)["accepted"] == 3 * MPANS
    assert answered

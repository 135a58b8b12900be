"""`python run.py mpans pull`: processes of their own; a server that is killed goes on by itself (FS-35)."""

import asyncio
import gzip
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from dip.appointments.packing import unpack
from dip.ground.log import make_log
from dip.store.sqlite import SqliteStore
from tests.integration.pulls.pulls import SERVICE_1, SERVICE_2, mpan, two_rows, written
from tests.support.platform import copied
from tests.support.process import finished, server, started
from tests.support.waiting import until

pytestmark = pytest.mark.requirement("FS-35")
MPANS = 600


@asynccontextmanager
async def service(data: Path, name: str, file: Path, *options: str) -> AsyncIterator[str]:
    """A registration service as a process; its address."""
    words = "--participant", data / "participants" / name, "--file", file
    async with started("registration", "serve", *words, *options) as running:
        yield (await running.ready())["url"]


async def pulls(data: Path, portal: str) -> list[dict[str, Any]]:
    """What the server says of its pulls."""
    headers = {"Authorization": f"Bearer {(data / 'admin.token').read_text().strip()}"}
    async with (
        aiohttp.ClientSession(headers=headers, trust_env=False) as session,
        session.get(f"{portal}/admin/api/mpans/pulls") as answer,
    ):
        items: list[dict[str, Any]] = (await answer.json())["items"]
        return items


async def histories(data: Path, numbers: Sequence[int]) -> list[Any]:
    """The histories of MPANs in the store of a server that has ended."""
    store = SqliteStore(data, group_limit=100, log=make_log())
    try:
        found = store.appointments.packed([int(mpan(number)) for number in numbers])
        return [unpack(packed, store.appointments.holders) for _, packed in sorted(found.items())]
    finally:
        await store.close()


async def test_a_server_that_is_killed_finishes_by_itself_and_doubles_nothing(laid_out: Path, tmp_path: Path) -> None:
    data, config = copied(laid_out, tmp_path / "state"), tmp_path / "dip.toml"
    config.write_text("registration_page_mpans = 20\n")
    file = written(tmp_path / "mpans.csv", two_rows(range(MPANS)))
    async with service(data, SERVICE_1, file, "--delay-ms", "30") as url:
        async with server(data, "--config", config) as running:
            portal = (await running.ready())["portal"]
            order = asyncio.create_task(finished("mpans", "pull", "--service", f"{SERVICE_1}={url}", "--data", data))

            async def in_the_middle() -> bool:
                return any(one["mpans"] >= MPANS // 4 for one in await pulls(data, portal))

            await until(in_the_middle)
            await running.kill()
            assert (await order).code == 2
        async with server(data, "--config", config) as running:
            portal = (await running.ready())["portal"]

            async def is_finished() -> Any:
                (one,) = await pulls(data, portal)
                return one if one["state"] != "running" else None

            view = await until(is_finished)
            assert (await running.stop()).code == 0
    counts = {name: view[name] for name in ("state", "mpans", "rows", "accepted", "unchanged", "rejected")}
    assert counts == {
        "state": "finished",
        "mpans": MPANS,
        "rows": 2 * MPANS,
        "accepted": 2 * MPANS,
        "unchanged": 0,
        "rejected": 0,
    }
    found = await histories(data, range(MPANS))
    assert len(found) == MPANS
    assert {(len(one.knowledge), len(one.rows), len(one.past)) for one in found} == {(1, 2, 0)}


async def test_a_market_is_pulled_from_two_services(laid_out: Path, tmp_path: Path) -> None:
    data, market = copied(laid_out, tmp_path / "state"), tmp_path / "market"
    made = await finished("market", "make", "--mpans", "400", "--by-registration-service", "--out", market)
    assert made.code == 0, made.stderr
    names = sorted(path.name.partition(".")[0] for path in (market / "registration").iterdir())[:2]
    rows = {name: _lines(market / "registration" / f"{name}.csv.gz") for name in names}
    async with server(data) as running, AsyncExitStack() as stack:
        await running.ready()
        taken = await finished("participants", "import", market / "participants.yaml", "--data", data)
        assert taken.code == 0, taken.stderr
        words: list[str] = []
        for name in names:
            file = market / "registration" / f"{name}.csv.gz"
            url = await stack.enter_async_context(service(data, name, file, "--fault", "503:every=2,retry-after=0"))
            words += ["--service", f"{name}={url}"]
        ended = await finished("mpans", "pull", *words, "--data", data)
        assert ended.code == 0, ended.stderr
        found = {one["service"]: one for one in map(json.loads, ended.stdout.splitlines())}
        again = await finished("mpans", "pull", "--watch", "--data", data)
    assert (again.code, again.stdout) == (0, "")
    for name in names:
        view = found[name]
        assert (view["state"], view["rows"], view["rejected"]) == ("finished", len(rows[name]), 0)
        assert view["mpans"] == len(Counter(row.partition(",")[0] for row in rows[name]))


async def test_the_report_names_what_was_rejected_and_what_failed(laid_out: Path, tmp_path: Path) -> None:
    data = copied(laid_out, tmp_path / "state")
    rows = [*two_rows([1]), (mpan(2), "SUP", "2399999999", "2024-01-01", "")]
    async with service(data, SERVICE_1, written(tmp_path / "mpans.csv", rows)) as url:
        settings = f"{SERVICE_1}={url}, {SERVICE_2}=https://127.0.0.1:1"
        config = tmp_path / "dip.toml"
        config.write_text(f'registration_services = "{settings}"\nregistration_attempts = 1\n')
        async with server(data, "--config", config) as running:
            await running.ready()
            ended = await finished("mpans", "pull", "--data", data)
            refused = await finished("mpans", "pull", "--service", "2300000001=https://127.0.0.1:1", "--data", data)
    assert ended.code == 1
    found = {one["service"]: one for one in map(json.loads, ended.stdout.splitlines())}
    assert (found[SERVICE_1]["state"], found[SERVICE_2]["state"]) == ("finished", "failed")
    (reason,) = found[SERVICE_1]["reasons"]
    assert "2399999999" in reason and [one["mpan"] for one in found[SERVICE_1]["examples"]] == [mpan(2)]
    assert (refused.code, refused.stdout) == (1, "") and "no participant in role REGS" in refused.stderr


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2200000001", "expected DIPID=https://host:port/base"),
        ("22=https://localhost", "expected a DIP id"),
        ("2200000001=http://localhost", "expected an https address"),
        ("2200000001=https://localhost:port", "expected an https address"),
        ("2200000001=https://a, 2200000001=https://b", "stands there twice"),
    ],
)
async def test_a_setting_that_can_not_be_read_stops_the_start(tmp_path: Path, text: str, reason: str) -> None:
    config = tmp_path / "dip.toml"
    config.write_text(f'registration_services = "{text}"\n')
    ended = await finished("serve", "--data", tmp_path / "state", "--config", config)
    assert (ended.code, ended.stdout) == (2, "")
    assert "registration_services: " in ended.stderr and reason in ended.stderr
    assert not (tmp_path / "state").exists()


def _lines(path: Path) -> list[str]:
    return gzip.decompress(path.read_bytes()).decode().splitlines()[1:]

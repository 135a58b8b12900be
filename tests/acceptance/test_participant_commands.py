"""`python run.py participants`, from outside: add, list, remove, export, import (FS-43)."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.platform import copied
from tests.support.process import Ended, finished, server


async def run(data: Path, *words: str | Path, code: int = 0) -> Ended:
    """A command against the server of a data directory."""
    ended = await finished("participants", *words, "--data", data)
    assert ended.code == code, ended.stderr
    return ended


def lines(ended: Ended) -> list[dict[str, Any]]:
    """What it printed."""
    return [json.loads(line) for line in ended.stdout.splitlines()]


@pytest.mark.requirement("FS-43", "FS-41")
async def test_a_market_is_exported_and_imported_elsewhere(laid_out: Path, tmp_path: Path) -> None:
    first, second = (copied(laid_out, tmp_path / name) for name in ("first", "second"))
    file = tmp_path / "market.yaml"
    async with server(first) as running:
        await running.ready()
        added = await run(first, "add", "NEWS", "New Supply", "--role", "SUP", "--company", "77", "--company-name", "N")
        (made,) = lines(added)
        assert made["dipId"] == "2300000003"
        await run(first, "add", "bad", "New Supply", "--role", "KING", code=1)
        await run(first, "remove", "2300000002")
        listed = lines(await run(first, "list"))
        assert "2300000002" not in {one["dipId"] for one in listed}
        assert "2300000002" in {one["dipId"] for one in lines(await run(first, "list", "--left"))}
        await run(first, "export", file)
        exported = (await run(first, "export")).stdout
        assert yaml.safe_load(exported) == yaml.safe_load(file.read_text())
    async with server(second) as running:
        await running.ready()
        done = {one["dipId"]: one for one in lines(await run(second, "import", file))}
        assert done["2300000003"]["done"] == "added"
        assert done["2300000003"]["apiKey"]
        assert {one["done"] for dip_id, one in done.items() if dip_id != "2300000003"} == {"same"}
        again = lines(await run(second, "import", file))
        assert {one["done"] for one in again} == {"same"}
        market = yaml.safe_load(file.read_text())
        market["participants"][0]["roles"] = ["KING"]
        market["participants"][1]["mpid"] = "too long"
        market["participants"][2]["name"] = "Another name"
        file.with_suffix(".json").write_text(json.dumps(market))
        refused = await run(second, "import", file.with_suffix(".json"), code=1)
        assert [line.split(":")[0] for line in refused.stderr.splitlines()] == [
            one["dipId"] for one in market["participants"][:2]
        ]
        assert lines(refused)[0] == {"dipId": market["participants"][2]["dipId"], "done": "changed"}
        file.write_text("participants: 7")
        assert "market.yaml" in (await run(second, "import", file, code=2)).stderr
    await run(tmp_path / "nobody", "list", code=2)

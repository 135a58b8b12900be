"""The crash drill and the benchmark as commands: a few steps of the one, a short run of the other (FS-59)."""

import json
from pathlib import Path

import pytest

from tests.support.process import finished


@pytest.mark.requirement("FS-01", "FS-14", "FS-59")
async def test_nothing_acknowledged_is_lost_around_the_commit_of_a_request(tmp_path: Path) -> None:
    table = tmp_path / "drill.md"
    ended = await finished("drill", "--only", "the commit of a request", "--docs", table, within_s=120)
    assert ended.code == 0, ended
    found = json.loads(ended.stdout)
    assert found["lost"] == 0
    assert [step["step"] for step in found["steps"]] == [
        "before the commit of a request",
        "after the commit of a request",
    ]
    for step in found["steps"]:
        assert step["not_run"] == ""
        assert step["books"]["acknowledged"] > 0
    assert "2 of 2 steps run" in table.read_text()


@pytest.mark.requirement("FS-01", "FS-59")
async def test_a_full_disk_refuses_and_goes_on_when_there_is_room() -> None:
    ended = await finished("drill", "--only", "the disk is full", within_s=120)
    assert ended.code == 0, ended
    full, dead = json.loads(ended.stdout)["steps"]
    assert full["not_run"] == dead["not_run"] == ""
    assert full["books"]["lost"] == dead["books"]["lost"] == 0


async def test_a_drill_of_no_step_ends_with_2() -> None:
    ended = await finished("drill", "--only", "nonsense")
    assert ended.code == 2
    assert "before the commit of a request" in ended.stderr


@pytest.mark.parametrize(("mode", "opened"), [("singles", 0), ("encrypted", 1)])
async def test_a_short_benchmark_balances_its_books(mode: str, opened: int) -> None:
    ended = await finished("bench", mode, "--rate", "50", "--seconds", "2", within_s=120)
    assert ended.code == 0, ended
    found = json.loads(ended.stdout)
    assert found["detail"]["opened"] >= opened
    assert found["detail"]["messages"]["accepted_rate"] == pytest.approx(50, rel=0.2)
    assert {target["name"] for target in found["targets"]} == {"p50", "p90", "max"}


@pytest.mark.parametrize("steps", ["commit of an appointment", "commit of a part of an import"])
@pytest.mark.requirement("FS-35", "FS-59")
async def test_the_mpan_table_has_what_was_acknowledged_just_once(steps: str) -> None:
    ended = await finished("drill", "--only", steps, within_s=120)
    assert ended.code == 0, ended
    before, after = json.loads(ended.stdout)["steps"]
    for step in (before, after):
        assert step["not_run"] == ""
        assert step["books"]["acknowledged"] > 0
        assert step["books"]["lost"] == 0

"""The benchmark of publications and the drill of uploads as commands, small (FS-36, FS-37, FS-59)."""

import json

import pytest

from tests.support.process import finished


@pytest.mark.requirement("FS-36", "FS-37", "FS-57", "FS-59")
async def test_payloads_are_uploaded_announced_downloaded_and_filtered_while_messages_flow() -> None:
    sizes = ("--gib", "0.02", "--mib", "4", "--filter-gb", "0.02")
    crowd = ("--recipients", "3", "--downloads", "4", "--rate", "40", "--messages", "400")
    ended = await finished("bench", "publications", *sizes, *crowd, within_s=240)
    assert ended.code == 0, ended
    found = json.loads(ended.stdout)
    assert found["rows"]["messages lost, doubled"][0].startswith("0, ")
    assert found["rows"]["announcements lost, doubled"][0].startswith("0, ")
    detail = found["detail"]
    assert len(detail["found"]["told_s"]) == 3
    assert len(detail["found"]["downloads_s"]) == 4
    assert 0 < detail["found"]["equal_s"][0] <= detail["found"]["equal_s"][2]
    assert detail["sent"] >= 40
    assert "upload" in detail["growth_mb"]


async def test_a_run_for_which_there_is_no_room_ends_with_1_and_says_so() -> None:
    ended = await finished("bench", "publications", "--gib", "1000000", within_s=60)
    assert ended.code == 1
    assert "GB free" in ended.stderr


@pytest.mark.parametrize("steps", ["commit of a whole payload", "commit of an announcement", "last bytes of a payload"])
@pytest.mark.requirement("FS-36", "FS-59")
async def test_a_killed_upload_is_whole_and_announced_once_or_resumable_and_invisible(steps: str) -> None:
    ended = await finished("drill", "--only", steps, within_s=120)
    assert ended.code == 0, ended
    found = json.loads(ended.stdout)
    assert len(found["steps"]) == 2
    for step in found["steps"]:
        assert step["not_run"] == ""
        assert step["books"]["acknowledged"] > 0
        assert step["books"]["lost"] == 0

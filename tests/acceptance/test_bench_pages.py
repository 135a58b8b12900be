"""The benchmark of pages as a command, small (FS-59)."""

import json
from pathlib import Path

import pytest

from tests.support.process import finished


@pytest.mark.requirement("FS-59")
async def test_every_page_is_asked_for_over_an_archive_that_is_filled_once(tmp_path: Path) -> None:
    kept = ("--keep", tmp_path)
    ended = await finished("bench", "pages", "--messages", "2000", "--asks", "1", *kept, within_s=280)
    found = json.loads(ended.stdout)
    # How quick a busy machine is says nothing here.
    assert ended.code == (0 if all(target["met"] for target in found["targets"]) else 1)
    assert [one for one in found["detail"] if one["fault"]] == []
    assert {one["visitor"] for one in found["detail"]} == {"bench.administrator", "bench.company"}
    assert found["targets"][0]["met"]
    sizes = {one["name"]: one["size"] for one in found["detail"] if one["visitor"] == "bench.company"}
    assert sizes["/messages?transaction={transaction_id}"] > sizes["/healthz"]

    other = await finished("bench", "pages", "--messages", "3000", *kept, within_s=60)
    assert other.code == 1
    assert "was filled with 2,000 messages" in " ".join(other.stderr.split())

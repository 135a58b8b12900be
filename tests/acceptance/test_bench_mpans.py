"""The benchmarks of the MPAN table as commands, tiny (FS-35, FS-48)."""

import json

import pytest

from tests.support.process import finished


@pytest.mark.requirement("FS-35", "FS-48")
async def test_a_market_is_imported_asked_and_started_from_again() -> None:
    ended = await finished("bench", "mpans", "--sizes", "500", within_s=180)
    assert ended.code == 0, ended
    found = json.loads(ended.stdout)
    assert found["heads"] == ["500"]
    (one,) = found["detail"]
    assert one["mpans"] == 500
    assert one["rows"] > 5 * 500
    assert one["cached"]["count"] == 50 * 100
    assert one["disk"]["count"] == one["disk_floor"]["count"] == 400
    assert one["cold"]["count"] == one["after_start"]["count"] == 50
    assert one["database_mb"] > 0


@pytest.mark.requirement("FS-21", "FS-35")
async def test_updates_that_piled_up_are_all_in_the_table_and_every_message_was_routed_by_it() -> None:
    words = ("--waiting", "2000", "--mpans", "2500", "--rate", "100", "--seconds", "2")
    ended = await finished("bench", "updates", *words, within_s=180)
    assert ended.code == 0, ended
    found = json.loads(ended.stdout)
    assert found["rows"]["lost, routed elsewhere"] == ["0, 0"]
    assert found["detail"]["applied_a_second"] > 0
    assert set(found["detail"]["alone_ms"]) == set(found["detail"]["burdened_ms"]) == {"p50", "p90", "p99", "max"}


async def test_sizes_that_are_none_are_refused() -> None:
    for sizes in ("many", "5", "1000,"):
        refused = await finished("bench", "mpans", "--sizes", sizes)
        assert refused.code == 2
        assert "--sizes" in refused.stderr

"""The portal's page of imports and pulls."""

from pathlib import Path

import aiohttp
import pytest

from tests.conftest import Serve
from tests.integration.pulls.pulls import QUICK, SERVICE_1, ended, mpan, order, serving, two_rows, written
from tests.support.platform import Platform

pytestmark = pytest.mark.requirement("FS-35")


async def shown(platform: Platform, content: bytes | None = None) -> tuple[str, str | None]:
    """The page, and whether it refreshes itself; before it a file is imported."""
    token = (platform.dip.directory / "admin.token").read_text().strip()
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/html"}
    async with aiohttp.ClientSession(platform.dip.portal_url, headers=headers, trust_env=False) as session:
        if content is not None:
            async with session.post("/admin/api/mpans?run=by-hand", data=content) as answer:
                assert answer.status == 200
        async with session.get("/mpans/runs") as answer:
            assert answer.status == 200
            return await answer.text(), answer.headers.get("Refresh")


async def test_imports_and_pulls_stand_on_one_page(serve: Serve, tmp_path: Path) -> None:
    rows = [*two_rows(range(15)), (mpan(20), "SUP", "2399999999", "2024-01-01", "")]
    async with serve(**QUICK) as platform:
        text, refresh = await shown(platform)
        assert "Nothing was pulled yet" in text and "No file was imported yet" in text and refresh is None
        async with serving(platform, SERVICE_1, written(tmp_path / "1.csv", rows)) as url:
            await order(platform, s2200000001=url)
            await ended(platform)
        text, refresh = await shown(platform, f"{mpan(1)},SUP,2300000001,2024-01-01,\n".encode())
    assert "by-hand" in text and "2399999999" in text and ">finished<" in text and "31 rows" in text
    assert refresh is None and mpan(20) not in text


async def test_the_page_refreshes_itself_while_a_pull_is_under_way(serve: Serve, tmp_path: Path) -> None:
    file = written(tmp_path / "1.csv", two_rows(range(15)))
    async with serve(**QUICK) as platform, serving(platform, SERVICE_1, file, delay_s=3600) as url:
        await order(platform, s2200000001=url)
        text, refresh = await shown(platform)
    assert ">running<" in text and refresh == "3;url=/mpans/runs"

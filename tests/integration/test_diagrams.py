"""A whole appointment of a data service, drawn from what the server remembers of it."""

import aiohttp
import pytest

from tests.conftest import Serve
from tests.support.happenings import read_svg
from tests.support.played import play
from tests.support.waiting import until


@pytest.mark.requirement("FS-53", "FS-54")
async def test_an_appointment_that_was_played_is_drawn_from_end_to_end(serve: Serve) -> None:
    async with serve() as platform, aiohttp.ClientSession(platform.dip.portal_url) as session:
        correlation = (await play(platform)).correlation
        token = (platform.dip.directory / "admin.token").read_text()
        session.headers["Authorization"] = f"Bearer {token}"

        async def drawn(name: str) -> str:
            async with session.get(f"/diagrams/{name}", params={"correlation": correlation}) as answer:
                assert answer.status == 200
                return await answer.text()

        async def all_delivered() -> bool:
            return "○" not in await drawn("diagram.mmd")

        await until(all_delivered)
        text = await drawn("diagram.mmd")
        assert "✕" not in text
        assert "(reply to 1)" in text
        sent = text.count("[DS")
        assert sent == 7
        delivered = text.count("✓ delivered")
        assert delivered >= 17
        root = read_svg(await drawn("diagram.svg"))
        tips = [one for one in root.iter() if one.tag.endswith("polygon")]
        assert len(tips) == sent + delivered


@pytest.mark.requirement("FS-53")
async def test_a_diagram_says_what_it_leaves_out(serve: Serve) -> None:
    async with (
        serve(diagram_messages=3, diagram_deliveries=4) as platform,
        aiohttp.ClientSession(platform.dip.portal_url) as session,
    ):
        correlation = (await play(platform)).correlation
        session.headers["Authorization"] = f"Bearer {(platform.dip.directory / 'admin.token').read_text()}"
        for name in ("diagram.svg", "diagram.mmd", "diagram.html"):
            async with session.get(f"/diagrams/{name}", params={"correlation": correlation}) as answer:
                text = await answer.text()
            assert "Only the newest 3 messages are shown" in text, name
            assert "Only the newest 4 deliveries are shown" in text, name

"""The pages about participants, as an administrator and as a company's user see them (FS-43, FS-57)."""

import re

import aiohttp
import pytest
from argon2 import PasswordHasher

from dip.store.users import User
from tests.conftest import Serve
from tests.integration.duties.desk import Desk, desk
from tests.support.platform import Platform


@pytest.mark.requirement("FS-57", "FS-43")
async def test_an_administrator_adds_finds_changes_and_offboards(serve: Serve) -> None:
    async with serve() as platform, desk(platform) as office:
        assert "Kestrel Energy Supply" in await office.page("/participants")
        found = await office.page("/participants?q=kestrel+sup")
        assert found.count('href="/participants/23') == 1
        assert "No participant fits" in await office.page("/participants?q=nobody")
        made = await office.send_form("/participants/new", mpid="news", name="New <Supply>", role="SUP")
        assert "New &lt;Supply&gt;" in made
        assert "shown this once" in made
        refused = await office.send_form("/participants/new", mpid="x", name="New", role="SUP")
        assert "/mpid: expected 4 capitals and digits" in refused
        page = "/participants/2300000003"
        saved = await office.send_form(page, do="save", mpid="NEWS", name="Newer", role="LDSO", company="77")
        assert "Saved; it counts from now on." in saved
        assert "no channel" not in await office.page(page)
        key = await office.send_form(page, do="new-key")
        assert "The old API key is void." in key
        unconfirmed = await office.send_form(page, do="offboard", confirm="yes")
        assert "Type 2300000003 to confirm." in unconfirmed
        gone = await office.send_form(page, do="offboard", confirm="2300000003")
        assert "Offboarded" in gone
        assert "Newer" not in await office.page("/participants")
        assert "Newer" in await office.page("/participants?left=true")
        await office.page("/participants/9999999999", 404)


def _visiting(platform: Platform) -> aiohttp.ClientSession:
    """A browser, which keeps cookies of a loopback address as well."""
    jar = aiohttp.CookieJar(unsafe=True)
    return aiohttp.ClientSession(platform.dip.portal_url, headers={"Accept": "text/html"}, cookie_jar=jar)


async def _logged_in(platform: Platform, session: aiohttp.ClientSession, *powers: str) -> str:
    """A user of the retriever's company logs in; the token of its forms."""
    hashed = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("a password to test with")
    await platform.dip.store.users.save_user(
        User(
            name="meter",
            password_hash=hashed,
            powers=powers,
            made_at=platform.dip.clock.wall(),
            author="test",
            company="09000020",
        )
    )
    async with session.post("/login", data={"name": "meter", "password": "a password to test with"}) as answer:
        text = await answer.text()
    found = re.search(r'name="form_token" value="([^"]+)"', text)
    assert found is not None, text
    return found[1]


@pytest.mark.requirement("FS-41", "FS-43")
async def test_a_company_signs_up_itself_and_changes_nothing_else(serve: Serve) -> None:
    async with (
        serve() as platform,
        _visiting(platform) as session,
    ):
        token = await _logged_in(platform, session, "company-users")
        mine = Desk(session)
        listed = await mine.page("/participants")
        assert "Alder Meter Data Retrieval" in listed
        assert "Kestrel" not in listed
        assert "Add a participant" not in listed
        page = await mine.page("/participants/1600000001")
        assert "Save what it signs up for" in page
        assert "Offboard" not in page
        await mine.page("/participants/2300000001", 404)
        form = {"form_token": token, "do": "sign-up", "optional_role": "MRS", "optional_channel": "IF-006"}
        assert "Saved" in await mine.send_form("/participants/1600000001", **form)
        one = next(one for one in platform.dip.participants.value if one.dip_id == "1600000001")
        assert (one.roles, one.optional_channels) == (("MDR", "MRS"), ("IF-006",))
        for forbidden in (
            {"do": "save", "role": "SUP"},
            {"do": "offboard", "confirm": "1600000001"},
            {"do": "new-key"},
        ):
            await mine.send_form("/participants/1600000001", form_token=token, **forbidden)
        unchanged = next(one for one in platform.dip.participants.value if one.dip_id == "1600000001")
        assert unchanged == one


@pytest.mark.requirement("FS-43")
async def test_who_only_reads_changes_nothing(serve: Serve) -> None:
    async with (
        serve() as platform,
        _visiting(platform) as session,
    ):
        token = await _logged_in(platform, session, "read-only")
        mine = Desk(session)
        assert "Save what it signs up for" not in await mine.page("/participants/1600000001")
        before = list(platform.dip.participants.value)
        await mine.send_form("/participants/1600000001", form_token=token, do="sign-up")
        assert list(platform.dip.participants.value) == before

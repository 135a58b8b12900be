"""The dashboard keeps itself up to date: what comes, to whom, how many, and when it ends."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import pytest
from argon2 import PasswordHasher

from dip.http.portal.powers import Power
from dip.messages.identifiers import DipId
from dip.store.alarms import AlarmKind
from dip.store.users import User
from tests.conftest import Serve
from tests.integration.dashboard.watching import EVENTS, Watcher, a_rejected_message, watching
from tests.integration.delivery.conftest import REGISTRATION, SUPPLIER, send
from tests.integration.duties.desk import desk
from tests.support.platform import Platform
from tests.support.waiting import until

QUICK = {"dashboard_refresh_s": 0.05, "alarm_check_s": 3600.0, "dead_letter_sweep_s": 3600.0}
PASSWORD = "a password for tests"
_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


@asynccontextmanager
async def somebody(
    platform: Platform, name: str, *powers: Power, of: str | None = None
) -> AsyncIterator[aiohttp.ClientSession]:
    """A user who is logged in; of: a participant whose company the user works for."""
    company = None
    if of is not None:
        participant = platform.dip.participants.value.present(DipId(of))
        assert participant is not None
        company = participant.company
    now = platform.dip.clock.wall()
    made = User(name=name, password_hash=_HASH, powers=tuple(powers), company=company, made_at=now, author="test")
    await platform.dip.store.users.save_user(made)
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(platform.dip.portal_url, cookie_jar=jar) as session:
        async with session.post("/login", data={"name": name, "password": PASSWORD}, allow_redirects=False) as answer:
            assert answer.status == 303
        yield session


def figure(watcher: Watcher, name: str) -> int | None:
    """A number of the dashboard."""
    found = re.search(rf'data-figure="{name}">([\d,]+)<', "".join(watcher.blocks.values()))
    return None if found is None else int(found[1].replace(",", ""))


@pytest.mark.requirement("FS-51", "FS-56")
async def test_what_is_sent_is_seen_without_loading_the_page_again(serve: Serve) -> None:
    async with serve(**QUICK) as platform, somebody(platform, "kestrel", Power.SUPPORT) as session:
        async with watching(session) as watcher:
            await watcher.until(lambda one: figure(one, "in-today") == 0 and "Nothing waits" in one.says("queues"))
            await send(platform, 3)
            await watcher.until(lambda one: figure(one, "in-today") == 3 and "3</strong> waiting" in one.says("queues"))
            platform.dip.duties.alarms.raised(AlarmKind.CENTRAL_FEED, "feed of companies", "It gives no answer.")
            await watcher.until(lambda one: "feed of companies" in one.says("alarms"))
            transaction = await a_rejected_message(platform)
            await watcher.until(lambda one: f"/messages/{transaction}" in one.says("failures"))
            assert "RCP1061" in watcher.blocks["failures"]
            await watcher.until(lambda one: figure(one, "rejected") == 4)


@pytest.mark.requirement("FS-50")
async def test_a_company_sees_its_own_and_the_totals_of_everybody(serve: Serve) -> None:
    async with AsyncExitStack() as stack:
        platform = await stack.enter_async_context(serve(**QUICK))
        transaction = await a_rejected_message(platform)
        await send(platform, 2, name="if-021", sender="1400000001")
        alarms = platform.dip.duties.alarms
        alarms.raised(AlarmKind.DEAD_LETTERS, f"{REGISTRATION} IF-031", "1 dead letter.")
        alarms.raised(AlarmKind.DEAD_LETTERS, f"{SUPPLIER} IF-032", "1 dead letter.")
        supplier = await stack.enter_async_context(somebody(platform, "sup", Power.COMPANY_MESSAGES, of=SUPPLIER))
        other = await stack.enter_async_context(
            somebody(platform, "other", Power.COMPANY_MESSAGES, Power.COMPANY_CERTIFICATES, of="2300000002")
        )
        seen = await stack.enter_async_context(watching(supplier))
        others = await stack.enter_async_context(watching(other))
        everything = {"alarms", "traffic", "latency", "failures", "queues", "balance", "server", "maintenance"}
        await seen.until(lambda one: set(one.blocks) == everything)
        await others.until(lambda one: set(one.blocks) == everything | {"certificates"})
        for watcher in (seen, others):
            await watcher.until(lambda one: figure(one, "in-today") == 3 and figure(one, "rejected") == 1)
        assert transaction in seen.blocks["failures"]
        assert f"{SUPPLIER} IF-032" in seen.blocks["alarms"]
        assert REGISTRATION not in seen.blocks["alarms"]
        shown = "".join(others.blocks.values())
        assert transaction not in shown
        assert SUPPLIER not in shown
        assert REGISTRATION not in shown
        assert "Nothing waits" in others.blocks["queues"]
        async with other.get("/admin/api/dashboard") as answer:
            told = await answer.json()
        assert (told["failures"], told["queues"]["items"], told["alarms"]["items"]) == ([], [], [])
        assert told["traffic"]["today"]["rejected"] == 1
        async with supplier.get("/admin/api/dashboard") as answer:
            told = await answer.json()
        assert [one["transactionId"] for one in told["failures"]] == [transaction]
        assert told["certificates"] is None


async def test_no_more_streams_are_open_than_the_setting_says(serve: Serve) -> None:
    async with serve(dashboard_streams=1, **QUICK) as platform, somebody(platform, "one", Power.SUPPORT) as session:
        async with watching(session) as watcher:
            await watcher.read()
            async with session.get(EVENTS) as answer:
                assert (answer.status, (await answer.json(content_type=None))["code"]) == (503, "too_many_streams")

        async def taken() -> bool:
            async with session.get(EVENTS) as answer:
                return answer.status == 200

        await until(taken)


@pytest.mark.requirement("FS-67")
async def test_a_stream_ends_with_the_log_in(serve: Serve) -> None:
    async with serve(**QUICK) as platform, somebody(platform, "one", Power.SUPPORT) as session:
        async with session.get("/account/password", headers={"Accept": "text/html"}) as answer:
            token = re.search(r'name="form_token" value="([^"]+)"', await answer.text())
        assert token is not None
        async with watching(session) as watcher:
            await watcher.until(lambda one: one.blocks)
            async with session.post("/logout", data={"form_token": token[1]}) as answer:
                assert answer.status == 200
            await watcher.to_end()
            assert watcher.over


@pytest.mark.requirement("FS-67")
async def test_a_stream_of_a_user_who_is_disabled_ends(serve: Serve) -> None:
    async with serve(**QUICK) as platform, desk(platform) as office:
        async with somebody(platform, "one", Power.SUPPORT) as session, watching(session) as watcher:
            await watcher.until(lambda one: one.blocks)
            await office.delete("users/one", 204)
            await watcher.to_end()
            assert watcher.over


async def test_a_stopping_server_ends_its_streams(serve: Serve) -> None:
    async with AsyncExitStack() as outer:
        async with serve(**QUICK) as platform:
            token = (platform.dip.directory / "admin.token").read_text().strip()
            headers = {"Authorization": f"Bearer {token}"}
            session = await outer.enter_async_context(aiohttp.ClientSession(platform.dip.portal_url, headers=headers))
            watcher = await outer.enter_async_context(watching(session))
            await watcher.until(lambda one: one.blocks)
        await watcher.to_end()
        assert not watcher.over


async def test_a_quiet_stream_shows_that_it_lives(serve: Serve) -> None:
    async with serve(**{**QUICK, "stream_heartbeat_s": 0.05}) as platform:
        async with somebody(platform, "one", Power.COMPANY_CERTIFICATES, of=SUPPLIER) as session:
            async with watching(session) as watcher:
                await watcher.until(lambda one: one.comments > 1)


async def test_nobody_watches_without_a_log_in(serve: Serve) -> None:
    async with serve(**QUICK) as platform, aiohttp.ClientSession(platform.dip.portal_url) as session:
        async with session.get(EVENTS, headers={"Accept": "text/event-stream"}) as answer:
            assert answer.status == 401

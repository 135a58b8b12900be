"""An administrator has messages queued again, by a call and on the page (5.5.11)."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from tests.conftest import Serve
from tests.integration.delivery.conftest import Receive
from tests.integration.replay.asking import CHANNEL, PLENTY, REGISTRATION, send
from tests.support.platform import Platform
from tests.support.queues import lanes_waiting
from tests.support.waiting import until


@asynccontextmanager
async def administrator(platform: Platform) -> AsyncIterator[aiohttp.ClientSession]:
    """A program with the token."""
    token = (platform.dip.directory / "admin.token").read_text().strip()
    async with aiohttp.ClientSession(platform.dip.portal_url, headers={"Authorization": f"Bearer {token}"}) as session:
        yield session


class Visit:
    """Somebody who is logged in."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self.refresh: str | None = None

    async def open(self, path: str) -> str:
        async with self._session.get(path, headers={"Accept": "text/html"}) as answer:
            assert answer.status == 200
            self.refresh = answer.headers.get("Refresh")
            return await answer.text()

    async def send(self, status: int, **fields: str) -> str:
        """Send the form; where it leads, or the page that answers."""
        found = re.search(r'name="form_token" value="([^"]*)"', await self.open("/replay"))
        assert found is not None
        async with self._session.post(
            "/replay",
            data={"form_token": found.group(1), **fields},
            headers={"Accept": "text/html"},
            allow_redirects=False,
        ) as answer:
            assert answer.status == status, await answer.text()
            return answer.headers["Location"] if status == 303 else await answer.text()


@asynccontextmanager
async def visiting(platform: Platform) -> AsyncIterator[Visit]:
    """A visit of the first administrator."""
    password = (platform.dip.directory / "admin.password").read_text().strip()
    async with aiohttp.ClientSession(platform.dip.portal_url, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        async with session.post("/login", data={"name": "admin", "password": password}, allow_redirects=False) as made:
            assert made.status == 303
        async with session.get("/account/password", headers={"Accept": "text/html"}) as form:
            found = re.search(r'name="form_token" value="([^"]*)"', await form.text())
            assert found is not None
        change = {"form_token": found[1], "old": password, "new": "quite another word", "again": "quite another word"}
        async with session.post("/account/password", data=change, allow_redirects=False) as changed:
            assert changed.status == 303
        yield Visit(session)


async def listed(session: aiohttp.ClientSession, query: str = "") -> dict[str, Any]:
    async with session.get(f"/admin/api/requeues{query}") as answer:
        assert answer.status == 200
        found: dict[str, Any] = await answer.json()
        return found


@pytest.mark.requirement("FS-32")
async def test_an_administrator_requeues_for_a_participant_by_a_call(serve: Serve, receive: Receive) -> None:
    async with serve() as platform, administrator(platform) as session:
        registration = await receive(platform)
        sent = await send(platform, 2)
        await registration.received(2)
        await until(lambda: not lanes_waiting(platform.dip.store.messages))
        order = {"recipient": REGISTRATION, "channel": "if-031", "transactionIDs": [sent[1].transaction_id]}
        async with session.post("/admin/api/requeues", json=order) as answer:
            assert answer.status == 202
            begun = await answer.json()
        assert (begun["recipient"], begun["channel"], begun["status"]) == (REGISTRATION, CHANNEL, "Processing")
        assert (await registration.received(3))[2:] == [sent[1].reference]

        async def completed() -> Any:
            (item,) = (await listed(session))["items"]
            return item["status"] == "Completed" and item

        item = await until(completed)
        assert (item["requeueId"], item["percentComplete"], item["endedAt"] is not None) == (
            begun["requeueId"],
            100,
            True,
        )
        client = await platform.client(REGISTRATION)
        assert [one.requeue_id for one in await client.requeue_status(CHANNEL)] == [begun["requeueId"]]


@pytest.mark.requirement("FS-32")
@pytest.mark.parametrize(
    ("order", "status", "said"),
    [
        ([], 400, "JSON object"),
        ({"channel": CHANNEL}, 400, "/recipient"),
        ({"recipient": "9999999999", "channel": CHANNEL}, 400, "/recipient"),
        ({"recipient": REGISTRATION}, 400, "/channel"),
        ({"recipient": REGISTRATION, "channel": "IF-999"}, 400, "/channel"),
        ({"recipient": REGISTRATION, "channel": CHANNEL, "MPAN": "1"}, 400, "/MPAN"),
        ({"recipient": REGISTRATION, "channel": CHANNEL, "transactionID": "T-1"}, 400, "/transactionID"),
        ({"recipient": REGISTRATION, "channel": CHANNEL, "transactionIDs": ["T-1"]}, 400, "/transactionIDs/0"),
    ],
)
async def test_an_order_that_has_faults_is_refused(serve: Serve, order: Any, status: int, said: str) -> None:
    async with serve() as platform, administrator(platform) as session:
        async with session.post("/admin/api/requeues", json=order) as answer:
            assert answer.status == status
            assert said in (await answer.json(content_type=None))["detail"]
        assert (await listed(session))["items"] == []


async def test_the_list_is_paged_newest_first(serve: Serve) -> None:
    async with serve() as platform, administrator(platform) as session:
        client = await platform.client(REGISTRATION)
        names = [
            await client.requeue(channel, **(PLENTY if channel == "statusmessage" else {}))
            for channel in ("IF-909", CHANNEL, "statusmessage")
        ]
        first = await listed(session, "?limit=2")
        assert [item["requeueId"] for item in first["items"]] == [names[2], names[1]]
        second = await listed(session, f"?limit=2&next={first['next']}")
        assert [item["requeueId"] for item in second["items"]] == [names[0]] and second["next"] is None


@pytest.mark.requirement("FS-32")
async def test_the_page_begins_a_requeue_and_follows_it(serve: Serve, receive: Receive) -> None:
    async with serve() as platform, visiting(platform) as visit:
        registration = await receive(platform)
        sent = await send(platform, 3)
        await registration.received(3)
        await until(lambda: not lanes_waiting(platform.dip.store.messages))
        assert "Nobody has asked for one yet." in await visit.open("/replay")
        where = await visit.send(
            303,
            recipient=REGISTRATION,
            channel=CHANNEL,
            event="DSApp",
            first=sent[1].transaction_id,
            **{"from": "2090-01-01T00:00"},
        )
        assert (await registration.received(5))[3:] == [sent[1].reference, sent[2].reference]
        page = await visit.open(where)
        name = where.partition("=")[2]
        assert f"The requeue <code>{name}</code> has begun." in page

        async def ended() -> bool:
            page = await visit.open("/replay")
            return "Completed" in page and "2 of 2" in page and visit.refresh is None

        assert await until(ended)
        await visit.send(303, recipient=REGISTRATION, channel="statusmessage", transactions=sent[0].transaction_id)


@pytest.mark.requirement("FS-32")
async def test_the_page_shows_a_fault_beside_what_was_typed(serve: Serve) -> None:
    async with serve() as platform, visiting(platform) as visit:
        page = await visit.send(400, recipient=REGISTRATION, channel=CHANNEL, event="[None]", transactions="T-1\nT-2")
        assert 'role="alert"' in page and "/eventCode" in page
        assert 'value="[None]"' in page and "T-1\nT-2</textarea>" in page
        assert f'<option value="{REGISTRATION}" selected>' in page
        page = await visit.send(400, recipient=REGISTRATION, channel="statusmessage", transactions="T-1 T-2")
        assert "one transaction at most" in page
        assert "/recipient" in await visit.send(400, channel=CHANNEL)


async def test_the_page_needs_a_log_in(serve: Serve) -> None:
    async with serve() as platform, aiohttp.ClientSession(platform.dip.portal_url) as session:
        async with session.get("/replay", headers={"Accept": "text/html"}, allow_redirects=False) as answer:
            assert answer.status == 303
        async with session.post("/admin/api/requeues", json={}) as answer:
            assert answer.status == 401

"""Every kind of request leaves a record, refused ones too, and nothing personal stands in any."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from tests.conftest import Serve
from tests.integration.delivery.conftest import REGISTRATION, SUPPLIER, receive, send
from tests.integration.delivery.receiver import Receiver
from tests.support.platform import Platform, sample
from tests.support.waiting import until

__all__ = ["receive"]
pytestmark = pytest.mark.requirement("FS-45", "FS-18")


@asynccontextmanager
async def administrator(platform: Platform) -> AsyncIterator[aiohttp.ClientSession]:
    token = (platform.dip.directory / "admin.token").read_text().strip()
    async with aiohttp.ClientSession(platform.dip.portal_url, headers={"Authorization": f"Bearer {token}"}) as session:
        yield session


async def records(platform: Platform, **query: str) -> list[dict[str, Any]]:
    """What the administration API lists, newest first: each record with its number."""
    async with administrator(platform) as session, session.get("/admin/api/activity", params=query) as answer:
        assert answer.status == 200
        return [{"number": one["number"], **one["record"]} for one in (await answer.json())["items"]]


async def record_of(platform: Platform, headers: Mapping[str, str]) -> dict[str, Any]:
    """The record whose id an answer carried."""
    uid = headers["X-Request-Id"]

    async def found() -> dict[str, Any] | None:
        listed = await records(platform)
        return next((one for one in listed if one["Attributes"]["log.record.uid"] == uid), None)

    made: dict[str, Any] = await until(found)
    return made


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/healthz", 200),
        ("GET", "/admin/api/queues", 200),
        ("GET", "/nothing", 404),
        ("DELETE", "/healthz", 405),
        ("GET", "/admin/api/messages?mpan=12", 400),
        ("GET", "/openapi.json", 200),
        ("GET", "/static/dip.css", 200),
    ],
)
async def test_a_request_to_the_portal_leaves_a_record(serve: Serve, method: str, path: str, status: int) -> None:
    async with serve() as platform, administrator(platform) as session:
        async with session.request(method, path) as answer:
            assert answer.status == status
            body = await answer.read()
        found = await record_of(platform, answer.headers)
        attributes = found["Attributes"]
        assert attributes["http.request.method"] == method
        assert attributes["url.path"] == path.partition("?")[0]
        assert attributes["http.response.status_code"] == status
        if path not in ("/openapi.json", "/static/dip.css"):
            assert attributes["http.response.body.size"] == len(body)
        assert attributes["dip.duration_us"] > 0
        assert attributes["client.address"] == "127.0.0.1"
        assert found["SeverityText"] == ("INFO" if status < 400 else "WARN")


async def test_who_is_not_let_in_leaves_a_record(serve: Serve) -> None:
    async with serve() as platform, aiohttp.ClientSession(platform.dip.portal_url) as session:
        async with session.get("/admin/api/queues", headers={"Authorization": "Bearer wrong"}) as answer:
            assert answer.status == 401
        found = await record_of(platform, answer.headers)
        assert found["Attributes"]["http.response.status_code"] == 401
        assert "user.id" not in found["Attributes"]
        url = f"{platform.dip.api_url}/dip-channel/IF-031"
        async with session.post(url, data=b"[]", ssl=False) as answer:
            assert answer.status == 401
        found = await record_of(platform, answer.headers)
        assert found["Body"]["messageArray"][0]["message"].startswith("MSG1000")


@pytest.mark.parametrize(
    ("settings", "path", "body", "status"),
    [
        ({}, "/dip-channel/IF-999", b"[]", 404),
        ({"body_limit_bytes": 2000}, "/dip-channel/IF-031", b" " * 3000, 413),
        ({"requests_a_second": 1e-9}, "/dip-channel/IF-031", b"[]", 429),
        ({}, "/dip-channel/IF-031/messages/2200000001/ack", b"[]", 401),
    ],
)
async def test_a_refused_call_of_a_participant_leaves_a_record(
    serve: Serve, settings: dict[str, Any], path: str, body: bytes, status: int
) -> None:
    async with serve(**settings) as platform:
        context = platform.credentials(SUPPLIER).calling_context()
        async with aiohttp.ClientSession() as session:
            for _ in range(3 if status == 429 else 1):
                async with session.post(f"{platform.dip.api_url}{path}", data=body, ssl=context) as answer:
                    pass
            assert answer.status == status
        attributes = (await record_of(platform, answer.headers))["Attributes"]
        assert attributes["http.response.status_code"] == status
        assert attributes["user.id"] == SUPPLIER
        assert len(attributes["tls.client.hash.sha256"]) == 64


async def test_a_message_in_and_the_call_to_a_webhook_leave_records_without_its_content(
    serve: Serve, receive: Any
) -> None:
    async with serve(profile="live") as platform:
        receiver: Receiver = await receive(platform)
        (sent,) = await send(platform)
        await receiver.received(1)
        message = sample("if-031")
        mpan = message["payload"]["CommonBlock"]["M0"]["MPANCore"]

        async def out() -> dict[str, Any] | None:
            found = await records(platform, who=REGISTRATION, path="https://")
            return found[0] if found else None

        called = await until(out)
        assert called["EventName"] == "dip.request.sent"
        assert called["Attributes"]["dip.party"] == REGISTRATION
        assert called["Attributes"]["url.full"] == receiver.url()
        assert called["Attributes"]["http.response.status_code"] == 201
        assert called["Body"]["messageArray"][0]["transactionID"] == sent.transaction_id
        (taken,) = await records(platform, who=SUPPLIER, path="/dip-channel/IF-031")
        assert taken["Body"]["messageArray"][0]["transactionID"] == sent.transaction_id
        assert mpan not in json.dumps(await records(platform))


async def test_answers_that_carry_messages_and_look_ups_are_masked(serve: Serve) -> None:
    async with serve(profile="live") as platform:
        await send(platform, 2)
        mpan = sample("if-031")["payload"]["CommonBlock"]["M0"]["MPANCore"]
        client = await platform.client(REGISTRATION)
        pulled = await client.pull("IF-031")
        assert pulled is not None
        async with administrator(platform) as session:
            for path in (f"/admin/api/mpans/{mpan}", f"/admin/api/messages?mpan={mpan}", f"/messages?mpan={mpan}"):
                async with session.get(path) as answer:
                    assert answer.status == 200
            found = await record_of(platform, answer.headers)
            assert found["Attributes"]["url.query"] == "mpan=mpan:" + found["Attributes"]["url.query"][-32:]
            async with session.get("/admin/api/activity/export") as answer:
                exported = await answer.text()
        assert mpan not in exported
        lines = [json.loads(line)["record"] for line in exported.splitlines()]
        (body,) = (
            line["Body"]
            for line in lines
            if line["Attributes"].get("url.path", "").startswith("/dip-channel/IF-031/messages/")
        )
        assert [one["payload"]["CustomBlock"] for one in body] == ["[masked]"] * 2
        assert body[0]["payload"]["CommonBlock"]["M0"]["MPANCore"].startswith("mpan:")
        assert body[0]["payload"]["CommonBlock"]["S0"]["interfaceID"] == "IF-031"


async def test_a_log_in_leaves_neither_password_nor_token(serve: Serve) -> None:
    async with serve() as platform, aiohttp.ClientSession(platform.dip.portal_url) as session:
        password = (platform.dip.directory / "admin.password").read_text().strip()
        form = {"name": "admin", "password": password}
        async with session.post("/login", data=form, allow_redirects=False) as answer:
            assert answer.status == 303
        cookies = [cookie.value for cookie in session.cookie_jar]
        found = await record_of(platform, answer.headers)
        assert found["Attributes"]["http.response.status_code"] == 303
        written = json.dumps(await records(platform))
        assert not [secret for secret in (password, *cookies) if secret in written]


async def test_lists_are_filtered_and_paged(serve: Serve) -> None:
    async with serve(activity_linger_ms=0) as platform, administrator(platform) as session:
        for path in ("/healthz", "/nothing", "/healthz", "/queues"):
            async with session.get(path) as answer:
                pass
        await record_of(platform, answer.headers)
        assert [one["Attributes"]["url.path"] for one in await records(platform, path="/HEALTHZ")] == ["/healthz"] * 2
        assert [one["Attributes"]["url.path"] for one in await records(platform, status="4")] == ["/nothing"]
        assert await records(platform, who="nobody") == []
        assert await records(platform, to="2001-01-01") == []
        assert len(await records(platform, **{"from": "2001-01-01"}, path="/nothing")) == 1
        seen: list[int] = []
        following: int | str | None = ""
        while following is not None:
            async with session.get("/admin/api/activity", params={"limit": "3", "next": following}) as answer:
                page = await answer.json()
            seen += [one["number"] for one in page["items"]]
            following = page["next"]
        assert seen[-1] == 1
        assert seen == sorted(seen, reverse=True)
        for bad in ({"status": "x"}, {"from": "yesterday"}):
            async with session.get("/admin/api/activity", params=bad) as answer:
                assert answer.status == 400


async def test_the_page_shows_the_log_and_one_record_in_full(serve: Serve) -> None:
    async with serve(activity_linger_ms=0) as platform, administrator(platform) as session:
        async with session.get("/nothing") as answer:
            pass
        found = await record_of(platform, answer.headers)
        session.headers["Accept"] = "text/html"
        async with session.get("/activity?status=404") as answer:
            assert answer.status == 200
            page = await answer.text()
        assert f'href="/activity/{found["number"]}"' in page
        assert "audit verify" in page
        async with session.get(f"/activity/{found['number']}") as answer:
            assert found["Attributes"]["log.record.uid"] in await answer.text()
        async with session.get("/activity/999999") as answer:
            assert answer.status == 404


async def test_moving_the_clock_moves_old_records_into_files(serve: Serve) -> None:
    async with serve(activity_linger_ms=0) as platform, administrator(platform) as session:
        files = platform.dip.directory / "activity"
        for step, there in (("P14D", False), ("P100D", True)):
            async with session.post("/admin/api/clock", data=json.dumps({"advance": step})) as answer:
                assert answer.status == 200
            assert files.exists() is there
        async with session.get("/admin/api/activity/export") as answer:
            numbers = [json.loads(line)["number"] for line in (await answer.text()).splitlines()]
        assert numbers == list(range(1, len(numbers) + 1))

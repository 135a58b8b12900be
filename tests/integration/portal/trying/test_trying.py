"""Participants' calls that are tried out on the page of the API: signed, encrypted and sent by the server."""

import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
import pytest

from dip.channels.channel import Event
from dip.http.description.schemas import example_of
from dip.messages.identifiers import DipId, EventCode, InterfaceId
from tests.conftest import Serve
from tests.integration.portal.test_live_users import NEW, browser, form_token, log_in, office
from tests.support.platform import Platform, changed, platform
from tests.support.waiting import until

SUPPLIER, OTHER_SUPPLIER = "2300000001", "2300000002"
DATA_SERVICE, LOAD_SHAPING, REGISTRATION, METERING = "1400000001", "1900000001", "2200000001", "1300000001"
PAGE = {"Accept": "text/html"}
UNEDITED = (
    (DATA_SERVICE, "IF-021", "[ActivePower]"),
    (LOAD_SHAPING, "IF-022", "[LSSPeriodData]"),
    (SUPPLIER, "IF-031", "[DSApp]"),
    (SUPPLIER, "IF-027", "[ConsumptionAmendment]"),
    (SUPPLIER, "IF-042", "[CustomerName]"),
    (METERING, "IF-005", "[MeterExchange]"),
    (METERING, "IF-041", "[ReadingCOR]"),
    (METERING, "IF-909", "[DataServiceAppointment]"),
    (REGISTRATION, "IF-018", "[AddressChg]"),
    (REGISTRATION, "IF-036", "[DSAppActive]"),
    (REGISTRATION, "IF-043", "[ConnectionTypeChange]"),
    (DATA_SERVICE, "IF-061", "[MDRStart]"),
)
"""Who may send what: examples as the document has them."""


def event_of(platform: Platform, channel: str, code: str) -> Event:
    found = platform.dip.registry.value.find(InterfaceId(channel))
    assert found is not None
    return found.events[EventCode(code)]


def shown(platform: Platform, channel: str, code: str) -> Any:
    """The example of an event as the page has it for those who may try it out."""
    return example_of(event_of(platform, channel, code))


async def tried(
    session: aiohttp.ClientSession, sender: str, path: str, body: Any = "", status: int = 200, **more: Any
) -> Any:
    """What is said of a call; with a body it is a POST."""
    text = body if isinstance(body, str) else msgspec.json.encode(body).decode()
    call = {"as": sender, "method": "POST" if text else "GET", "path": path, "body": text, **more}
    async with session.post("/docs/try", json=call) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json(content_type=None)


@asynccontextmanager
async def user(platform: Platform, *powers: str, of: str) -> AsyncIterator[aiohttp.ClientSession]:
    """A user of a participant's company at a browser, with the token of its forms in every call."""
    companies = {one.dip_id: one.company for one in platform.dip.participants.value}
    order = {"name": "wren", "powers": powers, "company": companies[DipId(of)]}
    async with office(platform) as token, token.post("/admin/api/users", json=order) as made:
        password = (await made.json())["password"]
    async with browser(platform) as session:
        assert await log_in(session, "wren", password) == 303
        change = {"form_token": await form_token(session), "old": password, "new": NEW, "again": NEW}
        async with session.post("/account/password", data=change, allow_redirects=False) as answer:
            assert answer.status == 303
        session.headers["X-Form-Token"] = await form_token(session)
        yield session


async def offered(session: aiohttp.ClientSession, query: str = "") -> list[str]:
    """The DIP ids in whose names the page offers to send."""
    async with session.get(f"/docs{query}", headers=PAGE) as answer:
        found = re.search(r'data-trying="([^"]+)"', await answer.text())
    return [] if found is None else [one["dipId"] for one in msgspec.json.decode(html.unescape(found[1]))["senders"]]


@pytest.mark.requirement("FS-44")
@pytest.mark.parametrize("profile", ["spec", "live"])
async def test_the_examples_of_the_document_can_be_sent_as_they_are(serve: Serve, profile: str) -> None:
    async with serve(profile=profile, tries_a_second=0) as platform, office(platform) as session:
        for sender, channel, code in UNEDITED:
            said = await tried(session, sender, f"/dip-channel/{channel}", [shown(platform, channel, code)])
            assert said["status"] == platform.dip.settings.switches.status_all_taken, (channel, said["body"])
            entry = msgspec.json.decode(said["body"])["messageArray"][0]
            path = f"/admin/api/messages/{entry['transactionID']}"
            async with session.get(path) as answer:
                assert (await answer.json())["sender"] == sender
            (sent,) = msgspec.json.decode(said["sent"]["body"])
            known = platform.dip.registry.value.find(InterfaceId(channel))
            assert known is not None
            sealed = profile == "spec" and known.encrypted
            assert isinstance(sent["payload"]["CustomBlock"], str if sealed else dict), channel
            assert {"S1.senderDIPID", "S1.senderUniqueReference"} <= set(said["sent"]["filled"])


@pytest.mark.requirement("FS-44")
async def test_no_key_leaves_the_server(serve: Serve) -> None:
    async with serve() as platform, office(platform) as session:
        said = await tried(session, DATA_SERVICE, "/dip-channel/IF-021", [shown(platform, "IF-021", "[ActivePower]")])
        text = msgspec.json.encode(said).decode()
        assert platform.credentials(DATA_SERVICE).identity.api_key not in text
        assert "PRIVATE KEY" not in text
        assert said["sent"]["headers"]["X-DIP-Signature"] and said["headers"]["content-type"]


async def test_what_somebody_typed_itself_is_sent_as_it_was_typed(serve: Serve) -> None:
    async with serve() as platform, office(platform) as session:
        message = changed(shown(platform, "IF-021", "[ActivePower]"), "CommonBlock.S1.senderDIPID", OTHER_SUPPLIER)
        said = await tried(session, DATA_SERVICE, "/dip-channel/IF-021", [message])
        assert said["status"] == 403
        assert "S1.senderDIPID" not in said["sent"]["filled"]
        said = await tried(session, DATA_SERVICE, "/dip-channel/IF-021", "[{]")
        assert (said["status"], said["sent"]["body"]) == (400, "[{]")
        said = await tried(session, DATA_SERVICE, "/dip-channel/IF-021", [{"payload": 1}, 2])
        assert (said["status"], said["sent"]["filled"]) == (400, [])


async def test_a_refusal_comes_through_with_its_code(serve: Serve) -> None:
    async with serve() as platform, office(platform) as session:
        example = shown(platform, "IF-021", "[ActivePower]")
        said = await tried(session, SUPPLIER, "/dip-channel/IF-021", [example])
        assert said["status"] == 403 and "MSG" in said["body"]
        said = await tried(session, DATA_SERVICE, "/dip-channel/IF-031", [example])
        assert said["status"] == 400 and "MSG1002" in said["body"]


async def test_a_signature_that_was_typed_goes_out_instead(serve: Serve) -> None:
    async with serve() as platform, office(platform) as session:
        headers = {"X-DIP-Signature": "d3Jvbmc=", "accept": "text/plain"}
        said = await tried(
            session,
            DATA_SERVICE,
            "/dip-channel/IF-021",
            [shown(platform, "IF-021", "[ActivePower]")],
            headers=headers,
        )
        assert said["status"] in (400, 401)
        assert said["sent"]["headers"]["X-DIP-Signature"] == "d3Jvbmc="
        assert "accept" not in said["sent"]["headers"]


async def test_messages_are_pulled_in_ones_own_name_and_shown_decrypted(serve: Serve) -> None:
    async with serve() as platform, office(platform) as session:
        await tried(session, DATA_SERVICE, "/dip-channel/IF-021", [shown(platform, "IF-021", "[ActivePower]")])
        said = await tried(session, SUPPLIER, "/dip-channel/IF-021/messages/your-dip-id?wait=10")
        assert said["status"] == 200
        assert said["sent"]["url"].endswith(f"/messages/{SUPPLIER}?wait=10")
        assert isinstance(msgspec.json.decode(said["body"])[0]["payload"]["CustomBlock"], str)
        assert "B900" in said["opened"][0]["payload"]["CustomBlock"]


@pytest.mark.requirement("FS-44", "FS-50")
async def test_a_companys_user_sends_for_its_own_participants_alone(serve: Serve) -> None:
    async with serve() as platform, user(platform, "company-messages", of=SUPPLIER) as session:
        assert await offered(session) == [SUPPLIER]
        assert await offered(session, f"?as={OTHER_SUPPLIER}") == [SUPPLIER]
        example = [shown(platform, "IF-031", "[DSApp]")]
        assert (await tried(session, SUPPLIER, "/dip-channel/IF-031", example))["status"] == 202
        for foreign in (OTHER_SUPPLIER, "9999999999", "../2300000002"):
            await tried(session, foreign, "/dip-channel/IF-031", example, status=404)
        del session.headers["X-Form-Token"]
        await tried(session, SUPPLIER, "/dip-channel/IF-031", example, status=403)
        session.cookie_jar.clear()
        await tried(session, SUPPLIER, "/dip-channel/IF-031", example, status=401)
        assert await offered(session) == []


@pytest.mark.requirement("FS-50")
async def test_who_only_reads_is_offered_nobody(serve: Serve) -> None:
    async with serve() as platform, user(platform, "read-only", of=SUPPLIER) as session:
        assert await offered(session) == []
        await tried(session, SUPPLIER, "/dip-channel/IF-031", [shown(platform, "IF-031", "[DSApp]")], status=403)


async def test_nothing_is_sent_in_anybodys_name_in_production(tmp_path: Any) -> None:
    async with platform(tmp_path / "production", environment="PRD") as production, office(production) as session:
        assert await offered(session) == []
        await tried(session, SUPPLIER, "/dip-channel/IF-031", [shown(production, "IF-031", "[DSApp]")], status=404)


async def test_a_participant_that_brought_a_key_sends_with_its_own_program(serve: Serve) -> None:
    async with serve() as platform, office(platform) as session:
        assert SUPPLIER in await offered(session)
        (platform.dip.directory / "participants" / SUPPLIER / "signing.key").unlink()
        refused = await tried(session, SUPPLIER, "/dip-channel/IF-031", "[]", status=409)
        assert "docs/how-to/use-the-client.md" in refused["detail"]
        assert SUPPLIER not in await offered(session)
        assert (await offered(session, f"?as={OTHER_SUPPLIER}"))[0] == OTHER_SUPPLIER


@pytest.mark.parametrize(
    "path", ["dip-channel/IF-031", "@elsewhere.example/", "/a b", "/a#b", "/dip-channel/IF-031/stream/your-dip-id"]
)
async def test_an_address_that_is_none_of_the_api_is_not_called(serve: Serve, path: str) -> None:
    async with serve() as platform, office(platform) as session:
        await tried(session, SUPPLIER, path, status=400)
        await tried(session, SUPPLIER, "/dip-channel", headers={"X-API-Key": "a\r\nb: c"}, status=400)


async def test_calls_that_are_tried_out_are_limited_for_each_user(serve: Serve) -> None:
    async with serve(tries_a_second=0.001) as platform, office(platform) as session:
        await tried(session, SUPPLIER, "/dip-channel/IF-031", "[]")
        await tried(session, SUPPLIER, "/dip-channel/IF-031", "[]", status=429)


@pytest.mark.requirement("FS-45")
async def test_the_activity_log_names_the_user_and_the_participant(serve: Serve) -> None:
    async with serve() as platform, office(platform) as session:
        said = await tried(session, DATA_SERVICE, "/dip-channel/IF-021", [shown(platform, "IF-021", "[ActivePower]")])
        assert said["status"] == 202

        async def records() -> list[Any]:
            async with session.get(f"/admin/api/activity?who={DATA_SERVICE}&path=/docs/try") as answer:
                return list((await answer.json())["items"])

        async def is_there() -> bool:
            return bool(await records())

        await until(is_there)
        text = msgspec.json.encode(await records()).decode()
        assert "admin.token" in text and DATA_SERVICE in text
        assert "2000056535971" not in text and "CustomBlock" not in text


async def test_behind_a_gateway_the_servers_own_port_is_called(serve: Serve) -> None:
    async with serve(public_url="https://gateway.example/dip") as platform, office(platform) as session:
        said = await tried(session, SUPPLIER, "/dip-channel/IF-031", [shown(platform, "IF-031", "[DSApp]")])
        assert said["status"] == 202
        assert said["sent"]["url"] == f"{platform.dip.api_url}/dip-channel/IF-031"

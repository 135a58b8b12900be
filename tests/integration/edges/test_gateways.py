"""Behind a gateway, and without log-in: whose address counts, and how much one address may ask for."""

import aiohttp
import pytest

from tests.conftest import Serve
from tests.integration.intake.calls import NOBODY, Call, array, calls_to

SHUT = 429


async def log_in(session: aiohttp.ClientSession, address: str) -> tuple[int, str]:
    """Status and cookie of a log-in that fails, by way of the gateway."""
    form = {"name": "admin", "password": "wrong"}
    headers = {"Forwarded": f"for={address};proto=https;host=dip.example"}
    async with session.post("/login", data=form, headers=headers, allow_redirects=False) as answer:
        return answer.status, answer.headers.get("Set-Cookie", "")


@pytest.mark.requirement("FS-61", "FS-67")
async def test_the_lock_out_knows_callers_of_a_gateway_apart(serve: Serve) -> None:
    async with serve(trusted_proxies="127.0.0.0/8", log_in_attempts=2) as platform:
        async with aiohttp.ClientSession(platform.dip.portal_url) as session:
            assert [(await log_in(session, "203.0.113.1"))[0] for _ in range(3)] == [403, 403, SHUT]
            assert (await log_in(session, "203.0.113.2"))[0] == 403


async def test_without_a_gateway_nobody_escapes_the_lock_out_by_a_header(serve: Serve) -> None:
    async with serve(log_in_attempts=2) as platform, aiohttp.ClientSession(platform.dip.portal_url) as session:
        assert [(await log_in(session, f"203.0.113.{last}"))[0] for last in range(3)] == [403, 403, SHUT]


async def test_a_cookie_is_for_https_alone_where_the_caller_came_by_it(serve: Serve) -> None:
    async with serve(trusted_proxies="127.0.0.0/8") as platform:
        password = (platform.dip.directory / "admin.password").read_text().strip()
        form = {"name": "admin", "password": password}
        async with aiohttp.ClientSession(platform.dip.portal_url) as session:
            for headers, is_secure in (({"Forwarded": "for=203.0.113.1;proto=https"}, True), ({}, False)):
                async with session.post("/login", data=form, headers=headers, allow_redirects=False) as answer:
                    assert answer.status == 303
                    assert ("Secure" in answer.headers["Set-Cookie"]) is is_secure


@pytest.mark.requirement("FS-66")
async def test_a_signature_may_cover_the_address_at_the_gateway(serve: Serve) -> None:
    async with serve(trusted_proxies="127.0.0.0/8") as platform, calls_to(platform) as calls:
        signed = Call(
            body=array(calls.good()),
            signed_url="https://dip.example/dip-channel/IF-031",
            headers={"Forwarded": "for=203.0.113.1;proto=https;host=dip.example"},
        )
        assert (await calls.make(signed)).status == 202


async def test_without_a_gateway_a_signature_covers_the_address_that_was_called(serve: Serve) -> None:
    async with serve() as platform, calls_to(platform) as calls:
        signed = Call(
            body=array(calls.good()),
            signed_url="https://dip.example/dip-channel/IF-031",
            headers={"Forwarded": "for=127.0.0.1;proto=https;host=dip.example"},
        )
        assert (await calls.make(signed)).status == 401


@pytest.mark.requirement("FS-66")
async def test_who_is_not_known_asks_for_so_much_and_who_is_known_goes_on(serve: Serve) -> None:
    async with serve(unknown_requests_a_second=2) as platform, calls_to(platform) as calls:
        statuses = [(await calls.make(Call(body=b"[]", caller=NOBODY))).status for _ in range(3)]
        assert statuses == [401, 401, SHUT]
        assert (await calls.post(calls.good())).status == 202


@pytest.mark.requirement("FS-67")
async def test_guessing_the_token_ends_with_the_rate_of_its_address(serve: Serve) -> None:
    async with serve(unknown_requests_a_second=0.5) as platform:
        token = (platform.dip.directory / "admin.token").read_text().strip()
        async with aiohttp.ClientSession(platform.dip.portal_url) as session:
            found = []
            for given in ("wrong", "wrong", token):
                headers = {"Authorization": f"Bearer {given}"}
                async with session.get("/admin/api/participants", headers=headers) as answer:
                    found.append((answer.status, answer.headers.get("Retry-After")))
            assert found[0][0] == 401
            assert [status for status, _ in found[1:]] == [SHUT, SHUT]
            assert found[1][1] is not None
            async with session.get("/healthz") as health:
                assert health.status == 200


@pytest.mark.requirement("FS-66")
async def test_refused_requests_count_against_their_sender_too(serve: Serve) -> None:
    async with serve(requests_a_second=2) as platform, calls_to(platform) as calls:
        statuses = [(await calls.make(Call(body=b"[]", headers={"X-DIP-Signature": "AAAA"}))).status for _ in range(3)]
        assert statuses == [401, 401, SHUT]

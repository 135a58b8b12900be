"""Who gets in, who does not, and what stands open."""

import hashlib
import re
from datetime import timedelta

import pytest

from dip.http.portal.sessions import COOKIE
from tests.integration.portal.conftest import NAME, PASSWORD, TOKEN, Portal

PAGE = {"Accept": "text/html"}


@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/catalogue.json", "/login", "/static/dip.css"])
async def test_an_open_address_needs_no_log_in(portal: Portal, path: str) -> None:
    answer = await portal.client.get(path)
    assert answer.status == 200


async def test_health_says_what_is_running(portal: Portal) -> None:
    found = await (await portal.client.get("/healthz")).json()
    assert (found["status"], found["profile"], found["environment"]) == ("ok", "spec", "DEV")


async def test_metrics_are_those_of_this_server(portal: Portal) -> None:
    answer = await portal.client.get("/metrics")
    assert answer.content_type == "text/plain"
    assert "dip_messages_taken_total 0.0" in await answer.text()


async def test_the_catalogue_tells_a_client_what_to_encrypt(portal: Portal) -> None:
    found = await (await portal.client.get("/catalogue.json")).json()
    assert found["IF-031"]["encrypted"] is True
    assert found["IF-031"]["senders"] == ["SUP"]
    assert found["IF-031"]["recipients"] == ["REGS"]
    assert found["IF-031"]["events"] == ["[DSApp]", "[MSApp]"]


async def test_a_browser_is_led_to_the_log_in_and_back(portal: Portal) -> None:
    answer = await portal.client.get("/messages?mpan=2000056535971", headers=PAGE, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/login?next=/messages")
    form = {"name": NAME, "password": PASSWORD}
    answer = await portal.client.post("/login?next=/messages", data=form, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/messages")


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "/\\evil.example", ""])
async def test_a_log_in_never_leads_to_another_site(portal: Portal, target: str) -> None:
    answer = await portal.client.post(
        "/login", params={"next": target}, data={"name": NAME, "password": PASSWORD}, allow_redirects=False
    )
    assert answer.headers["Location"] == "/"


@pytest.mark.parametrize(("name", "password"), [(NAME, "wrong"), ("nobody", PASSWORD), ("", "")])
async def test_a_wrong_name_or_password_gets_the_same_answer(portal: Portal, name: str, password: str) -> None:
    answer = await portal.client.post("/login", data={"name": name, "password": password})
    assert answer.status == 403
    assert "Name or password is wrong." in await answer.text()
    assert COOKIE not in answer.cookies
    assert PASSWORD not in portal.log.getvalue()


async def test_the_cookie_is_kept_from_scripts_and_only_its_digest_is_stored(portal: Portal) -> None:
    form = {"name": NAME, "password": PASSWORD}
    answer = await portal.client.post("/login", data=form, allow_redirects=False)
    cookie = answer.cookies[COOKIE]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"
    assert portal.store.users.session(hashlib.sha256(cookie.value.encode()).digest()) is not None
    assert portal.store.users.session(cookie.value.encode()) is None


async def test_a_session_ends_when_it_was_not_used_for_its_time(portal: Portal) -> None:
    await portal.log_in()
    portal.clock.time += timedelta(hours=11)
    await portal.page("/messages")
    portal.clock.time += timedelta(hours=11)
    await portal.page("/messages")
    portal.clock.time += timedelta(hours=13)
    answer = await portal.client.get("/messages", headers=PAGE, allow_redirects=False)
    assert answer.status == 303


async def test_business_time_does_not_end_a_session(portal: Portal) -> None:
    await portal.log_in()
    portal.clock.offset = timedelta(days=14)
    await portal.page("/messages")


async def test_a_log_out_needs_the_form_of_the_same_session(portal: Portal) -> None:
    await portal.log_in()
    token = re.search(r'name="form_token" value="([^"]+)"', await portal.page("/messages"))
    assert token is not None
    refused = await portal.client.post("/logout", data={"form_token": "guessed"}, headers=PAGE)
    assert refused.status == 403
    foreign = await portal.client.post(
        "/logout", data={"form_token": token[1]}, headers={"Origin": "https://evil.example"}
    )
    assert foreign.status == 403
    left = await portal.client.post("/logout", data={"form_token": token[1]}, allow_redirects=False)
    assert (left.status, left.headers["Location"]) == (303, "/login")
    answer = await portal.client.get("/messages", headers=PAGE, allow_redirects=False)
    assert answer.status == 303


async def test_a_log_in_form_of_another_site_is_refused(portal: Portal) -> None:
    answer = await portal.client.post(
        "/login", data={"name": NAME, "password": PASSWORD}, headers={"Origin": "https://evil.example"}
    )
    assert answer.status == 403


async def test_the_token_opens_pages_and_the_administration_api(portal: Portal) -> None:
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert (await portal.client.get("/messages", headers=bearer)).status == 200
    assert (await portal.client.get("/admin/api/channels", headers=bearer)).status == 200


async def test_a_session_opens_the_administration_api(portal: Portal) -> None:
    await portal.log_in()
    assert (await portal.client.get("/admin/api/channels")).status == 200


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Cookie": f"{COOKIE}=guessed"}])
async def test_without_proof_the_administration_api_answers_with_a_problem(
    portal: Portal, headers: dict[str, str]
) -> None:
    answer = await portal.client.get("/admin/api/channels", headers=headers)
    assert (answer.status, answer.content_type) == (401, "application/problem+json")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert (await answer.json(content_type=None))["code"] == "not_authenticated"


async def test_every_answer_carries_the_security_headers(portal: Portal) -> None:
    for path in ("/login", "/nothing", "/admin/api/queues", "/static/dip.css"):
        answer = await portal.client.get(path)
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        kept = "no-cache" if path.startswith("/static/") else "no-store"
        assert answer.headers["Cache-Control"] == kept

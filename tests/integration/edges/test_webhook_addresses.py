"""Where the DIP's own calls go: the address that was checked is the one that is called (contract, Webhooks)."""

import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import IPv4Address
from pathlib import Path

import msgspec
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from dip.delivery.answers import Call
from dip.delivery.caller import WebhookCaller
from dip.ground.settings import Environment, Settings
from dip.participants.webhooks import networks

Answering = Callable[[web.BaseRequest], web.StreamResponse]


class Fickle(AbstractResolver):
    """A resolver that says something else each time; at the end it repeats itself."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        said = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        return [
            ResolveResult(hostname=host, host=one, port=port, family=socket.AF_INET, proto=0, flags=0)
            for one in said.split(" ")
        ]

    async def close(self) -> None: ...


@pytest.fixture
def identity(laid_out: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Contexts of a webhook and of who calls it."""
    folder = laid_out / "participants" / "2300000001"
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(folder / "tls.pem", folder / "tls.key")
    calling = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    calling.load_verify_locations(laid_out / "ca.pem")
    calling.check_hostname = False
    return serving, calling


@asynccontextmanager
async def webhook(context: ssl.SSLContext, answer: Answering) -> AsyncIterator[tuple[int, list[str]]]:
    """A webhook's port, and what was asked of it."""
    seen: list[str] = []

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        seen.append(request.path)
        return answer(request)

    runner = web.ServerRunner(web.Server(handle))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    try:
        yield runner.addresses[0][1], seen
    finally:
        await runner.cleanup()


def fine(request: web.BaseRequest) -> web.Response:
    return web.Response(text="[]", headers={"Connection": "close"})


async def called(
    url: str,
    context: ssl.SSLContext,
    *,
    resolver: AbstractResolver | None = None,
    environment: Environment = "DEV",
    allowed: str = "",
    **settings: float,
) -> Call:
    chosen = msgspec.convert({"environment": environment, **settings}, Settings, strict=False)
    caller = WebhookCaller(settings=chosen, tls=context, networks=networks(allowed), resolver=resolver)
    try:
        return await caller.post(url, b"[]", {})
    finally:
        await caller.close()


@pytest.mark.requirement("FS-66")
async def test_a_name_that_changes_its_mind_is_called_where_it_was_checked_or_not_at_all(
    identity: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    serving, calling = identity
    async with webhook(serving, fine) as (port, seen):
        resolver = Fickle("127.0.0.1", "169.254.169.254")
        url = f"https://participant.example:{port}/hook"
        settings = Settings()
        caller = WebhookCaller(settings=settings, tls=calling, networks=(), resolver=resolver)
        assert (await caller.post(url, b"[]", {})).status == 200
        assert resolver.asked == 1
        # The connection was closed; what was checked is still what is called.
        assert (await caller.post(url, b"[]", {})).status == 200
        assert resolver.asked == 1
        await caller.close()
        assert seen == ["/hook", "/hook"]
        fresh = WebhookCaller(settings=settings, tls=calling, networks=(), resolver=resolver)
        refused = await fresh.post(url, b"[]", {})
        await fresh.close()
        assert refused.status is None
        assert "169.254.169.254 is a link-local address" in refused.reason
        assert len(seen) == 2


@pytest.mark.parametrize("said", ["10.0.0.1", "127.0.0.1 10.0.0.1", str(IPv4Address(0)), "100.64.0.1"])
async def test_a_name_of_which_one_address_is_private_is_not_called(
    identity: tuple[ssl.SSLContext, ssl.SSLContext], said: str
) -> None:
    async with webhook(identity[0], fine) as (port, seen):
        call = await called(f"https://participant.example:{port}/", identity[1], resolver=Fickle(said))
        assert call.status is None
        assert "a webhook needs a public address" in call.reason
        assert seen == []


async def test_in_production_a_name_that_leads_to_this_machine_is_not_called(
    identity: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    async with webhook(identity[0], fine) as (port, seen):
        url = f"https://participant.example:{port}/"
        call = await called(url, identity[1], resolver=Fickle("127.0.0.1"), environment="PRD")
        assert (call.status, seen) == (None, [])
        assert "this machine itself" in call.reason
        listed = await called(url, identity[1], resolver=Fickle("127.0.0.1"), environment="PRD", allowed="127.0.0.0/8")
        assert (listed.status, seen) == (200, ["/"])


@pytest.mark.parametrize(
    "host",
    ["10.0.0.1", "169.254.169.254", "0xa.1", "012.0.0.1", "167772161", "[::ffff:10.0.0.1]", "[64:ff9b::10.0.0.1]"],
)
async def test_an_address_that_was_configured_before_it_was_forbidden_is_not_called(
    identity: tuple[ssl.SSLContext, ssl.SSLContext], host: str
) -> None:
    call = await called(f"https://{host}:9/", identity[1], delivery_timeout_s=2.0)
    assert call.status is None
    assert "a webhook needs a public address" in call.reason


async def test_a_name_of_this_machine_leads_nowhere_else(identity: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    call = await called("http://a.localhost:9/", identity[1], resolver=Fickle("8.8.8.8"), delivery_timeout_s=2.0)
    assert call.status is None
    assert "leads to another machine" in call.reason


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_is_not_followed(
    identity: tuple[ssl.SSLContext, ssl.SSLContext], status: int
) -> None:
    def elsewhere(request: web.BaseRequest) -> web.Response:
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    async with webhook(identity[0], elsewhere) as (port, seen):
        assert (await called(f"https://127.0.0.1:{port}/", identity[1])).status == status
        assert seen == ["/"]


async def test_a_proxy_of_the_environment_is_not_asked(
    identity: tuple[ssl.SSLContext, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    async with webhook(identity[0], fine) as (port, seen):
        assert (await called(f"https://127.0.0.1:{port}/", identity[1])).status == 200
        assert seen == ["/"]


async def test_an_answer_with_headers_without_end_is_none(identity: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    def wordy(request: web.BaseRequest) -> web.Response:
        return web.Response(headers={"X-Long": "x" * 20_000})

    async with webhook(identity[0], wordy) as (port, _):
        call = await called(f"https://127.0.0.1:{port}/", identity[1])
        assert call.status is None
        assert "no answer" in call.reason

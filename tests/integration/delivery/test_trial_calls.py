"""Test calls to endpoints: each step is told, nothing is queued, counted or followed (FS-15, FS-57)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.conftest import Serve
from tests.integration.delivery.conftest import REGISTRATION, Receive, endpoint_of
from tests.integration.delivery.receiver import entries, status
from tests.integration.duties.desk import Desk, desk
from tests.integration.trust.presenting import BOTH, OutsideAuthority, webhook
from tests.support.platform import Platform
from tests.support.waiting import until

pytestmark = pytest.mark.requirement("FS-15", "FS-57")
STEPS = ["address", "name", "connection", "tls", "call"]


async def _is_recorded(office: Desk, url: str) -> bool:
    """Whether the activity log tells of a call to an address."""
    return any(url in str(one) for one in (await office.ask("activity"))["items"])


async def tried(office: Desk, platform: Platform, code: int = 200) -> Any:
    """What a test call to the registration service's endpoint says."""
    return await office.do(f"endpoints/{endpoint_of(platform).id}/test", status=code)


def failed(trial: Any) -> tuple[str, str]:
    """The step that failed, and why; no other follows it."""
    assert not trial["good"]
    *before, last = trial["steps"]
    assert all(step["good"] for step in before) and not last["good"]
    return last["name"], last["detail"]


@asynccontextmanager
async def tcp_server() -> AsyncIterator[int]:
    """A server that knows nothing of TLS; its port."""

    async def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"220 mail.example ready\r\n")
        writer.close()

    server = await asyncio.start_server(answered, "127.0.0.1", 0)
    async with server:
        yield int(server.sockets[0].getsockname()[1])


async def test_a_test_call_is_signed_and_brings_no_message(serve: Serve) -> None:
    async with serve(profile="live") as platform, desk(platform) as office:
        listener = await platform.listener(REGISTRATION, "IF-031", raw=True)
        trial = await tried(office, platform)
        assert [(step["name"], step["good"]) for step in trial["steps"]] == [(name, True) for name in STEPS]
        assert trial["good"] and "TLS 1.3" in trial["steps"][3]["detail"]
        # The listener counts calls with a right signature alone.
        assert (listener.calls, listener.messages) == (1, 0)
        assert await platform.dip.store.pages.queues(None) == []
        await until(lambda: _is_recorded(office, listener.url))


@pytest.mark.parametrize(
    ("code", "good", "words"),
    [
        (202, True, "as it should"),
        (400, True, "refuses an array without a message"),
        (302, False, "does not follow"),
        (404, False, "dead letter"),
        (503, False, "tried again"),
    ],
)
async def test_an_answer_is_shown_with_what_it_would_mean(
    serve: Serve, receive: Receive, code: int, good: bool, words: str
) -> None:
    async with serve(profile="live") as platform, desk(platform) as office:
        registration = await receive(platform, answering=status(code, Location="https://127.0.0.1:1/elsewhere"))
        trial = await tried(office, platform)
        assert (trial["status"], trial["good"]) == (code, good) and words in trial["steps"][-1]["detail"]
        assert len(registration.calls) == 1
        assert endpoint_of(platform).failures == 0


async def test_the_first_of_a_long_answer_is_shown(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live", endpoint_test_answer_characters=100) as platform, desk(platform) as office:
        await receive(platform, answering=entries)
        trial = await tried(office, platform)
        assert len(trial["answer"]) <= 100 and msgspec.json.encode(trial)


async def test_a_paused_endpoint_is_called_too(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live") as platform, desk(platform) as office:
        registration = await receive(platform)
        await office.do(f"endpoints/{endpoint_of(platform).id}/pause")
        assert (await tried(office, platform))["good"]
        assert len(registration.calls) == 1 and endpoint_of(platform).held


async def test_nobody_at_the_port_and_no_tls_are_told_apart(serve: Serve) -> None:
    async with serve(profile="live") as platform, desk(platform) as office:
        client = await platform.client(REGISTRATION)
        async with tcp_server() as port:
            await client.configure_webhook("IF-031", f"https://127.0.0.1:{port}/")
            assert failed(await tried(office, platform))[0] == "tls"
        step, detail = failed(await tried(office, platform))
        assert step == "connection" and "127.0.0.1: " in detail


async def test_a_certificate_that_nobody_trusts_is_named(serve: Serve, tmp_path: Path) -> None:
    chain = OutsideAuthority().write(tmp_path / "outside" / "tls.pem", "127.0.0.1", purposes=BOTH)
    async with serve(profile="live") as platform, desk(platform) as office, webhook(platform, chain) as calls:
        step, detail = failed(await tried(office, platform))
        assert step == "tls" and "certificate is refused" in detail
        assert calls == []


async def test_who_says_nothing_is_waited_for_only_so_long(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live", endpoint_test_timeout_s=0.5) as platform, desk(platform) as office:
        registration = await receive(platform)
        registration.open.clear()
        step, detail = failed(await tried(office, platform))
        assert step == "call" and "0.5 s" in detail
        assert endpoint_of(platform).failures == 0


async def test_only_so_many_are_made_at_once(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live", endpoint_tests_at_once=1) as platform, desk(platform) as office:
        registration = await receive(platform)
        registration.open.clear()
        first = asyncio.create_task(tried(office, platform))
        await registration.called()
        await tried(office, platform, 429)
        registration.open.set()
        assert (await first)["good"]


async def test_an_endpoint_that_is_none_is_not_called(serve: Serve) -> None:
    async with serve(profile="live") as platform, desk(platform) as office:
        await office.do("endpoints/nothing/test", status=404)

"""The puller of a central feed, against a server that behaves, and one that does not (FS-40)."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from dip.ground.errors import SetupRefused
from tests.conftest import Serve
from tests.integration.duties.desk import desk
from tests.integration.onboarding.feed import company, look, market
from tests.support.waiting import until

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
NEWS = company("10000001", market("NEWS", "SUP"))


@asynccontextmanager
async def feed(
    laid_out: Path, answer: Answer, path: str = "/companies"
) -> AsyncIterator[tuple[dict[str, Any], list[Any]]]:
    """A central feed over HTTPS that asks for the DIP's certificate; the settings that point at it, and its calls."""
    calls: list[Any] = []
    folder = laid_out / "participants" / "2700000001"
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=laid_out / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(folder / "tls.pem", folder / "tls.key")

    async def taken(request: web.Request) -> web.StreamResponse:
        peer = request.transport.get_extra_info("peercert") if request.transport is not None else None
        calls.append((request.path, peer))
        return await answer(request)

    application = web.Application()
    application.router.add_get("/{path:.*}", taken)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    port = runner.addresses[0][1]
    try:
        yield (
            {
                "central_feed_url": f"https://127.0.0.1:{port}{path}",
                "central_feed_ca": str(laid_out / "ca.pem"),
                "central_feed_timeout_s": 2.0,
            },
            calls,
        )
    finally:
        await runner.cleanup()


def saying(said: Any) -> Answer:
    """A feed that always says the same."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response(said)

    return answer


@pytest.mark.requirement("FS-40")
async def test_what_the_feed_says_is_so_when_it_was_asked(serve: Serve, laid_out: Path) -> None:
    async with feed(laid_out, saying([NEWS])) as (settings, calls):
        async with serve(**settings) as platform, desk(platform) as office:
            before = await office.ask("central-feed")
            assert before["at"] is None
            assert calls == []
            done = await office.do("central-feed/pull")
            assert done["applied"]["joined"] == ["2300000003"]
            assert done["failures"] == 0
            assert (await office.do("central-feed/pull"))["applied"]["joined"] == []
            (found,) = await look(platform, "?MPID=NEWS")
            assert found["companyNumber"] == "10000001"
            # It is asked with the DIP's own certificate.
            assert "0000000001" in str(calls[0][1])
            page = await office.page("/participants")
            assert "Central feed" in page
            assert "in order" in page


@pytest.mark.requirement("FS-45")
async def test_each_call_stands_in_the_activity_log(serve: Serve, laid_out: Path) -> None:
    async def failing(request: web.Request) -> web.StreamResponse:
        return web.json_response({"why": "not today"}, status=503)

    async with feed(laid_out, failing) as (settings, _):
        async with serve(**settings, activity_linger_ms=0) as platform, desk(platform) as office:
            await office.do("central-feed/pull", status=502)

            async def recorded() -> list[dict[str, Any]]:
                items: list[dict[str, Any]] = (await office.ask("activity?who=central feed"))["items"]
                return items

            (record,) = await until(recorded)
            assert record["record"]["Attributes"]["http.response.status_code"] == 503


@pytest.mark.requirement("FS-40")
async def test_it_is_asked_again_and_again(serve: Serve, laid_out: Path) -> None:
    async with feed(laid_out, saying(NEWS)) as (settings, calls):
        async with serve(**settings, central_feed_minutes=0.002) as platform:
            await until(lambda: len(calls) >= 3)
            assert await look(platform, "?MPID=NEWS")


async def _slow(request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    return web.Response()


async def _slowly(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b" ")
    await asyncio.Event().wait()
    return response


async def _large(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b" " * 20_000)


async def _elsewhere(request: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("/elsewhere")


async def _broken(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"<html>")


async def _unable(request: web.Request) -> web.StreamResponse:
    return web.Response(status=503)


async def _cut(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b"[")
    assert request.transport is not None
    request.transport.abort()
    return response


@pytest.mark.requirement("FS-40")
@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (_slow, 502, "no whole answer within 2 s"),
        (_slowly, 502, "no whole answer within 2 s"),
        (_large, 502, "larger than 8192 bytes"),
        (_elsewhere, 502, "redirects are not followed"),
        (_unable, 502, "status 503"),
        (_cut, 502, "no answer"),
        (_broken, 400, "expected JSON"),
        (saying([NEWS, company("not a number")]), 400, "/1/companyNumber"),
    ],
)
async def test_a_feed_that_does_not_behave_changes_nothing_and_is_told_of(
    serve: Serve, laid_out: Path, answer: Answer, status: int, said: str
) -> None:
    async with feed(laid_out, answer) as (settings, calls):
        limits = {"company_details_limit_bytes": 8192, "central_feed_failures": 2}
        async with serve(**settings, **limits) as platform, desk(platform) as office:
            before = len(platform.dip.participants.value)
            for _ in range(2):
                refusal = await office.do("central-feed/pull", status=status)
                assert said in refusal["detail"]
            state = await office.ask("central-feed")
            assert (state["failures"], said in state["detail"]) == (2, True)
            assert len(platform.dip.participants.value) == before
            assert {path for path, _ in calls} == {"/companies"}
            alarms = await office.ask("alarms?state=open")
            assert [one["kind"] for one in alarms["items"]] == ["central_feed"]
            assert "failed 2 times in a row" in await office.page("/participants")


@pytest.mark.requirement("FS-40")
async def test_a_feed_with_a_certificate_of_somebody_else_is_not_believed(serve: Serve, laid_out: Path) -> None:
    async with feed(laid_out, saying(NEWS)) as (settings, calls):
        settings["central_feed_ca"] = ""
        async with serve(**settings) as platform, desk(platform) as office:
            refusal = await office.do("central-feed/pull", status=502)
            assert "certificate is not trusted" in refusal["detail"]
            assert calls == []


@pytest.mark.requirement("FS-40")
async def test_settings_that_can_not_be_followed_stop_the_start(serve: Serve, tmp_path: Path) -> None:
    nothing = tmp_path / "nothing.pem"
    nothing.write_text("nothing")
    for settings in (
        {"central_feed_url": "http://127.0.0.1:1/"},
        {"central_feed_url": "https://127.0.0.1:1/", "central_feed_ca": str(nothing)},
    ):
        with pytest.raises(SetupRefused, match="central_feed_"):
            async with serve(**settings):
                pass
    async with serve() as platform, desk(platform) as office:
        assert "central_feed_url" in (await office.do("central-feed/pull", status=400))["detail"]

"""The DIP presents a certificate that is wrong, on demand: what a correct webhook makes of it (8.4)."""

import ssl
from typing import Any

import pytest
from aiohttp import web
from cryptography import x509

from dip.conformance.fault_kinds import KINDS, TLS_FAULTS
from dip.http.portal.drill_table import ROWS
from dip.security.pki import common_name_of
from dip.security.tls import peer_certificate
from tests.conftest import Serve
from tests.integration.delivery.conftest import send
from tests.integration.delivery.receiver import Receiver
from tests.integration.duties.desk import desk
from tests.integration.trust.presenting import REGISTRATION, attempts
from tests.support.platform import Platform
from tests.support.waiting import until


async def switch_on(platform: Platform, kind: str) -> None:
    async with desk(platform) as office:
        await office.do("faults", {"kind": kind, "participant": REGISTRATION}, status=201)


@pytest.mark.requirement("FS-68", "FS-66")
@pytest.mark.parametrize("kind", ["expired_tls_certificate", "wrong_environment_tls_certificate"])
async def test_a_webhook_refuses_the_connection_and_takes_the_message_when_it_comes_again(
    serve: Serve, kind: str
) -> None:
    async with (
        serve(profile="live", retry_first_s=0.05) as platform,
        Receiver(platform.credentials(REGISTRATION)) as registration,
    ):
        await (await platform.client(REGISTRATION)).configure_webhook("IF-031", registration.url())
        await switch_on(platform, kind)
        ((_, transaction, _),) = await send(platform)
        await registration.called()
        tried = await until(lambda: _delivered(platform, transaction))
        assert [state for state, _ in tried] == ["Retrying", "Delivered"]
        async with desk(platform) as office:
            assert [(one["kind"], one["struck"]) for one in (await office.ask("faults"))["items"]] == [(kind, 1)]
        assert len(registration.calls) == 1


@pytest.mark.requirement("FS-68")
async def test_a_webhook_that_looks_at_the_name_sees_that_it_is_not_the_dips(serve: Serve) -> None:
    async with serve(profile="live", retry_first_s=0.05) as platform:
        seen: list[str] = []

        async def take(request: web.Request) -> web.Response:
            name = common_name_of(x509.load_der_x509_certificate(peer_certificate(request.transport) or b""))
            seen.append(name)
            return web.Response(status=204 if name == "0000000001" else 503)

        application = web.Application()
        application.router.add_post("/", take)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        context: ssl.SSLContext = platform.credentials(REGISTRATION).listening_context()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
            client = await platform.client(REGISTRATION)
            await client.configure_webhook("IF-031", f"https://127.0.0.1:{runner.addresses[0][1]}/")
            await switch_on(platform, "wrong_name_tls_certificate")
            ((_, transaction, _),) = await send(platform)
            await until(lambda: _delivered(platform, transaction))
            assert seen == ["9999999999", "0000000001"]
        finally:
            await runner.cleanup()


def test_the_drills_name_only_faults_that_there_are() -> None:
    assert {row.fault for row in ROWS.values() if row.fault} == set(TLS_FAULTS)
    assert set(KINDS) >= TLS_FAULTS


async def _delivered(platform: Platform, transaction: str) -> Any:
    """Every attempt, once the last one delivered the message."""
    found = await attempts(platform, transaction)
    return found if found and found[-1][0] == "Delivered" else None

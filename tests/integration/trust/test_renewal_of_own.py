"""The DIP's own certificates, renewed while it serves: nothing is lost, and what follows is by the new ones (8.4)."""

import asyncio
import base64
import hashlib
import socket
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from cryptography import x509

from dip.ground.clock import Clock
from dip.messages.headers import SIGNATURE_CERTIFICATE
from dip.security.certificates import fingerprint
from tests.conftest import Serve
from tests.integration.delivery.conftest import REGISTRATION, Receive, receive, send
from tests.integration.duties.desk import Desk, desk
from tests.support.platform import Platform
from tests.support.waiting import until

__all__ = ["receive"]

OWN = "platform/certificates"


def shown(platform: Platform) -> str:
    """The fingerprint of the certificate that the API port shows to a new connection."""
    context = platform.credentials("2300000001").calling_context()
    port = int(platform.dip.api_url.rpartition(":")[2])
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as secured,
    ):
        return hashlib.sha256(secured.getpeercert(binary_form=True) or b"").hexdigest()


def signed_by(headers: Mapping[str, str]) -> str:
    """The fingerprint of the certificate that goes with a signature."""
    return fingerprint(x509.load_pem_x509_certificate(base64.b64decode(headers[SIGNATURE_CERTIFICATE])))


async def in_use(office: Desk, use: str) -> str:
    """The fingerprint of the DIP's certificate of a use that is in use."""
    listed = (await office.ask(OWN))["items"]
    (found,) = (one["fingerprint"] for one in listed if one["use"] == use and one["inUse"])
    return str(found)


def evidence(platform: Platform) -> list[tuple[str, str]]:
    """The DIP's certificates of each webhook call, in order: for signing, for TLS."""
    with sqlite3.connect(f"file:{platform.dip.directory / 'dip.sqlite'}?mode=ro", uri=True) as connection:
        return connection.execute(
            "SELECT signing_certificate, tls_certificate FROM exchange "
            "WHERE direction = 'out' AND party = ? ORDER BY id",
            (REGISTRATION,),
        ).fetchall()


@pytest.mark.requirement("FS-68")
async def test_new_connections_see_the_new_certificate_and_open_ones_go_on(serve: Serve) -> None:
    async with serve() as platform, desk(platform) as office:
        credentials = platform.credentials("2300000001")
        before = await in_use(office, "tls")
        assert await asyncio.to_thread(shown, platform) == before
        connections: list[object] = []

        async def opened(session: object, context: object, created: object) -> None:
            connections.append(created)

        tracing = aiohttp.TraceConfig()
        tracing.on_connection_create_end.append(opened)
        connector = aiohttp.TCPConnector(ssl=credentials.calling_context())
        async with aiohttp.ClientSession(platform.dip.api_url, connector=connector, trace_configs=[tracing]) as session:
            async with session.get("/nothing") as answer:
                assert answer.status == 404
            made = await office.do(OWN, {"use": "tls"}, 201)
            assert made["fingerprint"] == await asyncio.to_thread(shown, platform) != before
            async with session.get("/nothing") as answer:
                assert answer.status == 404
            assert len(connections) == 1
        assert (made["holder"], made["use"], made["inUse"]) == ("0000000001", "tls", True)
        states = {one["fingerprint"]: one["state"] for one in (await office.ask(OWN))["items"]}
        assert states[before] == "overlapping"
    async with serve() as platform:
        assert await asyncio.to_thread(shown, platform) == made["fingerprint"]


@pytest.mark.requirement("FS-68")
async def test_messages_flow_while_both_are_renewed_and_the_evidence_names_what_was_used(
    serve: Serve, receive: Receive
) -> None:
    async with serve() as platform, desk(platform) as office:
        webhook = await receive(platform)
        old = await in_use(office, "signing"), await in_use(office, "tls")
        await send(platform)
        await webhook.called()
        assert signed_by(webhook.calls[0].headers) == old[0]

        async def traffic() -> None:
            for _ in range(30):
                await send(platform)

        sending = asyncio.create_task(traffic())
        for _ in range(3):
            for use in ("tls", "signing"):
                await office.do(OWN, {"use": use}, 201)
        await sending
        new = await in_use(office, "signing"), await in_use(office, "tls")
        await send(platform)
        await until(lambda: len(webhook.references) >= 32)
        assert len(set(webhook.references)) == len(webhook.references) == 32
        assert signed_by(webhook.calls[-1].headers) == new[0] != old[0]
        pem = (platform.dip.directory / "dip" / "signing.pem").read_bytes()
        assert fingerprint(x509.load_pem_x509_certificate(pem)) == new[0]
        await until(lambda: len(evidence(platform)) == len(webhook.calls))
        assert evidence(platform)[0] == old
        assert evidence(platform)[-1] == new
        # What each call was signed with is what the evidence says.
        assert [signing for signing, _ in evidence(platform)] == [signed_by(call.headers) for call in webhook.calls]


@pytest.mark.requirement("FS-68")
async def test_a_call_under_way_ends_on_its_connection(serve: Serve, receive: Receive) -> None:
    async with serve() as platform, desk(platform) as office:
        webhook = await receive(platform)
        old = await in_use(office, "tls")
        webhook.open.clear()
        await send(platform)
        await webhook.called()
        made = await office.do(OWN, {"use": "tls"}, 201)
        webhook.open.set()
        await send(platform)
        await webhook.called(2)
        await until(lambda: [tls for _, tls in evidence(platform)] == [old, made["fingerprint"]])
        assert len(webhook.calls) == 2


@pytest.mark.requirement("FS-68")
async def test_an_earlier_one_can_be_revoked_and_the_one_in_use_can_not(serve: Serve) -> None:
    async with serve() as platform, desk(platform) as office:
        before = await in_use(office, "signing")
        refused = await office.delete(f"{OWN}/{before}", 409)
        assert "Renew it first" in refused["detail"]
        assert (await office.do(OWN, {"use": "encryption"}, 400))["code"] == "bad_request"
        await office.delete(f"{OWN}/{'0' * 64}", 404)
        await office.do(OWN, {"use": "signing"}, 201)
        revoked = await office.delete(f"{OWN}/{before}")
        assert revoked["state"] == "revoked"
        async with aiohttp.ClientSession() as session, session.get(f"{platform.dip.portal_url}/crl") as answer:
            listed = x509.load_der_x509_crl(await answer.read())
        assert len(listed) == 1


class Later(Clock):
    """A clock whose wall time is ahead."""

    def __init__(self, by: timedelta) -> None:
        super().__init__()
        self.by = by

    def wall(self) -> datetime:
        return datetime.now(UTC) + self.by


async def test_a_server_whose_own_certificates_expired_while_it_stood_still_makes_new_ones(serve: Serve) -> None:
    async with serve(clock=Later(timedelta(days=400))) as platform, desk(platform) as office:
        states = [(one["use"], one["state"]) for one in (await office.ask(OWN))["items"]]
        assert sorted(states) == [
            ("signing", "current"),
            ("signing", "expired"),
            ("tls", "current"),
            ("tls", "expired"),
        ]
        assert "own_certificates_had_expired" in platform.log.getvalue()

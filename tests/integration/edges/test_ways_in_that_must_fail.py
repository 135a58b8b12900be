"""The table of ways in that must fail: each has its status and code, and the server serves on after all of them.

What can be wrong with messages themselves stands in `tests/integration/intake/ways.py` and `faulty_messages.py`.
"""

import ssl
from datetime import timedelta
from typing import Any

import aiohttp
import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from dip.participants.registry import Participants
from dip.security.keys import new_tls_key, to_pem
from dip.security.pki import Authority, CertificateUse
from dip.security.tls import client_context
from tests.conftest import Serve
from tests.integration.edges import rows_of_http, rows_of_participants, rows_of_portal
from tests.integration.edges.raw import sent
from tests.integration.edges.rows import Row, World
from tests.integration.intake.calls import OTHER_SUPPLIER, SUPPLIER, Call, array, calls_to

TABLE = [*rows_of_http.ALL, *rows_of_participants.ALL, *rows_of_portal.ALL]


def test_the_table_is_as_long_as_it_should_be_and_names_are_told_apart() -> None:
    assert len(TABLE) >= 90
    assert len({row.name for row in TABLE}) == len(TABLE)


async def amiss(row: Row, world: World, session: aiohttp.ClientSession) -> str | None:
    found = await row.tried(world)
    async with session.get(f"{world.portal}/healthz") as health:
        assert health.status == 200, row.name
    if found != (row.status, row.code):
        return f"{row.name}: expected {(row.status, row.code)}, found {found}"
    return None


def with_certificates(world: World, use: CertificateUse, **changes: object) -> Participants:
    """The participants, with something else said of the supplier's certificates for one use."""
    platform = world.calls.platform
    held = [
        msgspec.structs.replace(one, **changes) if (one.holder, one.use) == (SUPPLIER, use) else one
        for one in platform.dip.store.parties.certificates()
    ]
    return Participants(platform.dip.participants.value, held)


@pytest.mark.parametrize("use", [CertificateUse.TLS, CertificateUse.SIGNING])
@pytest.mark.parametrize("wrong", ["revoked", "expired", "not yet valid", "of another holder"])
@pytest.mark.requirement("FS-66", "FS-68")
async def test_a_certificate_that_is_not_right_any_more_is_refused_on_an_open_connection(
    serve: Serve, use: CertificateUse, wrong: str
) -> None:
    async with serve() as platform, calls_to(platform) as calls:
        world, now = World(calls), platform.dip.clock.wall()
        assert (await calls.post(calls.good())).status == 202
        cases: dict[str, tuple[dict[str, Any], int]] = {
            "revoked": ({"revoked_at": now}, 403),
            "expired": ({"not_after": now - timedelta(seconds=1)}, 401),
            "not yet valid": ({"not_before": now + timedelta(hours=1)}, 401),
            "of another holder": ({"holder": OTHER_SUPPLIER}, 403),
        }
        changes, status = cases[wrong]
        before = platform.dip.participants.value
        platform.dip.participants.value = with_certificates(world, use, **changes)
        reply = await calls.make(Call(body=array(calls.good())))
        assert (reply.status, reply.code[:4]) == (status, "MSG1")
        platform.dip.participants.value = before
        assert (await calls.post(calls.good())).status == 202
        assert await calls.counted("message") == 2


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.requirement("FS-66")
async def test_a_certificate_of_an_unknown_authority_and_an_old_tls_do_not_get_through(serve: Serve) -> None:
    async with serve() as platform, calls_to(platform) as calls:
        world = World(calls)
        now = platform.dip.clock.wall()
        authority, key = Authority.create("DEV", now), new_tls_key()
        issued = authority.issue(CertificateUse.TLS, SUPPLIER, key.public_key(), now=now)
        chain = issued.public_bytes(Encoding.PEM) + authority.issuing_pem
        stranger = client_context(chain, to_pem(key), (platform.dip.directory / "ca.pem").read_bytes())
        assert (await sent(world.api, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", stranger)).status == 0
        old = platform.credentials(SUPPLIER).calling_context()
        old.minimum_version = ssl.TLSVersion.TLSv1_1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        assert (await sent(world.api, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", old)).status == 0
        assert (await calls.post(calls.good())).status == 202


@pytest.mark.requirement("FS-61", "FS-66", "FS-67")
async def test_every_way_in_fails_as_it_should_and_the_server_serves_on(serve: Serve) -> None:
    async with serve() as platform, calls_to(platform) as calls, aiohttp.ClientSession() as session:
        world = World(calls)
        faults = [fault for row in TABLE if (fault := await amiss(row, world, session))]
        assert not faults, "\n".join(faults)
        assert await calls.counted("message") == 0
        assert (await calls.post(calls.good())).status == 202
        assert await calls.counted("message") == 1
        assert "request_failed_unexpectedly" not in platform.log.getvalue()
        assert "Traceback" not in platform.log.getvalue()

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from dip.security.keys import to_pem
from dip.security.pki import Authority, CertificateUse
from dip.security.tls import client_context, peer_certificate, server_context

Material = tuple[bytes, bytes]
Maker = Callable[..., Material]


@pytest.fixture
def material(authority: Authority, now: datetime) -> Maker:
    def make(
        issuer: Authority = authority,
        names: tuple[str, ...] = ("localhost", "127.0.0.1"),
        at: datetime = now,
        use: CertificateUse = CertificateUse.TLS,
    ) -> Material:
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = issuer.issue(use, "2300000001", key.public_key(), names=names, now=at, days=1)
        return issuer.chain(leaf), to_pem(key)

    return make


@asynccontextmanager
async def serving(context: ssl.SSLContext) -> AsyncIterator[int]:
    """A server that says whose certificate it saw: the length of its DER form, or nothing."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        der = peer_certificate(writer.transport)
        writer.write(b"none" if der is None else der)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def seen(port: int, context: ssl.SSLContext, host: str = "127.0.0.1") -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=host)
    try:
        return await reader.read()
    finally:
        writer.close()


@pytest.mark.requirement("FS-66")
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_both_sides_see_a_certificate(authority: Authority, material: Maker, host: str) -> None:
    chain, key = material()
    async with serving(server_context(*material(), authority.root_pem)) as port:
        der = await seen(port, client_context(chain, key, authority.root_pem), host)
    assert ssl.DER_cert_to_PEM_cert(der).encode() in chain


async def test_a_caller_without_a_certificate_gets_through_to_be_told(authority: Authority, material: Maker) -> None:
    bare = ssl.create_default_context(cadata=authority.root_pem.decode())
    async with serving(server_context(*material(), authority.root_pem)) as port:
        assert await seen(port, bare) == b"none"


@pytest.mark.requirement("FS-60", "FS-66")
async def test_a_client_of_another_environment_is_turned_away(
    authority: Authority, material: Maker, now: datetime
) -> None:
    foreign = client_context(*material(issuer=Authority.create("PRD", now)), authority.root_pem)
    async with serving(server_context(*material(), authority.root_pem)) as port:
        answer = b""
        # With TLS 1.3 a client learns of its refusal as it reads: as an error or as an early end.
        with suppress(ssl.SSLError, ConnectionError):
            answer = await seen(port, foreign)
        assert answer == b""


@pytest.mark.requirement("FS-66")
@pytest.mark.parametrize("fault", ["name", "environment", "expired"])
async def test_a_webhook_with_a_wrong_certificate_is_not_called(
    authority: Authority, material: Maker, now: datetime, fault: str
) -> None:
    server = {
        "name": lambda: material(names=("other.example",)),
        "environment": lambda: material(issuer=Authority.create("PRD", now)),
        "expired": lambda: material(at=now - timedelta(days=3)),
    }[fault]()
    context = client_context(*material(), authority.root_pem)
    async with serving(server_context(*server, authority.root_pem)) as port:
        with pytest.raises(ssl.SSLCertVerificationError):
            await seen(port, context)


@pytest.mark.requirement("FS-66")
async def test_tls_older_than_1_2_is_not_spoken(authority: Authority, material: Maker) -> None:
    context = server_context(*material(), authority.root_pem)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert all("GCM" in cipher["name"] for cipher in context.get_ciphers() if cipher["protocol"] == "TLSv1.2")


def test_a_plain_connection_has_no_certificate() -> None:
    assert peer_certificate(None) is None


def test_the_keys_file_does_not_stay_behind(
    authority: Authority,
    material: Maker,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path_factory.mktemp("tls")
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    server_context(*material(), authority.root_pem)
    assert list(folder.iterdir()) == []

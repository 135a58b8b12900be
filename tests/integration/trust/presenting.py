"""Presenting any certificate to a running platform: as client, as webhook, as signer; and outside authorities."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from dip.ground.clock import Clock
from dip.messages.identifiers import DipId
from dip.security.encryption import Encryptor
from dip.security.keys import PrivateKey, to_pem
from dip.security.signing import Signer
from tests.support.platform import Platform, changed, sample

SUPPLIER = DipId("2300000001")
REGISTRATION = DipId("2200000001")
CHANNEL = "IF-031"
_LOOPBACK = ip_address("127.0.0.1")


class Answer(msgspec.Struct, frozen=True):
    """What the DIP said."""

    status: int
    code: str
    help: str


async def call(
    platform: Platform, *, tls: Path | None = None, signing: Path | None = None, encrypted: Path | None = None
) -> Answer:
    """Send a sample as the supplier, with other files in place of its own: `<folder>/tls.pem` and its key.

    Raises ssl.SSLError where TLS ends it.
    """
    folder = platform.dip.directory / "participants" / SUPPLIER
    body = msgspec.json.encode([_closed(platform, encrypted)])
    url = f"{platform.dip.api_url}/dip-channel/{CHANNEL}"
    headers = {
        "Host": url.removeprefix("https://").partition("/")[0],
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
        **_signer(signing or folder / "signing.pem").headers("POST", url, body, Clock().wall()),
    }
    context = ssl.create_default_context(cafile=str(platform.dip.directory / "ca.pem"))
    chain = tls or folder / "tls.pem"
    context.load_cert_chain(chain, chain.with_suffix(".key"))
    host, port = headers["Host"].split(":")
    reader, writer = await asyncio.open_connection(host, int(port), ssl=context)
    try:
        lines = [f"POST /dip-channel/{CHANNEL} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        async with asyncio.timeout(30):
            answered, _, content = (await reader.read()).partition(b"\r\n\r\n")
    finally:
        writer.transport.abort()
    said = msgspec.json.decode(content)["messageArray"]
    text = str(said[0]["message"]) if said else ""
    help_text = " | ".join(str(entry["help"]) for entry in said)
    return Answer(int(answered.split()[1]), text.partition(" - ")[0], help_text)


@asynccontextmanager
async def webhook(platform: Platform, chain: Path) -> AsyncIterator[list[Any]]:
    """The registration service's webhook, which shows these certificates; what it is sent."""
    calls: list[Any] = []

    async def take(request: web.Request) -> web.Response:
        calls.append(msgspec.json.decode(await request.read()))
        return web.Response(status=204)

    application = web.Application()
    application.router.add_post("/", take)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, chain.with_suffix(".key"))
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        client = await platform.client(REGISTRATION)
        await client.configure_webhook(CHANNEL, f"https://127.0.0.1:{runner.addresses[0][1]}/")
        yield calls
    finally:
        await runner.cleanup()


async def attempts(platform: Platform, transaction: str) -> list[tuple[str, str]]:
    """State and note of each attempt to hand a message to the registration service, in order."""
    detail = await platform.dip.store.pages.message(transaction)
    assert detail is not None
    return [(str(row.status), row.detail or "") for row in detail.journal if row.recipient == REGISTRATION]


class OutsideAuthority:
    """An authority that is nobody's: a root, and one below it that issues. Dates may be moved."""

    def __init__(self, name: str = "Outside", *, days: int = 30, bits: int | None = None, ca: bool = True) -> None:
        self._name = name
        self.root_key: PrivateKey = (
            rsa.generate_private_key(65537, bits) if bits is not None else ec.generate_private_key(ec.SECP256R1())
        )
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.root = self._issued(f"{name} root", self.root_key, None, days=days, ca=ca)
        self.issuing = self._issued(f"{name} issuing", self.key, (self.root, self.root_key), ca=True)

    @property
    def pem(self) -> str:
        """The root, then the issuing one."""
        return _pem(self.root) + _pem(self.issuing)

    def write(self, target: Path, subject: str, *, rsa_key: bool = False, chained: bool = True, **options: Any) -> Path:
        """A certificate with its key, as `<target>` and beside it `.key`; returns target."""
        key: PrivateKey = rsa.generate_private_key(65537, 2048) if rsa_key else ec.generate_private_key(ec.SECP256R1())
        leaf = self._issued(subject, key, (self.issuing, self.key), **options)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_pem(leaf) + (_pem(self.issuing) if chained else ""))
        target.with_suffix(".key").write_bytes(to_pem(key))
        return target

    def _issued(
        self,
        subject: str,
        key: PrivateKey,
        issuer: tuple[x509.Certificate, PrivateKey] | None,
        *,
        days: int = 20,
        ca: bool = False,
        usage: str = "digital_signature",
        purposes: tuple[x509.ObjectIdentifier, ...] = (),
        begins: timedelta = timedelta(hours=-1),
    ) -> x509.Certificate:
        now, name = datetime.now(UTC), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
        flags = dict.fromkeys(
            (
                "digital_signature",
                "content_commitment",
                "key_encipherment",
                "data_encipherment",
                "key_agreement",
                "key_cert_sign",
                "crl_sign",
                "encipher_only",
                "decipher_only",
            ),
            False,
        )
        flags["key_cert_sign" if ca else usage] = True
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(issuer[0].subject if issuer else name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(min(now + begins, now + timedelta(days=days - 1)))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(**flags), critical=True)
        )
        if purposes:
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
            names = [x509.DNSName("localhost"), x509.IPAddress(_LOOPBACK)]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(issuer[1] if issuer else key, hashes.SHA256())


BOTH = (ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def _signer(pem: Path) -> Signer:
    key = load_pem_private_key(pem.with_suffix(".key").read_bytes(), None)
    assert isinstance(key, PrivateKey)
    leaf = x509.load_pem_x509_certificates(pem.read_bytes())[0]
    return Signer(key, leaf.public_bytes(Encoding.PEM))


def _closed(platform: Platform, encrypted: Path | None) -> Any:
    """A sample, encrypted to another certificate than the DIP's where one is given."""
    message = sample("if-031")
    if encrypted is None:
        return message
    certificate = x509.load_pem_x509_certificate(encrypted.read_bytes())
    block = Encryptor(certificate).encrypt(msgspec.json.encode(message["payload"]["CustomBlock"]))
    return changed(message, "CustomBlock", block)

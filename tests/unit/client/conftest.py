"""A participant's folder and the platform's keys, made for the tests with a small authority of their own."""

import ipaddress
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from dip.client import Credentials
from dip.client.messages import Message
from dip.security.encryption import Encryptor
from dip.security.signing import Signer

SUPPLIER = "2300000001"
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class SmallAuthority:
    """A root that issues directly."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self.issue("test root", self.key, authority=True)

    def issue(self, name: str, key: Key, *, authority: bool = False) -> x509.Certificate:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if authority else self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(authority, None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName(
                    [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
                ),
                critical=False,
            )
        )
        return builder.sign(self.key, hashes.SHA256())


@dataclass
class Platform:
    """The DIP's side of the tests: its keys, and the folder it made for one participant."""

    directory: Path
    authority: SmallAuthority
    signer: Signer
    encryptor: Encryptor
    dip_key: rsa.RSAPrivateKey
    dip_encryption: x509.Certificate

    @property
    def folder(self) -> Path:
        return self.directory / "participants" / SUPPLIER

    def credentials(self) -> Credentials:
        return Credentials.load(self.folder)


def pem(key: Key) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    return laid_out(tmp_path_factory.mktemp("state"))


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """A participant of another environment."""
    return laid_out(tmp_path_factory.mktemp("elsewhere"))


def laid_out(directory: Path) -> Platform:
    authority = SmallAuthority()
    folder = directory / "participants" / SUPPLIER
    folder.mkdir(parents=True)
    (directory / "dip").mkdir()
    (directory / "ca.pem").write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    identity = {"dipId": SUPPLIER, "mpid": "EMEB", "role": "SUP", "name": "A supplier", "apiKey": "key-1"}
    (folder / "participant.json").write_bytes(msgspec.json.encode(identity))
    dip_key = rsa.generate_private_key(65537, 2048)
    own_key = rsa.generate_private_key(65537, 2048)
    encryption = authority.issue("encryption", own_key)
    dip_signing = authority.issue("dip signing", dip_key).public_bytes(Encoding.PEM)
    (directory / "dip" / "signing.pem").write_bytes(dip_signing)
    dip_encryption = authority.issue("dip encryption", dip_key)
    for use, key in (("tls", ec.generate_private_key(ec.SECP256R1())), ("signing", own_key)):
        certificate = authority.issue(f"participant {use}", key)
        (folder / f"{use}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        (folder / f"{use}.key").write_bytes(pem(key))
    (folder / "encryption.pem").write_bytes(encryption.public_bytes(Encoding.PEM))
    (folder / "encryption.key").write_bytes(pem(own_key))
    (folder / "dip-encryption.pem").write_bytes(dip_encryption.public_bytes(Encoding.PEM))
    signer = Signer(dip_key, dip_signing)
    return Platform(directory, authority, signer, Encryptor(encryption), dip_key, dip_encryption)


@pytest.fixture
async def dip_session(platform: Platform) -> AsyncIterator[aiohttp.ClientSession]:
    """Calls as the DIP makes them: over mTLS, with a certificate under the root."""
    connector = aiohttp.TCPConnector(ssl=platform.credentials().calling_context())
    async with aiohttp.ClientSession(connector=connector) as session:
        yield session


def message(number: int = 1, **distribution: object) -> Message:
    """A message as the DIP delivers it."""
    common = {
        "S0": {"interfaceID": "IF-036", "schemaVersion": "011", "eventCode": "[DSAppActive]"},
        "S1": {
            "senderUniqueReference": f"S-IF-036-2200000001-REGS-20260321-{number:04}",
            "senderDIPID": "2200000001",
            "senderRoleID": "REGS",
            "DIPConnectionProviderID": None,
        },
        "D0": {
            "transactionID": f"T-IF-036-2200000001-REGS-20260321-{number:04}",
            "initialCorrelationID": "CI-20260321-1",
            "replayIndicator": False,
        }
        | distribution,
        "M0": {"MPANCore": "2000056535971"},
    }
    return {"payload": {"CommonBlock": common, "CustomBlock": {"B015": {"appointmentScenario": "COS"}}}}

"""One authority and one holder of each kind of key, made once: RSA keys are slow to find."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from dip.security.keys import PrivateKey, new_rsa_key
from dip.security.pki import Authority, CertificateUse


@dataclass(frozen=True)
class Holder:
    key: PrivateKey
    signing: x509.Certificate
    encryption: x509.Certificate

    @property
    def signing_pem(self) -> bytes:
        return self.signing.public_bytes(Encoding.PEM)


@pytest.fixture(scope="session")
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="session")
def authority(now: datetime) -> Authority:
    return Authority.create("DEV", now)


def _holder(authority: Authority, key: PrivateKey, now: datetime) -> Holder:
    issued = (
        authority.issue(use, "2300000001", key.public_key(), now=now)
        for use in (CertificateUse.SIGNING, CertificateUse.ENCRYPTION)
    )
    return Holder(key, *issued)


@pytest.fixture(scope="session")
def rsa_holder(authority: Authority, now: datetime) -> Holder:
    return _holder(authority, new_rsa_key(), now)


@pytest.fixture(scope="session")
def curve_holder(authority: Authority, now: datetime) -> Holder:
    return _holder(authority, ec.generate_private_key(ec.SECP256R1()), now)


@pytest.fixture(scope="session")
def stranger(authority: Authority, now: datetime) -> Holder:
    return _holder(authority, new_rsa_key(), now)


@pytest.fixture(params=["rsa_holder", "curve_holder"])
def holder(request: pytest.FixtureRequest) -> Holder:
    found: Holder = request.getfixturevalue(request.param)
    return found

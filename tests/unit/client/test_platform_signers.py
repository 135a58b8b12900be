"""Which certificates a participant takes for the DIP's own."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from dip.client.platform_signers import PlatformSigners
from dip.messages.identifiers import DIP
from dip.security.keys import new_rsa_key
from dip.security.pki import Authority, CertificateUse
from dip.security.signing import SignatureRefused

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = new_rsa_key().public_key()


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.create("DEV", NOW)


def issued(
    authority: Authority, subject: str = DIP, use: CertificateUse = CertificateUse.SIGNING, *, days: int = 365
) -> x509.Certificate:
    return authority.issue(use, subject, KEY, now=NOW, days=days)


def header(certificate: x509.Certificate) -> str:
    return base64.b64encode(certificate.public_bytes(Encoding.PEM)).decode()


def signers(authority: Authority, *, issuing: bool = True) -> PlatformSigners:
    behind = x509.load_pem_x509_certificate(authority.issuing_pem) if issuing else None
    return PlatformSigners(issued(authority), behind)


@pytest.mark.requirement("FS-68", "FS-07")
def test_a_later_certificate_of_the_same_authority_is_the_dips(authority: Authority) -> None:
    assert signers(authority).key(header(issued(authority)), NOW) == KEY


@pytest.mark.requirement("FS-07")
def test_the_known_one_needs_no_authority(authority: Authority) -> None:
    known = issued(authority)
    alone = PlatformSigners(known, None)
    assert alone.key(header(known), NOW) == KEY
    with pytest.raises(SignatureRefused, match="not the DIP's"):
        alone.key(header(issued(authority)), NOW)


@pytest.mark.requirement("FS-07", "FS-68")
@pytest.mark.parametrize(
    ("subject", "use"),
    [(DIP, CertificateUse.TLS), (DIP, CertificateUse.ENCRYPTION), ("2300000001", CertificateUse.SIGNING)],
)
def test_what_was_issued_for_another_or_for_another_use_is_not_the_dips(
    authority: Authority, subject: str, use: CertificateUse
) -> None:
    with pytest.raises(SignatureRefused, match="not the DIP's"):
        signers(authority).key(header(issued(authority, subject, use)), NOW)


@pytest.mark.requirement("FS-60", "FS-68")
def test_what_another_environment_issued_is_not_the_dips(authority: Authority) -> None:
    other = Authority.create("DEV", NOW)
    with pytest.raises(SignatureRefused, match="not the DIP's"):
        signers(authority).key(header(issued(other)), NOW)


@pytest.mark.requirement("FS-68")
def test_a_certificate_is_good_within_its_dates_alone(authority: Authority) -> None:
    short = header(issued(authority, days=1))
    known = signers(authority)
    assert known.key(short, NOW) == KEY
    for away in (timedelta(days=2), timedelta(hours=-1)):
        with pytest.raises(SignatureRefused, match="outside its dates"):
            known.key(short, NOW + away)


@pytest.mark.parametrize("text", ["", "no base64", base64.b64encode(b"no PEM").decode()])
def test_what_cannot_be_read_is_refused(authority: Authority, text: str) -> None:
    with pytest.raises(SignatureRefused):
        signers(authority).key(text, NOW)

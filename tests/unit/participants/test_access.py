import ssl
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from dip.ground.errors import DipError, NotAuthenticated, NotPermitted
from dip.messages.identifiers import DipId
from dip.participants.access import Caller, check_api_key, check_connection, check_signer, represents
from dip.participants.participant import HeldCertificate
from dip.participants.registry import Participants
from dip.security.pki import CertificateUse

from .conftest import REGISTRAR, SUPPLIER, Market

DAY = timedelta(days=1)


def der(held: HeldCertificate) -> bytes:
    return ssl.PEM_cert_to_DER_cert(held.pem[: held.pem.index("-----END") + len("-----END CERTIFICATE-----\n")])


def registry_with(market: Market, *held: HeldCertificate) -> Participants:
    return Participants([market.supplier.participant], held)


@pytest.mark.requirement("FS-66")
def test_a_connection_is_its_certificates_holder(market: Market, now: datetime) -> None:
    held = market.held(CertificateUse.TLS)
    assert check_connection(market.registry, der(held), now) == Caller(SUPPLIER, held.fingerprint)


@pytest.mark.requirement("FS-66", "FS-68")
@pytest.mark.parametrize(
    ("changes", "days", "refusal"),
    [
        ({}, 400, (NotAuthenticated, "expired")),
        ({}, -400, (NotAuthenticated, "valid from")),
        (
            {"revoked_at": datetime(2026, 1, 1, tzinfo=UTC)},
            0,
            (NotPermitted, "revoked at 2026-01-01T00:00:00Z"),
        ),
        ({"use": CertificateUse.SIGNING}, 0, (NotPermitted, "issued for signing, not for tls")),
    ],
)
def test_a_connection_with_a_bad_certificate_is_refused_in_words(
    market: Market, now: datetime, changes: dict[str, object], days: int, refusal: tuple[type[DipError], str]
) -> None:
    error, said = refusal
    held = market.held(CertificateUse.TLS)
    changed = msgspec.structs.replace(held, **changes)
    with pytest.raises(error, match=said):
        check_connection(registry_with(market, changed), der(held), now + days * DAY)


@pytest.mark.requirement("FS-66")
def test_a_connection_without_a_known_certificate_is_refused_in_words(market: Market, now: datetime) -> None:
    with pytest.raises(NotAuthenticated, match="no client certificate"):
        check_connection(market.registry, None, now)
    with pytest.raises(NotAuthenticated, match="not one that the DIP knows"):
        check_connection(market.registry, b"unknown", now)


def test_the_certificate_of_a_removed_participant_is_unknown(market: Market, now: datetime) -> None:
    held = market.held(CertificateUse.TLS)
    with pytest.raises(NotAuthenticated, match="not one that the DIP knows"):
        check_connection(Participants([], [held]), der(held), now)


@pytest.mark.requirement("FS-07")
def test_a_sender_signs_with_its_own_certificate(market: Market, now: datetime) -> None:
    held = market.held(CertificateUse.SIGNING)
    assert check_signer(market.registry, held.fingerprint, SUPPLIER, now) == held


@pytest.mark.requirement("FS-07")
@pytest.mark.parametrize(
    ("use", "sender", "refusal"),
    [
        (CertificateUse.SIGNING, REGISTRAR, (NotPermitted, "may not sign for 2200000001")),
        (CertificateUse.TLS, SUPPLIER, (NotPermitted, "issued for tls, not for signing")),
        (CertificateUse.ENCRYPTION, SUPPLIER, (NotPermitted, "issued for encryption")),
    ],
)
def test_a_bad_signer_is_refused_in_words(
    market: Market, now: datetime, use: CertificateUse, sender: DipId, refusal: tuple[type[DipError], str]
) -> None:
    error, said = refusal
    with pytest.raises(error, match=said):
        check_signer(market.registry, market.held(use).fingerprint, sender, now)


def test_an_expired_signing_certificate_is_refused(market: Market, now: datetime) -> None:
    held = market.held(CertificateUse.SIGNING)
    with pytest.raises(NotAuthenticated, match="expired"):
        check_signer(market.registry, held.fingerprint, SUPPLIER, now + 400 * DAY)


def test_a_revoked_or_unknown_signing_certificate_is_refused(market: Market, now: datetime) -> None:
    held = msgspec.structs.replace(market.held(CertificateUse.SIGNING), revoked_at=now)
    with pytest.raises(NotPermitted, match="revoked"):
        check_signer(registry_with(market, held), held.fingerprint, SUPPLIER, now)
    with pytest.raises(NotAuthenticated, match="not one that the DIP knows"):
        check_signer(registry_with(market), held.fingerprint, SUPPLIER, now)


def test_a_caller_acts_for_itself_alone(market: Market) -> None:
    caller = Caller(SUPPLIER, "fingerprint")
    assert represents(market.registry, caller.dip_id, SUPPLIER)
    assert not represents(market.registry, caller.dip_id, REGISTRAR)


def test_an_api_key_must_be_right_where_it_is_given(market: Market) -> None:
    caller = Caller(SUPPLIER, "fingerprint")
    check_api_key(market.registry, caller, None, required=False)
    check_api_key(market.registry, caller, market.supplier.api_key, required=True)
    with pytest.raises(NotAuthenticated, match="is missing"):
        check_api_key(market.registry, caller, None, required=True)
    for wrong in ("", "wrong", "é", "\udcff", market.registrar.api_key):
        with pytest.raises(NotAuthenticated, match="not the key of 2300000001"):
            check_api_key(market.registry, caller, wrong, required=False)

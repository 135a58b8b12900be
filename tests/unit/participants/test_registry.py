from datetime import datetime, timedelta

import msgspec
import pytest
from cryptography import x509

from dip.messages.identifiers import DIP, DipId, RoleCode
from dip.participants.folder import issue_certificate
from dip.participants.participant import Participant
from dip.participants.registry import CertificateMissing, Participants
from dip.security.encryption import encrypt
from dip.security.pki import CertificateUse

from .conftest import REGISTRAR, SUPPLIER, Market


def leaf(pem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem.encode())


def named(dip_id: str, *roles: str) -> Participant:
    since = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    return Participant(DipId(dip_id), "ABCD", "Invented", tuple(map(RoleCode, roles)), "", since)


def test_roles_are_looked_up_in_order_of_id() -> None:
    found = Participants([named("2300000002", "SUP"), named(DIP, "DIP"), named("2300000001", "SUP", "MDR")], [])
    assert found.by_role(RoleCode("SUP")) == ("2300000001", "2300000002")
    assert found.by_role(RoleCode("MDR")) == ("2300000001",)
    assert found.by_role(RoleCode("LSS")) == ()


def test_everyone_is_everyone_but_the_dip() -> None:
    found = Participants([named("2300000002", "SUP"), named(DIP, "DIP"), named("1100000001", "ADS")], [])
    assert found.by_role(RoleCode("*")) == ("1100000001", "2300000002")
    assert found.by_role(RoleCode("DIP")) == (DIP,)


def test_a_certificate_leads_to_its_holder(market: Market) -> None:
    held = market.held(CertificateUse.SIGNING)
    assert market.registry.holder_of(held.fingerprint) == SUPPLIER
    assert market.registry.holder_of("unknown") is None
    key = market.registry.signing_key(held.fingerprint)
    assert key is not None
    assert key == leaf(held.pem).public_key()
    assert market.registry.signing_key(market.held(CertificateUse.TLS).fingerprint) is None


def test_the_newest_valid_certificate_is_the_current_one(market: Market, now: datetime) -> None:
    old = market.held(CertificateUse.ENCRYPTION)
    later = now + timedelta(days=30)
    new = msgspec.structs.replace(old, fingerprint="new", not_before=later, not_after=later + timedelta(days=365))
    found = Participants([market.supplier.participant], [new, old])
    use = CertificateUse.ENCRYPTION
    assert found.current(SUPPLIER, use, now) == old
    assert found.current(SUPPLIER, use, later) == new
    assert [held.fingerprint for held in found.held_by(SUPPLIER, use)] == ["new", old.fingerprint]
    with pytest.raises(CertificateMissing):
        found.current(SUPPLIER, use, later + timedelta(days=366))


def test_a_revoked_certificate_is_never_current(market: Market, now: datetime) -> None:
    revoked = msgspec.structs.replace(market.held(CertificateUse.ENCRYPTION), revoked_at=now)
    found = Participants([market.supplier.participant], [revoked])
    with pytest.raises(CertificateMissing):
        found.current(SUPPLIER, CertificateUse.ENCRYPTION, now)
    with pytest.raises(CertificateMissing):
        found.encryptor(SUPPLIER)


@pytest.mark.requirement("FS-08")
def test_each_participant_has_keys_of_its_own_with_the_dip(market: Market, now: datetime) -> None:
    found = market.registry
    to_dip = market.held(CertificateUse.DIP_ENCRYPTION)
    assert found.decryptor(SUPPLIER).decrypt(encrypt(b"block", leaf(to_dip.pem))) == b"block"
    assert found.decryptor(SUPPLIER) is found.decryptor(SUPPLIER)
    assert found.encryptor(SUPPLIER) is found.encryptor(SUPPLIER, now)
    fingerprints = {held.fingerprint for one in (market.supplier, market.registrar) for held in one.certificates}
    assert len(fingerprints) == 8


@pytest.mark.requirement("FS-08", "FS-68")
def test_a_renewed_key_is_current_and_the_old_one_still_decrypts(market: Market, now: datetime) -> None:
    old = market.held(CertificateUse.DIP_ENCRYPTION)
    new = issue_certificate(
        market.directory, market.authority, SUPPLIER, CertificateUse.DIP_ENCRYPTION, now + timedelta(days=1)
    )
    found = Participants([market.supplier.participant], [old, new]).decryptor(SUPPLIER)
    for held in (old, new):
        assert found.decrypt(encrypt(b"block", leaf(held.pem))) == b"block"


def test_without_a_key_there_is_a_sentence_and_no_decryptor(market: Market) -> None:
    with pytest.raises(CertificateMissing, match="holds no key"):
        Participants([market.registrar.participant], []).decryptor(REGISTRAR)

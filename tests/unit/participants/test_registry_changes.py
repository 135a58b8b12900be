"""A snapshot with other certificates: what changed is seen, what was read is kept."""

from datetime import datetime, timedelta

import msgspec
import pytest

from dip.participants.folder import issued
from dip.participants.registry import CertificateMissing
from dip.security.pki import CertificateUse
from tests.unit.participants.conftest import SUPPLIER, Market


@pytest.mark.requirement("FS-68")
def test_a_newer_certificate_is_the_current_one_and_the_earlier_stays(market: Market, now: datetime) -> None:
    before = market.registry
    made = issued(market.authority, SUPPLIER, CertificateUse.TLS, now + timedelta(seconds=2)).held
    after = before.with_certificates([made])
    assert after.current(SUPPLIER, CertificateUse.TLS, now) == made
    assert after.held_by(SUPPLIER, CertificateUse.TLS) == (made, market.held(CertificateUse.TLS))
    assert after.certificate(made.fingerprint) == made
    assert before.certificate(made.fingerprint) is None
    assert before.held_by(SUPPLIER, CertificateUse.TLS) == (market.held(CertificateUse.TLS),)


@pytest.mark.requirement("FS-68")
def test_a_revoked_one_is_revoked_in_the_new_snapshot_alone(market: Market, now: datetime) -> None:
    before, held = market.registry, market.held(CertificateUse.ENCRYPTION)
    after = before.with_certificates([msgspec.structs.replace(held, revoked_at=now)])
    assert before.current(SUPPLIER, CertificateUse.ENCRYPTION, now) == held
    with pytest.raises(CertificateMissing):
        after.current(SUPPLIER, CertificateUse.ENCRYPTION, now)


@pytest.mark.requirement("FS-68")
def test_what_is_decrypted_with_is_read_anew_for_its_holder_alone(market: Market, now: datetime) -> None:
    before = market.registry
    (other,) = {one.dip_id for one in before} - {SUPPLIER}
    mine, theirs = before.decryptor(SUPPLIER), before.decryptor(other)
    made = issued(market.authority, SUPPLIER, CertificateUse.DIP_ENCRYPTION, now + timedelta(seconds=2)).held
    after = before.with_certificates([made])
    assert after.decryptor(SUPPLIER) is not mine
    assert after.decryptor(other) is theirs

from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from dip.security.certificate_requests import CertificateRequestRefused, requested_key
from dip.security.keys import PrivateKey, from_der, to_der
from dip.security.pki import Authority, CertificateUse

from .conftest import Holder


def intermediates(authority: Authority) -> list[x509.Certificate]:
    return [x509.load_pem_x509_certificate(authority.issuing_pem)]


def root(authority: Authority) -> x509.Certificate:
    return x509.load_pem_x509_certificate(authority.root_pem)


def tls_leaf(authority: Authority, holder: Holder, now: datetime) -> x509.Certificate:
    return authority.issue(
        CertificateUse.TLS,
        "2300000001",
        holder.key.public_key(),
        names=("localhost", "127.0.0.1"),
        now=now,
    )


@pytest.mark.requirement("FS-68")
def test_a_tls_certificate_verifies_up_to_the_root(authority: Authority, curve_holder: Holder, now: datetime) -> None:
    leaf = tls_leaf(authority, curve_holder, now)
    policy = PolicyBuilder().store(Store([root(authority)])).time(now)
    chain = policy.build_server_verifier(x509.DNSName("localhost")).verify(leaf, intermediates(authority))
    assert len(chain) == 3
    policy.build_client_verifier().verify(leaf, intermediates(authority))


@pytest.mark.requirement("FS-60", "FS-68")
def test_a_certificate_of_one_environment_is_worth_nothing_in_another(
    authority: Authority, curve_holder: Holder, now: datetime
) -> None:
    production = Authority.create("PRD", now)
    verifier = PolicyBuilder().store(Store([root(production)])).time(now).build_client_verifier()
    with pytest.raises(VerificationError):
        verifier.verify(tls_leaf(authority, curve_holder, now), intermediates(authority))
    names = {
        tag.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)[0].value
        for tag in (root(production), root(authority))
    }
    assert names == {"PRD", "DEV"}


def test_each_use_has_its_key_usage(authority: Authority, rsa_holder: Holder, now: datetime) -> None:
    usages = {
        use: authority.issue(use, "2300000001", rsa_holder.key.public_key(), now=now)
        .extensions.get_extension_for_class(x509.KeyUsage)
        .value
        for use in CertificateUse
    }
    assert usages[CertificateUse.SIGNING].content_commitment
    assert not usages[CertificateUse.TLS].content_commitment
    for use in (CertificateUse.ENCRYPTION, CertificateUse.DIP_ENCRYPTION):
        assert usages[use].key_encipherment
        assert not usages[use].digital_signature


def test_tls_certificates_serve_both_sides(authority: Authority, curve_holder: Holder, now: datetime) -> None:
    leaf = tls_leaf(authority, curve_holder, now)
    purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(purposes) == {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH}


def test_a_certificate_does_not_outlive_its_issuer(authority: Authority, rsa_holder: Holder, now: datetime) -> None:
    late = authority.issue(CertificateUse.SIGNING, "2300000001", rsa_holder.key.public_key(), now=now, days=36_500)
    assert late.not_valid_after_utc == intermediates(authority)[0].not_valid_after_utc


def test_an_authority_loads_from_what_was_kept(authority: Authority, curve_holder: Holder, now: datetime) -> None:
    again = Authority.load(authority.keys)
    verifier = PolicyBuilder().store(Store([root(authority)])).time(now).build_client_verifier()
    verifier.verify(tls_leaf(again, curve_holder, now), intermediates(authority))


def test_a_key_reads_back_as_it_was_written(holder: Holder) -> None:
    assert to_der(from_der(to_der(holder.key))) == to_der(holder.key)


@pytest.mark.requirement("FS-68")
def test_revoked_certificates_stand_on_the_list(authority: Authority, rsa_holder: Holder, now: datetime) -> None:
    serial = rsa_holder.signing.serial_number
    listed = x509.load_der_x509_crl(authority.revocation_list({serial: now}, 1, now))
    found = listed.get_revoked_certificate_by_serial_number(serial)
    assert found is not None
    assert abs(found.revocation_date_utc - now) < timedelta(seconds=1)
    issuer_key = intermediates(authority)[0].public_key()
    assert isinstance(issuer_key, ec.EllipticCurvePublicKey)
    assert listed.is_signature_valid(issuer_key)


def request_pem(key: PrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "whatever")])
    return x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, SHA256()).public_bytes(Encoding.PEM)


@pytest.mark.requirement("FS-68")
def test_a_request_gives_its_key(holder: Holder) -> None:
    assert requested_key(request_pem(holder.key), CertificateUse.SIGNING) == holder.key.public_key()


def test_weak_keys_are_refused() -> None:
    short = rsa.generate_private_key(65537, 1024)  # noqa: S505 - it is to be refused
    weak = (short, ec.generate_private_key(ec.SECP256K1()))
    for key in weak:
        with pytest.raises(CertificateRequestRefused, match="2048 to 4096"):
            requested_key(request_pem(key), CertificateUse.TLS)


def test_a_request_signed_by_another_key_is_refused(rsa_holder: Holder) -> None:
    der = bytearray(x509.load_pem_x509_csr(request_pem(rsa_holder.key)).public_bytes(Encoding.DER))
    der[-1] ^= 1
    changed = x509.load_der_x509_csr(bytes(der)).public_bytes(Encoding.PEM)
    with pytest.raises(CertificateRequestRefused, match="not signed"):
        requested_key(changed, CertificateUse.TLS)


@pytest.mark.parametrize("pem", [b"", b"hello", b"x" * 20_000])
def test_what_is_no_request_is_refused(pem: bytes) -> None:
    with pytest.raises(CertificateRequestRefused, match="PKCS#10"):
        requested_key(pem, CertificateUse.TLS)


def test_nobody_brings_a_key_that_the_dip_has_to_hold(rsa_holder: Holder) -> None:
    with pytest.raises(CertificateRequestRefused, match="made by the DIP"):
        requested_key(request_pem(rsa_holder.key), CertificateUse.DIP_ENCRYPTION)

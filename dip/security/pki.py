"""The DIP's own certificate authority, one for each environment (8.4)."""

import ipaddress
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from dip.security.certificates import VerificationKey, fingerprint
from dip.security.keys import PrivateKey, from_der, to_der

__all__ = ["Authority", "AuthorityKeys", "CertificateUse", "fingerprint"]

ROOT_DAYS = 3652
ISSUING_DAYS = 1826
CERTIFICATE_DAYS = 365
REVOCATION_LIST_DAYS = 7

CLOCK_DIFFERENCE = timedelta(minutes=5)
"""How much earlier than its issue a certificate begins: a participant's clock may be behind ours."""
_ORGANIZATION = "Reference DIP"
_DIGEST = hashes.SHA384()


class CertificateUse(StrEnum):
    """What a certificate is for; a participant holds one of each (8.4)."""

    TLS = "tls"
    SIGNING = "signing"
    ENCRYPTION = "encryption"
    DIP_ENCRYPTION = "dip-encryption"


def environment_of(certificate: x509.Certificate) -> str:
    """The environment of a reference DIP that a certificate was issued for; empty for anybody else's."""
    found = {name.oid: str(name.value) for name in certificate.subject}
    if found.get(NameOID.ORGANIZATION_NAME) != _ORGANIZATION:
        return ""
    return found.get(NameOID.ORGANIZATIONAL_UNIT_NAME, "")


def common_name_of(certificate: x509.Certificate) -> str:
    """The last common name of a certificate's subject, the holder's DIP id in ours; empty where it has none."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[-1].value) if names else ""


class AuthorityKeys(msgspec.Struct, frozen=True):
    """What has to be kept to load an authority again. Keys: PKCS#8, DER; to be kept sealed."""

    environment: str
    root_pem: bytes
    root_key: bytes
    issuing_pem: bytes
    issuing_key: bytes


class Authority:
    """A root and, under it, the authority that issues every certificate of one environment."""

    def __init__(self, keys: AuthorityKeys) -> None:
        self.environment = keys.environment
        self.root_pem = keys.root_pem
        self.issuing_pem = keys.issuing_pem
        self.keys = keys
        self._certificate = x509.load_pem_x509_certificate(keys.issuing_pem)
        self._private_key = from_der(keys.issuing_key)

    @classmethod
    def create(cls, environment: str, now: datetime) -> Self:
        """A new authority for an environment (wall time)."""
        root_key, issuing_key = (ec.generate_private_key(ec.SECP384R1()) for _ in range(2))
        root_name = _name(environment, f"DIP {environment} root")
        root = (
            _builder(root_name, root_name, root_key.public_key(), now, days=ROOT_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
            .add_extension(_AUTHORITY_USAGE, critical=True)
            .sign(root_key, _DIGEST)
        )
        issuing = (
            _builder(
                _name(environment, f"DIP {environment} issuing authority"),
                root_name,
                issuing_key.public_key(),
                now,
                days=ISSUING_DAYS,
            )
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_AUTHORITY_USAGE, critical=True)
            .add_extension(_identifier_of(root), critical=False)
            .sign(root_key, _DIGEST)
        )
        return cls(
            AuthorityKeys(
                environment=environment,
                root_pem=root.public_bytes(Encoding.PEM),
                root_key=to_der(root_key),
                issuing_pem=issuing.public_bytes(Encoding.PEM),
                issuing_key=to_der(issuing_key),
            )
        )

    @classmethod
    def load(cls, keys: AuthorityKeys) -> Self:
        """The authority that was kept."""
        return cls(keys)

    def issue(
        self,
        use: CertificateUse,
        subject: str,
        public_key: VerificationKey,
        *,
        now: datetime,
        names: Sequence[str] = (),
        days: int = CERTIFICATE_DAYS,
    ) -> x509.Certificate:
        """A certificate for one use.

        subject: the holder's DIP id. names: host names and IP addresses (TLS). now: wall time, from which on it is
        valid; another time for a drill. Then its end may lie before that of the authority's own validity.
        """
        builder = (
            _builder(
                _name(self.environment, subject),
                self._certificate.subject,
                public_key,
                now,
                days=days,
                until=self._certificate.not_valid_after_utc,
            )
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(use, public_key), critical=True)
            .add_extension(_identifier_of(self._certificate), critical=False)
        )
        if use is CertificateUse.TLS:
            purposes = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        if names:
            alternatives = x509.SubjectAlternativeName([_general_name(name) for name in names])
            builder = builder.add_extension(alternatives, critical=False)
        return builder.sign(_curve_key(self._private_key), _DIGEST)

    def chain(self, certificate: x509.Certificate) -> bytes:
        """PEM of the certificate and, after it, the issuing one: what a TLS peer presents."""
        return certificate.public_bytes(Encoding.PEM) + self.issuing_pem

    def revocation_list(self, revoked: Mapping[int, datetime], number: int, now: datetime) -> bytes:
        """DER of the revocation list; revoked: moment by serial number; number: grows with each list."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._certificate.subject)
            .last_update(now)
            .next_update(now + timedelta(days=REVOCATION_LIST_DAYS))
            .add_extension(x509.CRLNumber(number), critical=False)
            .add_extension(_identifier_of(self._certificate), critical=False)
        )
        for serial, moment in sorted(revoked.items()):
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(moment).build()
            )
        return builder.sign(_curve_key(self._private_key), _DIGEST).public_bytes(Encoding.DER)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: VerificationKey,
    now: datetime,
    *,
    days: int,
    until: datetime | None = None,
) -> x509.CertificateBuilder:
    end = now + timedelta(days=days)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_DIFFERENCE)
        .not_valid_after(min(end, until) if until else end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _name(environment: str, common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "GB"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANIZATION),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, environment),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _identifier_of(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    subject_key = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(subject_key)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(use: CertificateUse, public_key: VerificationKey) -> x509.KeyUsage:
    encrypts = use in (CertificateUse.ENCRYPTION, CertificateUse.DIP_ENCRYPTION)
    agrees = isinstance(public_key, ec.EllipticCurvePublicKey)
    return _key_usage(
        digital_signature=not encrypts,
        content_commitment=use is CertificateUse.SIGNING,
        key_encipherment=encrypts and not agrees,
        key_agreement=encrypts and agrees,
    )


def _key_usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_encipherment: bool = False,
    key_agreement: bool = False,
    authority: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=key_agreement,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


_AUTHORITY_USAGE = _key_usage(authority=True)


def _curve_key(key: PrivateKey) -> ec.EllipticCurvePrivateKey:
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("an authority's key is on an elliptic curve")
    return key

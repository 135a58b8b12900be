"""Outside authorities, and the chain from a certificate that a participant brings to one of them (8.4)."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Final, TypeVar

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from dip.ground.errors import DipError
from dip.security.certificate_requests import is_strong
from dip.security.pki import CertificateUse

SIZE_LIMIT: Final = 64 * 1024
"""Bytes that the PEM text of a chain or of an authority may have."""
LENGTH_LIMIT: Final = 10
"""Certificates that it may have."""

_Found = TypeVar("_Found", bound=x509.ExtensionType)
_DIGESTS = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_UNDERSTOOD = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.CERTIFICATE_POLICIES,
    }
)


class AuthorityRefused(DipError):
    """The authority can't be trusted as it is."""

    code: ClassVar[str] = "authority_refused"


class CertificateRefused(DipError):
    """The certificate that was brought can't be taken."""

    code: ClassVar[str] = "certificate_refused"


class Chain(msgspec.Struct, frozen=True):
    """A certificate and those that issued it one after the other; the last is the authority's root."""

    certificates: tuple[x509.Certificate, ...]

    @property
    def leaf(self) -> x509.Certificate:
        """The participant's own certificate."""
        return self.certificates[0]

    @property
    def root(self) -> x509.Certificate:
        """The authority's root."""
        return self.certificates[-1]

    @property
    def not_before(self) -> datetime:
        """Since when all of them are valid."""
        return max(one.not_valid_before_utc for one in self.certificates)

    @property
    def not_after(self) -> datetime:
        """Until when all of them are valid."""
        return min(one.not_valid_after_utc for one in self.certificates)


def read_certificates(pem: str, refused: type[DipError]) -> Sequence[x509.Certificate]:
    """The certificates of a PEM text, in its order. refused: what is raised where there is none, or too much."""
    if len(pem) > SIZE_LIMIT:
        raise refused(f"Expected at most {SIZE_LIMIT} characters of PEM.")
    if "PRIVATE KEY" in pem:
        raise refused("This carries a private key. Take that key out of use: it has been disclosed.")
    try:
        found = x509.load_pem_x509_certificates(pem.encode("ascii"))
    except (ValueError, UnsupportedAlgorithm):
        raise refused("Expected X.509 certificates in PEM form.") from None
    if len(found) > LENGTH_LIMIT:
        raise refused(f"Expected at most {LENGTH_LIMIT} certificates.")
    return found


def checked_authority(pem: str, now: datetime) -> Sequence[x509.Certificate]:
    """The certificates of an authority: its root first, then what it issued to issue with. Raises AuthorityRefused."""
    found = read_certificates(pem, AuthorityRefused)
    roots = [one for one in found if one.subject == one.issuer]
    if len(roots) != 1:
        raise AuthorityRefused(f"Expected exactly one root, a certificate that issued itself; found {len(roots)}.")
    root, others = roots[0], [one for one in found if one is not roots[0]]
    for one in (root, *others):
        fault = _authority_fault(one, now)
        if fault:
            raise AuthorityRefused(f"{_named(one)}: {fault}.")
    for one in others:
        _climb(one, others, [root], now, AuthorityRefused)
    if not _issued(root, root):
        raise AuthorityRefused(f"{_named(root)}: expected a root that is signed with its own key.")
    return [root, *others]


def checked_chain(pem: str, known: Sequence[x509.Certificate], use: CertificateUse, now: datetime) -> Chain:
    """The chain of a certificate that a participant brings: leaf first. known: of every authority that is trusted.

    Key, dates, use and each signature are checked. Raises CertificateRefused.
    """
    if use is CertificateUse.DIP_ENCRYPTION:
        raise CertificateRefused("The key of dip-encryption is made by the DIP, which alone holds it.")
    leaf, *others = read_certificates(pem, CertificateRefused)
    fault = _leaf_fault(leaf, use, now)
    if fault:
        raise CertificateRefused(f"{_named(leaf)}: {fault}.")
    roots = [one for one in known if one.subject == one.issuer]
    intermediates = [*others, *(one for one in known if one.subject != one.issuer)]
    return Chain((leaf, *_climb(leaf, intermediates, roots, now, CertificateRefused)))


def _climb(
    certificate: x509.Certificate,
    intermediates: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    now: datetime,
    refused: type[DipError],
) -> Sequence[x509.Certificate]:
    """Who issued it, and who issued that, up to a root."""
    chain: list[x509.Certificate] = []
    below = certificate
    while len(chain) < LENGTH_LIMIT:
        root = next((one for one in roots if _issued(one, below)), None)
        issuer = root or next((one for one in intermediates if one not in chain and _issued(one, below)), None)
        if issuer is None:
            raise refused(
                f"{_named(below)}: nothing here, and no authority that is trusted, issued it. Send the certificates "
                "between yours and the root behind it; an administrator adds the authority."
            )
        fault = _authority_fault(issuer, now) or _length_fault(issuer, len(chain))
        if fault:
            raise refused(f"{_named(issuer)}: {fault}.")
        chain.append(issuer)
        if root is not None:
            return chain
        below = issuer
    raise refused(f"Expected at most {LENGTH_LIMIT} certificates up to the root.")


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _authority_fault(certificate: x509.Certificate, now: datetime) -> str:
    """Why a certificate may not issue others; empty where it may."""
    constraints = _extension(certificate, x509.BasicConstraints)
    usage = _extension(certificate, x509.KeyUsage)
    if constraints is None or not constraints.ca:
        return "it is not that of an authority (basicConstraints CA:TRUE)"
    if usage is not None and not usage.key_cert_sign:
        return "its key may not sign certificates (keyUsage keyCertSign)"
    return _common_fault(certificate, now)


def _leaf_fault(certificate: x509.Certificate, use: CertificateUse, now: datetime) -> str:
    constraints = _extension(certificate, x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        return "it is that of an authority; expected the participant's own first"
    return _common_fault(certificate, now) or _use_fault(certificate, use)


def _common_fault(certificate: x509.Certificate, now: datetime) -> str:
    try:
        key, digest = certificate.public_key(), certificate.signature_hash_algorithm
        strange = [one.oid.dotted_string for one in certificate.extensions if one.critical]
        strange = [oid for oid in strange if x509.ObjectIdentifier(oid) not in _UNDERSTOOD]
    except (ValueError, UnsupportedAlgorithm):
        return "it can't be read"
    if not is_strong(key):
        return "its key must be RSA of 2048 to 4096 bits, or on the curve P-256 or P-384"
    if not isinstance(digest, _DIGESTS):
        return "it must be signed with SHA-256, SHA-384 or SHA-512"
    if strange:
        return f"it has a critical extension that is not understood here ({strange[0]})"
    if now > certificate.not_valid_after_utc:
        return f"it expired at {certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
    if now < certificate.not_valid_before_utc:
        return f"it is valid from {certificate.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ} on; bring it then"
    return ""


def _use_fault(certificate: x509.Certificate, use: CertificateUse) -> str:
    """Why its key may not be used so; a certificate that says nothing of its use is good for any (RFC 5280)."""
    usage = _extension(certificate, x509.KeyUsage)
    purposes = _extension(certificate, x509.ExtendedKeyUsage)
    match use:
        case CertificateUse.TLS:
            if usage is not None and not usage.digital_signature:
                return "a TLS certificate needs keyUsage digitalSignature"
            if purposes is not None and ExtendedKeyUsageOID.CLIENT_AUTH not in purposes:
                return "a TLS certificate needs extendedKeyUsage clientAuth"
        case CertificateUse.SIGNING:
            if usage is not None and not (usage.digital_signature or usage.content_commitment):
                return "a signing certificate needs keyUsage digitalSignature or contentCommitment"
        case _:
            agrees = not isinstance(certificate.public_key(), rsa.RSAPublicKey)
            if usage is not None and not (usage.key_agreement if agrees else usage.key_encipherment):
                return f"an encryption certificate needs keyUsage {'keyAgreement' if agrees else 'keyEncipherment'}"
    return ""


def _length_fault(issuer: x509.Certificate, below: int) -> str:
    constraints = _extension(issuer, x509.BasicConstraints)
    if constraints is not None and constraints.path_length is not None and below > constraints.path_length:
        return f"it allows {constraints.path_length} authorities below it, here are {below}"
    return ""


def _named(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string()[:200] or "A certificate without a subject"


def _extension(certificate: x509.Certificate, kind: type[_Found]) -> _Found | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except (x509.ExtensionNotFound, ValueError):
        return None

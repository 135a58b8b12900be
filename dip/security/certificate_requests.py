"""Certificate signing requests (PKCS#10) of participants that make their own keys (8.4)."""

from typing import ClassVar, TypeGuard

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from dip.ground.errors import DipError
from dip.security.certificates import VerificationKey
from dip.security.keys import PrivateKey
from dip.security.pki import CertificateUse

SIZE_LIMIT = 16 * 1024
"""Bytes that a request may have."""
RSA_BITS = (2048, 4096)
"""The smallest and the largest RSA key taken."""

_CURVES = ("secp256r1", "secp384r1")


class CertificateRequestRefused(DipError):
    """The certificate signing request can't be granted."""

    code: ClassVar[str] = "certificate_request_refused"


def is_strong(key: object) -> TypeGuard[VerificationKey]:
    """Whether a public key is of a kind and size that certificates may have here."""
    if isinstance(key, rsa.RSAPublicKey):
        return RSA_BITS[0] <= key.key_size <= RSA_BITS[1]
    return isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES


def requested_key(pem: bytes, use: CertificateUse) -> VerificationKey:
    """The public key that a request asks a certificate for. Raises CertificateRequestRefused.

    Only the key is taken from a request: the DIP decides subject, names and use.
    """
    if use is CertificateUse.DIP_ENCRYPTION:
        raise CertificateRequestRefused("The key of dip-encryption is made by the DIP, which alone holds it.")
    try:
        if len(pem) > SIZE_LIMIT:
            raise ValueError
        request = x509.load_pem_x509_csr(pem)
        proven = request.is_signature_valid
        key = request.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise CertificateRequestRefused("No certificate signing request in PEM form (PKCS#10).") from None
    if not proven:
        raise CertificateRequestRefused("The request is not signed with the key it asks a certificate for.")
    if is_strong(key):
        return key
    raise CertificateRequestRefused("The key must be RSA of 2048 to 4096 bits, or on the curve P-256 or P-384.")


def signing_request(key: PrivateKey, name: str) -> bytes:
    """A request for a certificate for this key, PEM. name: whose it is; what counts is the key alone."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return request.public_bytes(Encoding.PEM)

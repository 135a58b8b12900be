"""Reading of the certificates that stand in signature headers: each is parsed once."""

import base64
import hashlib
import re
import threading
from collections import OrderedDict
from typing import ClassVar

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from dip.ground.errors import DipError
from dip.messages.headers import SIGNATURE_CERTIFICATE

VerificationKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

TEXT_LIMIT = 16 * 1024
"""Characters that the header may have."""
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")


class CertificateUnreadable(DipError):
    """The signature certificate can't be read."""

    code: ClassVar[str] = "certificate_unreadable"


class ReadCertificate(msgspec.Struct, frozen=True):
    """A certificate out of a header. fingerprint: SHA-256 of its DER form, hexadecimal."""

    certificate: x509.Certificate
    public_key: VerificationKey
    fingerprint: str


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of a certificate's DER form in 64 hexadecimal digits."""
    return der_fingerprint(certificate.public_bytes(Encoding.DER))


def der_fingerprint(der: bytes) -> str:
    """SHA-256 of a certificate in DER, in 64 hexadecimal digits."""
    return hashlib.sha256(der).hexdigest()


class CertificateReader:
    """From the header's text to the certificate, its key and its fingerprint; remembers the last ones read.

    Nothing is said about trust: the fingerprint still has to be that of a certificate known to the DIP.
    """

    def __init__(self, remembered: int = 4096) -> None:
        self._remembered = remembered
        self._read: OrderedDict[str, ReadCertificate] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._read)

    def read(self, text: str) -> ReadCertificate:
        """The certificate in base64 of its PEM text, LF or CRLF. Raises CertificateUnreadable."""
        with self._lock:
            known = self._read.get(text)
            if known is not None:
                self._read.move_to_end(text)
                return known
        found = _parsed(text)
        with self._lock:
            self._read[text] = found
            while len(self._read) > self._remembered:
                self._read.popitem(last=False)
        return found


def _parsed(text: str) -> ReadCertificate:
    if len(text) > TEXT_LIMIT:
        raise CertificateUnreadable(f"{SIGNATURE_CERTIFICATE} is longer than {TEXT_LIMIT} characters.")
    try:
        pem = base64.b64decode(text, validate=True)
    except ValueError:
        raise CertificateUnreadable(f"{SIGNATURE_CERTIFICATE} is not base64 of a PEM text.") from None
    if b"PRIVATE KEY" in pem:
        raise CertificateUnreadable(
            f"{SIGNATURE_CERTIFICATE} carries a private key. Take that key out of use: it has been disclosed."
        )
    block = _PEM.search(pem)
    try:
        if block is None:
            raise ValueError
        certificate = x509.load_pem_x509_certificate(block[0].replace(b"\r\n", b"\n"))
        public_key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise CertificateUnreadable(
            f"{SIGNATURE_CERTIFICATE} holds no X.509 certificate in PEM form between its BEGIN and END lines."
        ) from None
    if not isinstance(public_key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise CertificateUnreadable(f"{SIGNATURE_CERTIFICATE} has a key that is neither RSA nor ECDSA.")
    return ReadCertificate(certificate, public_key, fingerprint(certificate))

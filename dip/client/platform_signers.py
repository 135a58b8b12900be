"""Whose signature is the DIP's: the certificate that it gave, and any later one of the same authority (8.4)."""

from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import NameOID

from dip.messages.identifiers import DIP
from dip.security.certificates import CertificateReader, CertificateUnreadable, VerificationKey, fingerprint
from dip.security.signing import SignatureRefused

_REMEMBERED: Final = 16


class PlatformSigners:
    """Knows the DIP's signing certificates by one of them and by the authority that issues them.

    known: the DIP's certificate at hand. issuing: the environment's issuing authority, which stands behind the
    participant's own TLS certificate; None: only the known one is taken. Safe to use from several threads.
    """

    def __init__(self, known: x509.Certificate, issuing: x509.Certificate | None) -> None:
        self._known = fingerprint(known)
        self._issuing = issuing
        self._reader = CertificateReader(remembered=_REMEMBERED)

    def key(self, certificate: str, at: datetime) -> VerificationKey:
        """The key that verifies a signature. certificate: the header's text; at: wall time.

        Raises SignatureRefused where the certificate is not the DIP's, or outside its dates.
        """
        try:
            read = self._reader.read(certificate)
        except CertificateUnreadable as unreadable:
            raise SignatureRefused(unreadable.message) from unreadable
        if read.fingerprint != self._known and not self._issued(read.certificate):
            raise SignatureRefused(
                "Signature refused: the certificate given is not the DIP's; it was not made by the authority of this "
                "environment for the DIP to sign with."
            )
        if not read.certificate.not_valid_before_utc <= at <= read.certificate.not_valid_after_utc:
            raise SignatureRefused("Signature refused: the DIP's certificate is outside its dates.")
        return read.public_key

    def _issued(self, certificate: x509.Certificate) -> bool:
        if self._issuing is None:
            return False
        names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        try:
            certificate.verify_directly_issued_by(self._issuing)
            usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
            return False
        return [name.value for name in names] == [DIP] and usage.content_commitment

"""A participant of the market and the certificates that it holds."""

import hashlib
from datetime import datetime
from enum import StrEnum

import msgspec

from dip.messages.identifiers import DipId, RoleCode
from dip.security.pki import CertificateUse


class Participant(msgspec.Struct, frozen=True):
    """One party with a DIP id.

    roles: all that are in force, the first is its main one; optional_roles: those of them, and optional_channels:
    the channels, that it signed up for (FS-41). api_key_digest: see `api_key_digest`. company: its number. left_at:
    since when it takes no part any more (wall time); its name stays for what is archived.
    """

    dip_id: DipId
    mpid: str
    name: str
    roles: tuple[RoleCode, ...]
    api_key_digest: str
    since: datetime
    company: str = ""
    optional_roles: tuple[RoleCode, ...] = ()
    optional_channels: tuple[str, ...] = ()
    left_at: datetime | None = None


class CertificateOrigin(StrEnum):
    """Who made a certificate, and for what (8.4)."""

    ISSUED = "issued"
    OUTSIDE = "outside"
    DRILL = "drill"


class HeldCertificate(msgspec.Struct, frozen=True):
    """A certificate that the DIP knows.

    fingerprint: SHA-256 of the DER form, hexadecimal. pem: leaf first. private_key: PKCS#8 in DER,
    where the DIP holds it (dip-encryption keys and its own); the store keeps it sealed. authority: the fingerprint
    of the outside authority that issued it. drill: which fault it was made to show; such a one is never used.
    """

    fingerprint: str
    holder: DipId
    use: CertificateUse
    pem: str
    not_before: datetime
    not_after: datetime
    revoked_at: datetime | None = None
    private_key: bytes | None = None
    origin: CertificateOrigin = CertificateOrigin.ISSUED
    authority: str = ""
    drill: str = ""

    def is_valid(self, at: datetime) -> bool:
        """Whether it is neither revoked nor outside its dates at a moment of the wall clock."""
        return self.revoked_at is None and self.not_before <= at <= self.not_after


def api_key_digest(api_key: str) -> str:
    """How an API key is kept: SHA-256, hexadecimal. A key is random and long, so that needs no salt."""
    return hashlib.sha256(api_key.encode("utf-8", "surrogateescape")).hexdigest()

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
    the channels, that it signed up for (FS-41). lost_channels: those that it may not receive any more, since its roles
    changed. api_key_digest: see `api_key_digest`. company: its number. left_at: since when it takes no part any more
    (wall time); its name stays for what is archived.
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
    lost_channels: tuple[str, ...] = ()
    left_at: datetime | None = None

    @property
    def base_roles(self) -> tuple[RoleCode, ...]:
        """The roles that it was given, without those that it signed up for."""
        return tuple(role for role in self.roles if role not in self.optional_roles)


class Qualification(msgspec.Struct, frozen=True):
    """A role that a participant is qualified for, as the central feed says it (5.7.1).

    market_role: the industry's code of it, empty where none was given. Business time; effective_to is exclusive, None
    where it is open; effective_from: None for always.
    """

    dip_id: DipId
    role: RoleCode
    market_role: str = ""
    effective_from: datetime | None = None
    effective_to: datetime | None = None

    def is_in_force(self, at: datetime) -> bool:
        """Whether the role may be used at a moment of business time."""
        return (self.effective_from is None or self.effective_from <= at) and (
            self.effective_to is None or at < self.effective_to
        )


class Company(msgspec.Struct, frozen=True):
    """A company that has participants. since: wall time."""

    number: str
    name: str
    since: datetime


class CertificateOrigin(StrEnum):
    """Who made a certificate, and for what (8.4)."""

    ISSUED = "issued"
    OUTSIDE = "outside"
    DRILL = "drill"


class HeldCertificate(msgspec.Struct, frozen=True):
    """A certificate that the DIP knows.

    fingerprint: SHA-256 of the DER form, hexadecimal. pem: leaf first. private_key: PKCS#8 in DER,
    where the DIP holds it (dip-encryption keys and its own); the store keeps it sealed. authority: the fingerprint
    of the outside authority that issued it; authority_removed_at: since when that one is not trusted any more.
    drill: which fault it was made to show; such a one is never used.
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
    authority_removed_at: datetime | None = None

    @property
    def is_withdrawn(self) -> bool:
        """Whether it was revoked, or its authority is not trusted any more."""
        return self.revoked_at is not None or self.authority_removed_at is not None

    def is_valid(self, at: datetime) -> bool:
        """Whether it is neither withdrawn nor outside its dates at a moment of the wall clock."""
        return not self.is_withdrawn and self.not_before <= at <= self.not_after


def api_key_digest(api_key: str) -> str:
    """How an API key is kept: SHA-256, hexadecimal. A key is random and long, so that needs no salt."""
    return hashlib.sha256(api_key.encode("utf-8", "surrogateescape")).hexdigest()

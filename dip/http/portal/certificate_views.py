"""Certificates as the administration API and the pages show them (8.4)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.settings import Settings
from dip.http.portal.powers import Visitor
from dip.http.portal.views import CertificateView, certificate_view
from dip.messages.identifiers import DIP, DipId
from dip.participants.participant import CertificateOrigin, HeldCertificate
from dip.participants.registry import Participants
from dip.security.certificates import fingerprint
from dip.security.pki import Authority, CertificateUse
from dip.trust.expiry import CertificateState, state_of

IN_FORCE: Final = "in force"
"""What can be used now, or will be: everything that is neither expired, revoked nor a drill's."""
STATES: Final = (IN_FORCE, *CertificateState)


class CertificateLine(CertificateView, frozen=True, rename="camel", kw_only=True):
    """A certificate in a list. key: such as RSA 2048; drill: the fault that it was made to show."""

    holder: DipId
    state: CertificateState
    key: str
    origin: CertificateOrigin
    drill: str = ""


class OwnCertificateLine(CertificateLine, frozen=True, rename="camel", kw_only=True):
    """One of the DIP's own. in_use: whether it is shown, or signed with, now."""

    in_use: bool


class OwnAuthorityView(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A certificate of this environment's authority. fingerprint: SHA-256, hexadecimal."""

    name: str
    subject: str
    fingerprint: str
    not_before: datetime
    not_after: datetime
    pem: str


class CertificateViews:
    """Makes lines of certificates as they stand now."""

    def __init__(self, *, participants: Current[Participants], clock: Clock, settings: Settings) -> None:
        self._participants = participants
        self._clock = clock
        self._warning = settings.certificate_warnings[0]

    def line(self, held: HeldCertificate) -> CertificateLine:
        """A certificate in a list."""
        return CertificateLine(
            **msgspec.structs.asdict(certificate_view(held)),
            holder=held.holder,
            state=state_of(held, self._participants.value, self._clock.wall(), self._warning),
            key=_key_in_words(held),
            origin=held.origin,
            drill=held.drill,
        )

    def own_line(self, held: HeldCertificate, *, in_use: bool) -> OwnCertificateLine:
        """One of the DIP's own in a list."""
        return OwnCertificateLine(**msgspec.structs.asdict(self.line(held)), in_use=in_use)

    def lines(self, certificates: Iterable[HeldCertificate]) -> list[CertificateLine]:
        """Certificates in a list."""
        return [self.line(held) for held in certificates]

    def of_one(self, holder: DipId) -> list[HeldCertificate]:
        """Every certificate of a participant, newest first within a use; those of drills last."""
        participants = self._participants.value
        usual = [held for use in CertificateUse for held in participants.held_by(holder, use)]
        drills = [held for held in participants.certificates() if held.holder == holder and held.drill]
        return [*usual, *drills]

    def by_end(
        self, visitor: Visitor, *, state: str = "", use: str = "", holder: str = ""
    ) -> Sequence[HeldCertificate]:
        """The participants' certificates that a visitor may see, by their end. state: one of STATES; empty: any."""
        now = self._clock.wall()
        found = (
            held
            for held in self._participants.value.certificates()
            if held.holder != DIP
            and visitor.sees(held.holder)
            and (not use or held.use == use)
            and (not holder or held.holder == holder)
            and (not state or self._is(held, state, now))
        )
        return sorted(found, key=lambda held: (held.not_after, held.fingerprint))

    def _is(self, held: HeldCertificate, wanted: str, now: datetime) -> bool:
        if wanted == IN_FORCE:
            return not held.drill and not held.is_withdrawn and held.not_after >= now
        return state_of(held, self._participants.value, now, self._warning) == wanted


def authority_views(authority: Authority) -> tuple[OwnAuthorityView, OwnAuthorityView]:
    """The root, and the authority under it that issues."""
    root, issuing = (_authority(*one) for one in (("root", authority.root_pem), ("issuing", authority.issuing_pem)))
    return root, issuing


def _authority(name: str, pem: bytes) -> OwnAuthorityView:
    certificate = x509.load_pem_x509_certificate(pem)
    return OwnAuthorityView(
        name=name,
        subject=certificate.subject.rfc4514_string(),
        fingerprint=fingerprint(certificate),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        pem=pem.decode("ascii"),
    )


def _key_in_words(held: HeldCertificate) -> str:
    key = x509.load_pem_x509_certificate(held.pem.encode("ascii")).public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    curve = getattr(getattr(key, "curve", None), "name", "")
    return {"secp256r1": "P-256", "secp384r1": "P-384"}.get(curve, curve or "other")

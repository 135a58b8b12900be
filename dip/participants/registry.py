"""Participants and certificates in memory: what every message asks for."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import ClassVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from dip.ground.errors import DipError
from dip.messages.identifiers import DIP, DipId, RoleCode
from dip.participants.participant import HeldCertificate, Participant
from dip.security.certificates import VerificationKey
from dip.security.encryption import Decryptor, Encryptor, thumbprint
from dip.security.keys import from_der
from dip.security.pki import CertificateUse

EVERYONE = RoleCode("*")


class CertificateMissing(DipError):
    """There is no valid certificate for this."""

    code: ClassVar[str] = "certificate_missing"


class Participants:
    """A snapshot; a change makes a new one. Every look-up takes the same time however many there are.

    Keys are read at their first use and kept. Safe to use from several threads.
    """

    def __init__(self, participants: Iterable[Participant], certificates: Iterable[HeldCertificate]) -> None:
        self._participants = {participant.dip_id: participant for participant in participants}
        self._certificates = {certificate.fingerprint: certificate for certificate in certificates}
        self._by_role = _grouped_by_role(self._participants.values())
        self._held: defaultdict[tuple[DipId, CertificateUse], list[HeldCertificate]] = defaultdict(list)
        for certificate in sorted(self._certificates.values(), key=lambda held: held.not_before, reverse=True):
            self._held[certificate.holder, certificate.use].append(certificate)
        self._encryptors: dict[str, Encryptor] = {}
        self._decryptors: dict[DipId, Decryptor] = {}
        self._signing_keys: dict[str, VerificationKey] = {}

    def __iter__(self) -> Iterator[Participant]:
        return iter(self._participants.values())

    def __len__(self) -> int:
        return len(self._participants)

    def get(self, dip_id: DipId) -> Participant | None:
        """The participant with this id."""
        return self._participants.get(dip_id)

    def by_role(self, role: RoleCode) -> tuple[DipId, ...]:
        """Who has a role, in order of id; `*`: everyone but the DIP."""
        return self._by_role.get(role, ())

    def certificate(self, fingerprint: str) -> HeldCertificate | None:
        """The certificate with this fingerprint."""
        return self._certificates.get(fingerprint)

    def holder_of(self, fingerprint: str) -> DipId | None:
        """Whose certificate this is."""
        held = self._certificates.get(fingerprint)
        return held.holder if held is not None else None

    def held_by(self, dip_id: DipId, use: CertificateUse) -> tuple[HeldCertificate, ...]:
        """All certificates of a holder for a use, newest first, revoked and expired ones included."""
        return tuple(self._held.get((dip_id, use), ()))

    def current(self, dip_id: DipId, use: CertificateUse, at: datetime) -> HeldCertificate:
        """The newest certificate that is valid at a moment of the wall clock. Raises CertificateMissing."""
        for held in self._held.get((dip_id, use), ()):
            if held.is_valid(at):
                return held
        raise CertificateMissing(f"{dip_id} has no valid certificate for {use.value}; issue one.")

    def encryptor(self, dip_id: DipId, at: datetime | None = None) -> Encryptor:
        """Encrypts to a participant's newest certificate. Raises CertificateMissing.

        at: wall time at which the certificate has to be valid; None: only a revoked one is passed over.
        """
        if at is None:
            held = self._newest(dip_id, CertificateUse.ENCRYPTION)
        else:
            held = self.current(dip_id, CertificateUse.ENCRYPTION, at)
        known = self._encryptors.get(held.fingerprint)
        return known or self._encryptors.setdefault(held.fingerprint, Encryptor(_leaf(held)))

    def decryptor(self, dip_id: DipId) -> Decryptor:
        """Decrypts what a participant encrypts to the DIP. Raises CertificateMissing."""
        known = self._decryptors.get(dip_id)
        return known or self._decryptors.setdefault(dip_id, self._new_decryptor(dip_id))

    def signing_key(self, fingerprint: str) -> VerificationKey | None:
        """The public key of a signing certificate that the DIP knows."""
        known = self._signing_keys.get(fingerprint)
        held = self._certificates.get(fingerprint)
        if known is not None or held is None or held.use is not CertificateUse.SIGNING:
            return known
        key = _leaf(held).public_key()
        if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
            return None
        return self._signing_keys.setdefault(fingerprint, key)

    def _new_decryptor(self, dip_id: DipId) -> Decryptor:
        keys = {
            thumbprint(_leaf(held)): from_der(held.private_key)
            for held in self._held.get((dip_id, CertificateUse.DIP_ENCRYPTION), ())
            if held.private_key is not None and held.revoked_at is None
        }
        if not keys:
            raise CertificateMissing(f"The DIP holds no key that {dip_id} could encrypt to; issue one.")
        return Decryptor(keys, current=next(iter(keys)))

    def _newest(self, dip_id: DipId, use: CertificateUse) -> HeldCertificate:
        for held in self._held.get((dip_id, use), ()):
            if held.revoked_at is None:
                return held
        raise CertificateMissing(f"{dip_id} has no certificate for {use.value}; issue one.")


def _grouped_by_role(participants: Iterable[Participant]) -> dict[RoleCode, tuple[DipId, ...]]:
    grouped: defaultdict[RoleCode, list[DipId]] = defaultdict(list)
    for participant in sorted(participants, key=lambda one: one.dip_id):
        for role in participant.roles:
            grouped[role].append(participant.dip_id)
        if participant.dip_id != DIP:
            grouped[EVERYONE].append(participant.dip_id)
    return {role: tuple(holders) for role, holders in grouped.items()}


def _leaf(held: HeldCertificate) -> x509.Certificate:
    return x509.load_pem_x509_certificate(held.pem.encode("ascii"))

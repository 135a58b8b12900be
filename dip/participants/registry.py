"""Participants and certificates in memory: what every message asks for."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from datetime import datetime
from typing import ClassVar, Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from dip.ground.errors import DipError
from dip.messages.identifiers import DIP, DipId, RoleCode
from dip.participants.agency import Agencies, Agency
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

    def __init__(
        self,
        participants: Iterable[Participant],
        certificates: Iterable[HeldCertificate],
        agencies: Iterable[Agency] = (),
    ) -> None:
        self._settle(participants, agencies)
        self._certificates = {certificate.fingerprint: certificate for certificate in certificates}
        self._held: defaultdict[tuple[DipId, CertificateUse], list[HeldCertificate]] = defaultdict(list)
        for certificate in sorted(self._certificates.values(), key=lambda held: held.not_before, reverse=True):
            if not certificate.drill:
                self._held[certificate.holder, certificate.use].append(certificate)
        self._encryptors: dict[str, Encryptor] = {}
        self._decryptors: dict[tuple[DipId, ...], Decryptor] = {}
        self._signing_keys: dict[str, VerificationKey] = {}

    def _settle(self, participants: Iterable[Participant], agencies: Iterable[Agency]) -> None:
        self._participants = {participant.dip_id: participant for participant in participants}
        self._present = {one.dip_id: one for one in self._participants.values() if one.left_at is None}
        self._by_role = _grouped_by_role(self._present.values())
        self._by_company = _grouped_by_company(self._participants.values())
        self._assigned = tuple(agencies)
        self.agencies = Agencies(self._assigned, self._participants.get)

    def with_participants(
        self, participants: Iterable[Participant], certificates: Iterable[HeldCertificate] = ()
    ) -> Self:
        """A snapshot in which these are new or changed."""
        made = self.with_certificates(certificates)
        changed = {one.dip_id: one for one in participants}
        made._settle({**self._participants, **changed}.values(), self._assigned)
        return made

    def with_agencies(self, agencies: Iterable[Agency]) -> Self:
        """A snapshot in which these are the assignments in force."""
        made = copy(self)
        made._settle(self._participants.values(), agencies)
        return made

    def with_certificates(self, certificates: Iterable[HeldCertificate]) -> Self:
        """A snapshot in which these are new or changed; what was read of other keys is kept."""
        made, changed = copy(self), {one.fingerprint: one for one in certificates}
        holders = {one.holder for one in changed.values()}
        made._certificates = {**self._certificates, **changed}
        made._held = self._held.copy()
        made._decryptors = {ids: known for ids, known in self._decryptors.items() if holders.isdisjoint(ids)}
        for key in {(one.holder, one.use) for one in changed.values() if not one.drill}:
            kept = [one for one in self._held.get(key, ()) if one.fingerprint not in changed]
            added = [one for one in changed.values() if (one.holder, one.use) == key and not one.drill]
            made._held[key] = sorted([*added, *kept], key=lambda held: held.not_before, reverse=True)
        return made

    def __iter__(self) -> Iterator[Participant]:
        return iter(self._participants.values())

    def __len__(self) -> int:
        return len(self._participants)

    def get(self, dip_id: DipId) -> Participant | None:
        """The participant with this id, also one that left."""
        return self._participants.get(dip_id)

    def present(self, dip_id: DipId) -> Participant | None:
        """The participant with this id, where it takes part."""
        return self._present.get(dip_id)

    def roles_of(self, dip_id: DipId) -> Sequence[RoleCode] | None:
        """The roles of a participant, its main one first, also of one that left; None where there is none."""
        found = self._participants.get(dip_id)
        return None if found is None else found.roles

    def of_company(self, number: str) -> frozenset[DipId]:
        """The participants of a company, those included that left."""
        return self._by_company.get(number, frozenset())

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

    def certificates(self) -> Iterator[HeldCertificate]:
        """Every certificate of everybody, those of drills included."""
        return iter(self._certificates.values())

    def held_by(self, dip_id: DipId, use: CertificateUse) -> tuple[HeldCertificate, ...]:
        """All certificates of a holder for a use, newest first, revoked and expired ones included, without drills'."""
        return tuple(self._held.get((dip_id, use), ()))

    def current(self, dip_id: DipId, use: CertificateUse, at: datetime) -> HeldCertificate:
        """The newest certificate that is valid at a moment of the wall clock. Raises CertificateMissing."""
        for held in self._held.get((dip_id, use), ()):
            if held.is_valid(at):
                return held
        raise CertificateMissing(f"{dip_id} has no valid certificate for {use.value}; issue one.")

    def encryptor(self, dip_id: DipId, at: datetime | None = None) -> Encryptor:
        """Encrypts what a participant gets, to its newest certificate or its agent's. Raises CertificateMissing.

        at: wall time at which the certificate has to be valid; None: only a revoked one is passed over.
        """
        holder = self.agencies.encrypting(dip_id) or dip_id
        if at is None:
            held = self._newest(holder, CertificateUse.ENCRYPTION)
        else:
            held = self.current(holder, CertificateUse.ENCRYPTION, at)
        known = self._encryptors.get(held.fingerprint)
        return known or self._encryptors.setdefault(held.fingerprint, Encryptor(_leaf(held)))

    def decryptor(self, *dip_ids: DipId) -> Decryptor:
        """Decrypts what a participant encrypts to the DIP, or an agent for it. Raises CertificateMissing.

        dip_ids: the participant, then who acts for it. Where a JWE names no certificate, the first one's is tried.
        """
        known = self._decryptors.get(dip_ids)
        return known or self._decryptors.setdefault(dip_ids, self._new_decryptor(dip_ids))

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

    def _new_decryptor(self, dip_ids: Sequence[DipId]) -> Decryptor:
        keys = {
            thumbprint(_leaf(held)): from_der(held.private_key)
            for dip_id in dip_ids
            for held in self._held.get((dip_id, CertificateUse.DIP_ENCRYPTION), ())
            if held.private_key is not None and held.revoked_at is None
        }
        if not keys:
            raise CertificateMissing(f"The DIP holds no key that {dip_ids[0]} could encrypt to; issue one.")
        return Decryptor(keys, current=next(iter(keys)))

    def _newest(self, dip_id: DipId, use: CertificateUse) -> HeldCertificate:
        for held in self._held.get((dip_id, use), ()):
            if not held.is_withdrawn:
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


def _grouped_by_company(participants: Iterable[Participant]) -> dict[str, frozenset[DipId]]:
    grouped: defaultdict[str, set[DipId]] = defaultdict(set)
    for participant in participants:
        if participant.company:
            grouped[participant.company].add(participant.dip_id)
    return {number: frozenset(dip_ids) for number, dip_ids in grouped.items()}


def _leaf(held: HeldCertificate) -> x509.Certificate:
    return x509.load_pem_x509_certificate(held.pem.encode("ascii"))

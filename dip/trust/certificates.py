"""Issuing, renewing and revoking participants' certificates while messages flow (8.4)."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec
from cryptography import x509

from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.errors import BadRequest, NotFound
from dip.ground.log import Log
from dip.messages.identifiers import DIP, DipId
from dip.participants.folder import Issued, has_key, issued, key_of, write_files
from dip.participants.participant import CertificateOrigin, HeldCertificate
from dip.participants.registry import Participants
from dip.security.certificate_requests import requested_key
from dip.security.certificates import VerificationKey
from dip.security.pki import CLOCK_DIFFERENCE, REVOCATION_LIST_DAYS, Authority, CertificateUse
from dip.security.vault import Vault
from dip.store.protocol import PartyStore
from dip.trust.keeping import sealed

_LIST_LASTS = timedelta(days=REVOCATION_LIST_DAYS) / 2
_A_SECOND = timedelta(seconds=1)


class Certificates:
    """The certificates of the participants. directory: the data directory.

    A new certificate of a use stands beside the earlier ones, which go on until their end or until they are
    revoked; messages are encrypted to the newest. A revoked one is refused by the next call and the next signature.
    revoked: told of each one that was just revoked.
    """

    def __init__(
        self,
        *,
        directory: Path,
        authority: Authority,
        store: PartyStore,
        vault: Vault,
        participants: Current[Participants],
        clock: Clock,
        executor: Executor,
        log: Log,
        revoked: Callable[[HeldCertificate], None] = lambda held: None,
    ) -> None:
        self._directory = directory
        self._authority = authority
        self._store = store
        self._vault = vault
        self._participants = participants
        self._clock = clock
        self._executor = executor
        self._log = log
        self._revoked = revoked
        self._turn = asyncio.Lock()
        self._list: tuple[Participants, datetime, bytes] | None = None

    @property
    def authority(self) -> Authority:
        """Who issues them."""
        return self._authority

    async def issue(self, holder: DipId, use: CertificateUse, request: bytes | None = None) -> HeldCertificate:
        """A further certificate for a participant.

        request: a certificate signing request, PEM; None: the DIP makes the key, and puts it into the
        participant's folder. Raises NotFound, BadRequest, CertificateRequestRefused, StoreUnavailable.
        """
        return (await self.issue_with_key(holder, use, request)).held

    async def issue_with_key(self, holder: DipId, use: CertificateUse, request: bytes | None = None) -> Issued:
        """As `issue`; with the private key, where the DIP made one that is not its own to keep."""
        self._check_present(holder)
        key = None if request is None else requested_key(request, use)
        async with self._turn:
            (made,) = await self._issue(holder, {use: key})
        return made

    async def renew(self, holder: DipId, use: CertificateUse | None = None) -> Sequence[Issued]:
        """Follow the newest certificate of a use, or of each use (None), by a further one.

        Where the DIP made the key it makes a new one; where the participant brought it, the same key is certified
        again. Revoked ones are not followed, nor those of outside authorities.
        Raises NotFound, BadRequest, StoreUnavailable.
        """
        self._check_present(holder)
        uses = list(CertificateUse) if use is None else [use]
        async with self._turn:
            at_hand = [newest for one in uses if (newest := self._newest(holder, one)) is not None]
            if not at_hand:
                raise NotFound("There is no certificate to follow: each was revoked, or is of an outside authority.")
            loop = asyncio.get_running_loop()
            keys = await loop.run_in_executor(self._executor, _keys_to_certify, self._directory, at_hand)
            return await self._issue(holder, keys)

    async def _issue(self, holder: DipId, keys: Mapping[CertificateUse, VerificationKey | None]) -> Sequence[Issued]:
        """A certificate for each of these keys; None: a new key is made."""
        loop, now = asyncio.get_running_loop(), self._clock.wall()
        made: list[Issued] = []
        for use, key in keys.items():
            known = self._participants.value.held_by(holder, use)
            make = partial(issued, self._authority, holder, use, later_than(known, now), key=key)
            made.append(await loop.run_in_executor(self._executor, make))
        await self._store.save_parties([], [sealed(self._vault, one.held) for one in made])
        for one in made:
            # Before anything is encrypted to it: its key has to be at hand by then.
            await loop.run_in_executor(self._executor, write_files, self._directory, one)
        self._serve_by([one.held for one in made])
        for one in made:
            held = one.held
            self._log.info("certificate_issued", participant=holder, use=held.use.value, fingerprint=held.fingerprint)
        return made

    async def revoke(self, holder: DipId, fingerprint: str) -> HeldCertificate:
        """Refuse a certificate from now on; a second time changes nothing. Raises NotFound, StoreUnavailable."""
        self._check(holder)
        async with self._turn:
            held = self._participants.value.certificate(fingerprint)
            if held is None or held.holder != holder:
                raise NotFound(f"{holder} has no certificate with this fingerprint; GET lists what it has.")
            if held.revoked_at is not None:
                return held
            revoked = msgspec.structs.replace(held, revoked_at=self._clock.wall())
            await self._store.save_parties([], [sealed(self._vault, revoked)])
            self._serve_by([revoked])
        self._revoked(revoked)
        self._log.info("certificate_revoked", participant=holder, use=held.use.value, fingerprint=fingerprint)
        return revoked

    async def revocation_list(self) -> bytes:
        """The revocation list of this environment, DER: made anew after a change, and half-way to its end."""
        participants, now = self._participants.value, self._clock.wall()
        known = self._list
        if known is None or known[0] is not participants or now - known[1] > _LIST_LASTS:
            loop = asyncio.get_running_loop()
            der = await loop.run_in_executor(self._executor, self._revocation_list, participants, now)
            known = self._list = participants, now, der
        return known[2]

    def _revocation_list(self, participants: Participants, now: datetime) -> bytes:
        number = int(now.timestamp() * 1000)
        return self._authority.revocation_list(_revoked(participants), number, now)

    def _check(self, holder: DipId) -> None:
        if self._participants.value.get(holder) is None:
            raise NotFound("No participant has this DIP id.")
        if holder == DIP:
            raise BadRequest("The DIP's own certificates are renewed at /admin/api/platform/certificates.")

    def _check_present(self, holder: DipId) -> None:
        self._check(holder)
        if self._participants.value.present(holder) is None:
            raise BadRequest(f"{holder} takes no part any more; onboard it again to issue certificates for it.")

    def _newest(self, holder: DipId, use: CertificateUse) -> HeldCertificate | None:
        """What a renewal follows."""
        known = self._participants.value.held_by(holder, use)
        newest = next((held for held in known if not held.is_withdrawn), None)
        return newest if newest is not None and newest.origin is CertificateOrigin.ISSUED else None

    def _serve_by(self, certificates: Sequence[HeldCertificate]) -> None:
        self._participants.value = self._participants.value.with_certificates(certificates)


def later_than(known: Iterable[HeldCertificate], now: datetime) -> datetime:
    """When to issue a certificate, so that it is the newest: dates of certificates know no part of a second."""
    begins = [held.not_before for held in known if now - CLOCK_DIFFERENCE - _A_SECOND < held.not_before <= now]
    return max([now, *(one + CLOCK_DIFFERENCE + _A_SECOND for one in begins)])


def _keys_to_certify(
    directory: Path, at_hand: Sequence[HeldCertificate]
) -> Mapping[CertificateUse, VerificationKey | None]:
    """The public keys that participants brought; None where the DIP made the key, so that it makes a new one."""
    return {held.use: None if has_key(directory, held.holder, held.use) else key_of(held) for held in at_hand}


def _revoked(participants: Participants) -> Mapping[int, datetime]:
    """When each certificate of this environment was revoked, by serial number; an outside authority lists its own."""
    return {
        x509.load_pem_x509_certificate(held.pem.encode()).serial_number: held.revoked_at
        for held in participants.certificates()
        if held.revoked_at is not None and held.origin is not CertificateOrigin.OUTSIDE
    }

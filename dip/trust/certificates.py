"""Issuing, renewing and revoking participants' certificates while messages flow (8.4)."""

import asyncio
from collections.abc import Mapping
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
from dip.participants.folder import Issued, issued, write_files
from dip.participants.participant import HeldCertificate
from dip.participants.registry import Participants
from dip.security.certificate_requests import requested_key
from dip.security.pki import REVOCATION_LIST_DAYS, Authority, CertificateUse
from dip.security.vault import Vault
from dip.store.protocol import PartyStore
from dip.trust.keeping import load_participants, sealed

_LIST_LASTS = timedelta(days=REVOCATION_LIST_DAYS) / 2


class Certificates:
    """The certificates of the participants. directory: the data directory.

    A new certificate of a use stands beside the earlier ones, which go on until their end or until they are
    revoked; messages are encrypted to the newest. A revoked one is refused by the next call and the next signature.
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
    ) -> None:
        self._directory = directory
        self._authority = authority
        self._store = store
        self._vault = vault
        self._participants = participants
        self._clock = clock
        self._executor = executor
        self._log = log
        self._turn = asyncio.Lock()
        self._list: tuple[Participants, datetime, bytes] | None = None

    async def issue(self, holder: DipId, use: CertificateUse, request: bytes | None = None) -> HeldCertificate:
        """A further certificate for a participant.

        request: a certificate signing request, PEM; None: the DIP makes the key, and puts it into the
        participant's folder. Raises NotFound, BadRequest, CertificateRequestRefused, StoreUnavailable.
        """
        self._check(holder)
        key = None if request is None else requested_key(request, use)
        loop = asyncio.get_running_loop()
        async with self._turn:
            make = partial(issued, self._authority, holder, use, self._clock.wall(), key=key)
            made: Issued = await loop.run_in_executor(self._executor, make)
            await self._keep(made.held)
            await loop.run_in_executor(self._executor, write_files, self._directory, made)
        self._log.info("certificate_issued", participant=holder, use=use.value, fingerprint=made.held.fingerprint)
        return made.held

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
            await self._keep(revoked)
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
            raise BadRequest("The DIP's own certificates are not changed here.")

    async def _keep(self, held: HeldCertificate) -> None:
        """Keep a certificate, and serve by what is kept."""
        await self._store.save_parties([], [sealed(self._vault, held)])
        self._participants.value = load_participants(self._store, self._vault)


def _revoked(participants: Participants) -> Mapping[int, datetime]:
    """When each certificate was revoked, by serial number."""
    return {
        x509.load_pem_x509_certificate(held.pem.encode()).serial_number: held.revoked_at
        for participant in participants
        for use in CertificateUse
        for held in participants.held_by(participant.dip_id, use)
        if held.revoked_at is not None
    }

"""The DIP's own certificates: renewed while it serves, so that no connection and no message is lost (8.4)."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import msgspec

from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.errors import BadRequest, Conflict, NotFound
from dip.ground.log import Log
from dip.messages.identifiers import DIP
from dip.participants.foundation import issue_own_certificate, write_signing_certificate
from dip.participants.participant import HeldCertificate
from dip.participants.registry import Participants
from dip.security.keys import from_der, to_pem
from dip.security.pki import Authority, CertificateUse
from dip.security.signing import Signer
from dip.security.tls import TlsIdentity
from dip.security.vault import Vault
from dip.store.protocol import PartyStore
from dip.trust.certificates import later_than
from dip.trust.keeping import sealed

Made = TypeVar("Made")

OWN_USES: Final = (CertificateUse.TLS, CertificateUse.SIGNING)
"""What the DIP has certificates of its own for; those for encryption are its participants'."""


class OwnCertificates:
    """What the DIP shows and signs with. signer, tls: as they are now; a reader takes the value for its whole step.

    An earlier certificate stays good until its end, or until it is revoked: what was signed with it is still true, and
    connections that were made with it go on.
    """

    def __init__(
        self,
        *,
        directory: Path,
        host_names: Sequence[str],
        authority: Authority,
        store: PartyStore,
        vault: Vault,
        participants: Current[Participants],
        clock: Clock,
        executor: Executor,
        log: Log,
    ) -> None:
        """host_names: further names for the server's certificate. `opened` sees to what has to be there."""
        self._directory = directory
        self._host_names = host_names
        self._authority = authority
        self._store = store
        self._vault = vault
        self._participants = participants
        self._clock = clock
        self._executor = executor
        self._log = log
        self._turn = asyncio.Lock()
        self._told: list[Callable[[TlsIdentity], Awaitable[None]]] = []
        self.signer: Current[Signer] = Current(_signer(self._current(CertificateUse.SIGNING)))
        self.tls: Current[TlsIdentity] = Current(_identity(self._current(CertificateUse.TLS)))

    @classmethod
    async def opened(
        cls, *, store: PartyStore, vault: Vault, participants: Current[Participants], **parts: Any
    ) -> Self:
        """As they were kept. Where one has expired while the server stood still, another is issued first."""
        directory, clock, log = parts["directory"], parts["clock"], parts["log"]
        missing = [use for use in OWN_USES if not _has(participants.value, use, clock.wall())]
        if missing:
            issue = partial(issue_own_certificate, parts["authority"], host_names=parts["host_names"], now=clock.wall())
            issued = [issue(use) for use in missing]
            await store.save_parties([], [sealed(vault, held) for held in issued])
            participants.value = participants.value.with_certificates(issued)
            log.warning("own_certificates_had_expired", uses=[use.value for use in missing])
        made = cls(store=store, vault=vault, participants=participants, **parts)
        # A renewal may have been cut short after its commit.
        write_signing_certificate(directory, participants.value.current(DIP, CertificateUse.SIGNING, clock.wall()))
        return made

    def on_tls(self, told: Callable[[TlsIdentity], Awaitable[None]]) -> None:
        """Have somebody told of each renewal of the TLS certificate, before the call that asked for it is answered."""
        self._told.append(told)

    def held(self) -> Sequence[HeldCertificate]:
        """Every one of the DIP's own, newest first within a use; revoked and expired ones too."""
        return [held for use in OWN_USES for held in self._participants.value.held_by(DIP, use)]

    def is_in_use(self, fingerprint: str) -> bool:
        """Whether the DIP shows this certificate now, or signs with it."""
        return fingerprint in (self.signer.value.fingerprint, self.tls.value.fingerprint)

    async def renew(self, use: CertificateUse) -> HeldCertificate:
        """A new key and certificate, in use from the next handshake, or signature, on.

        Raises BadRequest, StoreUnavailable.
        """
        if use not in OWN_USES:
            raise BadRequest("use: the DIP's own certificates are for tls and signing; the others are participants'.")
        async with self._turn:
            at = later_than(self._participants.value.held_by(DIP, use), self._clock.wall())
            held = await self._off_the_loop(partial(issue_own_certificate, self._authority, use, self._host_names, at))
            await self._keep(held)
            if use is CertificateUse.SIGNING:
                await self._off_the_loop(partial(write_signing_certificate, self._directory, held))
                self.signer.value = await self._off_the_loop(partial(_signer, held))
            else:
                self.tls.value = identity = await self._off_the_loop(partial(_identity, held))
                for told in self._told:
                    await told(identity)
        self._log.info("own_certificate_renewed", use=use.value, fingerprint=held.fingerprint)
        return held

    async def revoke(self, fingerprint: str) -> HeldCertificate:
        """Revoke one of the DIP's own that it does not use any more. Raises NotFound, Conflict, StoreUnavailable."""
        async with self._turn:
            held = next((one for one in self.held() if one.fingerprint == fingerprint), None)
            if held is None:
                raise NotFound("The DIP has no certificate of its own with this fingerprint; GET lists them.")
            if self.is_in_use(fingerprint):
                raise Conflict("The DIP uses this certificate. Renew it first, then revoke the earlier one.")
            if held.revoked_at is not None:
                return held
            revoked = msgspec.structs.replace(held, revoked_at=self._clock.wall())
            await self._keep(revoked)
        self._log.info("own_certificate_revoked", use=held.use.value, fingerprint=fingerprint)
        return revoked

    async def _keep(self, held: HeldCertificate) -> None:
        await self._store.save_parties([], [sealed(self._vault, held)])
        self._participants.value = self._participants.value.with_certificates([held])

    def _current(self, use: CertificateUse) -> HeldCertificate:
        return self._participants.value.current(DIP, use, self._clock.wall())

    async def _off_the_loop(self, make: Callable[[], Made]) -> Made:
        return await asyncio.get_running_loop().run_in_executor(self._executor, make)


def _has(participants: Participants, use: CertificateUse, at: datetime) -> bool:
    return any(held.is_valid(at) for held in participants.held_by(DIP, use))


def _signer(held: HeldCertificate) -> Signer:
    return Signer(from_der(held.private_key or b""), held.pem.encode())


def _identity(held: HeldCertificate) -> TlsIdentity:
    return TlsIdentity(held.pem.encode(), to_pem(from_der(held.private_key or b"")), held.fingerprint)

"""Client certificates of users of the portal: issued to their name, revoked when they lose it (8.3, 8.4)."""

import asyncio
from concurrent.futures import Executor
from functools import partial

import msgspec

from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.messages.identifiers import DipId
from dip.participants.folder import issued
from dip.participants.participant import HeldCertificate
from dip.participants.registry import Participants
from dip.security.certificate_requests import requested_key
from dip.security.pki import Authority, CertificateUse
from dip.security.vault import Vault
from dip.store.protocol import PartyStore
from dip.trust.keeping import sealed


class UserCertificates:
    """Issues and revokes them. The common name is the user's name, which is never a DIP id."""

    def __init__(
        self,
        *,
        authority: Authority,
        store: PartyStore,
        vault: Vault,
        participants: Current[Participants],
        clock: Clock,
        executor: Executor,
    ) -> None:
        self._authority = authority
        self._store = store
        self._vault = vault
        self._participants = participants
        self._clock = clock
        self._executor = executor

    async def issue(self, name: str, request: bytes) -> HeldCertificate:
        """A client certificate for a user, out of a signing request in PEM.

        Raises CertificateRequestRefused, StoreUnavailable.
        """
        key = requested_key(request, CertificateUse.TLS)
        make = partial(issued, self._authority, DipId(name), CertificateUse.TLS, self._clock.wall(), key=key)
        made = await asyncio.get_running_loop().run_in_executor(self._executor, make)
        await self._keep(made.held)
        return made.held

    async def revoke(self, name: str, fingerprint: str) -> None:
        """Refuse a user's certificate from now on; nothing where it isn't the user's own. Raises StoreUnavailable."""
        held = self._participants.value.certificate(fingerprint)
        if held is not None and held.holder == name and held.revoked_at is None:
            await self._keep(msgspec.structs.replace(held, revoked_at=self._clock.wall()))

    async def _keep(self, held: HeldCertificate) -> None:
        await self._store.save_parties([], [sealed(self._vault, held)])
        self._participants.value = self._participants.value.with_certificates([held])

"""Outside authorities: added, listed, removed while the server runs; and the certificates of theirs (8.4, FS-60)."""

import asyncio
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.errors import BadRequest, Conflict, NotFound
from dip.ground.log import Log
from dip.messages.identifiers import DIP, DipId
from dip.participants.folder import Issued, write_files
from dip.participants.participant import CertificateOrigin, HeldCertificate
from dip.participants.registry import Participants
from dip.security.certificates import fingerprint
from dip.security.chains import AuthorityRefused, CertificateRefused, Chain, checked_authority, checked_chain
from dip.security.pki import CertificateUse, environment_of
from dip.security.vault import Vault
from dip.store.authorities import AuthorityKind, OutsideAuthority, SqliteAuthorities
from dip.store.protocol import PartyStore
from dip.trust.contexts import Trusted
from dip.trust.keeping import load_participants, sealed

MOST: Final = 50
"""Outside authorities that may be in force."""
NAME_LIMIT: Final = 100


class Authorities:
    """The outside authorities, and what participants bring of them. directory: the data directory."""

    def __init__(
        self,
        *,
        directory: Path,
        environment: str,
        root: bytes,
        store: SqliteAuthorities,
        parties: PartyStore,
        vault: Vault,
        participants: Current[Participants],
        trusted: Trusted,
        clock: Clock,
        executor: Executor,
        log: Log,
    ) -> None:
        """root: of this environment, PEM."""
        self._directory = directory
        self._environment = environment
        self._own_root = fingerprint(x509.load_pem_x509_certificate(root))
        self._store = store
        self._parties = parties
        self._vault = vault
        self._participants = participants
        self._trusted = trusted
        self._clock = clock
        self._executor = executor
        self._log = log
        self._turn = asyncio.Lock()

    def listed(self) -> list[OutsideAuthority]:
        """Those in force, in the order in which they were added."""
        return [one for one in self._trusted.authorities if one.removed_at is None]

    async def add(
        self, pem: str, *, author: str, name: str = "", kind: AuthorityKind = AuthorityKind.TRUSTED
    ) -> OutsideAuthority:
        """Know an authority from now on. pem: its root, and what that issued to issue with. name: for people.

        Raises AuthorityRefused, BadRequest, Conflict, StoreUnavailable.
        """
        if len(name) > NAME_LIMIT:
            raise BadRequest(f"name: expected at most {NAME_LIMIT} characters.")
        loop = asyncio.get_running_loop()
        certificates = await loop.run_in_executor(self._executor, checked_authority, pem, self._clock.wall())
        root = certificates[0]
        environment = self._environment_of(root, kind)
        async with self._turn:
            in_force = {one.fingerprint for one in self.listed()}
            if fingerprint(root) in in_force:
                raise Conflict("This authority is known already; remove it first.")
            if len(in_force) >= MOST:
                raise Conflict(f"There are {MOST} outside authorities already; remove one first.")
            added = OutsideAuthority(
                fingerprint=fingerprint(root),
                name=name or root.subject.rfc4514_string()[:NAME_LIMIT],
                kind=kind,
                environment=environment,
                pem="".join(one.public_bytes(Encoding.PEM).decode() for one in certificates),
                added_at=self._clock.wall(),
                author=author,
            )
            await self._keep(added)
        self._log.info("authority_added", kind=kind.value, fingerprint=added.fingerprint, by=author)
        return added

    async def remove(self, known_as: str, *, author: str) -> OutsideAuthority:
        """Refuse what an authority issued from now on. known_as: its fingerprint. Raises NotFound, StoreUnavailable."""
        async with self._turn:
            found = next((one for one in self.listed() if one.fingerprint == known_as), None)
            if found is None:
                raise NotFound("No outside authority in force has this fingerprint; GET lists them.")
            removed = msgspec.structs.replace(found, removed_at=self._clock.wall())
            await self._keep(removed)
        self._log.info("authority_removed", kind=found.kind.value, fingerprint=known_as, by=author)
        return removed

    async def bring(self, holder: DipId, use: CertificateUse, pem: str) -> HeldCertificate:
        """Take a certificate of a trusted outside authority that a participant brings. pem: leaf first, then its chain.

        It counts as made when it was brought, so that it comes into use at once; it ends with the first of its chain to
        end. Brought again by the same holder it changes nothing.
        Raises NotFound, BadRequest, Conflict, CertificateRefused, StoreUnavailable.
        """
        if self._participants.value.get(holder) is None:
            raise NotFound("No participant has this DIP id.")
        if holder == DIP:
            raise BadRequest("The DIP's own certificates are not changed here.")
        loop = asyncio.get_running_loop()
        async with self._turn:
            chain = await loop.run_in_executor(self._executor, partial(self._chain, pem, use))
            held = self._held(chain, holder, use)
            known = self._participants.value.certificate(held.fingerprint)
            if known is not None:
                return _same(known, held)
            await self._parties.save_parties([], [sealed(self._vault, held)])
            await loop.run_in_executor(self._executor, write_files, self._directory, Issued(held, None))
            self._participants.value = self._participants.value.with_certificates([held])
        self._log.info("certificate_brought", participant=holder, use=use.value, fingerprint=held.fingerprint)
        return held

    def _environment_of(self, root: x509.Certificate, kind: AuthorityKind) -> str:
        """Of which environment an authority is. Raises AuthorityRefused."""
        theirs = environment_of(root)
        if fingerprint(root) == self._own_root:
            raise AuthorityRefused("This is this environment's own authority.")
        if kind is AuthorityKind.ENVIRONMENT and (not theirs or theirs == self._environment):
            raise AuthorityRefused(
                "Expected the root of another environment of the reference DIP: its ca.pem, which names it."
            )
        if kind is AuthorityKind.TRUSTED and theirs:
            raise AuthorityRefused(
                f"This is the authority of the environment {theirs}, and each environment has certificates of its "
                "own; add it as that of another environment, so that a refusal names it."
            )
        return theirs

    def _chain(self, pem: str, use: CertificateUse) -> Chain:
        """Raises CertificateRefused."""
        trusted = [one for one in self.listed() if one.kind is AuthorityKind.TRUSTED]
        known = [one for authority in trusted for one in x509.load_pem_x509_certificates(authority.pem.encode())]
        chain = checked_chain(pem, known, use, self._clock.wall())
        theirs = environment_of(chain.leaf)
        if theirs and theirs != self._environment:
            raise CertificateRefused(f"The certificate was issued for {theirs}; this is {self._environment}.")
        return chain

    def _held(self, chain: Chain, holder: DipId, use: CertificateUse) -> HeldCertificate:
        shown = chain.certificates[:-1] if use is CertificateUse.TLS else chain.certificates[:1]
        return HeldCertificate(
            fingerprint=fingerprint(chain.leaf),
            holder=holder,
            use=use,
            pem="".join(one.public_bytes(Encoding.PEM).decode() for one in shown),
            not_before=max(chain.not_before, self._clock.wall()),
            not_after=chain.not_after,
            origin=CertificateOrigin.OUTSIDE,
            authority=fingerprint(chain.root),
        )

    async def _keep(self, authority: OutsideAuthority) -> None:
        """Keep an authority, and trust by what is kept."""
        await self._store.save(authority)
        self._participants.value = load_participants(self._parties, self._vault)
        await self._trusted.replace(self._store.all())


def _same(known: HeldCertificate, brought: HeldCertificate) -> HeldCertificate:
    """The certificate as it is known already. Raises Conflict where it is not known as what it is brought for."""
    if known.holder != brought.holder:
        raise Conflict("Another participant holds this certificate.")
    if known.use is not brought.use:
        raise Conflict(f"This certificate is held for {known.use.value}; bring another one for {brought.use.value}.")
    if known.is_withdrawn:
        raise Conflict("This certificate was revoked; bring another one.")
    return known

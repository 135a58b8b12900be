"""Certificates made wrong on purpose, with their keys, for a participant to try its own system with (8.4)."""

import asyncio
import io
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.errors import BadRequest, NotFound, NotPermitted
from dip.ground.log import Log
from dip.messages.identifiers import DIP, DipId
from dip.participants.files import SECRET, write_file
from dip.participants.folder import LOCAL_NAMES, held_certificate, new_key
from dip.participants.participant import CertificateOrigin, HeldCertificate
from dip.participants.presented import Drill
from dip.participants.registry import Participants
from dip.security.certificates import fingerprint
from dip.security.keys import PrivateKey, to_pem
from dip.security.pki import Authority, CertificateUse
from dip.security.vault import Vault
from dip.store.authorities import AuthorityKind
from dip.store.platform import SqlitePlatform
from dip.store.protocol import PartyStore
from dip.trust.authorities import Authorities
from dip.trust.keeping import load_kept_authority, load_participants, sealed_authority

USES: Final = (CertificateUse.TLS, CertificateUse.SIGNING, CertificateUse.ENCRYPTION)
WRONG_USES: Final[Mapping[CertificateUse, CertificateUse]] = {
    CertificateUse.TLS: CertificateUse.SIGNING,
    CertificateUse.SIGNING: CertificateUse.TLS,
    CertificateUse.ENCRYPTION: CertificateUse.SIGNING,
}
"""What a certificate of the wrong use was really issued for."""
WRONG_HOST: Final = "elsewhere.invalid"
AUTHORITY: Final = "drill_authority"
"""The fact that holds the keys of another environment's authority, made for drills."""
_PRODUCTION: Final = "PRD"
_DAY: Final = timedelta(days=1)
_LAST_DAYS: Final = 3
"""How long a certificate that is about to expire is still good."""
_NOBODY: Final = "9999999999"


class DrillCertificate(msgspec.Struct, frozen=True):
    """One certificate of a set. use: what it is presented for, which for a wrong use is not what it was issued for."""

    kind: Drill
    use: CertificateUse
    held: HeldCertificate


class _Authorities(msgspec.Struct, frozen=True):
    own: Authority
    foreign: Authority
    unknown: Authority


class CertificateDrills:
    """Sets of wrong certificates. directory: the data directory; a set lies in the participant's folder, `drills`.

    The DIP knows each of them, so that a refusal says what is wrong; none is ever used by it. A further set replaces
    the earlier one. Refused in production.
    """

    def __init__(
        self,
        *,
        directory: Path,
        authority: Authority,
        authorities: Authorities,
        platform: SqlitePlatform,
        parties: PartyStore,
        vault: Vault,
        participants: Current[Participants],
        clock: Clock,
        executor: Executor,
        log: Log,
    ) -> None:
        self._directory = directory
        self._authority = authority
        self._authorities = authorities
        self._platform = platform
        self._parties = parties
        self._vault = vault
        self._participants = participants
        self._clock = clock
        self._executor = executor
        self._log = log
        self._turn = asyncio.Lock()

    @property
    def is_allowed(self) -> bool:
        """Whether there are drills in this environment."""
        return self._authority.environment != _PRODUCTION

    @property
    def environment(self) -> str:
        """This environment."""
        return self._authority.environment

    @property
    def other_environment(self) -> str:
        """The environment whose certificates a set has."""
        return "UIT" if self._authority.environment == "SIT" else "SIT"

    def listed(self, holder: DipId) -> list[DrillCertificate]:
        """The set of a participant, by kind and use; empty where none was asked for. Raises NotFound, NotPermitted."""
        self._check(holder)
        found = [
            DrillCertificate(Drill(held.drill), _presented_for(held), held)
            for held in self._participants.value.certificates()
            if held.holder == holder and held.drill
        ]
        kinds, uses = list(Drill), list(USES)
        return sorted(found, key=lambda one: (kinds.index(one.kind), uses.index(one.use)))

    async def make(self, holder: DipId) -> list[DrillCertificate]:
        """A new set for a participant, in its folder and known to the DIP.

        Raises NotFound, NotPermitted, BadRequest, StoreUnavailable.
        """
        self._check(holder)
        loop = asyncio.get_running_loop()
        async with self._turn:
            foreign = await self._foreign()
            made = await loop.run_in_executor(self._executor, partial(self._make, holder, foreign, self._clock.wall()))
            await self._parties.replace_drills(holder, [one.held for one in made])
            self._participants.value = load_participants(self._parties, self._vault)
        self._log.info("certificate_drill_made", participant=holder, certificates=len(made))
        return made

    async def archive(self, holder: DipId) -> bytes:
        """The set with its keys, as a zip file. Raises NotFound, NotPermitted."""
        if not self.listed(holder):
            raise NotFound("This participant has no certificates for drills yet; POST makes them.")
        loop = asyncio.get_running_loop()
        async with self._turn:
            return await loop.run_in_executor(self._executor, _zipped, self._folder(holder))

    def _check(self, holder: DipId) -> None:
        if not self.is_allowed:
            raise NotPermitted(f"There are no certificate drills in {_PRODUCTION}.")
        if self._participants.value.get(holder) is None:
            raise NotFound("No participant has this DIP id.")
        if holder == DIP:
            raise BadRequest("The DIP's own certificates are made wrong by faults on demand.")

    def _folder(self, holder: DipId) -> Path:
        return self._directory / "participants" / holder / "drills"

    async def _foreign(self) -> Authority:
        """The authority of another environment that this server knows, made at the first drill."""
        known = load_kept_authority(self._platform, self._vault, AUTHORITY)
        if known is None:
            known = Authority.create(self.other_environment, self._clock.wall())
            await self._platform.save_facts({AUTHORITY: sealed_authority(self._vault, known.keys, AUTHORITY)})
        root = fingerprint(x509.load_pem_x509_certificate(known.root_pem))
        if root not in {one.fingerprint for one in self._authorities.listed()}:
            await self._authorities.add(
                (known.root_pem + known.issuing_pem).decode(),
                author="drill",
                name=f"{known.environment}, for certificate drills",
                kind=AuthorityKind.ENVIRONMENT,
            )
        return known

    def _make(self, holder: DipId, foreign: Authority, now: datetime) -> list[DrillCertificate]:
        """Issue a set and write its files; one key for each use. Runs in a worker thread."""
        unknown = Authority.create(self._authority.environment, now)
        authorities = _Authorities(self._authority, foreign, unknown)
        other = next((one.dip_id for one in self._participants.value if one.dip_id not in (holder, DIP)), _NOBODY)
        folder = self._folder(holder)
        shutil.rmtree(folder, ignore_errors=True)
        made: list[DrillCertificate] = []
        for use in USES:
            key = new_key(use)
            for kind in Drill:
                held = _issued(authorities, kind, use, holder, other, key, now)
                made.append(DrillCertificate(kind, use, held))
                (folder / kind).mkdir(parents=True, exist_ok=True)
                write_file(folder / kind / f"{use.value}.key", to_pem(key), SECRET)
                write_file(folder / kind / f"{use.value}.pem", held.pem.encode("ascii"))
        return sorted(made, key=lambda one: list(Drill).index(one.kind))


def _issued(
    authorities: _Authorities,
    kind: Drill,
    use: CertificateUse,
    holder: DipId,
    other: DipId | str,
    key: PrivateKey,
    now: datetime,
) -> HeldCertificate:
    authority, issued_for, subject, begin, days = authorities.own, use, str(holder), now, 365
    names: Sequence[str] = LOCAL_NAMES if use is CertificateUse.TLS else ()
    match kind:
        case Drill.EXPIRED:
            begin, days = now - 30 * _DAY, 29
        case Drill.NOT_YET_VALID:
            begin = now + 30 * _DAY
        case Drill.WRONG_NAME:
            subject, names = str(other), (WRONG_HOST,) if names else ()
        case Drill.WRONG_USE:
            issued_for = WRONG_USES[use]
        case Drill.WRONG_ENVIRONMENT:
            authority = authorities.foreign
        case Drill.UNKNOWN_AUTHORITY:
            authority = authorities.unknown
        case Drill.ABOUT_TO_EXPIRE:
            days = _LAST_DAYS
    certificate = authority.issue(issued_for, subject, key.public_key(), now=begin, names=names, days=days)
    pem = authority.chain(certificate) if use is CertificateUse.TLS else certificate.public_bytes(Encoding.PEM)
    return msgspec.structs.replace(
        held_certificate(certificate, holder, issued_for, pem=pem),
        origin=CertificateOrigin.DRILL,
        drill=kind.value,
        revoked_at=now if kind is Drill.REVOKED else None,
    )


def _presented_for(held: HeldCertificate) -> CertificateUse:
    """What a certificate of a set is presented for."""
    if held.drill != Drill.WRONG_USE:
        return held.use
    if held.use is CertificateUse.TLS:
        return CertificateUse.SIGNING
    # Of the two that were really issued for signing, that for TLS goes with its chain.
    return CertificateUse.TLS if held.pem.count("BEGIN") > 1 else CertificateUse.ENCRYPTION


def _zipped(folder: Path) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*.*")):
            archive.write(file, str(Path("drills") / file.relative_to(folder)))
    return written.getvalue()

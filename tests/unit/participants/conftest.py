"""Two participants with all their certificates, and the folder that they were written to."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dip.messages.identifiers import DipId, RoleCode
from dip.participants.folder import AddedParticipant, add_participant
from dip.participants.participant import HeldCertificate
from dip.participants.registry import Participants
from dip.participants.seeds import SeededParticipant
from dip.security.pki import Authority, CertificateUse

SUPPLIER, REGISTRAR = DipId("2300000001"), DipId("2200000001")


@dataclass(frozen=True)
class Market:
    """directory: the data directory."""

    directory: Path
    authority: Authority
    supplier: AddedParticipant
    registrar: AddedParticipant

    @property
    def registry(self) -> Participants:
        added = (self.supplier, self.registrar)
        return Participants([one.participant for one in added], [held for one in added for held in one.certificates])

    def held(self, use: CertificateUse) -> HeldCertificate:
        """The supplier's certificate for a use."""
        return next(held for held in self.supplier.certificates if held.use is use)


@pytest.fixture(scope="session")
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory, now: datetime) -> Market:
    directory = tmp_path_factory.mktemp("market")
    authority = Authority.create("DEV", now)
    seeds = (
        SeededParticipant(SUPPLIER, "EMEB", "Kestrel Energy Supply", (RoleCode("SUP"),)),
        SeededParticipant(REGISTRAR, "WRGS", "Westmoor Registration", (RoleCode("REGS"), RoleCode("LDSO"))),
    )
    return Market(directory, authority, *(add_participant(directory, authority, seed, now) for seed in seeds))

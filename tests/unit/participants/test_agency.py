"""Which assignments count, and for what."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from dip.channels.registry import load
from dip.ground.assets import asset
from dip.messages.identifiers import DipId, RoleCode
from dip.participants.access import represents
from dip.participants.agency import Agency, concerned_roles, receiving_roles
from dip.participants.participant import Participant
from dip.participants.registry import Participants

NOW = datetime(2026, 3, 21, 19, 5, tzinfo=UTC)
AGENT, OTHER_AGENT, PARTY = DipId("1000000001"), DipId("1000000002"), DipId("2300000001")
SUP, MDR, REGS, DCP = RoleCode("SUP"), RoleCode("MDR"), RoleCode("REGS"), RoleCode("DCP")


def party(dip_id: DipId, *roles: RoleCode, **more: Any) -> Participant:
    return Participant(dip_id, "XXXX", "Somebody", roles, "", NOW, **more)


def assigned(role: RoleCode = SUP, agent: DipId = AGENT, **more: Any) -> Agency:
    return Agency(principal=PARTY, role=role, agent=agent, assigned_at=NOW, author="test", **more)


def known(*agencies: Agency, others: tuple[Participant, ...] = ()) -> Participants:
    usual = {AGENT: party(AGENT, DCP), OTHER_AGENT: party(OTHER_AGENT, DCP), PARTY: party(PARTY, SUP, MDR)}
    return Participants((usual | {one.dip_id: one for one in others}).values(), [], agencies)


@pytest.mark.requirement("FS-42")
def test_an_agent_acts_in_the_roles_that_were_assigned_to_it() -> None:
    found = known(assigned(SUP), assigned(MDR, OTHER_AGENT))
    assert represents(found, PARTY, PARTY, {SUP, MDR})
    assert represents(found, AGENT, PARTY)
    assert represents(found, AGENT, PARTY, {SUP})
    assert not represents(found, AGENT, PARTY, {SUP, MDR})
    assert not represents(found, OTHER_AGENT, PARTY, {SUP})
    assert not represents(found, PARTY, AGENT)
    assert [one.role for one in found.agencies.of_agent(AGENT)] == [SUP]
    assert {one.agent for one in found.agencies.of_principal(PARTY)} == {AGENT, OTHER_AGENT}


@pytest.mark.requirement("FS-42")
@pytest.mark.parametrize(
    "found",
    [
        known(assigned(withdrawn_at=NOW, withdrawn_by="test")),
        known(assigned(REGS)),
        known(assigned(agent=DipId("9900000001"))),
        known(assigned(), others=(party(AGENT, SUP),)),
        known(assigned(), others=(party(AGENT, DCP, left_at=NOW),)),
        known(assigned(), others=(party(PARTY, SUP, left_at=NOW),)),
        known(assigned(), others=(party(PARTY, MDR),)),
    ],
    ids=["withdrawn", "a role not held", "nobody", "no agent", "the agent left", "the party left", "a role lost"],
)
def test_an_assignment_counts_only_while_both_are_what_it_needs(found: Participants) -> None:
    assert not represents(found, AGENT, PARTY)
    assert found.agencies.of_agent(AGENT) == ()
    assert found.agencies.encrypting(PARTY) is None


@pytest.mark.requirement("FS-42")
def test_one_assignment_that_says_so_has_everything_encrypted_to_its_agent() -> None:
    assert known(assigned()).agencies.encrypting(PARTY) is None
    assert known(assigned(), assigned(MDR, encrypts=True)).agencies.encrypting(PARTY) == AGENT


@pytest.mark.requirement("FS-42")
def test_receiving_takes_every_role_to_which_the_channel_goes() -> None:
    channels = load(asset("channels"), specification_items=True).channels
    appointment = next(one for one in channels.values() if one.id == "IF-031")
    regs = party(PARTY, REGS, SUP)
    assert receiving_roles(appointment, regs) == {REGS}
    assert concerned_roles(appointment, regs) == {REGS, SUP}
    assert receiving_roles(None, regs) == {REGS, SUP}
    assert receiving_roles(appointment, party(PARTY, MDR)) == {MDR}
    everybody = msgspec.structs.replace(regs, roles=(REGS,))
    assert concerned_roles(None, everybody) == {REGS}

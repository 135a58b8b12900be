"""Agents: who acts for whom, in which roles (5.7.1, FS-42)."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Final

import msgspec

from dip.channels.channel import EVERY_ROLE, Channel
from dip.messages.identifiers import DipId, RoleCode
from dip.participants.participant import Participant

AGENT: Final = RoleCode("DCP")
"""The role of a DIP Connection Provider: who has it can be an agent."""
_NO_ROLES: Final[frozenset[RoleCode]] = frozenset()


class Agency(msgspec.Struct, frozen=True, kw_only=True):
    """An agent acts for a participant, its principal, in a role; or did, until it was withdrawn.

    encrypts: what the principal gets is encrypted to the agent's certificate. author, withdrawn_by: who did it.
    Times are wall time.
    """

    principal: DipId
    role: RoleCode
    agent: DipId
    assigned_at: datetime
    author: str
    encrypts: bool = False
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None


class Agencies:
    """What counts of the assignments: every look-up takes the same time, however many there are.

    One counts while it is not withdrawn, both parties take part, the agent has the role DCP, and its principal has
    the assigned role.
    """

    def __init__(self, assigned: Iterable[Agency], of: Callable[[DipId], Participant | None]) -> None:
        """of: the participant with an id."""
        roles: defaultdict[tuple[DipId, DipId], set[RoleCode]] = defaultdict(set)
        self._of_principal: defaultdict[DipId, list[Agency]] = defaultdict(list)
        self._of_agent: defaultdict[DipId, list[Agency]] = defaultdict(list)
        self._encrypting: dict[DipId, DipId] = {}
        for one in assigned:
            if not _counts(one, of(one.principal), of(one.agent)):
                continue
            roles[one.agent, one.principal].add(one.role)
            self._of_principal[one.principal].append(one)
            self._of_agent[one.agent].append(one)
            if one.encrypts:
                self._encrypting[one.principal] = one.agent
        self._roles = {pair: frozenset(held) for pair, held in roles.items()}

    def roles(self, agent: DipId, principal: DipId) -> frozenset[RoleCode]:
        """The roles in which an agent acts for a participant; none where it doesn't."""
        return self._roles.get((agent, principal), _NO_ROLES)

    def acts(self, agent: DipId, principal: DipId, roles: AbstractSet[RoleCode] = _NO_ROLES) -> bool:
        """Whether an agent acts for a participant, in all of these roles at least."""
        assigned = self._roles.get((agent, principal))
        return assigned is not None and roles <= assigned

    def encrypting(self, principal: DipId) -> DipId | None:
        """The agent to whose certificate is encrypted what a participant gets; None: to its own."""
        return self._encrypting.get(principal)

    def of_principal(self, principal: DipId) -> Sequence[Agency]:
        """Who acts for a participant."""
        return tuple(self._of_principal.get(principal, ()))

    def of_agent(self, agent: DipId) -> Sequence[Agency]:
        """For whom an agent acts."""
        return tuple(self._of_agent.get(agent, ()))


def receiving_roles(channel: Channel | None, principal: Participant) -> AbstractSet[RoleCode]:
    """The roles by which a channel's messages reach a participant: its agent has to have all of them.

    None stands for status messages and for all channels at once. Whatever none of the roles explains takes all.
    """
    held = frozenset(principal.roles)
    if channel is None or EVERY_ROLE in channel.recipients:
        return held
    return channel.recipients & held or held


def concerned_roles(channel: Channel | None, principal: Participant) -> AbstractSet[RoleCode]:
    """The roles in which a participant sends to a channel or receives from it; its agent has to have all of them."""
    held = frozenset(principal.roles)
    if channel is None or EVERY_ROLE in channel.recipients:
        return held
    return (channel.recipients | channel.senders) & held or held


def _counts(one: Agency, principal: Participant | None, agent: Participant | None) -> bool:
    return (
        one.withdrawn_at is None
        and principal is not None
        and principal.left_at is None
        and one.role in principal.roles
        and agent is not None
        and agent.left_at is None
        and AGENT in agent.roles
    )

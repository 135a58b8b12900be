"""Participants assign roles to agents, and withdraw them, while messages flow (5.7.1, FS-42)."""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec

from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.errors import BadRequest, Conflict, NotFound
from dip.ground.log import Log
from dip.messages.identifiers import DIP, DipId, RoleCode
from dip.participants.agency import AGENT, Agency
from dip.participants.participant import Participant
from dip.participants.registry import CertificateMissing, Participants
from dip.security.pki import CertificateUse
from dip.store.protocol import PartyStore

LISTED: Final = 1000
"""Most assignments in one list, withdrawn ones included."""


class Agents:
    """Who acts for whom: assigned and withdrawn. What is changed counts from the next call on.

    A role has one agent at a time. The participant itself goes on as before. Webhooks that an agent set are the
    participant's, and stay when the agent is withdrawn.
    """

    def __init__(
        self,
        *,
        store: PartyStore,
        participants: Current[Participants],
        clock: Clock,
        log: Log,
    ) -> None:
        self._store = store
        self._participants = participants
        self._clock = clock
        self._log = log
        self._turn = asyncio.Lock()

    def of_principal(self, principal: DipId) -> Sequence[Agency]:
        """Who acts for a participant, then who did; newest first. Raises NotFound."""
        self._participant(principal)
        return self._store.agencies.of_principal(principal, LISTED)

    def of_agent(self, agent: DipId) -> Sequence[Agency]:
        """For whom an agent acts, then for whom it did; newest first. Raises NotFound."""
        self._participant(agent)
        return self._store.agencies.of_agent(agent, LISTED)

    async def assign(
        self, principal: DipId, role: RoleCode, agent: DipId, *, encrypts: bool, author: str
    ) -> tuple[Agency, bool]:
        """Have an agent act for a participant in a role; the assignment, and whether anything changed by it.

        encrypts: whatever the participant gets is encrypted to the agent's certificate from then on. The same agent
        again with another `encrypts` takes the place of the earlier assignment. Raises NotFound, BadRequest, Conflict
        where another agent has the role or is encrypted to, StoreUnavailable.
        """
        async with self._turn:
            self._check(principal, role, agent, encrypts=encrypts)
            now = self._clock.wall()
            in_force = [one for one in self._store.agencies.in_force() if one.principal == principal]
            earlier = next((one for one in in_force if one.role == role), None)
            if earlier is not None and earlier.agent == agent and earlier.encrypts == encrypts:
                return earlier, False
            if earlier is not None and earlier.agent != agent:
                raise Conflict(f"{earlier.agent} acts for {principal} as {role} already; withdraw it first.")
            other = next((one for one in in_force if one.encrypts and one.agent != agent), None)
            if encrypts and other is not None:
                raise Conflict(
                    f"What {principal} gets is encrypted to {other.agent} already, its agent as {other.role}; it can "
                    "be encrypted to one agent alone."
                )
            made = Agency(
                principal=principal, role=role, agent=agent, assigned_at=now, author=author, encrypts=encrypts
            )
            ended = [] if earlier is None else [_withdrawn(earlier, now=made, author=author)]
            await self._keep([*ended, made])
        self._log.info("agent_assigned", participant=principal, role=role, agent=agent, encrypts=encrypts, by=author)
        return made, True

    async def withdraw(self, principal: DipId, agent: DipId, role: RoleCode | None, *, author: str) -> int:
        """End what an agent does for a participant, in one role or in all; how many assignments that ended.

        Raises NotFound where it does nothing of the kind, StoreUnavailable.
        """
        self._participant(principal)
        async with self._turn:
            ended = [
                msgspec.structs.replace(one, withdrawn_at=self._clock.wall(), withdrawn_by=author)
                for one in self._store.agencies.in_force()
                if one.principal == principal and one.agent == agent and role in (None, one.role)
            ]
            if not ended:
                raise NotFound(f"{agent} does not act for {principal}{f' as {role}' if role else ''}.")
            await self._keep(ended)
        for one in ended:
            self._log.info("agent_withdrawn", participant=principal, role=one.role, agent=agent, by=author)
        return len(ended)

    def _check(self, principal: DipId, role: RoleCode, agent: DipId, *, encrypts: bool) -> None:
        participant = self._participant(principal)
        if principal == DIP:
            raise BadRequest("Nobody acts for the DIP itself.")
        if role == AGENT or role not in participant.roles:
            can_be = ", ".join(held for held in participant.roles if held != AGENT) or "none"
            raise BadRequest(f"role: expected one that {principal} has and that can be assigned: {can_be}.")
        acting = self._participants.value.get(agent)
        if acting is None or acting.left_at is not None or AGENT not in acting.roles or agent == principal:
            raise BadRequest(f"agent: expected the DIP id of another participant with the role {AGENT}.")
        if encrypts:
            try:
                self._participants.value.current(agent, CertificateUse.ENCRYPTION, self._clock.wall())
            except CertificateMissing as exc:
                raise BadRequest(f"encrypts: {exc.message}") from exc

    def _participant(self, dip_id: DipId) -> Participant:
        found = self._participants.value.get(dip_id)
        if found is None:
            raise NotFound("No participant has this DIP id.")
        return found

    async def _keep(self, agencies: Sequence[Agency]) -> None:
        """Keep assignments, and serve by what is kept."""
        await self._store.agencies.save(agencies)
        self._participants.value = self._participants.value.with_agencies(self._store.agencies.in_force())


def _withdrawn(earlier: Agency, *, now: Agency, author: str) -> Agency:
    """The earlier assignment, ended by the one that takes its place."""
    return msgspec.structs.replace(earlier, withdrawn_at=now.assigned_at, withdrawn_by=author)

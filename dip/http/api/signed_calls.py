"""Calls about one participant's own messages: signed, and made by it or by who acts for it (live API 2.2.1)."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet

import msgspec
from aiohttp import web

from dip.ground.current import Current
from dip.ground.errors import NotPermitted
from dip.ground.settings import Settings
from dip.http.api.calls import Desk, caller_of
from dip.messages.identifiers import DipId, RoleCode
from dip.participants.access import Caller, agent_of, represents
from dip.participants.participant import Participant
from dip.participants.registry import Participants
from dip.participants.signatures import Signatures, Signed

RolesOf = Callable[[Participant], AbstractSet[RoleCode]]
"""The roles in which somebody has to act for a participant so that it may make a call."""


class SignedCall(msgspec.Struct, frozen=True):
    """Who it is about, who made it, what it brought, and its signature. roles: see `RolesOf`."""

    participant: Participant
    caller: Caller
    body: bytes
    signed: Signed
    roles: AbstractSet[RoleCode]

    @property
    def recipient(self) -> DipId:
        """The participant's DIP id."""
        return self.participant.dip_id

    @property
    def agent(self) -> DipId | None:
        """Who acted for the participant; None where it called itself."""
        return agent_of(self.recipient, self.caller.dip_id)


class SignedCalls:
    """Reads a call within its bounds and checks its signature, and whose messages it is about."""

    def __init__(
        self, *, desk: Desk, settings: Settings, participants: Current[Participants], signatures: Signatures
    ) -> None:
        self._desk = desk
        self._participants = participants
        self._settings = settings
        self._signatures = signatures

    async def take(self, request: web.Request, what: str, roles_of: RolesOf, limit: int | None = None) -> SignedCall:
        """The call of a participant about itself, or of its agent.

        what: that it asks for, for the refusal; roles_of: the roles that an agent needs; limit: bytes of the body.
        Raises TooLarge, BadRequest, SignatureRefused, NotAuthenticated, NotPermitted.
        """
        body = await self._desk.read(request, limit or self._settings.body_limit_bytes)
        caller = caller_of(request)
        signed = self._signatures.check(
            request.headers, method=request.method, urls=self._desk.urls(request), body=body, caller=caller.dip_id
        )
        participants, recipient = self._participants.value, DipId(request.match_info["recipient_id"])
        participant = participants.get(recipient)
        if participant is None or not represents(participants, caller.dip_id, recipient):
            raise NotPermitted(
                f"{caller.dip_id} may not {what} of {recipient[:10]}; use your own DIP id, or one that you act for."
            )
        call = SignedCall(participant, caller, body, signed, roles_of(participant))
        for actor in (caller.dip_id, signed.signer):
            if not represents(participants, actor, recipient, call.roles):
                assigned = ", ".join(sorted(participants.agencies.roles(actor, recipient))) or "none"
                needed = ", ".join(sorted(call.roles))
                raise NotPermitted(
                    f"{actor} may not {what} of {recipient}: that takes an assignment of {needed}; it has {assigned}."
                )
        return call

    def holds(self, call: SignedCall) -> bool:
        """Whether the caller may still act for the participant: an agent may have been withdrawn meanwhile."""
        return represents(self._participants.value, call.caller.dip_id, call.recipient, call.roles)

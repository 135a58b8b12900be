"""Calls about one participant's own messages: signed, and made by it or by who acts for it (live API 2.2.1)."""

import msgspec
from aiohttp import web

from dip.ground.current import Current
from dip.ground.errors import NotPermitted
from dip.ground.settings import Settings
from dip.http.api.calls import Desk, caller_of
from dip.messages.identifiers import DipId
from dip.participants.access import acts_for
from dip.participants.participant import Participant
from dip.participants.registry import Participants
from dip.participants.signatures import Signatures, Signed


class SignedCall(msgspec.Struct, frozen=True):
    """Who it is about, what it brought, and its signature."""

    participant: Participant
    body: bytes
    signed: Signed

    @property
    def recipient(self) -> DipId:
        """The participant's DIP id."""
        return self.participant.dip_id


class SignedCalls:
    """Reads a call within its bounds and checks its signature, and whose messages it is about."""

    def __init__(
        self, *, desk: Desk, settings: Settings, participants: Current[Participants], signatures: Signatures
    ) -> None:
        self._desk = desk
        self._participants = participants
        self._settings = settings
        self._signatures = signatures

    async def take(self, request: web.Request, what: str, limit: int | None = None) -> SignedCall:
        """The call of a participant about itself. what: that it asks for, for the refusal; limit: bytes of the body.

        Raises TooLarge, BadRequest, SignatureRefused, NotAuthenticated, NotPermitted.
        """
        body = await self._desk.read(request, limit or self._settings.body_limit_bytes)
        caller = caller_of(request)
        signed = self._signatures.check(
            request.headers, method=request.method, urls=self._desk.urls(request), body=body, caller=caller.dip_id
        )
        recipient = DipId(request.match_info["recipient_id"])
        participant = self._participants.value.get(recipient)
        if participant is None or not acts_for(caller, recipient):
            raise NotPermitted(f"{caller.dip_id} may not {what} of {recipient[:10]}; use your own DIP id.")
        return SignedCall(participant, body, signed)

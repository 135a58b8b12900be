"""Sends a call of the participants' API in the name of a participant whose keys the server has (5.8)."""

import asyncio
from typing import Any, Final

import msgspec
from aiohttp import web

from dip.channels.registry import Registry
from dip.client import Credentials, Message, ParticipantClient
from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.settings import Settings
from dip.http.portal.administration_orders import order_of
from dip.http.portal.guard import present_visitor, visitor_of
from dip.http.portal.open_doors import json_response
from dip.http.portal.trying.calls import Tried, Wanted, sent_of, tried
from dip.http.portal.trying.choice import Senders
from dip.http.portal.trying.filling import OWN_ID, Filled, Filling
from dip.participants.participant import Participant
from dip.participants.rates import Rate
from dip.participants.registry import Participants

ACTED_FOR: Final = web.RequestKey("acted_for", str)
"""The DIP id of the participant in whose name a user of the portal sent a call."""
_CHANNEL: Final = "/dip-channel"


class TryDesk:
    """Handler of `POST /docs/try`. api_url: where this machine reaches the participants' API."""

    def __init__(
        self,
        *,
        settings: Settings,
        clock: Clock,
        registry: Current[Registry],
        participants: Current[Participants],
        senders: Senders,
        api_url: str,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._registry = registry
        self._participants = participants
        self._senders = senders
        self._api_url = api_url
        self._rate = Rate(settings.tries_a_second, what="calls tried out", now_s=clock.monotonic, of="one user")

    def routes(self) -> list[web.RouteDef]:
        """The call."""
        return [web.post("/docs/try", self.send)]

    async def offered(self, request: web.Request) -> dict[str, Any] | None:
        """What the page of the API needs to offer senders; None where there is nobody to offer."""
        found = await asyncio.to_thread(self._senders.offered, visitor_of(request), request.query.get("as", ""))
        if not found:
            return None
        channels = self._registry.value.channels.values()
        return {"senders": found, "channels": {one.id: sorted(one.senders) for one in channels}, "ownId": OWN_ID}

    async def send(self, request: web.Request) -> web.Response:
        """Send a call of the participants' API in a participant's name, signed and encrypted with its keys.

        Outside PRD, for participants whose keys this server made. Answers 200 whatever the API answered, which stands
        in `status`, `headers` and `body`; `sent` is what went over the wire.
        """
        visitor = present_visitor(request)
        wanted = await order_of(request, Wanted)
        wanted.check()
        sender = self._senders.participant(visitor, wanted.sender)
        self._rate.take(visitor.name)
        request[ACTED_FOR] = sender.dip_id
        credentials = await asyncio.to_thread(self._senders.credentials, sender.dip_id)
        return json_response(await self._sent(wanted, sender, credentials))

    async def _sent(self, wanted: Wanted, sender: Participant, credentials: Credentials) -> Tried:
        settings = self._settings
        channels = self._registry.value.channels.values()
        client = ParticipantClient(
            credentials,
            self._api_url,
            profile=settings.profile,
            encrypted={one.id for one in channels if one.encrypted},
            clock=self._clock,
            timeout_s=settings.request_timeout_s,
        )
        path = wanted.path.replace(f"/{OWN_ID}", f"/{sender.dip_id}")
        async with client:
            body, filled = await asyncio.to_thread(self._body, wanted, sender, client)
            if path != wanted.path:
                filled = ["DIP id in the address", *filled]
            call = await client.prepare(wanted.method, path, body, wanted.typed_headers)
            most = settings.body_limit_bytes
            answer = await client.perform(call, patience_s=settings.longest_wait_s, most_bytes=most + 1)
        sent = sent_of(call, sender.dip_id, sender.name, filled)
        return await asyncio.to_thread(tried, answer, credentials, sent, most)

    def _body(self, wanted: Wanted, sender: Participant, client: ParticipantClient) -> tuple[bytes, list[str]]:
        """The body as it is sent, and what was filled in; what is no array of messages goes out as it was typed."""
        typed = wanted.body.encode()
        if wanted.method != "POST" or not _takes_messages(wanted.path):
            return typed, []
        try:
            elements = msgspec.json.decode(typed)
        except (msgspec.DecodeError, RecursionError):
            return typed, []
        if not isinstance(elements, list):
            return typed, []
        filled = self._filled(elements, sender)
        if not all(_is_message(element) for element in filled.messages):
            return msgspec.json.encode(filled.messages), filled.items
        return client.written(filled.messages), filled.items

    def _filled(self, elements: list[Message], sender: Participant) -> Filled:
        filling = Filling(
            self._registry.value,
            self._participants.value,
            sender,
            now=self._clock.now(),
            environment=self._settings.environment,
        )
        return filling.fill(elements)


def _takes_messages(path: str) -> bool:
    """Whether an address is one that messages are posted to: of a channel, or of several."""
    steps = path.partition("?")[0].strip("/").split("/")
    return f"/{steps[0].lower()}" == _CHANNEL and len(steps) <= 2


def _is_message(element: Any) -> bool:
    """Whether an element has the blocks by which it can be encrypted."""
    payload = element.get("payload") if isinstance(element, dict) else None
    common = payload.get("CommonBlock") if isinstance(payload, dict) else None
    head = common.get("S0") if isinstance(common, dict) else None
    return isinstance(head, dict) and isinstance(head.get("interfaceID"), str)

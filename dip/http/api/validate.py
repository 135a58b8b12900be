"""POST /validate/{interface}/{event}: is a message of the right form? Nothing is taken in (live API 2.2.1)."""

import asyncio
from collections.abc import Sequence

import msgspec
from aiohttp import web

from dip.channels.channel import Channel, Event
from dip.channels.registry import Registry
from dip.ground.budget import Budget
from dip.ground.current import Current
from dip.ground.errors import BadRequest, NotFound, TooLarge
from dip.ground.settings import Settings
from dip.http.api.calls import JSON, Desk, caller_of
from dip.http.problems import status_of
from dip.intake.format_check import FormatCheck
from dip.intake.refusal import RequestRefused
from dip.messages.faults import FAULTS_SHOWN, Fault
from dip.messages.identifiers import DipId
from dip.participants.registry import Participants
from dip.security.encryption import Decryptor

OK = "Message OK"
_CREATED = 201


class Validation:
    """Checks one message against the format of the event in the address; every answer is a JSON string.

    Sender, role, channel, environment, addressing and repetition are not looked at, and neither is the signature.
    """

    def __init__(
        self, *, desk: Desk, settings: Settings, registry: Current[Registry], participants: Current[Participants]
    ) -> None:
        self._desk = desk
        self._settings = settings
        self._registry = registry
        self._participants = participants
        self._budget = Budget(settings.intake_waiting_bytes)

    async def validate(self, request: web.Request) -> web.Response:
        """Whether the one message of the array has the form of this event; 400 names up to ten faults."""
        try:
            registry = self._registry.value
            channel, event = _named(registry, request.match_info["channel_id"], request.match_info["event"])
            async with self._budget.hold(request.content_length or self._settings.body_limit_bytes):
                body = await self._desk.read(request)
                participants, caller = self._participants.value, caller_of(request)
                check = FormatCheck(
                    settings=self._settings,
                    channel=channel,
                    event=event,
                    names=registry.names,
                    decrypt=lambda jwe: _decryptor(participants, caller.dip_id).decrypt(jwe),
                )
                # A message may be as long as a whole request: others are served meanwhile.
                faults = await asyncio.to_thread(check.faults, body)
        except RequestRefused as refused:
            return _said(refused.status, refused.message)
        except (BadRequest, NotFound, TooLarge) as refused:
            return _said(status_of(refused), refused.message)
        return _said(400, _listed(faults)) if faults else _said(_CREATED, OK)


def _decryptor(participants: Participants, caller: DipId) -> Decryptor:
    """Opens what the caller encrypted to the DIP, for itself or for one that it acts for."""
    principals = sorted({one.principal for one in participants.agencies.of_agent(caller)})
    return participants.decryptor(caller, *principals)


def _named(registry: Registry, channel_id: str, code: str) -> tuple[Channel, Event]:
    """The channel and the event of an address. Raises NotFound that lists what there is."""
    channel = registry.find(channel_id.upper())
    if channel is None:
        raise NotFound(f"{channel_id[:20]}: no such interface; this DIP serves {', '.join(sorted(registry.channels))}.")
    events = {str(known).strip("[]").casefold(): event for known, event in channel.events.items()}
    event = events.get(code.casefold())
    if event is None:
        codes = ", ".join(sorted(str(known).strip("[]") for known in channel.events))
        raise NotFound(f"{channel.id}: no event {code[:50]}; it has {codes}.")
    return channel, event


def _said(status: int, sentence: str) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(sentence), content_type=JSON)


def _listed(faults: Sequence[Fault]) -> str:
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    if len(faults) == FAULTS_SHOWN:
        count = f"the first {FAULTS_SHOWN} faults"
    return f"Message refused, {count}: " + "; ".join(str(fault) for fault in faults)

"""How a message was addressed, worked out anew from the archive on the MPAN table as it was known then (5.5.14)."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Final

import msgspec

from dip.archive.archive import Archive
from dip.channels.channel import Channel, Event
from dip.channels.registry import Registry
from dip.ground.clock import moment
from dip.ground.current import Current
from dip.http.portal.mpan_desk import MpanDesk
from dip.http.portal.mpan_views import NearMissView, RecipientView, Views
from dip.http.portal.powers import Visitor
from dip.messages.envelope import Envelope
from dip.messages.identifiers import Mpan
from dip.messages.timestamps import day_or_time
from dip.routing.dates import Span
from dip.routing.explain import Explainer
from dip.routing.router import Enquiry, mpans_of
from dip.security.vault import SealBroken
from dip.store.page_records import MessageDetail

_MOST_MPANS: Final = 10
_DAY: Final = 86_400_000_000
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError)


class MpanAddressing(msgspec.Struct, frozen=True):
    """The look-up of one of a message's MPANs. spans: the times asked for."""

    mpan: Mpan
    spans: Sequence[Span]
    recipients: Sequence[RecipientView]
    near_misses: Sequence[NearMissView]
    faults: Sequence[str]


class MessageAddressing(msgspec.Struct, frozen=True):
    """The look-ups of a message. missing: why there is none, in words. more: MPANs beyond those that are shown."""

    mpans: Sequence[MpanAddressing] = ()
    missing: str = ""
    more: int = 0


class AddressingAgain:
    """Opens archived messages and routes them again; nothing is changed, and nothing is sent."""

    def __init__(
        self,
        *,
        explainer: Explainer,
        desk: MpanDesk,
        registry: Current[Registry],
        archive: Archive,
        executor: Executor,
    ) -> None:
        self._explainer = explainer
        self._desk = desk
        self._registry = registry
        self._archive = archive
        self._executor = executor

    async def of(self, message: MessageDetail, visitor: Visitor) -> MessageAddressing | None:
        """How a message was addressed; None where it looks nobody up by MPAN.

        For the DIP's administrators alone: it names the MPAN, and who was near to getting the message.
        """
        channel = self._registry.value.find(message.interface)
        event = channel.events.get(message.event) if channel is not None else None
        if channel is None or event is None:
            return MessageAddressing(missing="The catalogue has no such event any more.")
        rules = event.routing(message.sender_role)
        if not (rules.secondary or event.also):
            return None
        try:
            envelope = self._archive.envelopes([message.id]).get(message.id)
        except SealBroken:
            return MessageAddressing(missing="The message can't be opened.")
        if envelope is None:
            return MessageAddressing(missing="The message is no longer in the archive.")
        loop = asyncio.get_running_loop()
        enquiry = await loop.run_in_executor(self._executor, _enquiry, message, channel, event, envelope)
        if enquiry is None:
            return MessageAddressing(missing="The message does not fit its event's format any more.")
        if not enquiry.mpans:
            return MessageAddressing(missing="The message has no MPAN to look up.")
        shown = enquiry.mpans[:_MOST_MPANS]
        found = [await self._one(enquiry, mpan, message, visitor) for mpan in shown]
        return MessageAddressing(found, more=len(enquiry.mpans) - len(shown))

    async def _one(self, enquiry: Enquiry, mpan: Mpan, message: MessageDetail, visitor: Visitor) -> MpanAddressing:
        explanation, route = self._explainer.message(enquiry, mpan, message.id)
        views = Views(explanation.thought, await self._desk.origins(explanation.thought, visitor), is_whole=True)
        return MpanAddressing(
            mpan=mpan,
            spans=explanation.spans,
            recipients=[views.recipient(one) for one in explanation.recipients],
            near_misses=views.near_misses(explanation),
            faults=[f"{fault.code}: {fault.help}" for fault in route.faults],
        )


def _enquiry(message: MessageDetail, channel: Channel, event: Event, envelope: Envelope) -> Enquiry | None:
    """What routing asked of the message; None where it can't be read by today's formats."""
    try:
        common = envelope.as_sent()["CommonBlock"]
        address = common.get("A0") or {}
        named = address.get("primaryRecipients") or ()
        if address:
            common["A0"] = {"primaryRecipients": named, "secondaryRecipients": [], "always": [], **address}
        layout = event.format_of(common["S0"].get("schemaVersion"))
        typed = layout.decode_common(msgspec.Raw(msgspec.json.encode(common)))
        custom = None if envelope.custom is None else layout.decode_custom(envelope.custom)
    except _UNREADABLE:
        return None
    return Enquiry(
        channel=channel,
        event=event,
        sender=message.sender,
        sender_role=message.sender_role,
        named=named,
        common=typed,
        custom=custom,
        mpans=mpans_of(event, typed, custom),
        received_at=message.received_at,
    )


def asked_for(span: Span) -> str:
    """A time asked for, in words."""
    first, last = moment(span.first), moment(span.last)
    if span.first == span.last:
        return day_or_time(first)
    if span.first % _DAY == 0 and (span.last + 1) % _DAY == 0:
        days = f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}"
        return f"UTC day {days[0]}" if days[0] == days[1] else f"UTC days {days[0]} to {days[1]}"
    return f"both sides of {day_or_time(moment(span.last))}" if span.last - span.first == 1 else f"{first} to {last}"

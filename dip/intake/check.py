"""Checking one message: header, format, sender and role, environment, times (5.5.2). Never what its body means."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Self

import msgspec

from dip.catalogue.pauses import Pauses
from dip.channels.channel import Channel, Event
from dip.channels.folding import fold_header
from dip.channels.formats import MessageFormat
from dip.channels.registry import Registry
from dip.ground.settings import Settings
from dip.intake.body import Blocks, plain, repeats_a_name, too_deep
from dip.intake.editions import naming_editions, version_of
from dip.intake.maintenance import under_maintenance
from dip.intake.refusal import Refusal, one, permission, several, with_items
from dip.messages.identifiers import CorrelationId, DipId, EventCode, Receipt, RoleCode, original_of
from dip.messages.timestamps import read_wire_time
from dip.participants.access import Caller, represents
from dip.participants.registry import Participants
from dip.store.protocol import MessageStore
from dip.store.publication_records import NewPublication

_S0 = "/payload/CommonBlock/S0"
_S1 = "/payload/CommonBlock/S1"
_CUSTOM = "/payload/CustomBlock"
_DEPTH = 3
"""How deep a CustomBlock lies in a request's body."""
_QUOTE = 0x22
_JWE = "a JWE in compact form, in quotes"


class _Kind(msgspec.Struct, frozen=True):
    """What S0 says a message is, and what the catalogue has for that. address: the channel that it was sent to."""

    address: str | None
    interface_id: str
    event_code: str
    channel: Channel
    event: Event
    layout: MessageFormat

    def common_of(self, raw: msgspec.Raw) -> Any:
        """The CommonBlock of another message of this kind; None where it is of another, or anything is wrong."""
        try:
            common = self.layout.decode_common(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        said = common.S0
        same = (
            said.interfaceID == self.interface_id
            and said.eventCode == self.event_code
            and self.event.format_of(said.schemaVersion) is self.layout
        )
        return common if same else None


class _Said(msgspec.Struct):
    interface_id: str = msgspec.field(name="interfaceID")
    event_code: str = msgspec.field(name="eventCode")
    schema_version: Any = msgspec.field(default=None, name="schemaVersion")


class _Peek(msgspec.Struct):
    S0: _Said


class _Reference(msgspec.Struct):
    sender_unique_reference: str = msgspec.field(name="senderUniqueReference")
    sender: Any = msgspec.field(default=None, name="senderDIPID")


class _ReferencePeek(msgspec.Struct):
    S1: _Reference


class Checked(msgspec.Struct):
    """A message whose header is good; `custom` is None until the body is open and good too."""

    index: int
    channel: Channel
    event: Event
    format: MessageFormat
    common: Any
    blocks: Mapping[str, msgspec.Raw]
    common_raw: msgspec.Raw
    custom_raw: bytes | msgspec.Raw | None
    sender: DipId
    sender_role: RoleCode
    reference: str
    jwe: str | None = None
    custom: Any = None
    publication: NewPublication | None = None
    """What it announces, on a channel of pattern B."""


class Moment(msgspec.Struct, frozen=True):
    """The two clocks at receipt: business time and wall time."""

    business: datetime
    wall: datetime
    latest: datetime
    """The later of the two."""
    receipt: Receipt

    @classmethod
    def of(cls, business: datetime, wall: datetime) -> Self:
        """The moment, with business time in every form that a message needs."""
        return cls(business, wall, max(business, wall), Receipt.at(business))


_PEEK = msgspec.json.Decoder(_Peek)
_BLOCKS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_REFERENCE = msgspec.json.Decoder(_ReferencePeek)
_TEXT = msgspec.json.Decoder(str)
_json = msgspec.json.Encoder().encode


class Checker:
    """The checks of a message, against one snapshot of catalogue and participants."""

    def __init__(
        self,
        *,
        settings: Settings,
        registry: Registry,
        participants: Participants,
        pauses: Pauses,
        store: MessageStore,
    ) -> None:
        self._settings = settings
        self._ahead = timedelta(seconds=settings.sender_timestamp_ahead_s)
        self._last: _Kind | None = None
        self._registry = registry
        self._participants = participants
        self._pauses = pauses
        self._store = store

    def header(
        self, index: int, blocks: Blocks, channel_id: str | None, signer: DipId, caller: Caller, now: Moment
    ) -> Checked | Refusal:
        """Everything that can be said while the CustomBlock may still be encrypted.

        channel_id: of the address, or None where each message names its own.
        """
        found = self._header(index, blocks, channel_id, signer, caller, now)
        return self.named(found) if isinstance(found, Refusal) else found

    def named(self, refusal: Refusal) -> Refusal:
        """The refusal, with the data item at each of its pointers."""
        return with_items(refusal, self._registry.names)

    def _header(
        self, index: int, blocks: Blocks, channel_id: str | None, signer: DipId, caller: Caller, now: Moment
    ) -> Checked | Refusal:
        last, known = self._last, None
        if last is not None and last.address == channel_id:
            # Mostly as the one before: then its header is read once, not first for its kind and then for its format.
            known = last.common_of(blocks.CommonBlock)
        kind = self._kind(blocks, channel_id) if last is None or known is None else last
        if isinstance(kind, Refusal):
            return kind
        self._last = kind
        channel, event = kind.channel, kind.event
        pause = self._pauses.of(channel.id, now.business)
        if pause is not None:
            return under_maintenance(pause, now.business)
        decoded = self._decode_common(blocks, event, kind.layout, known)
        if isinstance(decoded, Refusal):
            return decoded
        common, common_raw, layout = decoded
        sender, role = DipId(common.S1.senderDIPID), RoleCode(common.S1.senderRoleID)
        refusal = (
            self._environment(common)
            or self._sender(channel, event, sender, role, signer, caller)
            or self._connection_provider(common, sender, caller)
            or self._times(common, now)
            or self._correlation(common)
        )
        if refusal is not None:
            return refusal
        custom_raw = None if blocks.CustomBlock is msgspec.UNSET else blocks.CustomBlock
        checked = Checked(
            index=index,
            channel=channel,
            event=event,
            format=layout,
            common=common,
            blocks=_BLOCKS.decode(common_raw),
            common_raw=common_raw,
            custom_raw=custom_raw,
            sender=sender,
            sender_role=role,
            reference=common.S1.senderUniqueReference,
        )
        return self._protection(checked)

    def body(self, checked: Checked) -> Refusal | None:
        """The format of the CustomBlock, once it is open; sets `custom`."""
        form = checked.format
        if checked.custom_raw is None:
            if form.has_custom:
                return one("MSG1001", _CUSTOM, "the CustomBlock of this event")
            return None
        # The request's body was looked at while this was still encrypted.
        if checked.jwe is not None and too_deep(bytes(checked.custom_raw), self._settings.nesting_limit - _DEPTH):
            return one("MSG1001", _CUSTOM, f"JSON nested at most {self._settings.nesting_limit} deep")
        try:
            checked.custom = form.decode_custom(checked.custom_raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
            return self._explain_custom(checked, exc)
        return None

    def correlation(self, checked: Checked) -> CorrelationId | None:
        """The correlation id that the sender quotes, without a replay prefix."""
        quoted = checked.common.S1.senderCorrelationID
        return CorrelationId(original_of(quoted)) if quoted is not None else None

    def _kind(self, blocks: Blocks, channel_id: str | None) -> _Kind | Refusal:
        try:
            said = self._said(blocks)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
            return one("MSG1001", _S0, f"interfaceID and eventCode as strings ({exc})")
        found = self._event(said, channel_id)
        if isinstance(found, Refusal):
            return found
        channel, event = found
        layout = event.format_of(said.schema_version)
        return _Kind(channel_id, said.interface_id, said.event_code, channel, event, layout)

    def _said(self, blocks: Blocks) -> _Said:
        try:
            return _PEEK.decode(blocks.CommonBlock).S0
        except msgspec.DecodeError:
            if not self._settings.switches.folds_names:
                raise
        common = fold_header({"payload": {"CommonBlock": plain(blocks.CommonBlock)}})["payload"]["CommonBlock"]
        return _PEEK.decode(msgspec.json.encode(common)).S0

    def _event(self, kind: _Said, channel_id: str | None) -> tuple[Channel, Event] | Refusal:
        if channel_id is not None and kind.interface_id != channel_id:
            return one(
                "MSG1002",
                f"{_S0}/interfaceID",
                f"{channel_id}, the channel of the address",
                kind.interface_id[:20],
            )
        channel = self._registry.find(kind.interface_id)
        if channel is None:
            return one("MSG1002", f"{_S0}/interfaceID", "an interface that this DIP serves", kind.interface_id[:20])
        event = channel.events.get(EventCode(kind.event_code))
        if event is None:
            codes = ", ".join(channel.events)
            return one("MSG1001", f"{_S0}/eventCode", f"one of {codes}", kind.event_code[:50])
        return channel, event

    def _decode_common(
        self, blocks: Blocks, event: Event, layout: MessageFormat, known: Any
    ) -> tuple[Any, msgspec.Raw, MessageFormat] | Refusal:
        """known: the typed block, where it was decoded already."""
        raw = blocks.CommonBlock
        try:
            common = layout.decode_common(raw) if known is None else known
            # What is as long as what was read of it has no name twice; only the rest is looked at again.
            if len(_json(common)) != len(memoryview(raw)) and repeats_a_name(raw):
                return one("MSG1001", "/payload/CommonBlock", "each name once in an object")
            return common, raw, layout
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
            error: Exception = exc
        try:
            common = plain(blocks.CommonBlock)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
            return one("MSG1001", "/payload/CommonBlock", f"JSON ({exc})")
        if self._settings.switches.folds_names:
            published = layout.fold({"CommonBlock": common})["CommonBlock"]
            layout, folded = event.format_of(version_of(published)), msgspec.Raw(msgspec.json.encode(published))
            try:
                return layout.decode_common(folded), folded, layout
            except msgspec.DecodeError as exc:
                error, common = exc, plain(folded)
        faults = naming_editions(layout.explain_common(common), event)
        return (
            several("MSG1001", faults)
            if faults
            else one("MSG1001", "/payload/CommonBlock", f"the format of this event ({error})")
        )

    def _environment(self, common: Any) -> Refusal | None:
        if common.S1.environmentTag == self._settings.environment:
            return None
        return one(
            "MSG1000",
            f"{_S1}/environmentTag",
            f"{self._settings.environment}, the tag of this DIP",
            common.S1.environmentTag,
        )

    def _sender(
        self, channel: Channel, event: Event, sender: DipId, role: RoleCode, signer: DipId, caller: Caller
    ) -> Refusal | None:
        participant = self._participants.get(sender)
        if participant is None:
            return permission("MSG1009", f"{_S1}/senderDIPID", "the DIP id of a participant", sender)
        own = caller.dip_id == signer == sender
        whose = () if own else ((caller.dip_id, "client"), (signer, "signing"))
        for actor, use in whose:
            if not represents(self._participants, actor, sender):
                expected = f"{actor}, to whom the {use} certificate belongs, or one that it acts for"
                return permission("MSG1009", f"{_S1}/senderDIPID", expected, sender)
        if role not in participant.roles:
            held = ", ".join(participant.roles)
            return permission("MSG1010", f"{_S1}/senderRoleID", f"a role of {sender}: {held}", role)
        for actor, _ in whose:
            if not represents(self._participants, actor, sender, {role}):
                assigned = ", ".join(sorted(self._participants.agencies.roles(actor, sender)))
                expected = f"a role in which {actor} acts for {sender}: {assigned}"
                return permission("MSG1010", f"{_S1}/senderRoleID", expected, role)
        if role not in event.senders:
            allowed = ", ".join(sorted(event.senders))
            return permission(
                "MSG1010", f"{_S1}/senderRoleID", f"a sender of {channel.id} {event.code}: {allowed}", role
            )
        return None

    def _connection_provider(self, common: Any, sender: DipId, caller: Caller) -> Refusal | None:
        """An agent names itself; who connects for itself names nobody, or itself."""
        provider = common.S1.DIPConnectionProviderID
        if provider == caller.dip_id or (provider is None and caller.dip_id == sender):
            return None
        connects = f"{caller.dip_id}, which connects"
        expected = f"null, or {connects}" if caller.dip_id == sender else f"{connects} for {sender}"
        return permission("MSG1011", f"{_S1}/DIPConnectionProviderID", expected, provider or "null")

    def _times(self, common: Any, now: Moment) -> Refusal | None:
        place = f"{_S1}/senderTimestamp"
        sent = read_wire_time(common.S1.senderTimestamp)
        if sent is None:
            return one("MSG1007", place, "a time such as 2026-03-21T19:05:00+00:00", common.S1.senderTimestamp)
        if sent - now.latest > self._ahead:
            return one(
                "MSG1007",
                place,
                f"a time at most {self._settings.sender_timestamp_ahead_s} s ahead of the DIP's clock",
                common.S1.senderTimestamp,
            )
        return None

    def _correlation(self, common: Any) -> Refusal | None:
        quoted = common.S1.senderCorrelationID
        if quoted is None or self._store.correlation_known(CorrelationId(original_of(quoted))):
            return None
        return one("MSG1012", f"{_S1}/senderCorrelationID", "null, or a correlation id that the DIP issued", quoted)

    def _protection(self, checked: Checked) -> Checked | Refusal:
        """In the spec profile the CustomBlock of an encrypted channel must be a JWE, and no other may be one."""
        raw = checked.custom_raw
        protected = self._settings.switches.encrypts_custom_block and checked.channel.encrypted
        if raw is None or not protected:
            return checked
        if memoryview(raw)[0] != _QUOTE:
            return one(
                "MSG1001",
                _CUSTOM,
                f"{_JWE}: category {checked.channel.category} is encrypted in this profile",
            )
        try:
            checked.jwe = _TEXT.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            return one("MSG1001", _CUSTOM, f"{_JWE} ({exc})")
        return checked

    def _explain_custom(self, checked: Checked, error: Exception) -> Refusal | None:
        try:
            custom = plain(checked.custom_raw or b"")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
            return one("MSG1001", _CUSTOM, f"JSON ({exc})")
        form = checked.format
        if self._settings.switches.folds_names:
            folded = msgspec.json.encode(form.fold({"CustomBlock": custom})["CustomBlock"])
            try:
                checked.custom = form.decode_custom(folded)
            except msgspec.DecodeError as exc:
                error, custom = exc, plain(folded)
            else:
                checked.custom_raw = folded
                return None
        faults = form.explain_custom(custom)
        return several("MSG1001", faults) if faults else one("MSG1001", _CUSTOM, f"the format of this event ({error})")


def origin_of(blocks: Blocks) -> tuple[str | None, str | None]:
    """The sender's reference of a refused message, and who it says that the sender is; where they can be read."""
    try:
        said = _REFERENCE.decode(blocks.CommonBlock).S1
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None, None
    return said.sender_unique_reference[:200], said.sender if isinstance(said.sender, str) else None

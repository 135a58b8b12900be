"""Faults on demand in what goes out: one of the call, or some of its messages; what was archived stays right."""

import base64
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from dip.channels.registry import Registry
from dip.conformance.fault_kinds import TLS_FAULTS, Group
from dip.conformance.faults import Fault, Faults, Subject
from dip.conformance.impostor import Impostor
from dip.conformance.spoiling import Circumstances, spoil
from dip.delivery.answers import Call
from dip.delivery.events import data_of, payload_of
from dip.delivery.faulty_calls import FaultyCalls
from dip.delivery.outgoing import Item, Outgoing, build, element_of
from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.messages.envelope import Envelope
from dip.messages.headers import SIGNATURE
from dip.messages.identifiers import DipId
from dip.security.encryption import Encryptor
from dip.security.signing import Signer
from dip.store.records import Exchange, Lane

_IN_ANSWERS: Final = frozenset({"bad_signature", "wrong_signing_certificate"})
"""Faults of a call to a webhook that the answer to a pull can have as well; and the order, where there is one."""
_IN_EVENTS: Final = _IN_ANSWERS | {"drop_delivery", "delay_delivery", "duplicate"}
"""Those that an event of a stream can have; and the order of those that are handed out together."""
_HALVES: Final = frozenset({"drop_delivery", "half_answer"})
_DELAYS: Final = frozenset({"delay_delivery", "delay"})
_LEFT_OUT: Final = "not_answered"
_TO_A_STRANGER: Final = "encrypted_to_another_key"


class _Head(msgspec.Struct):
    event_code: str = msgspec.field(default="", name="eventCode")


class _Common(msgspec.Struct):
    S0: _Head


class _Payload(msgspec.Struct):
    CommonBlock: _Common


class _Element(msgspec.Struct):
    payload: _Payload


class DeliveryFaults:
    """Says which calls to webhooks, answers to pulls and events are struck; costs nothing while there is no fault."""

    def __init__(
        self,
        *,
        faults: Faults,
        calls: FaultyCalls,
        impostor: Impostor,
        registry: Current[Registry],
        clock: Clock,
        environment: str,
        lane: Callable[[int], Lane],
    ) -> None:
        """lane: by its number."""
        self._faults = faults
        self._calls = calls
        self._impostor = impostor
        self._registry = registry
        self._clock = clock
        self._environment = environment
        self._lane = lane

    @property
    def active(self) -> bool:
        """Whether any fault may strike now."""
        return self._faults.active

    async def begin(
        self, recipient: DipId, items: Sequence[Item], be_overtaken: Callable[[float], Awaitable[None]] | None
    ) -> "Struck | None":
        """What a call that carries these items suffers; None for nothing.

        A fault of the whole call goes before those of its messages. be_overtaken: waits, at most so many seconds, and
        lets what comes next go before this call; None where it can't be held back.
        """
        alone = len(items) == 1
        struck = self._begun(recipient, items, lambda kind: kind != "reorder" or not alone or be_overtaken is not None)
        if struck is not None and struck.kind == "reorder" and alone and be_overtaken is not None:
            await be_overtaken(struck.seconds)
        return struck

    def begin_answer(self, recipient: DipId, items: Sequence[Item], call: Fault | None = None) -> "Struck | None":
        """What the answer to a pull suffers that carries these items; None for nothing. call: the fault of the pull."""
        if call is not None:
            return self._struck(call)
        if not self.active:
            return None
        return self._begun(recipient, items, lambda kind: kind in _IN_ANSWERS or (kind == "reorder" and len(items) > 1))

    def begin_events(
        self, recipient: DipId, items: Sequence[Item], call: Fault | None = None
    ) -> Sequence[tuple[Item, "Struck | None"]]:
        """The events of a stream that are to be handed out together, in this order, each with what it suffers.

        call: the fault of the call for the stream, which the first event suffers. Nothing follows an event after which
        the stream breaks off: it keeps waiting.
        """
        if call is None and not self.active:
            return [(item, None) for item in items]
        if call is None and (reversing := self._reversing(recipient, items)) is not None:
            return [(item, reversing) for item in reversed(items)]
        events: list[tuple[Item, Struck | None]] = []
        for item in items:
            struck = self._begun(recipient, [item], _IN_EVENTS.__contains__) if call is None else self._struck(call)
            call = None
            events.append((item, struck))
            if struck is not None and struck.breaks_off:
                break
        return events

    def _reversing(self, recipient: DipId, items: Sequence[Item]) -> "Struck | None":
        """What makes the events come in reverse, where it is the first fault of the list that concerns any of them."""
        if len(items) < 2:
            return None
        subjects = [self._subject(item) for item in items]
        for fault in self._faults.candidates(Group.DELIVERY, recipient, subjects):
            if fault.kind == "reorder":
                self._faults.strike(fault)
                return self._struck(fault)
            if fault.kind in _IN_EVENTS:
                break
        return None

    def _begun(self, recipient: DipId, items: Sequence[Item], allowed: Callable[[str], bool]) -> "Struck | None":
        subjects = [self._subject(item) for item in items]
        for fault in self._faults.candidates(Group.DELIVERY, recipient, subjects):
            if allowed(fault.kind):
                self._faults.strike(fault)
                return self._struck(fault)
        changed = self._spoiled(recipient, items)
        return self._struck(changed=changed) if changed else None

    def _struck(self, fault: Fault | None = None, changed: "Mapping[int, Changed] | None" = None) -> "Struck":
        return Struck(self._impostor, self._calls, self._faults.pause, fault=fault, changed=changed)

    def _spoiled(self, recipient: DipId, items: Sequence[Item]) -> Mapping[int, "Changed"]:
        """The items that go out with a fault of content, by the number of their delivery."""
        changed: dict[int, Changed] = {}
        for item in items:
            if isinstance(item.content, Envelope):
                for fault in self._faults.candidates(Group.CONTENT, recipient, [self._subject(item)]):
                    made = self._changed(fault, item, item.content, recipient)
                    if made is not None:
                        self._faults.strike(fault)
                        changed[item.waiting.id] = made
                        break
        return changed

    def _changed(self, fault: Fault, item: Item, envelope: Envelope, recipient: DipId) -> "Changed | None":
        """The message with the fault, as the recipient may see it, not encrypted yet; None where it has no place."""
        payload = msgspec.json.decode(element_of(item, None))["payload"]
        if fault.kind == _TO_A_STRANGER:
            if not item.waiting.protected or envelope.custom is None:
                return None
        else:
            around = Circumstances(self._registry.value, recipient, self._environment, self._clock.now())
            if not spoil(fault.kind, payload, around):
                return None
        waiting = msgspec.structs.replace(item.waiting, hidden=None, replay=0)
        return Changed(fault.kind, Item(waiting, Envelope.of_content(payload)))

    def _subject(self, item: Item) -> Subject:
        channel = self._lane(item.waiting.lane).channel
        if not isinstance(item.content, Envelope):
            return Subject(channel)
        return Subject(
            channel, msgspec.json.decode(item.content.plain, type=_Element).payload.CommonBlock.S0.event_code
        )


class Changed(msgspec.Struct, frozen=True):
    """A message with a fault of content, ready to be encrypted."""

    kind: str
    item: Item


class Struck:
    """A call to a webhook with a fault: built, posted and written down in place of a usual one.

    The answer to a pull, or an event of a stream, is built by it as well.
    """

    def __init__(
        self,
        impostor: Impostor,
        calls: FaultyCalls,
        pause: Callable[[Fault], Awaitable[None]],
        *,
        fault: Fault | None = None,
        changed: Mapping[int, Changed] | None = None,
    ) -> None:
        self._impostor = impostor
        self._calls = calls
        self._pause = pause
        self._fault = fault
        self._changed = changed or {}
        self._context: ssl.SSLContext | None = None

    @property
    def kind(self) -> str:
        """The fault of the whole call; empty for none."""
        return self._fault.kind if self._fault is not None else ""

    @property
    def kinds(self) -> Sequence[str]:
        """The kinds that strike this call, each once."""
        return [self.kind] if self.kind else list(dict.fromkeys(one.kind for one in self._changed.values()))

    @property
    def seconds(self) -> float:
        """How long the fault takes; 0 for one that takes no time."""
        return (self._fault.seconds or 0.0) if self._fault is not None else 0.0

    @property
    def breaks_off(self) -> bool:
        """Whether the stream breaks off after this event."""
        return self.kind in _HALVES or self.kind == _LEFT_OUT

    @property
    def _said(self) -> str:
        return f"fault: {', '.join(self.kinds)}"

    def build(
        self,
        items: Sequence[Item],
        *,
        url: str,
        signer: Signer,
        encryptor: Encryptor | None,
        at: datetime,
        extra_headers: Mapping[str, str],
        method: str = "POST",
    ) -> Outgoing:
        """As `outgoing.build`, with the faults; runs in a worker thread."""
        carried = [self._carried(item) for item in items]
        if self.kind == "reorder":
            carried.reverse()
        if self.kind in TLS_FAULTS:
            self._context = self._impostor.context(self.kind)
        made = build(
            carried,
            url=url,
            signer=self._signer(signer),
            encryptor=encryptor,
            at=at,
            extra_headers=extra_headers,
            method=method,
        )
        return Outgoing(items, made.body, self._signed(made.headers), self._said, made.signing_certificate)

    def build_event(
        self, item: Item, *, url: str, signer: Signer, encryptor: Encryptor | None, at: datetime
    ) -> Outgoing:
        """As `events.build_event`, with the faults; runs in a worker thread."""
        payload = payload_of(self._carried(item), encryptor)
        signer = self._signer(signer)
        headers = self._signed(signer.headers("GET", url, payload, at))
        return Outgoing([item], data_of(payload, headers), headers, self._said, signer.fingerprint)

    async def hold_back(self) -> None:
        """Wait as long as the fault delays an event."""
        if self._fault is not None and self.kind in _DELAYS:
            await self._pause(self._fault)

    def pieces(self, event: bytes) -> Sequence[bytes]:
        """What is written of an event."""
        if self.kind == _LEFT_OUT:
            return []
        if self.kind in _HALVES:
            return [event[: len(event) // 2]]
        return [event, event] if self.kind == "duplicate" else [event]

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Call:
        """As `WebhookCaller.post`, with the fault."""
        if self._fault is None:
            return await self._calls.usual(url, body, headers)
        return await self._calls.post(self._fault, url, body, headers, self._context)

    def note(self, exchange: Exchange) -> None:
        """Write into the evidence of the call what was wrong with it on purpose."""
        if exchange.note != self._said:
            exchange.note = f"{self._said}; {exchange.note}" if exchange.note else self._said
        if self.kind == "wrong_signing_certificate":
            exchange.signing_certificate = self._impostor.signing_fingerprint
        elif self.kind in TLS_FAULTS:
            exchange.tls_certificate = self._impostor.tls_fingerprint(self.kind)

    def _signer(self, usual: Signer) -> Signer:
        return self._impostor.signer if self.kind == "wrong_signing_certificate" else usual

    def _signed(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """The headers, with the signature that goes out."""
        if self.kind != "bad_signature":
            return headers
        return {**headers, SIGNATURE: _bent(headers[SIGNATURE])}

    def _carried(self, item: Item) -> Item:
        changed = self._changed.get(item.waiting.id)
        if changed is None:
            return item
        if changed.kind != _TO_A_STRANGER:
            return changed.item
        sealed = msgspec.json.decode(element_of(changed.item, self._impostor.encryptor))["payload"]
        return Item(msgspec.structs.replace(changed.item.waiting, protected=0), Envelope.of_content(sealed))


def _bent(signature: str) -> str:
    """A signature of the same length that fits nothing."""
    raw = bytearray(base64.b64decode(signature))
    raw[-1] ^= 1
    return base64.b64encode(raw).decode("ascii")

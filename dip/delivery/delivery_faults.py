"""Faults on demand in what goes out: one of the call, or some of its messages; what was archived stays right."""

import base64
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from dip.channels.registry import Registry
from dip.conformance.fault_kinds import Group
from dip.conformance.faults import Fault, Faults, Subject
from dip.conformance.impostor import Impostor
from dip.conformance.spoiling import Circumstances, spoil
from dip.delivery.answers import Call
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
    """Says which calls to webhooks are struck; costs nothing while there is no fault."""

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

    def begin_answer(self, recipient: DipId, items: Sequence[Item]) -> "Struck | None":
        """What the answer to a pull suffers that carries these items; None for nothing."""
        if not self.active:
            return None
        return self._begun(recipient, items, lambda kind: kind in _IN_ANSWERS or (kind == "reorder" and len(items) > 1))

    def _begun(self, recipient: DipId, items: Sequence[Item], allowed: Callable[[str], bool]) -> "Struck | None":
        subjects = [self._subject(item) for item in items]
        for fault in self._faults.candidates(Group.DELIVERY, recipient, subjects):
            if allowed(fault.kind):
                self._faults.strike(fault)
                return Struck(self._impostor, self._calls, fault=fault)
        changed = self._spoiled(recipient, items)
        return Struck(self._impostor, self._calls, changed=changed) if changed else None

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
    """A call to a webhook with a fault: built, posted and written down in place of a usual one."""

    def __init__(
        self,
        impostor: Impostor,
        calls: FaultyCalls,
        *,
        fault: Fault | None = None,
        changed: Mapping[int, Changed] | None = None,
    ) -> None:
        self._impostor = impostor
        self._calls = calls
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
        if self.kind == "wrong_signing_certificate":
            signer = self._impostor.signer
        elif self.kind == "wrong_tls_certificate":
            self._context = self._impostor.context
        made = build(
            carried, url=url, signer=signer, encryptor=encryptor, at=at, extra_headers=extra_headers, method=method
        )
        headers = dict(made.headers)
        if self.kind == "bad_signature":
            headers[SIGNATURE] = _bent(headers[SIGNATURE])
        return Outgoing(items, made.body, headers, self._said)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Call:
        """As `WebhookCaller.post`, with the fault."""
        if self._fault is None:
            return await self._calls.usual(url, body, headers)
        return await self._calls.post(self._fault, url, body, headers, self._context)

    def note(self, exchange: Exchange) -> None:
        """Write into the evidence of the call what was wrong with it on purpose."""
        exchange.note = f"{self._said}; {exchange.note}" if exchange.note else self._said
        if self.kind == "wrong_signing_certificate":
            exchange.signing_certificate = self._impostor.signing_fingerprint
        elif self.kind == "wrong_tls_certificate":
            exchange.tls_certificate = self._impostor.tls_fingerprint

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

"""Faults as testers write them down: read, checked, every mistake named with its place and what was expected."""

import re
from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from dip.channels.registry import Registry
from dip.conformance.fault_kinds import KINDS, Group, Kind
from dip.conformance.faults import Fault
from dip.ground.current import Current
from dip.ground.errors import BadRequest
from dip.ground.settings import Settings
from dip.messages.identifiers import DipId
from dip.participants.registry import Participants
from dip.store.records import STATUS_CHANNEL

_SHOWN: Final = 10
_EVENT: Final = re.compile(r"\[?([\w-]{1,40})\]?", re.ASCII)
_DECODED_PLACE: Final = re.compile(r"^(.*?)(?: - at `\$(.*)`)?$")
_STATUS: Final = 500


class FaultOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A fault to be switched on; it has a rate or a count, else it strikes once.

    participant: DIP id of who calls, or of the recipient; channel: interface id or `statusmessage`; event: of the
    messages of a delivery. What is left out is every one. struck: stands in a list that was read before, says nothing.
    """

    kind: str
    id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{0,40}$")] = ""
    participant: str | None = None
    channel: str | None = None
    event: str | None = None
    rate: Annotated[float, Meta(gt=0, le=1)] | None = None
    count: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    seconds: Annotated[float, Meta(gt=0)] | None = None
    status: Annotated[int, Meta(ge=500, le=504)] | None = None
    struck: int = 0


class FaultOrders:
    """Makes faults of what a tester wrote."""

    def __init__(self, *, settings: Settings, registry: Current[Registry], participants: Current[Participants]) -> None:
        self._settings = settings
        self._registry = registry
        self._participants = participants

    def read_list(self, body: bytes) -> list[Fault]:
        """A list of faults, bare or as `{"items": […]}`. Raises BadRequest."""
        content = _decoded(body)
        entries = content.get("items") if isinstance(content, dict) else content
        if not isinstance(entries, list):
            raise BadRequest('Body: expected {"items": […]}, a list of faults.')
        read = [self._read(entry, f"/items/{place}") for place, entry in enumerate(entries[: self._limit + 1])]
        ids = [fault.id for fault, _ in read if fault is not None and fault.id]
        mistakes = [mistake for _, found in read for mistake in found]
        mistakes += [f"/items: expected each id once, {one} stands there again" for one in _repeated(ids)]
        _refuse(mistakes)
        return [fault for fault, _ in read if fault is not None]

    def read_one(self, body: bytes) -> Fault:
        """One fault. Raises BadRequest."""
        return self.made_of(_decoded(body))

    def made_of(self, entry: Any) -> Fault:
        """One fault out of plain objects. Raises BadRequest."""
        fault, mistakes = self._read(entry, "")
        if fault is None or mistakes:
            raise _refusal(mistakes)
        return fault

    @property
    def _limit(self) -> int:
        return self._settings.fault_limit

    def _read(self, entry: Any, place: str) -> tuple[Fault | None, list[str]]:
        try:
            order = msgspec.convert(entry, FaultOrder)
        except msgspec.ValidationError as exc:
            return None, [_placed(str(exc), place)]
        kind = KINDS.get(order.kind)
        if kind is None:
            return None, [f"{place}/kind: expected one of {', '.join(KINDS)}"]
        mistakes = [f"{place}{one}" for one in (*_unfitting(order, kind), *self._unknown(order, kind))]
        return (None if mistakes else self._fault(order, kind)), mistakes

    def _unknown(self, order: FaultOrder, kind: Kind) -> list[str]:
        """What the order names and the server does not have, or not so long."""
        found: list[str] = []
        if order.participant is not None and self._participants.value.get(DipId(order.participant)) is None:
            found.append("/participant: expected the DIP id of a participant")
        for_status = order.channel == STATUS_CHANNEL and kind.group is not Group.CONTENT
        if order.channel is not None and not for_status and self._registry.value.find(order.channel.upper()) is None:
            or_status = "" if kind.group is Group.CONTENT else f" or {STATUS_CHANNEL}"
            found.append(f"/channel: expected an interface that this DIP serves, such as IF-031{or_status}")
        longest = self._settings.fault_longest_s
        if order.seconds is not None and order.seconds > longest:
            found.append(f"/seconds: expected at most {longest:g}")
        return found

    def _fault(self, order: FaultOrder, kind: Kind) -> Fault:
        event = _EVENT.fullmatch(order.event) if order.event is not None else None
        for_status = order.channel is None or order.channel == STATUS_CHANNEL
        return Fault(
            id=order.id,
            kind=kind.name,
            participant=order.participant,
            channel=order.channel if for_status or order.channel is None else order.channel.upper(),
            event=f"[{event[1]}]" if event else None,
            rate=order.rate,
            count=1 if order.rate is None and order.count is None else order.count,
            seconds=(order.seconds or self._settings.fault_seconds) if kind.takes_seconds else None,
            status=(order.status or _STATUS) if kind.takes_status else None,
        )


def _unfitting(order: FaultOrder, kind: Kind) -> list[str]:
    """What the order says and its kind has no use for."""
    found: list[str] = []
    if order.rate is not None and order.count is not None:
        found.append("/rate: expected a rate or a count, not both")
    if order.event is not None and kind.group is Group.CALL:
        found.append(f"/event: expected none, {kind.name} strikes whole calls; name a channel")
    elif order.event is not None and _EVENT.fullmatch(order.event) is None:
        found.append("/event: expected the code of an event, such as [DSApp]")
    if order.seconds is not None and not kind.takes_seconds:
        found.append(f"/seconds: expected none, {kind.name} takes no time")
    if order.status is not None and not kind.takes_status:
        found.append(f"/status: expected none, {kind.name} answers with no status of its own")
    return found


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise BadRequest(f"Body: expected JSON: {exc}.") from exc


def _placed(reason: str, place: str) -> str:
    """What the decoder said, its place as a JSON pointer."""
    found = _DECODED_PLACE.match(reason)
    said, inner = (found[1], found[2] or "") if found else (reason, "")
    return f"{place}{inner.replace('.', '/')}: {said[:1].lower()}{said[1:]}"


def _repeated(ids: Sequence[str]) -> list[str]:
    return sorted({one for one in ids if ids.count(one) > 1})


def _refuse(mistakes: Sequence[str]) -> None:
    if mistakes:
        raise _refusal(mistakes)


def _refusal(mistakes: Sequence[str]) -> BadRequest:
    more = f"; and {len(mistakes) - _SHOWN} more" if len(mistakes) > _SHOWN else ""
    return BadRequest("; ".join(mistakes[:_SHOWN]) + more + ".")

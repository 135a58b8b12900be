"""What a recipient wants to have again: the bodies of replay and requeue, read and checked (5.5.11)."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from dip.channels.channel import Channel
from dip.ground.clock import microseconds
from dip.ground.errors import BadRequest
from dip.ground.profiles import Profile
from dip.messages.faults import FAULTS_SHOWN, Fault, pointer
from dip.messages.identifiers import EventCode, TransactionId, original_of
from dip.messages.timestamps import read_wire_time
from dip.security.vault import Vault
from dip.store.protocol import ReplayStore
from dip.store.records import STATUS_CHANNEL, Lane
from dip.store.replay import Selection

PUBLISHED: Final = ("datetimeFrom", "datetimeTo", "eventCode", "MPAN", "version")
"""Keys of a MessageRequest that have to be there; their values may be null."""
BY_TRANSACTION: Final = ("transactionIDFrom", "transactionIDTo")
"""Keys that the specification adds (contract, Profiles)."""
TRANSACTIONS: Final = "transactionIDs"
STATUS_TIMES: Final = ("datetimeFrom", "datetimeTo")
"""Keys of a StatusMessageRequest that need a value."""
STATUS_MARKS: Final = ("transactionID", "senderUniqueReference", "correlationID")
MOST_TRANSACTIONS: Final = 100
_LONGEST: Final = 100
"""Characters of any id, reference or version."""
_MPAN_DIGITS: Final = 13
_SECOND_US: Final = 1_000_000
_TIME: Final = "null or a time of 25 characters such as 2026-03-21T19:05:00+00:00"


class ReplayRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A checked request; None is no condition. event: in square brackets. An id of a replay stands for its original."""

    datetime_from: datetime | None = None
    datetime_to: datetime | None = None
    event: EventCode | None = None
    mpan: str | None = None
    version: str | None = None
    transactions: tuple[TransactionId, ...] | None = None
    transaction_from: TransactionId | None = None
    transaction_to: TransactionId | None = None
    reference: str | None = None
    correlation: str | None = None


def read_request(
    body: Any, channel: str, known: Channel | None, profile: Profile, *, short: bool = False
) -> ReplayRequest:
    """The request in a body. known: the channel, where it is served; short: a key that is missing counts as null.

    Raises BadRequest that names every fault by its JSON pointer.
    """
    reading = _Reading(body, profile)
    status = channel == STATUS_CHANNEL
    if status:
        reading.expect(required=() if short else STATUS_TIMES, optional=(*STATUS_TIMES, *STATUS_MARKS))
    else:
        more = BY_TRANSACTION if profile.replays_by_transaction else ()
        reading.expect(required=() if short else PUBLISHED, optional=(*PUBLISHED, TRANSACTIONS, *more))
    needed = status and not short
    begins, ends = reading.time("datetimeFrom", needed=needed), reading.time("datetimeTo", needed=needed)
    named = reading.text("transactionID") if status else None
    request = ReplayRequest(
        datetime_from=begins,
        datetime_to=ends,
        event=None if status else reading.event("eventCode", known),
        mpan=None if status else reading.mpan("MPAN"),
        version=None if status else reading.text("version"),
        transactions=(_original(named),) if named else None if status else reading.transactions(TRANSACTIONS),
        transaction_from=_maybe(reading.text("transactionIDFrom")),
        transaction_to=_maybe(reading.text("transactionIDTo")),
        reference=reading.text("senderUniqueReference"),
        correlation=_plain(reading.text("correlationID")),
    )
    by_time = request.transaction_from is None and request.transaction_to is None
    if begins is not None and ends is not None and by_time and ends < begins:
        reading.fault("datetimeTo", "a time that is not before datetimeFrom")
    reading.conclude()
    return request


class Selecting:
    """Turns requests into what the store can look for."""

    def __init__(self, *, store: ReplayStore, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    def selection(self, request: ReplayRequest, channel: str, lane: Lane | None) -> Selection:
        """What a request means in a recipient's lane of a channel; None where nothing was ever sent.

        Raises BadRequest for a transaction that was not sent to this recipient on this channel; whether it is
        anybody else's is not told.
        """
        named: dict[str, TransactionId] = {}
        if channel != STATUS_CHANNEL:
            for place, transaction in enumerate(request.transactions or ()):
                named[pointer(TRANSACTIONS, place)] = transaction
        for key, bound in zip(BY_TRANSACTION, (request.transaction_from, request.transaction_to), strict=True):
            if bound is not None:
                named[pointer(key)] = bound
        sequences = self._store.sequences(lane.id, set(named.values())) if named and lane is not None else {}
        unknown = [place for place, transaction in named.items() if transaction not in sequences]
        if unknown:
            _refuse([Fault(one, "a transaction that was sent to this recipient on this channel") for one in unknown])
        begins, ends = request.datetime_from, request.datetime_to
        return Selection(
            since=None if begins is None else microseconds(begins),
            # A time on the wire stands for its whole second.
            until=None if ends is None else microseconds(ends) + _SECOND_US,
            first=None if request.transaction_from is None else sequences[request.transaction_from],
            last=None if request.transaction_to is None else sequences[request.transaction_to],
            event=request.event,
            version=request.version,
            mpan_digest=None if request.mpan is None else self._vault.digest(request.mpan),
            transactions=request.transactions,
            reference=request.reference,
            correlation=request.correlation,
        )


class _Reading:
    """Reads the keys of a body and gathers what is wrong with them."""

    def __init__(self, body: Any, profile: Profile) -> None:
        if not isinstance(body, dict):
            _refuse([Fault("", "a JSON object")])
        self._folds = profile.folds_names
        self._body: dict[str, Any] = body
        self._faults: list[Fault] = []
        self._refused: set[str] = set()

    def expect(self, *, required: Sequence[str], optional: Sequence[str]) -> None:
        """Note the keys that are missing or unknown; in a profile that folds names, give them their published case."""
        known = dict.fromkeys((*required, *optional))
        if self._folds:
            published = {key.casefold(): key for key in known}
            self._body = {published.get(key.casefold(), key): value for key, value in self._body.items()}
        self._faults += [
            Fault(pointer(key), "this key; its value may be null") for key in required if key not in self._body
        ]
        self._refused.update(key for key in required if key not in self._body)
        listed = ", ".join(known)
        self._faults += [
            Fault(pointer(key[:_LONGEST]), f"no such key; known are {listed}") for key in self._body if key not in known
        ]

    def fault(self, key: str, expected: str) -> None:
        """Note a fault."""
        if key not in self._refused:
            self._faults.append(Fault(pointer(key), expected))

    def conclude(self) -> None:
        """Raise BadRequest where anything is wrong."""
        if self._faults:
            _refuse(self._faults)

    def text(self, key: str) -> str | None:
        """A text, or None."""
        found = self._body.get(key)
        return found if self._is(key, found, "null or a text", lambda text: 0 < len(text) <= _LONGEST) else None

    def time(self, key: str, *, needed: bool) -> datetime | None:
        """A time on the wire, or None."""
        found = self._body.get(key)
        if found is None:
            if needed:
                self.fault(key, _TIME.removeprefix("null or "))
            return None
        read = read_wire_time(found) if isinstance(found, str) else None
        if read is None:
            self.fault(key, _TIME.removeprefix("null or ") if needed else _TIME)
        return read

    def mpan(self, key: str) -> str | None:
        """An MPAN, or None; a refusal does not repeat it."""
        found = self._body.get(key)
        digits = "null or thirteen digits"
        fits = self._is(
            key, found, digits, lambda text: len(text) == _MPAN_DIGITS and text.isascii() and text.isdecimal()
        )
        return found if fits else None

    def event(self, key: str, channel: Channel | None) -> EventCode | None:
        """An event in square brackets, given with or without them, or None. channel: None knows no events."""
        found = self.text(key)
        if found is None:
            return None
        code = EventCode(f"[{found.removeprefix('[').removesuffix(']')}]")
        if channel is not None and code not in channel.events:
            self.fault(key, f"null or an event of {channel.id}: {', '.join(sorted(channel.events))}")
        return code

    def transactions(self, key: str) -> tuple[TransactionId, ...] | None:
        """A list of transaction ids, or None where there is no such key."""
        if key not in self._body:
            return None
        found = self._body[key]
        if not isinstance(found, list) or not 1 <= len(found) <= MOST_TRANSACTIONS:
            self.fault(key, f"an array of 1 to {MOST_TRANSACTIONS} transaction ids")
            return None
        for place, one in enumerate(found):
            if not isinstance(one, str) or not 0 < len(one) <= _LONGEST:
                self._faults.append(Fault(pointer(key, place), "a transaction id"))
        return tuple(_original(one) for one in found if isinstance(one, str))

    def _is(self, key: str, found: Any, expected: str, fits: Callable[[str], bool]) -> bool:
        if found is None or (isinstance(found, str) and fits(found)):
            return True
        self.fault(key, expected)
        return False


def decoded(body: bytes) -> Any:
    """The JSON of a body. Raises BadRequest."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise BadRequest("Body: expected a JSON object in UTF-8.") from exc


def _refuse(faults: Sequence[Fault]) -> None:
    shown = "; ".join(str(fault) for fault in faults[:FAULTS_SHOWN])
    more = len(faults) - FAULTS_SHOWN
    raise BadRequest(shown + (f"; and {more} more" if more > 0 else ""))


def _original(text: str) -> TransactionId:
    return TransactionId(original_of(text))


def _maybe(text: str | None) -> TransactionId | None:
    return None if text is None else _original(text)


def _plain(text: str | None) -> str | None:
    return None if text is None else original_of(text)

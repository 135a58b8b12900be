"""A history as bytes: what the DIP came to know, the rows that stand, the rows that were replaced (5.5.14).

A layout's number; how many pieces of knowledge; each of them; each row. Rows name their holder, a role and a DIP id,
by a number, and count seconds from the year 1, so that a row takes 14 bytes and an MPAN with six roles 100.
"""

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Protocol

from dip.appointments.history import STANDS, YEAR_1, History, Knowledge, Row, order
from dip.messages.identifiers import DipId, RoleCode

Holder = tuple[RoleCode, DipId]
Packable = tuple[int, int, int]
"""A row that stands, as numbers: its holder's, its start and its end in seconds since 1970 UTC."""

_NARROW, _WIDE = 1, 2
_HEADS: Final = {_NARROW: struct.Struct("<BB"), _WIDE: struct.Struct("<BH")}
_ROWS: Final = {_NARROW: struct.Struct("<HBIBIBB"), _WIDE: struct.Struct("<HBIBIHH")}
_SAID: Final = struct.Struct("<HBIBI")
"""The beginning of a narrow row: who, from when, until when."""
_STANDS: Final = {_NARROW: 0xFF, _WIDE: STANDS}
_KNOWLEDGE: Final = struct.Struct("<qHI")
_LOW: Final = 0xFFFFFFFF
_RUN: Final = 1 << 46
_ENDS_ALL: Final = 1 << 47
_NUMBER: Final = (1 << 46) - 1


class Holders(Protocol):
    """The numbers that stand for holders."""

    def number(self, role: RoleCode, dip_id: DipId) -> int:
        """The number of a holder, given now if it has none. Raises TooManyHolders."""

    def named(self, number: int) -> Holder:
        """The holder with that number."""


def pack(history: History, holders: Holders) -> bytes:
    """The bytes of a history."""
    layout = _NARROW if len(history.knowledge) < _STANDS[_NARROW] else _WIDE
    parts = [_HEADS[layout].pack(layout, len(history.knowledge))]
    parts += [_KNOWLEDGE.pack(one.at, *divmod(_origin(one), _LOW + 1)) for one in history.knowledge]
    write, stands = _ROWS[layout].pack, _STANDS[layout]
    for row in (*history.rows, *history.past):
        starts, ends = row.starts - YEAR_1, row.ends - YEAR_1
        replaced = stands if row.replaced == STANDS else row.replaced
        number = holders.number(row.role, row.dip_id)
        parts.append(write(number, starts >> 32, starts & _LOW, ends >> 32, ends & _LOW, row.known, replaced))
    return b"".join(parts)


def pack_first(rows: Iterable[Packable], knowledge: Knowledge) -> bytes:
    """What `pack` makes of a history with one piece of knowledge, and rows that all stand."""
    write, stands = _ROWS[_NARROW].pack, _STANDS[_NARROW]
    parts = [_HEADS[_NARROW].pack(_NARROW, 1), _KNOWLEDGE.pack(knowledge.at, *divmod(_origin(knowledge), _LOW + 1))]
    for number, starts, ends in rows:
        starts -= YEAR_1
        ends -= YEAR_1
        parts.append(write(number, starts >> 32, starts & _LOW, ends >> 32, ends & _LOW, 0, stands))
    return b"".join(parts)


def append(packed: bytes, rows: Iterable[Packable], knowledge: Knowledge, taken: Callable[[int], bool]) -> bytes | None:
    """A packed history with more rows, without unpacking it: for roles in which nobody was appointed yet.

    taken: told the number of each holder in it; where it says yes of one, as where the history is full of knowledge or
    knows something later, the answer is None.
    """
    layout, count = packed[0], packed[1]
    head, row = _HEADS[_NARROW].size, _ROWS[_NARROW]
    if layout != _NARROW or count + 1 >= _STANDS[_NARROW]:
        return None
    middle = head + count * _KNOWLEDGE.size
    last_at, _, _ = _KNOWLEDGE.unpack_from(packed, middle - _KNOWLEDGE.size)
    end = len(packed)
    for place in range(middle, len(packed), row.size):
        if taken(packed[place] | packed[place + 1] << 8):
            return None
        if end == len(packed) and packed[place + row.size - 1] != _STANDS[_NARROW]:
            end = place
    if last_at > knowledge.at:
        return None
    parts = [bytes((_NARROW, count + 1)), packed[head:middle]]
    parts.append(_KNOWLEDGE.pack(knowledge.at, *divmod(_origin(knowledge), _LOW + 1)))
    parts.append(packed[middle:end])
    for number, starts, ends in rows:
        first, last = starts - YEAR_1, ends - YEAR_1
        parts.append(row.pack(number, first >> 32, first & _LOW, last >> 32, last & _LOW, count, _STANDS[_NARROW]))
    parts.append(packed[end:])
    return b"".join(parts)


def stands(packed: bytes, rows: Iterable[Packable]) -> bool:
    """Whether each of these rows stands in a packed history, to the second, without unpacking it."""
    layout, count = packed[0], packed[1]
    row = _ROWS[_NARROW]
    if layout != _NARROW:
        return False
    found = set[bytes]()
    for place in range(_HEADS[_NARROW].size + count * _KNOWLEDGE.size, len(packed), row.size):
        if packed[place + row.size - 1] != _STANDS[_NARROW]:
            break
        found.add(packed[place : place + _SAID.size])
    for number, starts, ends in rows:
        first, last = starts - YEAR_1, ends - YEAR_1
        if _SAID.pack(number, first >> 32, first & _LOW, last >> 32, last & _LOW) not in found:
            return False
    return True


def is_imported(packed: bytes) -> bool:
    """Whether no message has a part in a packed history."""
    return all(one.message is None for one in _open(packed)[1])


def unpack(packed: bytes, holders: Holders) -> History:
    """The history that these bytes hold."""
    layout, knowledge, rest = _open(packed)
    stands = _STANDS[layout]
    rows: list[Row] = []
    past: list[Row] = []
    for number, starts_high, starts, ends_high, ends, known, replaced in _ROWS[layout].iter_unpack(rest):
        role, dip_id = holders.named(number)
        first, last = (starts_high << 32 | starts) + YEAR_1, (ends_high << 32 | ends) + YEAR_1
        if replaced == stands:
            rows.append(Row(role, dip_id, first, last, known))
        else:
            past.append(Row(role, dip_id, first, last, known, replaced))
    rows.sort(key=order)
    return History(knowledge, rows, past)


def unpack_standing(packed: bytes, holders: Holders) -> Iterator[tuple[Holder, int, int]]:
    """The rows that stand: holder, start and end. What was replaced is not read."""
    layout, count = packed[0], packed[1]
    if layout == _WIDE:
        count |= packed[2] << 8
    stands = _STANDS[layout]
    start = _HEADS[layout].size + count * _KNOWLEDGE.size
    for number, starts_high, starts, ends_high, ends, _, replaced in _ROWS[layout].iter_unpack(packed[start:]):
        if replaced != stands:
            return
        yield holders.named(number), (starts_high << 32 | starts) + YEAR_1, (ends_high << 32 | ends) + YEAR_1


def _open(packed: bytes) -> tuple[int, Sequence[Knowledge], bytes]:
    layout = packed[0]
    head = _HEADS[layout]
    _, count = head.unpack_from(packed)
    end = head.size + count * _KNOWLEDGE.size
    knowledge = [_knowledge(at, high << 32 | low) for at, high, low in _KNOWLEDGE.iter_unpack(packed[head.size : end])]
    return layout, knowledge, packed[end:]


def _origin(one: Knowledge) -> int:
    """Where it came from as a number: of a message, or of an import; zero for neither."""
    number = _RUN | one.run if one.run is not None else one.message or 0
    return number | _ENDS_ALL if one.ends_all else number


def _knowledge(at: int, origin: int) -> Knowledge:
    number = origin & _NUMBER
    is_run = bool(origin & _RUN)
    return Knowledge(
        at, None if is_run else number or None, number if is_run else None, ends_all=bool(origin & _ENDS_ALL)
    )

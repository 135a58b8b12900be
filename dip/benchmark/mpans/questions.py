"""Who holds an MPAN at a moment: questions to a look-up, with the answers that the maker of the market knows."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from dip.market.drawing import Chance, chance
from dip.market.making import Row, appointments
from dip.market.plan import Plan
from dip.messages.identifiers import DipId, Mpan, RoleCode

ROLES: Final = frozenset({RoleCode("SUP"), RoleCode("SDS")})
"""For whom each question asks; one of the two most often changes hands."""
_SECOND: Final = 1_000_000
_PIECE: Final = 1_000
_BEYOND: Final = timedelta(days=30)
"""Behind the last change of hands there is a time, too."""


class Question(msgspec.Struct, frozen=True, array_like=True):
    """Who holds one of the roles at a microsecond. holders: the DIP ids that are right, in order."""

    mpan: Mpan
    at: int
    holders: tuple[DipId, ...]


def drawn(plan: Plan, count: int) -> list[Question]:
    """Questions about so many MPANs of a market, each MPAN once, in any order; the same ones each time."""
    drawing = chance(f"{plan.seed}/questions")
    found = [_asked(plan, mpan, rows, drawing) for mpan, rows in _some(plan, count, drawing)]
    drawing.shuffle(found)
    return found


def holders_on(plan: Plan, count: int, day: datetime, role: RoleCode) -> list[tuple[Mpan, DipId]]:
    """At most so many MPANs that somebody holds in the role at that moment, each with the one who does."""
    at = int(day.timestamp())
    drawing = chance(f"{plan.seed}/{role}")
    found = []
    for mpan, rows in _some(plan, count, drawing):
        held = [dip_id for held_role, dip_id, starts, ends in rows if held_role == role and _holds(starts, ends, at)]
        if held:
            found.append((Mpan(f"{mpan:013}"), held[0]))
    drawing.shuffle(found)
    return found


def write(questions: Iterable[Question], file: Path) -> None:
    """Write questions into a file, one a line."""
    file.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in questions))


def read(file: Path) -> Iterator[Sequence[Question]]:
    """The questions of a file, some at a time: who asks holds no more of them."""
    decoder = msgspec.json.Decoder(Question)
    with file.open("rb") as lines:
        while piece := list(islice(lines, _PIECE)):
            yield [decoder.decode(line) for line in piece]


def _some(plan: Plan, count: int, drawing: Chance) -> Iterator[tuple[int, list[Row]]]:
    """Drawn MPANs with their appointments, ascending."""
    places = set(drawing.sample(range(plan.mpans), min(count, plan.mpans)))
    return (made for place, made in enumerate(appointments(plan)) if place in places)


def _asked(plan: Plan, mpan: int, rows: Sequence[Row], drawing: Chance) -> Question:
    first = int(datetime.combine(plan.first_day, time(), UTC).timestamp())
    last = int((datetime.combine(plan.until, time(), UTC) + _BEYOND).timestamp())
    at = drawing.randrange(first, last)
    held = [dip_id for role, dip_id, starts, ends in rows if role in ROLES and _holds(starts, ends, at)]
    return Question(Mpan(f"{mpan:013}"), at * _SECOND, tuple(sorted(held)))


def _holds(starts: int, ends: int | None, at: int) -> bool:
    return starts <= at and (ends is None or at < ends)

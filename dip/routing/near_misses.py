"""Who might have been expected to get a message, and does not (5.5.14)."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from dip.appointments.history import OPEN, STANDS, YEAR_1, Row
from dip.ground.clock import moment
from dip.messages.identifiers import RoleCode
from dip.messages.timestamps import day_or_time
from dip.routing.dates import Span
from dip.routing.explanation import NearMiss, Rule, Thought

_SECOND: Final = 1_000_000


def meets(row: Row, spans: Iterable[Span]) -> bool:
    """Whether a row holds at any part of the spans."""
    return any(row.starts * _SECOND <= span.last and row.ends * _SECOND > span.first for span in spans)


def near_misses(
    thought: Thought, spans: Sequence[Span], rules: Mapping[RoleCode, Rule] | None, primary: Collection[RoleCode]
) -> list[NearMiss]:
    """The rows that do not count, by role, and the groups that nobody holds.

    rules: of the roles that are looked up; None: every role is. primary: roles that the sender may name.
    """
    found: list[NearMiss] = []
    groups: list[tuple[RoleCode, ...]]
    if rules is None:
        groups = [(role,) for role in dict.fromkeys(row.role for row in (*thought.rows, *thought.others))]
    else:
        groups = list(dict.fromkeys(rule.group for rule in rules.values()))
    for group in groups:
        mine = [row for row in thought.rows if row.role in group]
        holding = [row for row in mine if meets(row, spans)]
        found.extend(_at_other_times(mine, spans))
        found.extend(_otherwise_known(thought, group, holding, spans))
        if not holding and rules is not None:
            found.append(NearMiss(group[0], f"nobody is appointed as {' or '.join(group)} then"))
    if rules is not None:
        looked_up = {role for group in groups for role in group}
        found.extend(
            NearMiss(row.role, _not_looked_up(row.role, primary), row.dip_id, row)
            for row in thought.rows
            if row.role not in looked_up and meets(row, spans)
        )
    return found


def _not_looked_up(role: RoleCode, primary: Collection[RoleCode]) -> str:
    if role in primary:
        return f"holds {role} then, but the sender names who gets it as {role}; it is not looked up"
    return f"holds {role} then, but this is not sent to the role"


def _at_other_times(rows: Sequence[Row], spans: Sequence[Span]) -> Iterator[NearMiss]:
    """Of each group the last row that ended before, and the first that begins after."""
    first, last = min(span.first for span in spans), max(span.last for span in spans)
    asked = "the day asked for" if len(spans) == 1 else "the days asked for"
    ended = max((row for row in rows if row.ends * _SECOND <= first), key=lambda row: row.ends, default=None)
    begins = min((row for row in rows if row.starts * _SECOND > last), key=lambda row: row.starts, default=None)
    if ended is not None:
        yield NearMiss(ended.role, f"ended {in_words(ended.ends)}, before {asked}", ended.dip_id, ended)
    if begins is not None:
        yield NearMiss(begins.role, f"begins {in_words(begins.starts)}, after {asked}", begins.dip_id, begins)
    for row in rows:
        if row.ends * _SECOND > first and row.starts * _SECOND <= last and not meets(row, spans):
            yield NearMiss(row.role, "holds between the days asked for, on none of them", row.dip_id, row)


def _otherwise_known(
    thought: Thought, group: Collection[RoleCode], holding: Sequence[Row], spans: Sequence[Span]
) -> Iterator[NearMiss]:
    """Rows that would count, had they not been replaced, or been known."""
    held = {(row.role, row.dip_id) for row in holding}
    said: set[tuple[RoleCode, str, str]] = set()
    for row in thought.others:
        if row.role not in group or (row.role, row.dip_id) in held or not meets(row, spans):
            continue
        known = thought.history.knowledge[row.known]
        if not thought.is_known(known):
            why = f"became known {in_words(known.at // _SECOND)}, after the time at which it is asked"
        elif row.replaced != STANDS:
            at = thought.history.knowledge[row.replaced].at
            why = f"was replaced when something else became known at {in_words(at // _SECOND)}"
        else:
            continue
        if (row.role, row.dip_id, why) not in said:
            said.add((row.role, row.dip_id, why))
            yield NearMiss(row.role, why, row.dip_id, row)


def in_words(seconds: int) -> str:
    """A moment in seconds since 1970 UTC as people read it."""
    if seconds >= OPEN:
        return "never"
    return day_or_time(moment(max(seconds, YEAR_1) * _SECOND))

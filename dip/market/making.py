"""A made-up market as values, for who needs no text: the same appointments as in the files of the same plan."""

from collections.abc import Iterator

from dip.market.histories import Histories
from dip.market.parties import parties
from dip.market.plan import Plan
from dip.messages.identifiers import DipId, RoleCode
from dip.messages.timestamps import moment_of

Row = tuple[RoleCode, DipId, int, int | None]
"""Role, who holds it, from when, until when (exclusive; None: open): seconds since 1970 UTC, each a local midnight."""


def appointments(plan: Plan) -> Iterator[tuple[int, list[Row]]]:
    """Each MPAN of a market, ascending, with all of its appointments; made one by one, so that any size will do."""
    found = parties()
    histories = Histories(plan, found)
    named = [(party.role, party.dip_id) for party in found.all]
    starts = [_seconds(day.isoformat()) for day in plan.days()]
    ends = [*starts, None]
    for area in found.areas:
        for mpan, history in histories.of_area(area):
            yield mpan, [(*named[holder], starts[first], ends[end]) for holder, first, end in history]


def _seconds(day: str) -> int:
    moment = moment_of(day)
    if moment is None:
        raise ValueError(day)
    return int(moment.timestamp())

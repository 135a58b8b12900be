"""Appointments as CSV: mpan,role,dip_id,effective_from,effective_to; `to` is exclusive, empty means open."""

import csv
from collections.abc import Callable, Collection, Iterable, Iterator

import msgspec

from dip.ground.clock import microseconds
from dip.messages.identifiers import DipId, Mpan, RoleCode
from dip.messages.timestamps import moment_of
from dip.store.records import Appointment

COLUMNS = ("mpan", "role", "dip_id", "effective_from", "effective_to")


class RowFault(msgspec.Struct, frozen=True):
    """A row that was rejected, and why. line: 1 is the head."""

    line: int
    reason: str


Row = tuple[Mpan, Appointment]


def read_rows(
    lines: Iterable[str], roles_of: Callable[[DipId], Collection[RoleCode] | None]
) -> Iterator[Row | RowFault]:
    """Each row as an appointment, or what is wrong with it.

    roles_of: the roles of a participant, None where there is none. A plain date begins at local
    midnight, when appointments change hands.
    """
    reader = csv.reader(lines)
    head = next(reader, None)
    if head is None or tuple(cell.strip() for cell in head) != COLUMNS:
        yield RowFault(1, f"expected the head {','.join(COLUMNS)}")
        return
    for cells in reader:
        if cells:
            yield _row(reader.line_num, [cell.strip() for cell in cells], roles_of)


def _row(line: int, cells: list[str], roles_of: Callable[[DipId], Collection[RoleCode] | None]) -> Row | RowFault:
    if len(cells) != len(COLUMNS):
        return RowFault(line, f"expected {len(COLUMNS)} cells, found {len(cells)}")
    mpan, role, dip_id, from_text, to_text = cells
    if not (len(mpan) == 13 and mpan.isascii() and mpan.isdigit()):
        return RowFault(line, "mpan: expected 13 digits")
    roles = roles_of(DipId(dip_id))
    if roles is None:
        return RowFault(line, f"dip_id: no participant {dip_id[:20]}")
    if role not in roles:
        return RowFault(line, f"role: {dip_id} does not hold {role[:10]}")
    starts, ends = moment_of(from_text), moment_of(to_text) if to_text else None
    if starts is None:
        return RowFault(line, "effective_from: expected YYYY-MM-DD or 25 characters with an offset")
    if to_text and ends is None:
        return RowFault(line, "effective_to: expected empty, YYYY-MM-DD or 25 characters with an offset")
    if ends is not None and ends <= starts:
        return RowFault(line, "effective_to: expected a time after effective_from")
    return Mpan(mpan), Appointment(
        RoleCode(role), DipId(dip_id), microseconds(starts), microseconds(ends) if ends is not None else None
    )

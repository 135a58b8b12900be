"""Tables as CSV that a spreadsheet opens without taking a cell for a formula."""

import csv
import io
from collections.abc import Iterable, Sequence

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def csv_text(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The table with a line of headings; True and False as yes and no, None as nothing."""
    return csv_lines([head]) + csv_lines(rows)


def csv_lines(rows: Iterable[Sequence[object]]) -> str:
    """The lines of a table, without headings."""
    written = io.StringIO()
    csv.writer(written).writerows([cell(value) for value in row] for row in rows)
    return written.getvalue()


def cell(value: object) -> str:
    """A cell; one that a spreadsheet would calculate begins with an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text

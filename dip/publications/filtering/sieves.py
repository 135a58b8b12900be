"""Many rows of CSV tested at once: what one condition leaves of them. Without a call for each it is quicker."""

import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Final

from dip.publications.filtering.numbers import number, ordered
from dip.publications.filtering.query import Condition

CsvRow = list[str]
Sieve = Callable[[Iterable[CsvRow]], list[CsvRow]]
"""The rows that pass, in order, read one by one: what does not pass is let go of at once.

Raises IndexError where one of them is too short, ValueError where it takes more care.
"""

_NUMBERS: Final = re.compile(r"(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?\n)*")
"""Cells in lines of their own, all of them plain numbers."""


def sieve_of(conditions: Sequence[tuple[int, Condition]]) -> Sieve:
    """What all conditions leave; each with the place of its column."""
    sieves = [_sieve(place, condition) for place, condition in conditions] or [list]

    def passing(rows: Iterable[CsvRow]) -> list[CsvRow]:
        for sieve in sieves:
            rows = sieve(rows)
        return list(rows)

    return passing


def _sieve(place: int, condition: Condition) -> Sieve:
    operand = condition.operands[0]
    match condition.operator:
        case "eq":
            return lambda rows: [row for row in rows if row[place] == operand]
        case "ne":
            return lambda rows: [row for row in rows if row[place] != operand]
        case "in":
            operands = frozenset(condition.operands)
            return lambda rows: [row for row in rows if row[place] in operands]
        case order:
            bound = number(operand)
            return _by_text(place, order, operand) if bound is None else _by_number(place, order, operand, bound)


def _by_text(place: int, order: str, operand: str) -> Sieve:
    match order:
        case "lt":
            return lambda rows: [row for row in rows if row[place] < operand]
        case "le":
            return lambda rows: [row for row in rows if row[place] <= operand]
        case "gt":
            return lambda rows: [row for row in rows if row[place] > operand]
        case _:
            return lambda rows: [row for row in rows if row[place] >= operand]


def _by_number(place: int, order: str, operand: str, bound: Decimal) -> Sieve:
    """Rounded, which keeps the order; exactly what is as the bound when rounded. Then whether all of it is numbers."""
    exactly, rounded = ordered(order, operand), float(bound)

    def below(rows: Iterable[CsvRow]) -> list[CsvRow]:
        return numbers(
            [row for row in rows if (cell := float(row[place])) < rounded or (cell == rounded and exactly(row[place]))]
        )

    def above(rows: Iterable[CsvRow]) -> list[CsvRow]:
        return numbers(
            [row for row in rows if (cell := float(row[place])) > rounded or (cell == rounded and exactly(row[place]))]
        )

    def numbers(rows: list[CsvRow]) -> list[CsvRow]:
        cells = [row[place] for row in rows]
        if _NUMBERS.fullmatch("\n".join([*cells, ""])) is not None:
            return rows
        return [row for row, cell in zip(rows, cells, strict=True) if exactly(cell)]

    return below if order in {"lt", "le"} else above

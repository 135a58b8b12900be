"""The query language: parameters of an address become a filter; every fault is told at once."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal, get_args
from urllib.parse import unquote

import msgspec

from dip.publications.filtering.errors import FilterRefused
from dip.publications.filtering.source import Form

Operator = Literal["eq", "ne", "lt", "le", "gt", "ge", "in"]
OPERATORS: Final[Mapping[str, Operator]] = {name: name for name in get_args(Operator)}
MOST_ROWS: Final = 1_000_000
MOST_CONDITIONS: Final = 16
MOST_COLUMNS: Final = 1000
MOST_VALUES: Final = 1000
_LONGEST_SHOWN: Final = 100
_PARAMETERS: Final = ("columns", "where", "limit", "cursor", "form", "rows")


class Condition(msgspec.Struct, frozen=True):
    """What a row must be. column: as it was asked, percent-encoding and all. operands: several only of `in`."""

    column: str
    operator: Operator
    operands: tuple[str, ...]


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a payload.

    columns: those to give, in that order, as they were asked; none: all. conditions: all must hold. limit: most rows
    of a page; None: all rows, no pages. cursor: where the page begins, as the page before said. form: of what is
    given; None: as the payload. rows: the path of the list of rows in a JSON payload; "": found by itself.
    """

    columns: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    limit: int | None = None
    cursor: str | None = None
    form: Form | None = None
    rows: str = ""


def name_of(column: str) -> str:
    """The name that a column of the query stands for: percent-encoding in it is undone."""
    return unquote(column)


def path_of(column: str) -> tuple[str, ...]:
    """The keys that lead to a column of a JSON payload; a dot within a key is written %2E."""
    return tuple(unquote(key) for key in column.split("."))


def read_filter(pairs: Iterable[tuple[str, str]]) -> Filter:
    """Read the parameters of an address, decoded once as those of every address are.

    Raises FilterRefused: names every parameter that is wrong, and what was expected.
    """
    faults: list[str] = []
    given: dict[str, str] = {}
    conditions: list[Condition] = []
    for name, value in pairs:
        if name == "where":
            with _noted(faults):
                conditions.append(_condition(value))
        elif name not in _PARAMETERS:
            faults.append(f"{shown(name)}: no such parameter, expected {', '.join(_PARAMETERS)}")
        elif name in given:
            faults.append(f"{name}: expected once only")
        else:
            given[name] = value
    if len(conditions) > MOST_CONDITIONS:
        faults.append(f"where: expected at most {MOST_CONDITIONS} conditions")
    columns: tuple[str, ...] = ()
    limit: int | None = None
    form: Form | None = None
    with _noted(faults):
        columns = _columns(given["columns"]) if "columns" in given else ()
    with _noted(faults):
        limit = _limit(given["limit"]) if "limit" in given else None
    with _noted(faults):
        form = _form(given["form"]) if "form" in given else None
    if "rows" in given and not all(given["rows"].split(".")):
        faults.append("rows: expected the path of a list, such as data.items")
    if faults:
        raise FilterRefused(faults)
    return Filter(
        columns=columns,
        conditions=tuple(conditions),
        limit=limit,
        cursor=given.get("cursor"),
        form=form,
        rows=given.get("rows", ""),
    )


def shown(name: str) -> str:
    """A name as a refusal shows it: what can't be printed is escaped, and the end of a long one is cut off."""
    cut = name if len(name) <= _LONGEST_SHOWN else name[:_LONGEST_SHOWN] + "…"
    return repr(cut)


@contextlib.contextmanager
def _noted(faults: list[str]) -> Iterator[None]:
    try:
        yield
    except ValueError as exc:
        faults.append(str(exc))


def _condition(value: str) -> Condition:
    column, _, rest = value.partition(":")
    asked, colon, operand = rest.partition(":")
    if not column or not colon:
        raise ValueError("where: expected column:operator:value, such as supplier:eq:2300000001")
    found = OPERATORS.get(asked)
    if found is None:
        raise ValueError(f"where: no operator {shown(asked)}, expected {', '.join(OPERATORS)}")
    operands = tuple(map(unquote, operand.split(","))) if found == "in" else (operand,)
    if len(operands) > MOST_VALUES:
        raise ValueError(f"where: expected at most {MOST_VALUES} values of in")
    return Condition(column, found, operands)


def _columns(value: str) -> tuple[str, ...]:
    columns = tuple(value.split(","))
    if not all(columns) or len(set(map(name_of, columns))) < len(columns) or len(columns) > MOST_COLUMNS:
        raise ValueError(f"columns: expected 1 to {MOST_COLUMNS} different names, comma between")
    return columns


def _limit(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= 10 and 1 <= int(value) <= MOST_ROWS):
        raise ValueError(f"limit: expected a whole number from 1 to {MOST_ROWS}")
    return int(value)


def _form(value: str) -> Form:
    try:
        return Form(value)
    except ValueError as exc:
        raise ValueError(f"form: expected {', '.join(Form)}") from exc

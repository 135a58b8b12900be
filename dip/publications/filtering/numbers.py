"""Comparing cells with what was asked: as numbers, exactly, or as text by code point."""

import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

Test = Callable[[str], bool]
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_DECIMAL_ORDERS: Final[Mapping[str, Callable[[Decimal, Decimal], bool]]] = {
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}
_TEXT_ORDERS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}


def number(text: str) -> Decimal | None:
    """The number that a text is by the grammar of JSON, exact; None: it is none."""
    if _NUMBER.fullmatch(text) is None:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent beyond all measure
        return None


def ordered(order: str, operand: str) -> Test:
    """A test whether a text stands in an order (`lt`, `le`, `gt`, `ge`) to the operand.

    Where the operand is a number, texts that are none do not pass.
    """
    bound = number(operand)
    if bound is None:
        in_order = _TEXT_ORDERS[order]
        return lambda text: in_order(text, operand)
    return _numeric(order, bound)


def _numeric(order: str, bound: Decimal) -> Test:
    exactly = _DECIMAL_ORDERS[order]
    is_below = order in {"lt", "le"}
    is_number = _NUMBER.fullmatch
    rounded = float(bound)

    def test(text: str) -> bool:
        try:
            value = float(text)
        except ValueError:
            return False
        if value == rounded:
            exact = number(text)
            return exact is not None and exactly(exact, bound)
        # Rounding keeps the order, so what differs rounded differs so exactly.
        return (value < rounded) is is_below and is_number(text) is not None

    return test

"""Values of JSON as they stand in the payload: found by a path, compared, given as text; numbers keep their digits."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Raw

from dip.publications.filtering.numbers import number, ordered
from dip.publications.filtering.query import Condition

Members = Mapping[str, Raw]
Matches = Callable[[Members], bool]
BAD: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What the functions here raise for what is no good JSON."""
_OBJECT: Final = msgspec.json.Decoder(dict[str, Raw])
_STRING: Final = msgspec.json.Decoder(str)
_NESTED: Final = (b"{", b"[")


def members(text: bytes | Raw) -> Members:
    """The members of an object. Raises BAD."""
    return _OBJECT.decode(text)


def value_at(found: Members, path: Sequence[str]) -> bytes | None:
    """The JSON text of the value at the end of a path; None: there is none. Raises BAD."""
    for key in path[:-1]:
        inner = found.get(key)
        if inner is None or not bytes(inner).startswith(b"{"):
            return None
        found = members(inner)
    value = found.get(path[-1])
    return None if value is None else bytes(value)


def text_of(value: bytes | None) -> str:
    """A value as a cell of a table: a string's characters, nothing for null, all else as it stands. Raises BAD."""
    if value is None or value == b"null":
        return ""
    return _STRING.decode(value) if value.startswith(b'"') else value.decode()


def compact(text: bytes) -> bytes:
    """JSON on one line. Raises BAD."""
    return msgspec.json.format(text, indent=-1) if b"\n" in text or b"\r" in text else text


def matching(conditions: Sequence[tuple[Sequence[str], Condition]]) -> Matches:
    """All conditions in one test."""
    tests = [_test(path, condition) for path, condition in conditions]
    match tests:
        case [test]:
            return test
        case _:
            return lambda found: all(test(found) for test in tests)


def _test(path: Sequence[str], condition: Condition) -> Matches:
    match condition.operator:
        case "eq" | "in":
            is_equal = _equals(condition.operands)
            return lambda found: is_equal(value_at(found, path))
        case "ne":
            is_unwanted = _equals(condition.operands)
            return lambda found: not is_unwanted(value_at(found, path))
        case order:
            return _in_order(path, order, condition.operands[0])


def _equals(operands: Sequence[str]) -> Callable[[bytes | None], bool]:
    """Strings and words (true, false, null) by their characters, numbers by what they are worth."""
    texts = frozenset(operands)
    numbers = frozenset(value for operand in operands if (value := number(operand)) is not None)

    def test(value: bytes | None) -> bool:
        if value is None or value.startswith(_NESTED):
            return False
        if value.startswith(b'"'):
            return _STRING.decode(value) in texts
        text = value.decode()
        return text in texts or (bool(numbers) and number(text) in numbers)

    return test


def _in_order(path: Sequence[str], order: str, operand: str) -> Matches:
    in_order = ordered(order, operand)
    is_numeric = number(operand) is not None

    def test(found: Members) -> bool:
        value = value_at(found, path)
        if value is None or value.startswith(_NESTED):
            return False
        if value.startswith(b'"'):
            return in_order(_STRING.decode(value))
        return is_numeric and in_order(value.decode())

    return test

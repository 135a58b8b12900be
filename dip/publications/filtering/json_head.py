"""Where the list of rows begins in a JSON payload, read from its head."""

import json
import re
from collections.abc import Sequence
from json import JSONDecodeError
from typing import Final, NoReturn

from dip.publications.filtering.errors import PayloadNotStructured


def _no_number(name: str) -> NoReturn:
    raise JSONDecodeError("no number", name, 0)


DECODER: Final = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_no_number)
"""Finds where a value ends; it makes no numbers, so that none is too long for it."""
_SPACE: Final = re.compile(r"[ \t\r\n]*")


def list_begins(text: str, path: Sequence[str]) -> int:
    """The place behind the opening bracket of the list of rows.

    path: the keys that lead to it. Without one it is the document itself, or the first member of it that is a list of
    objects (else an empty one). Raises PayloadNotStructured: there is none in this text.
    """
    try:
        found = _begins(text, _behind_space(text, 0), path)
    except (JSONDecodeError, StopIteration, IndexError) as exc:
        what = "no list of rows begins in its first part" if path or text else "it is empty"
        raise PayloadNotStructured(f"{what}.") from exc
    except RecursionError as exc:
        raise PayloadNotStructured("it is nested too deeply.") from exc
    if found is None:
        raise PayloadNotStructured(
            "there is no list of objects at this place." if path else "there is no list of rows."
        )
    return found


def _behind_space(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return at if space is None else space.end()


def _begins(text: str, at: int, path: Sequence[str]) -> int | None:
    if text[at] == "[":
        return None if path else at + 1
    if text[at] != "{":
        return None
    empty: int | None = None
    at = _behind_space(text, at + 1)
    while text[at] != "}":
        key, at = DECODER.raw_decode(text, at)
        at = _behind_space(text, at)
        if not isinstance(key, str) or text[at] != ":":
            raise PayloadNotStructured("it is no good JSON.")
        at = _behind_space(text, at + 1)
        if path and key == path[0]:
            return _begins_within(text, at, path[1:])
        if not path and text[at] == "[":
            first = _behind_space(text, at + 1)
            if text[first] == "{":
                return at + 1
            empty = at + 1 if text[first] == "]" and empty is None else empty
        _, at = DECODER.raw_decode(text, at)
        at = _behind_space(text, at)
        if text[at] == ",":
            at = _behind_space(text, at + 1)
        elif text[at] != "}":
            raise PayloadNotStructured("it is no good JSON.")
    return empty


def _begins_within(text: str, at: int, path: Sequence[str]) -> int | None:
    if path:
        return _begins(text, at, path)
    return at + 1 if text[at] == "[" else None

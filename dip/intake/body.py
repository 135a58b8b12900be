"""Reading a request's body: an array of messages, cut into blocks without looking inside them."""

import json
import re
from collections.abc import Sequence
from typing import Any, TypeAlias

import msgspec

from dip.channels.folding import fold_header
from dip.intake.refusal import Refusal, RequestRefused, one

_BRACKETS = b"[]{}"
_MARK = b"."
_REST = bytes(set(range(256)) - set(_BRACKETS))
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


class Blocks(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A payload as it came: its two blocks, still bytes."""

    CommonBlock: msgspec.Raw
    CustomBlock: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class Element(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One element of the array."""

    payload: Blocks


Received: TypeAlias = Blocks | Refusal

_ALL = msgspec.json.Decoder(list[Element])
_EACH = msgspec.json.Decoder(list[msgspec.Raw])
_ONE = msgspec.json.Decoder(Element)


def read_body(body: bytes, *, message_limit: int, nesting_limit: int, folds_names: bool) -> Sequence[Received]:
    """The messages of a body, each cut into its blocks or refused by itself.

    folds_names: the case of `payload`, `CommonBlock` and `CustomBlock` does not matter (live profile).
    Raises RequestRefused: no JSON, no array, empty, too many, nested too deep.
    """
    _check_depth(body, nesting_limit)
    try:
        elements = _ALL.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return _read_each(body, message_limit, folds_names)
    _check_count(len(elements), message_limit)
    return [element.payload for element in elements]


def read_entries(body: bytes, *, message_limit: int, nesting_limit: int) -> Sequence[msgspec.Raw]:
    """The status messages of a body, each as it came.

    Raises RequestRefused: no JSON, no array, empty, too many, nested too deep.
    """
    _check_depth(body, nesting_limit)
    return _elements(body, message_limit, "entries of a StandardResponse")


def _elements(body: bytes, message_limit: int, kind: str) -> Sequence[msgspec.Raw]:
    try:
        raws = _EACH.decode(body)
    except msgspec.ValidationError as exc:
        raise RequestRefused("MSG1001", f"Body: expected a JSON array of {kind}: {exc}.") from exc
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as exc:
        raise RequestRefused("MSG1001", f"Body: expected JSON: {exc}.") from exc
    _check_count(len(raws), message_limit)
    return raws


def _read_each(body: bytes, message_limit: int, folds_names: bool) -> Sequence[Received]:
    received: list[Received] = []
    for raw in _elements(body, message_limit, '{"payload": …}'):
        try:
            received.append(_ONE.decode(raw).payload)
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            received.append((_folded(raw) if folds_names else None) or one("MSG1001", *_place_of(exc)))
    return received


def _folded(raw: msgspec.Raw) -> Blocks | None:
    try:
        return _ONE.decode(msgspec.json.encode(fold_header(plain(raw)))).payload
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _place_of(error: Exception) -> tuple[str, str]:
    """JSON pointer and expectation out of msgspec's words, `… - at `$.payload``."""
    text, _, path = str(error).partition(" - at `$")
    return path.rstrip("`").replace(".", "/"), f'{{"payload": {{"CommonBlock": …, "CustomBlock": …}}}} ({text})'


def _check_depth(body: bytes, nesting_limit: int) -> None:
    if too_deep(body, nesting_limit):
        raise RequestRefused("MSG1001", f"Body: expected JSON nested at most {nesting_limit} deep.")


def _check_count(count: int, limit: int) -> None:
    if count == 0:
        raise RequestRefused("MSG1001", "Body: expected at least one message, found an empty array.")
    if count > limit:
        raise RequestRefused(
            "MSG1000",
            f"Body: expected at most {limit} messages, found {count}. Send them in several requests.",
            status=413,
        )


def too_deep(body: bytes, limit: int) -> bool:
    """Whether JSON is nested deeper than the limit; text that is no JSON may count as flat.

    Brackets are kept and pairs dissolved from the inside, one level a round. Only where brackets are left
    after as many rounds as the limit, or none of them pair, is the text looked at with its strings taken out.
    """
    if not _levels_left(body.translate(None, _REST), limit):
        return False
    left = _levels_left(_without_strings(body), limit)
    return left != _dissolved(left)


def _levels_left(brackets: bytes, limit: int) -> bytes:
    """The brackets that remain when so many levels are taken away."""
    for _ in range(limit):
        if not brackets:
            break
        dissolved = _dissolved(brackets)
        if dissolved == brackets:
            break
        brackets = dissolved
    return brackets


def _dissolved(brackets: bytes) -> bytes:
    """The brackets without the innermost level: a mark keeps `[{}]` from going in one round."""
    # Marks go by `translate`: a batch of consumption has five thousand, and `replace` looks for one after the other.
    return brackets.replace(b"{}", _MARK).replace(b"[]", _MARK).translate(None, _MARK)


def _without_strings(body: bytes) -> bytes:
    """The brackets outside of strings."""
    return _STRING.sub(b"", body).translate(None, _REST)


def repeats_a_name(raw: bytes | msgspec.Raw) -> bool:
    """Whether an object in this JSON has a name twice: readers would differ on which of the two counts."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise _Repeated
        return found

    try:
        json.loads(bytes(raw), object_pairs_hook=once)
    except _Repeated:
        return True
    return False


class _Repeated(Exception):
    """A name stands twice in an object."""


def plain(raw: bytes | msgspec.Raw) -> Any:
    """The raw JSON as plain objects."""
    return msgspec.json.decode(raw)

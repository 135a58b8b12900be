"""Changes to something good, as Hypothesis draws them: bytes flipped, cut, doubled; values of JSON replaced."""

import copy
from typing import Any

from hypothesis import strategies as st

_SIGNS = [b"", b"\x00", b'"', b"\\", b"[", b"]", b"{", b"}", b",", b":", b".", b"=", b"\r\n", b"-----"]
_ENCODINGS = [b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\\ud800"]
_VALUES = [b"1e999999", b"-0", b"9" * 400, b"9" * 5000, b"NaN", b"null", b"true", b"[" * 40]
ODD_BYTES = st.sampled_from([*_SIGNS, *_ENCODINGS, *_VALUES])
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(["IF-031", "2300000001", "SUP", "9" * 13, "2026-03-21T19:05:00+00:00", "x", "", "\x00"]),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=6), below, max_size=3),
    max_leaves=6,
)


@st.composite
def broken_bytes(draw: st.DrawFn, good: bytes) -> bytes:
    """Bytes that were good before up to four places of them were changed."""
    found = good
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(found)))
        end = min(len(found), start + draw(st.sampled_from([0, 1, 2, 7, 60])))
        piece = draw(ODD_BYTES | st.binary(max_size=4) | st.just(found[start : start + 30]))
        found = found[:start] + piece + found[end:]
    return found


@st.composite
def broken_json(draw: st.DrawFn, good: Any) -> Any:
    """A document of JSON with up to three values replaced, removed or added."""
    made = copy.deepcopy(good)
    for _ in range(draw(st.integers(0, 3))):
        holder, key = draw(st.sampled_from(_places(made)))
        what = draw(st.sampled_from(["replace", "replace", "remove", "add"]))
        if what == "remove":
            del holder[key]
        elif what == "add" and isinstance(holder, dict):
            holder[draw(st.text(max_size=8) | st.just(str(key).upper()))] = draw(JSON)
        else:
            holder[key] = draw(JSON)
        if not _places(made):
            break
    return made


def _places(document: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    items = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in items:
        found.append((document, key))
        if isinstance(value, dict | list):
            found += _places(value)
    return found

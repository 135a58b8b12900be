"""A valid payload made from a JSON schema, the same one every time: for tests, demonstrations, documents."""

import re
from typing import Any

_ANY_TEXT = "EXAMPLE"
_PARTS = re.compile(r"(-\?)|\\([d.])(?:\{(\d+)(?:,\d+)?\}\??)?|\[([^\]])[^\]]*\](?:\{(\d+)(?:,\d+)?\})?")


def example(schema: dict[str, Any], *, optional: bool = True) -> Any:
    """A value that the schema takes; with or without the optional keys.

    The first of `examples` or of `enum` where there is one, else the smallest that fits. Knows the keywords
    that formats are made of; raises ValueError on a pattern beyond them.
    """
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    kind = kinds[0]
    if kind == "object":
        required = schema.get("required", [])
        return {
            key: example(held, optional=optional)
            for key, held in schema["properties"].items()
            if optional or key in required
        }
    if kind == "array":
        return [example(schema["items"], optional=optional) for _ in range(max(1, schema.get("minItems", 0)))]
    for known in ("examples", "enum"):
        if schema.get(known):
            return schema[known][0]
    if kind == "string":
        return _text(schema)
    return False if kind == "boolean" else schema.get("minimum", 0)


def _text(schema: dict[str, Any]) -> str:
    least, most = schema.get("minLength", 0), schema.get("maxLength", 1000)
    if "pattern" in schema:
        return _matching(schema["pattern"])
    return _ANY_TEXT.ljust(least, "X")[:most]


def _matching(pattern: str) -> str:
    text = "".join(_part(match) for match in _PARTS.finditer(pattern))
    if not re.search(pattern, text, re.ASCII):
        raise ValueError(f"no example for the pattern {pattern}")
    return text


def _part(match: re.Match[str]) -> str:
    sign, escaped, digits, letter, letters = match.groups()
    if sign:
        return ""
    if escaped:
        return "." if escaped == "." else "1" * int(digits or 1)
    return str(letter) * int(letters or 1)

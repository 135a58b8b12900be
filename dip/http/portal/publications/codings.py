"""Whether a payload is compressed on its way (RFC 9110, 12.5.3)."""

import re
from typing import Final

_WEIGHT: Final = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")
_GZIP: Final = ("gzip", "x-gzip")
_TEXT_LIKE: Final = frozenset(
    {
        "application/csv",
        "application/json",
        "application/ndjson",
        "application/x-ndjson",
        "application/jsonl",
        "application/xml",
    }
)
_TEXT_ENDS: Final = ("+json", "+xml")


def takes_gzip(accept_encoding: str) -> bool:
    """Whether a reader wants gzip no less than the plain form. accept_encoding: all its headers, joined by commas."""
    weights: dict[str, float] = {}
    for part in accept_encoding.split(","):
        name, *parameters = (each.strip(" \t").lower() for each in part.split(";"))
        if name:
            weights[name] = _weight(parameters)
    rest = weights.get("*", 0.0)
    wanted = max((weights[name] for name in _GZIP if name in weights), default=rest)
    return wanted > 0 and wanted >= weights.get("identity", 0.0)


def is_text_like(media_type: str) -> bool:
    """Whether content of this media type gets much smaller."""
    essence = media_type.partition(";")[0].strip().lower()
    return essence.startswith("text/") or essence in _TEXT_LIKE or essence.endswith(_TEXT_ENDS)


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip(" \t") == "q":
            value = value.strip(" \t")
            # A weight without form is no wish.
            return float(value) if _WEIGHT.fullmatch(value) else 0.0
    return 1.0

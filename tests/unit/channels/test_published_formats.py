"""Our formats are the published ones: equal in a canonical form, of which a digest for each event is kept.

Canonical: references written out; what only tells people something (titles, examples, our labels) left out, limits
that limit nothing too; `nullable` for a type list with null, and null not repeated among the values; a schema with
properties is an object whether it says so or not; keys, values and required keys sorted; JSON without spaces.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from dip.channels.registry import Registry
from dip.messages.identifiers import EventCode, InterfaceId

PUBLISHED: dict[str, dict[str, str]] = yaml.safe_load(
    Path(__file__).with_name("published_formats.yaml").read_text(encoding="utf-8")
)
PAIRS = [(interface, event) for interface, events in PUBLISHED.items() for event in events]
LIMITS = (
    *("minLength", "maxLength", "pattern", "minimum", "maximum", "multipleOf", "format"),
    *("minItems", "maxItems"),
)


def canonical(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema in canonical form."""
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    found: dict[str, Any] = {"type": next(kind for kind in kinds if kind != "null")}
    if "null" in kinds:
        found["nullable"] = True
    if "enum" in schema:
        found["enum"] = sorted(value for value in schema["enum"] if value is not None)
    for limit in LIMITS:
        if limit in schema and not (limit in {"minLength", "minItems"} and schema[limit] == 0):
            found[limit] = schema[limit]
    if found["type"] == "object":
        found["properties"] = {key: canonical(held) for key, held in schema["properties"].items()}
        found["required"] = sorted(schema["required"])
        if schema.get("additionalProperties") is False:
            found["closed"] = True
    if found["type"] == "array":
        found["items"] = canonical(schema["items"])
    return found


def digest(schema: dict[str, Any]) -> str:
    """SHA-256 of the canonical form."""
    text = json.dumps(canonical(schema), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def test_every_published_pair_of_interface_and_event_is_served(live_registry: Registry) -> None:
    assert len(PAIRS) == 146
    served = {(channel.id, code[1:-1]) for channel in live_registry.channels.values() for code in channel.events}
    assert set(PAIRS) <= served
    beyond = {interface for interface, _ in served - set(PAIRS)}
    assert beyond == {"IF-040A", "IF-042", "IF-045A", "IF-046", "IF-048", "IF-049", "IF-909", "IF-910"}


@pytest.mark.requirement("FS-19")
@pytest.mark.parametrize("interface", PUBLISHED)
def test_the_formats_of_an_interface_are_the_published_ones(live_registry: Registry, interface: str) -> None:
    events = live_registry.channels[InterfaceId(interface)].events
    ours = {code: digest(events[EventCode(f"[{code}]")].format.schema()) for code in PUBLISHED[interface]}
    assert ours == PUBLISHED[interface]

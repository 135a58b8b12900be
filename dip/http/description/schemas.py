"""The catalogue's blocks, types and formats as JSON schemas that refer to each other (draft 2020-12)."""

from typing import Any, Final

from dip.channels.channel import Channel, Event
from dip.channels.examples import example
from dip.channels.formats import MessageFormat
from dip.channels.registry import Registry
from dip.channels.schemas import json_schema
from dip.channels.shapes import Block, Shape

Schema = dict[str, Any]

JWE: Final = "JWE"
JWE_SCHEMA: Final[Schema] = {
    "type": "string",
    "pattern": r"^[\w-]+\.[\w-]+\.[\w-]+\.[\w-]*\.[\w-]+$",
    "title": "An encrypted CustomBlock",
    "description": (
        "A JWE in compact form (RFC 7516): alg RSA-OAEP-256 or ECDH-ES+A256KW, enc A256GCM. "
        "Inside it is the JSON of the CustomBlock."
    ),
    "examples": ["eyJhbGciOiJSU0EtT0FFUC0yNTYiLCJlbmMiOiJBMjU2R0NNIn0.a2V5.aW5pdGlhbA.Y2lwaGVydGV4dA.dGFn"],
}
_LOCAL: Final = frozenset({"Group", "S0"})
"""Blocks that are part of what holds them and have no name of their own."""


def reference(name: str) -> Schema:
    """A reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def one_of(schemas: list[Schema]) -> Schema:
    """The only one of these schemas, or any one of several."""
    return schemas[0] if len(schemas) == 1 else {"oneOf": schemas}


def code_of(event: Event) -> str:
    """The event's code without its brackets, as addresses have it."""
    return str(event.code).strip("[]")


class SchemaBook:
    """Schemas by name. What the dictionary names is written once, what a channel names stands as `IF-031.name`."""

    def __init__(self, registry: Registry) -> None:
        self._names: dict[Shape, str] = {shape: name for name, shape in registry.shapes.items()}
        self.schemas: dict[str, Schema] = {}

    def message(self, channel: Channel, layout: MessageFormat, *, sealed: bool = False) -> Schema:
        """A reference to the schema of an element of the array; sealed: its CustomBlock is a JWE."""
        blocks: Schema = {"CommonBlock": self._part(channel, layout, "CommonBlock", layout.common)}
        if layout.custom is not None:
            blocks["CustomBlock"] = self._part(channel, layout, "CustomBlock", layout.custom)
            if sealed:
                self.schemas[JWE] = JWE_SCHEMA
                blocks["CustomBlock"] = reference(JWE)
        name = f"{layout.name}.sealed" if sealed and layout.custom is not None else layout.name
        self.schemas[name] = _closed({"payload": _closed(blocks)})
        return reference(name)

    def _part(self, channel: Channel, layout: MessageFormat, name: str, block: Block) -> Schema:
        full = f"{layout.name}.{name}"
        if full not in self.schemas:
            self.schemas[full] = json_schema(block, lambda shape: self._inner(channel, shape))
        return reference(full)

    def _inner(self, channel: Channel, shape: Shape) -> Schema:
        """A reference to a shape that has a name, or the shape written out."""
        name = self._name_of(channel, shape)
        if name is None:
            return json_schema(shape, lambda part: self._inner(channel, part))
        if name not in self.schemas:
            made = json_schema(shape, lambda part: self._inner(channel, part))
            if "title" in made:
                made["title"] = f"{name} {made['title']}"
            self.schemas[name] = made
        return reference(name)

    def _name_of(self, channel: Channel, shape: Shape) -> str | None:
        known = self._names.get(shape)
        if known is None and isinstance(shape, Block) and shape.name not in _LOCAL:
            proposed = f"{channel.id}.{shape.name}"
            if proposed not in self.schemas:
                known = self._names[shape] = proposed
        return known


def example_of(event: Event, *, sealed: bool = False) -> Any:
    """A valid element of the array, the same one every time; sealed: with a JWE that only shows the form."""
    payload = example(event.format.schema())
    payload["CommonBlock"]["S0"]["eventCode"] = event.code
    if sealed and "CustomBlock" in payload:
        payload["CustomBlock"] = JWE_SCHEMA["examples"][0]
    return {"payload": payload}


def _closed(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}

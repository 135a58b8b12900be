"""Shapes as JSON schema, draft 2020-12."""

from collections.abc import Callable
from typing import Any

from dip.channels.shapes import Scalar, Series, Shape


def json_schema(shape: Shape, inner: Callable[[Shape], dict[str, Any]] | None = None) -> dict[str, Any]:
    """The schema of a shape; nullable ones have a list of types.

    inner: what stands for a shape inside it, such as a reference; without it everything is written out.
    """
    below = inner or json_schema
    if isinstance(shape, Scalar):
        return _scalar(shape)
    if isinstance(shape, Series):
        series: dict[str, Any] = {"type": "array", "items": below(shape.of)}
        if shape.at_least:
            series["minItems"] = shape.at_least
        if shape.at_most is not None:
            series["maxItems"] = shape.at_most
        return series
    block: dict[str, Any] = {
        "type": "object",
        "properties": {item.key: below(item.shape) for item in shape.items},
        "required": [item.key for item in shape.items if not item.optional],
    }
    if shape.label:
        block["title"] = shape.label
    if not shape.open:
        block["additionalProperties"] = False
    return block


def _scalar(scalar: Scalar) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": [scalar.kind, "null"] if scalar.nullable else scalar.kind}
    if scalar.choices:
        schema["enum"] = [*scalar.choices, None] if scalar.nullable else list(scalar.choices)
    limits = {
        "minLength": scalar.min_length,
        "maxLength": scalar.max_length,
        "pattern": scalar.pattern,
        "minimum": scalar.minimum,
        "maximum": scalar.maximum,
        "multipleOf": scalar.multiple_of,
        "format": scalar.format,
    }
    schema.update({name: limit for name, limit in limits.items() if limit is not None})
    if scalar.example is not None:
        schema["examples"] = [scalar.example]
    return schema

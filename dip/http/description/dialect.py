"""JSON schema, draft 2020-12, turned into the dialect of OpenAPI 3.0."""

from typing import Any

_UNKNOWN = frozenset({"propertyNames", "$comment"})
"""Keywords that OpenAPI 3.0 has no word for; leaving them out only widens a schema."""


def openapi_schema(schema: Any) -> Any:
    """The same schema in OpenAPI 3.0: no lists of types, no null type, no const, one example.

    Takes what shapes and msgspec write; raises ValueError for a list of several types beside null.
    """
    if not isinstance(schema, dict):
        return schema
    made = {name: _part(name, part) for name, part in schema.items() if name not in _UNKNOWN}
    if made.get("required") == []:
        # OpenAPI 3.0 wants at least one.
        del made["required"]
    if "const" in made:
        made["enum"] = [made.pop("const")]
    if "prefixItems" in made:
        # There are no tuples: of what stands in each place only the number of places is left.
        del made["prefixItems"]
        made["items"] = {}
    if "examples" in made:
        made["example"] = made.pop("examples")[0]
    if isinstance(made.get("type"), list):
        kinds = [kind for kind in made["type"] if kind != "null"]
        if len(kinds) != 1:
            raise ValueError(f"OpenAPI 3.0 has no word for the types {made['type']}")
        made |= {"type": kinds[0], "nullable": True}
    for name in ("minimum", "maximum"):
        exclusive = f"exclusive{name.capitalize()}"
        if exclusive in made:
            made |= {name: made[exclusive], exclusive: True}
    if "anyOf" in made:
        # Its parts are in the dialect already, and may become the schema itself.
        _fold_null(made)
    return made


def _part(name: str, part: Any) -> Any:
    if name in {"properties", "schemas"}:
        return {key: openapi_schema(held) for key, held in part.items()}
    if name in {"items", "additionalProperties", "not"}:
        return openapi_schema(part)
    if name in {"anyOf", "oneOf", "allOf"}:
        return [openapi_schema(held) for held in part]
    return part


def _fold_null(made: dict[str, Any]) -> None:
    """Null among the alternatives becomes `nullable`."""
    left = [one for one in made["anyOf"] if one.get("type") != "null"]
    if len(left) == len(made["anyOf"]):
        return
    del made["anyOf"]
    made["nullable"] = True
    if len(left) > 1:
        made["anyOf"] = left
    elif "$ref" in left[0]:
        # Nothing may stand beside a reference.
        made["allOf"] = left
    else:
        made |= left[0]

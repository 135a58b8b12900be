"""The dialect of OpenAPI 3.0 says the same in its own words."""

from typing import Any

import pytest

from dip.http.description.dialect import openapi_schema

REFERENCE = {"$ref": "#/components/schemas/Thing"}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string", "maxLength": 3}, {"type": "string", "maxLength": 3}),
        ({"type": ["string", "null"]}, {"type": "string", "nullable": True}),
        (
            {"type": ["string", "null"], "enum": ["a", None]},
            {"type": "string", "nullable": True, "enum": ["a", None]},
        ),
        ({"const": 5}, {"enum": [5]}),
        ({"type": "string", "examples": ["a", "b"]}, {"type": "string", "example": "a"}),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": "string", "nullable": True}),
        ({"anyOf": [REFERENCE, {"type": "null"}]}, {"allOf": [REFERENCE], "nullable": True}),
        (
            {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
            {"anyOf": [{"type": "string"}, {"type": "integer"}], "nullable": True},
        ),
        ({"anyOf": [{"type": "string"}, REFERENCE]}, {"anyOf": [{"type": "string"}, REFERENCE]}),
        ({"exclusiveMinimum": 0}, {"minimum": 0, "exclusiveMinimum": True}),
        ({"type": "object", "propertyNames": {"enum": ["a"]}}, {"type": "object"}),
        ({"type": "object", "required": []}, {"type": "object"}),
        ({"additionalProperties": False}, {"additionalProperties": False}),
        (
            {"properties": {"type": {"type": ["integer", "null"]}}},
            {"properties": {"type": {"type": "integer", "nullable": True}}},
        ),
        (
            {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "null"}]},
            {"type": "number", "minimum": 0, "exclusiveMinimum": True, "nullable": True},
        ),
        ({"items": {"const": "a"}}, {"items": {"enum": ["a"]}}),
        ({"oneOf": [{"const": "a"}]}, {"oneOf": [{"enum": ["a"]}]}),
    ],
)
def test_each_word_is_turned_into_one_that_openapi_knows(schema: dict[str, Any], expected: dict[str, Any]) -> None:
    assert openapi_schema(schema) == expected


def test_what_it_has_no_word_for_is_refused() -> None:
    with pytest.raises(ValueError, match="no word"):
        openapi_schema({"type": ["string", "integer"]})

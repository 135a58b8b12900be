"""What the handler of the calls that are tried out doesn't say of itself."""

from collections.abc import Mapping
from typing import Final

from dip.http.description.detail import Detail
from dip.http.description.operations import JSON
from dip.http.description.schemas import Schema
from dip.http.description.wire import object_of

_TEXT: Final[Schema] = {"type": "string"}
_TEXTS: Final[Schema] = {"type": "object", "additionalProperties": _TEXT}
_CALL: Final[Schema] = {
    "type": "object",
    "properties": {
        "as": {**_TEXT, "description": "The DIP id of the participant in whose name it is sent"},
        "method": {**_TEXT, "enum": ["GET", "POST", "DELETE"]},
        "path": {**_TEXT, "description": "The address below the API's own, with its query"},
        "headers": {**_TEXTS, "description": "Those of the DIP's own that go out as they are, also a wrong signature"},
        "body": {**_TEXT, "description": "As typed; a CustomBlock in clear is encrypted where the channel asks for it"},
    },
    "required": ["as", "method", "path"],
}
_SENT: Final[Schema] = object_of(
    **{"as": _TEXT},
    name=_TEXT,
    method=_TEXT,
    url=_TEXT,
    headers=_TEXTS,
    body=_TEXT,
    filled={"type": "array", "items": _TEXT, "description": "What was put in for the values of the example"},
)
_TRIED: Final[Schema] = object_of(
    status={"type": "integer"},
    headers=_TEXTS,
    body=_TEXT,
    whole={"type": "boolean", "description": "Whether the body is all of the answer"},
    opened={
        "type": ["array", "null"],
        "items": {"type": "object"},
        "description": "The answer's messages, decrypted; null where none is encrypted",
    },
    sent=_SENT,
)

TRY_DETAILS: Final[Mapping[str, Detail]] = {"POST /docs/try": Detail(schema=_TRIED, body={JSON: _CALL})}
"""By route, as `DETAILS` has them."""

"""What can be said of a route beyond what its handler says of itself."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from dip.http.description.operations import JSON, query_parameter
from dip.http.description.schemas import Schema

PAGED: Final = (
    query_parameter("next", "The key of the page, as the page before gave it", "integer"),
    query_parameter("limit", "Entries of a page, 1 to 1000", "integer"),
)
"""The query of a list that is paged by key."""


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """Query, body and answer of a route. Without a schema the answer is empty.

    statuses: those of success. body: schemas by media type.
    """

    schema: Schema | None = None
    media: str = JSON
    statuses: Sequence[int] = (200,)
    query: Sequence[dict[str, Any]] = ()
    body: Mapping[str, Schema] | None = None

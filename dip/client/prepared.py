"""A call as it goes over the wire: made before it is sent, so that it can be looked at."""

from collections.abc import Mapping

import msgspec


class Prepared(msgspec.Struct, frozen=True):
    """Method, full address, headers with the signature, and body."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes

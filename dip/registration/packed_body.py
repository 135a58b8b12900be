"""Opens a gzip body without becoming larger than is allowed."""

import zlib
from typing import Final

_GZIP_WINDOW: Final = 31


class BodyTooLong(Exception):
    """It would have more bytes than `limit`."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


class BodyUnreadable(Exception):
    """It is not one whole gzip stream."""


def opened(packed: bytes, limit: int) -> bytes:
    """What a gzip stream holds, at most `limit` bytes. Raises BodyTooLong, BodyUnreadable."""
    opening = zlib.decompressobj(_GZIP_WINDOW)
    try:
        found = opening.decompress(packed, limit + 1)
    except zlib.error as exc:
        raise BodyUnreadable from exc
    if len(found) > limit:
        raise BodyTooLong(limit)
    if not opening.eof or opening.unused_data:
        raise BodyUnreadable
    return found

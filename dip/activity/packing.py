"""How a record is stored: packed, with a check of the packed bytes, for two packings may open to the same text."""

import zlib
from typing import Final

import lz4.block

from dip.ground.errors import DipError

_CHECK_BYTES: Final = 4


class RecordUnreadable(DipError):
    """A record of the activity log can't be opened: its bytes were changed."""

    code = "record_unreadable"


def pack(text: bytes) -> bytes:
    """The form in which a record is stored: CRC-32 of what follows (4 bytes, big-endian), LZ4 block with its size."""
    packed: bytes = lz4.block.compress(text)
    return zlib.crc32(packed).to_bytes(_CHECK_BYTES) + packed


def unpack(packed: bytes) -> bytes:
    """What `pack` packed. Raises RecordUnreadable."""
    check, rest = packed[:_CHECK_BYTES], packed[_CHECK_BYTES:]
    if zlib.crc32(rest).to_bytes(_CHECK_BYTES) != check:
        raise RecordUnreadable
    try:
        text: bytes = lz4.block.decompress(rest)
    except (lz4.block.LZ4BlockError, ValueError, MemoryError) as exc:
        raise RecordUnreadable from exc
    return text

"""How a record is stored: packed, with a check of the packed bytes, for two packings may open to the same text."""

import zlib
from typing import Final

from dip.ground.errors import DipError

_CHECK_BYTES: Final = 4
_LEVEL: Final = 1
_WINDOW: Final = 13
_MEMORY: Final = 6
"""Records are short: to lay out the usual tables would take ten times as long as to pack one."""


class RecordUnreadable(DipError):
    """A record of the activity log can't be opened: its bytes were changed."""

    code = "record_unreadable"


def pack(text: bytes) -> bytes:
    """The form in which a record is stored: CRC-32 of what follows (4 bytes, big-endian), zlib stream."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW, _MEMORY)
    packed = packer.compress(text) + packer.flush()
    return zlib.crc32(packed).to_bytes(_CHECK_BYTES) + packed


def unpack(packed: bytes) -> bytes:
    """What `pack` packed. Raises RecordUnreadable."""
    check, rest = packed[:_CHECK_BYTES], packed[_CHECK_BYTES:]
    if zlib.crc32(rest).to_bytes(_CHECK_BYTES) != check:
        raise RecordUnreadable
    try:
        return zlib.decompress(rest)
    except zlib.error as exc:
        raise RecordUnreadable from exc

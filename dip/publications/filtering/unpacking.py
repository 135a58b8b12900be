"""The plain bytes of a payload, piece by piece, from a file that may be gzip; bombs are not unpacked."""

import zlib
from typing import BinaryIO, Final, Protocol

from dip.publications.filtering.errors import PayloadBomb, PayloadNotStructured

_GZIP_WINDOW: Final = 31
_PACKED_PIECE: Final = 16 * 1024
_RATIO_FROM: Final = 10 * 1024 * 1024
"""Bytes that may come out before what they came from is looked at."""


class PlainBytes(Protocol):
    """Bytes in order."""

    def read(self, most: int, /) -> bytes:
        """Up to so many bytes; none at the end."""


class Gunzip:
    """Reads one or several gzip streams, one after the other."""

    def __init__(self, file: BinaryIO, *, unpacked_limit: int, ratio_limit: int) -> None:
        """unpacked_limit: most bytes in all. ratio_limit: how many times the packed bytes they may be."""
        self._file = file
        self._unpacked_limit = unpacked_limit
        self._ratio_limit = ratio_limit
        self._opener: zlib._Decompress | None = None
        self._packed = b""
        self._taken = 0
        self._given = 0

    def read(self, most: int, /) -> bytes:
        """Up to so many plain bytes; none at the end.

        Raises PayloadNotStructured: no gzip, damaged, or cut off; PayloadBomb.
        """
        while True:
            if not self._packed:
                self._packed = self._file.read(_PACKED_PIECE)
                self._taken += len(self._packed)
                if not self._packed:
                    if self._opener is not None or not self._taken:
                        raise PayloadNotStructured("its gzip stream ends before its end.")
                    return b""
            plain = self._unpacked(most)
            if plain:
                return plain

    def _unpacked(self, most: int) -> bytes:
        if self._opener is None:
            # Zeros may follow the last stream.
            self._packed = self._packed.lstrip(b"\0") if self._given else self._packed
            if not self._packed:
                return b""
            self._opener = zlib.decompressobj(_GZIP_WINDOW)
        try:
            plain = self._opener.decompress(self._packed, most)
        except zlib.error as exc:
            raise PayloadNotStructured("its gzip stream is damaged.") from exc
        self._packed = self._opener.unconsumed_tail or self._opener.unused_data
        if self._opener.eof:
            self._opener = None
        self._measure(len(plain))
        return plain

    def _measure(self, plain: int) -> None:
        self._given += plain
        packed = self._taken - len(self._packed)
        if self._given > self._unpacked_limit:
            raise PayloadBomb(f"The payload can't be filtered: unpacked it has over {self._unpacked_limit} bytes.")
        if self._given > _RATIO_FROM and self._given > packed * self._ratio_limit:
            raise PayloadBomb(
                f"The payload can't be filtered: unpacked it is over {self._ratio_limit} times as large as packed."
            )

"""Looks for marked values in whatever a server leaves behind: in any file, any column, under any usual encoding."""

import base64
import gzip
import hashlib
import re
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import lz4.block
import msgspec

_PACKED = re.compile(rb"[\x08\x18\x28\x38\x48\x58\x68\x78](?s:.)|\x1f\x8b\x08")
"""How what zlib, with whatever window, or gzip has packed begins."""
_STRETCH = 256 * 1024
_LONGEST_UNPACKED = 4 << 20
_DEPTH = 3
_SHORTEST_UNPACKED = 11
_LONGEST_HEAD = 17
"""Bytes that may stand before what deflate has packed: a number, a check, a nonce."""
_LONGEST_WRONGLY_UNPACKED = 1 << 20


class Trace(msgspec.Struct, frozen=True, order=True):
    """A mark that was found: where, and in which form."""

    place: str
    form: str
    mark: str


def forms(mark: str) -> Mapping[str, bytes]:
    """Every form in which a mark is looked for, each once, the plainest first."""
    plain = mark.encode()
    escaped = msgspec.json.encode(mark)[1:-1]
    found = {
        "plain": plain,
        "in JSON": escaped,
        "in JSON, escaped": mark.encode("ascii", "backslashreplace"),
        "in an address": quote(mark, safe="").encode(),
        "in an address, every character": "".join(f"%{byte:02X}" for byte in plain).encode(),
        "in a form": quote(mark, safe=" ").replace(" ", "+").encode(),
        "UTF-16 little": mark.encode("utf-16-le"),
        "UTF-16 big": mark.encode("utf-16-be"),
        "hexadecimal": plain.hex().encode(),
        "hexadecimal, capitals": plain.hex().upper().encode(),
        "SHA-256": hashlib.sha256(plain).digest()[:16],
        "SHA-256, hexadecimal": hashlib.sha256(plain).hexdigest()[:32].encode(),
        "BLAKE2b": hashlib.blake2b(plain, digest_size=6).digest(),
        **{f"base64, {start} on": piece for start, piece in enumerate(_base64(plain))},
        **{f"base64url, {start} on": piece for start, piece in enumerate(_base64(plain, b"-_"))},
    }
    if mark.isdecimal():
        number = int(mark)
        found["number"] = number.to_bytes(8).lstrip(b"\0")
        found["number, little"] = number.to_bytes(8, "little").rstrip(b"\0")
        found["packed decimal"] = bytes.fromhex(mark.rjust(len(mark) + len(mark) % 2, "0"))
    return {form: needle for needle, form in {needle: form for form, needle in reversed(found.items())}.items()}


def _base64(plain: bytes, alternatives: bytes = b"+/") -> Iterator[bytes]:
    """What is the same of its base64, whatever stands before and after it: for each of the three alignments."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + plain, alternatives).rstrip(b"=")
        cut = (0, 2, 3)[before]
        whole = (before + len(plain)) * 8 // 6
        yield encoded[cut:whole]


class Search:
    """A search for these marks. numbers_in: the only table and column where they may stand, as numbers."""

    def __init__(self, marks: Iterable[str], *, numbers_in: tuple[str, str] = ("", "")) -> None:
        self._marks = tuple(marks)
        self._numbers = {int(mark): mark for mark in self._marks if mark.isdecimal()}
        self._numbers_in = numbers_in
        self._forms = [(mark, form, needle) for mark in self._marks for form, needle in forms(mark).items()]
        self._folded = [(mark, mark.lower().encode()) for mark in self._marks if mark.lower() != mark]

    def bytes(self, content: bytes, place: str, *, numbers: bool = True, depth: int = 0) -> Iterator[Trace]:
        """Traces in bytes, and in whatever unpacks from them. numbers: whether an MPAN as a number is one."""
        for mark, form, needle in self._forms:
            if needle in content and (numbers or not form.startswith("number")):
                yield Trace(place, form, mark)
        folded = content.lower()
        for mark, needle in self._folded:
            if needle in folded and mark.encode() not in content:
                yield Trace(place, "small letters", mark)
        if depth < _DEPTH:
            for how, unpacked in unpackings(content):
                yield from self.bytes(unpacked, f"{place}, {how}", numbers=numbers, depth=depth + 1)

    def directory(self, directory: Path, *, leave_out: Iterable[str] = ()) -> Iterator[Trace]:
        """Traces in every file below a directory, names included.

        The file of the table where numbers may stand is not searched for numbers; `database` does that.
        """
        left_out = tuple(leave_out)
        for path in sorted(directory.rglob("*")):
            name = str(path.relative_to(directory))
            yield from self.bytes(name.encode(), f"name of {name}")
            if path.is_file() and not name.startswith(left_out):
                yield from self.bytes(path.read_bytes(), name, numbers=not path.name.startswith("dip.sqlite"))

    def database(self, file: Path) -> Iterator[Trace]:
        """Traces in every column of every table and in what unpacks from it."""
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            for table in tables(connection):
                rows = connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - a name out of the schema
                names = [one[0] for one in rows.description]
                for row in rows:
                    for column, value in zip(names, row, strict=True):
                        yield from self._value(value, table, column)

    def _value(self, value: Any, table: str, column: str) -> Iterator[Trace]:
        place = f"{table}.{column}"
        if isinstance(value, int | float):
            if (table, column) != self._numbers_in and value in self._numbers:
                yield Trace(place, "number", self._numbers[int(value)])
        elif isinstance(value, str):
            yield from self.bytes(value.encode(), place)
        elif isinstance(value, bytes):
            yield from self.bytes(value, place)


def tables(connection: sqlite3.Connection) -> list[str]:
    """Every table of a database."""
    return [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]


def unpackings(content: bytes) -> Iterator[tuple[str, bytes]]:
    """What unpacks from bytes, wherever in them it begins."""
    view = memoryview(content)
    for found in _PACKED.finditer(content):
        # The two bytes at the head of what zlib packed are a multiple of 31.
        if len(found[0]) == 2 and int.from_bytes(found[0]) % 31:
            continue
        opener = zlib.decompressobj(zlib.MAX_WBITS | 32)
        try:
            unpacked = opener.decompress(view[found.start() : found.start() + _STRETCH], _LONGEST_UNPACKED)
        except zlib.error:
            continue
        if len(unpacked) >= _SHORTEST_UNPACKED:
            yield "unpacked", unpacked
    if len(content) < _LONGEST_WRONGLY_UNPACKED:
        for start in range(_LONGEST_HEAD):
            opener = zlib.decompressobj(-zlib.MAX_WBITS)
            try:
                unpacked = opener.decompress(view[start:], _LONGEST_UNPACKED)
            except zlib.error:
                continue
            if len(unpacked) >= _SHORTEST_UNPACKED:
                yield "unpacked by deflate", unpacked
    for start in range(_LONGEST_HEAD):
        # The size stands before what lz4 has packed, and is believed.
        if len(content) > start + 4 and int.from_bytes(content[start : start + 4], "little") < _LONGEST_UNPACKED:
            with suppress(lz4.block.LZ4BlockError):
                yield "unpacked by lz4", lz4.block.decompress(view[start:])


def packed(plain: bytes) -> Mapping[str, bytes]:
    """Bytes packed in each of the ways that a search sees through."""
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return {
        "zlib": zlib.compress(plain),
        "lz4, behind a check": b"\xa3\xb3\xde\xaf" + lz4.block.compress(plain),
        "gzip": gzip.compress(plain),
        "deflate": deflate.compress(plain) + deflate.flush(),
        "lz4": lz4.block.compress(plain),
        "zlib within gzip": gzip.compress(b"before" + zlib.compress(plain)),
    }

"""Payloads of a run: bytes of a seeded generator, and a CSV whose rows that a filter finds are known."""

import csv
import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from dip.market.drawing import Chance, chance

MB: Final = 1_000_000
_PIECE: Final = 1 << 20
_HEADER: Final = ("row", "area", "profile", "day", "kwh")
_AREAS: Final = tuple(f"_{letter}" for letter in "ABCDEFGHJKLMNP")
WANTED_AREA: Final = "_Z"
LEAST_KWH: Final = 1_000_000
"""Rows that are looked for have this much and more; all others have less."""
_BLOCK_ROWS: Final = 20_000
_BLOCKS: Final = 16
_EARLY_ROWS: Final = 500
_EARLY_BYTES: Final = 25 * MB


class Said(msgspec.Struct, frozen=True):
    """What an uploader says of a payload. sha256: hex. name, version: of its address."""

    name: str
    version: str
    size: int
    sha256: str
    media_type: str = "application/octet-stream"


class Table(msgspec.Struct, frozen=True):
    """A CSV file: the rows that a filter must find, in order; so many of them stand within the first bytes."""

    said: Said
    wanted: Sequence[str]
    early: int
    early_bytes: int


def write_bytes(path: Path, name: str, size: int, seed: str, made: Callable[[int, int], None]) -> Said:
    """So many bytes of a generator, none of them a hole. made: told how many are there, of how many."""
    source, digest, done = chance(seed), hashlib.sha256(), 0
    with path.open("xb") as file:
        while done < size:
            piece = source.randbytes(min(_PIECE, size - done))
            digest.update(piece)
            file.write(piece)
            done += len(piece)
            made(done, size)
    return Said(name, "1.0.0", done, digest.hexdigest())


def write_table(path: Path, name: str, size: int, seed: str, made: Callable[[int, int], None]) -> Table:
    """A CSV of about so many bytes: some rows that a filter finds near its beginning, and one that is the last."""
    early_bytes = min(_EARLY_BYTES, size // 2)
    digest, done, wanted = hashlib.sha256(), 0, list[str]()
    blocks = _blocks(chance(seed))
    stride = max(1, early_bytes // (_EARLY_ROWS + 1))
    with path.open("xb") as file:

        def write(text: bytes) -> None:
            nonlocal done
            digest.update(text)
            file.write(text)
            done += len(text)

        write((",".join(_HEADER) + "\n").encode())
        early = 0
        for block in blocks:
            # Whole lines, so that a row that is looked for stands between two of the others.
            for line_group in _groups(block, stride) if done < early_bytes else (block,):
                write(line_group)
                if early < _EARLY_ROWS and done + stride < early_bytes:
                    early += 1
                    wanted.append(_wanted_row(early))
                    write((wanted[-1] + "\n").encode())
            made(min(done, size), size)
            if done >= size:
                break
        wanted.append(_wanted_row(early + 1))
        write((wanted[-1] + "\n").encode())
    return Table(Said(name, "1.0.0", done, digest.hexdigest(), "text/csv"), wanted, early, early_bytes)


def rows_of(text: bytes) -> list[str]:
    """The rows of a CSV answer, without its header, each as it was written."""
    found = list(csv.reader(io.StringIO(text.decode())))
    return [",".join(row) for row in found[1:]]


def _wanted_row(number: int) -> str:
    return f"w{number:07d},{WANTED_AREA},1,2026-03-20,{LEAST_KWH + number}.125"


def _blocks(source: Chance) -> Iterator[bytes]:
    made = [_block(source, number) for number in range(_BLOCKS)]
    while True:
        yield source.choice(made)


def _block(source: Chance, number: int) -> bytes:
    lines = (
        f"r{number:02d}{row:05d},{source.choice(_AREAS)},{source.randint(1, 8)},2026-{source.randint(1, 12):02d}-"
        f"{source.randint(1, 28):02d},{source.randint(0, LEAST_KWH - 1)}.{source.randint(0, 999):03d}\n"
        for row in range(_BLOCK_ROWS)
    )
    return "".join(lines).encode()


def _groups(block: bytes, about: int) -> Iterator[bytes]:
    begins = 0
    while begins < len(block):
        ends = block.find(b"\n", min(begins + about, len(block)) - 1) + 1 or len(block)
        yield block[begins:ends]
        begins = ends

"""The keys by which a message is found: by its sender's reference and by its MPAN (5.4, 5.5.14).

A key is six bytes of a digest. Two messages may share one by chance: whoever looks compares what it stands for.
"""

import hashlib
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from dip.store.queries import queries
from dip.store.rows import insert_many

GATHERED: Final = 2048
"""Messages whose keys are gathered before they move on together."""
_BYTES: Final = 6
_MASK: Final = (1 << (8 * _BYTES - 1)) - 1


def reference_key(reference: str) -> int:
    """The key of a sender's reference."""
    return int.from_bytes(hashlib.blake2b(reference.encode(), digest_size=_BYTES).digest()) & _MASK


def mpan_key(digest: bytes) -> int:
    """The key of an MPAN, by its digest."""
    return int.from_bytes(digest[:_BYTES]) & _MASK


def keys_of(reference: str, mpan_digest: bytes | None) -> tuple[int, ...]:
    """Every key of one message."""
    key = reference_key(reference)
    return (key,) if mpan_digest is None else (key, mpan_key(mpan_digest))


def write_keys(connection: sqlite3.Connection, rows: Sequence[tuple[int, int]]) -> None:
    """Write keys of new messages: pairs of key and message's number, at least one, in order of the numbers.

    What was gathered moves on, sorted, whenever the numbers pass a multiple of GATHERED.
    """
    insert_many(connection, "add_key", rows)
    if (rows[0][1] - 1) // GATHERED != rows[-1][1] // GATHERED:
        connection.execute(queries()["move_keys_on"])
        connection.execute(queries()["forget_gathered"])


def forget_keys(connection: sqlite3.Connection, messages: Iterable[int]) -> None:
    """Forget the keys of messages that still stand there."""
    listed = msgspec.json.encode(list(messages)).decode()
    pairs = sorted(
        (key, number)
        for number, reference, digest in connection.execute(queries()["keyed"], (listed,))
        for key in keys_of(reference, digest)
    )
    for query in ("forget_key", "forget_gathered_key"):
        connection.executemany(queries()[query], pairs)

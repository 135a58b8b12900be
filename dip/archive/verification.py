"""Every sealed row of the message archive, opened once: nothing of it was changed since it was sealed (8.1)."""

import sqlite3
from collections.abc import Callable
from datetime import datetime

import msgspec

from dip.archive.archive import ANSWER
from dip.ground.clock import moment
from dip.security.vault import SealBroken, Vault
from dip.store.audit import TABLES, AuditStore, SealedRow

_STEP = 500
_ALWAYS_SEALED = "archive"


class SealedBreak(msgspec.Struct, frozen=True):
    """A row that does not open. number: the message's, the status message's, or the call's."""

    table: str
    number: int
    at: datetime | None
    what: str


def verify_seals(
    store: AuditStore, vault: Vault, progress: Callable[[int, int], None]
) -> tuple[SealedBreak | None, int]:
    """The first row that does not open, None where all do; and how many do. progress: rows passed, and of how many."""
    ends = store.last_sealed()
    passed = opened = 0
    for table, end in zip(TABLES, ends, strict=True):
        first = 1
        try:
            while first <= end and (rows := store.sealed(table, first, _STEP)):
                for row in rows:
                    if row.sealed or table == _ALWAYS_SEALED:
                        what = _fault(vault, table, row)
                        if what is not None:
                            return SealedBreak(table, row.number, _moment(row.at), what), opened
                        opened += 1
                first = rows[-1].number + 1
                progress(passed + min(first - 1, end), sum(ends))
        except sqlite3.DatabaseError as exc:
            return SealedBreak(table, first, None, f"unreadable: the database is damaged: {exc}"), opened
        passed += end
    return None, opened


def _fault(vault: Vault, table: str, row: SealedRow) -> str | None:
    if row.sealed is None:
        return "missing: the message is there, its sealed content is not"
    context = ANSWER if table == "exchange" else (row.bound_to or "").encode()
    try:
        vault.open(row.sealed, context)
    except (SealBroken, TypeError):
        return "changed: it does not open, or belongs to something else"
    return None


def _moment(at: int | None) -> datetime | None:
    try:
        return None if at is None else moment(at)
    except (OverflowError, TypeError):
        return None

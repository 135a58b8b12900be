"""Authorities that are not this environment's own, in SQLite (8.4)."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from dip.ground.clock import microseconds, moment
from dip.store.queries import queries
from dip.store.writer import Writer


class AuthorityKind(StrEnum):
    """What an outside authority is known for."""

    TRUSTED = "trusted"
    """Participants may bring certificates of it."""
    ENVIRONMENT = "environment"
    """It is that of another environment: known so that a refusal can name that one."""


class OutsideAuthority(msgspec.Struct, frozen=True, kw_only=True):
    """An authority that is not this environment's own.

    fingerprint: of its root, SHA-256 of the DER form, hexadecimal. environment: of which it is, where it is another
    environment's. pem: the root, then what it issued to issue with. removed_at: since when it counts no more.
    """

    fingerprint: str
    name: str
    kind: AuthorityKind
    environment: str
    pem: str
    added_at: datetime
    author: str
    removed_at: datetime | None = None


class SqliteAuthorities:
    """AuthorityStore over SQLite."""

    def __init__(self, writer: Writer, reading: sqlite3.Connection) -> None:
        self._writer = writer
        self._reading = reading

    def all(self) -> Sequence[OutsideAuthority]:
        """Every one in the order in which they were added, those that were removed too."""
        return [
            OutsideAuthority(
                fingerprint=fingerprint,
                name=name,
                kind=AuthorityKind(kind),
                environment=environment,
                pem=pem,
                added_at=moment(added_at),
                author=author,
                removed_at=moment(removed_at) if removed_at is not None else None,
            )
            for fingerprint, name, kind, environment, pem, added_at, author, removed_at in self._reading.execute(
                queries()["outside_authorities"]
            )
        ]

    async def save(self, authority: OutsideAuthority) -> None:
        """Add or change one. Raises StoreUnavailable."""
        row = (
            authority.fingerprint,
            authority.name,
            authority.kind.value,
            authority.environment,
            authority.pem,
            microseconds(authority.added_at),
            authority.author,
            microseconds(authority.removed_at) if authority.removed_at is not None else None,
        )

        def job(connection: sqlite3.Connection) -> None:
            connection.execute(queries()["save_outside_authority"], row)

        await self._writer.ask(job, what="authorities")

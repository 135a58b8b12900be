"""Users of the portal and their log-ins, in SQLite (8.3)."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from dip.ground.clock import microseconds, moment
from dip.messages.identifiers import DipId
from dip.store.queries import queries
from dip.store.writer import Writer


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A user of the portal.

    password_hash: argon2's. powers: what the user may do, by name. company: its number, None for the DIP's own
    people; dip_ids: those of the company that the user works for, None for all. must_change: the password is to be
    changed before anything else. certificate: fingerprint of the client certificate that logs the user in.
    """

    name: str
    password_hash: str
    powers: tuple[str, ...]
    made_at: datetime
    author: str
    company: str | None = None
    dip_ids: tuple[DipId, ...] | None = None
    must_change: bool = False
    certificate: str | None = None
    disabled_at: datetime | None = None


class Session(msgspec.Struct, frozen=True):
    """A log-in; `last_used` on the wall clock, microseconds.

    certificate: the fingerprint of the client certificate that began it; None where a password did.
    """

    user: str
    form_token: str
    last_used: int
    certificate: str | None = None


class SqliteUsers:
    """Users and their sessions; a session ends with its user."""

    def __init__(self, writer: Writer, reading: sqlite3.Connection) -> None:
        self._writer = writer
        self._reading = reading

    def user(self, name: str) -> User | None:
        """One user of the portal."""
        row = self._reading.execute(queries()["user"], (name,)).fetchone()
        return None if row is None else _user(row)

    def by_certificate(self, fingerprint: str) -> User | None:
        """The user whom a client certificate logs in."""
        row = self._reading.execute(queries()["user_by_certificate"], (fingerprint,)).fetchone()
        return None if row is None else _user(row)

    def users(self) -> Sequence[User]:
        """Every user, by name."""
        return [_user(row) for row in self._reading.execute(queries()["users"])]

    async def save_user(self, user: User) -> None:
        """Add or change a user; every session of it ends. Raises StoreUnavailable."""
        row = (
            user.name,
            user.password_hash,
            msgspec.json.encode(user.powers).decode(),
            user.company,
            msgspec.json.encode(user.dip_ids).decode() if user.dip_ids is not None else None,
            user.must_change,
            user.certificate,
            microseconds(user.made_at),
            user.author,
            microseconds(user.disabled_at) if user.disabled_at is not None else None,
        )

        def job(connection: sqlite3.Connection) -> None:
            connection.execute(queries()["end_sessions_of"], (user.name,))
            connection.execute(queries()["save_user"], row)

        await self._writer.ask(job, what="user")

    async def remove_user(self, name: str) -> None:
        """Remove a user and every session of it."""

        def job(connection: sqlite3.Connection) -> None:
            connection.execute(queries()["end_sessions_of"], (name,))
            connection.execute(queries()["remove_alarm_subscriptions_of"], (name,))
            connection.execute(queries()["remove_user_address"], (name,))
            connection.execute(queries()["remove_saved_views_of"], (name,))
            connection.execute(queries()["remove_user"], (name,))

        await self._writer.ask(job, what="user")

    def session(self, token_digest: bytes) -> Session | None:
        """A session by the digest of its token."""
        row = self._reading.execute(queries()["session"], (token_digest,)).fetchone()
        return None if row is None else Session(*row)

    async def begin_session(
        self, token_digest: bytes, user: User, form_token: str, last_used: int, certificate: str | None = None
    ) -> bool:
        """Begin a session; False where the user was changed since it was read. certificate: what it logged in with."""
        row = (token_digest, user.name, form_token, last_used, user.password_hash, certificate)

        def job(connection: sqlite3.Connection) -> bool:
            return connection.execute(queries()["begin_session"], row).rowcount == 1

        return await self._writer.ask(job)

    async def note_session(self, token_digest: bytes, last_used: int) -> None:
        """Note that a session was used; one that has ended stays so."""

        def job(connection: sqlite3.Connection) -> None:
            connection.execute(queries()["note_session"], (token_digest, last_used))

        await self._writer.ask(job)

    async def end_session(self, token_digest: bytes) -> None:
        """End a session."""

        def job(connection: sqlite3.Connection) -> None:
            connection.execute(queries()["end_session"], (token_digest,))

        await self._writer.ask(job)

    async def sweep_sessions(self, unused_since: int) -> None:
        """Drop sessions that nobody used since."""

        def job(connection: sqlite3.Connection) -> None:
            connection.execute(queries()["sweep_sessions"], (unused_since,))

        await self._writer.ask(job)


def _user(row: Sequence[Any]) -> User:
    name, password_hash, powers, company, dip_ids, must_change, certificate, made_at, author, disabled_at = row
    return User(
        name=name,
        password_hash=password_hash,
        powers=msgspec.json.decode(powers, type=tuple[str, ...]),
        company=company,
        dip_ids=None if dip_ids is None else msgspec.json.decode(dip_ids, type=tuple[DipId, ...]),
        must_change=bool(must_change),
        certificate=certificate,
        made_at=moment(made_at),
        author=author,
        disabled_at=None if disabled_at is None else moment(disabled_at),
    )

"""Changes of the catalogue and pauses of channels, in SQLite."""

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from dip.ground.clock import microseconds, moment
from dip.messages.identifiers import InterfaceId
from dip.store.queries import queries
from dip.store.writer import Writer


class CatalogueVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One part of the catalogue, such as `interfaces/IF-031.yaml`, as somebody changed it.

    version: counts from 1 for each part. text: None where it was removed. base: the version that it was made
    from, 0 for the file. at: business time.
    """

    name: str
    version: int
    at: datetime
    author: str
    text: str | None
    base: int
    reason: str


class ChannelPause(msgspec.Struct, frozen=True, kw_only=True):
    """A channel's maintenance in the half-open business time [starts, ends); ends: None until somebody ends it."""

    channel: InterfaceId
    starts: datetime
    ends: datetime | None
    author: str
    reason: str


class SqliteCatalogue:
    """CatalogueStore over SQLite."""

    def __init__(self, writer: Writer, reading: sqlite3.Connection) -> None:
        self._writer = writer
        self._reading = reading

    def latest_versions(self) -> Sequence[CatalogueVersion]:
        """The last version of every part that was ever changed."""
        return _versions(self._reading.execute(queries()["catalogue_latest"]))

    def versions(self, name: str) -> Sequence[CatalogueVersion]:
        """The versions of one part, newest first."""
        return _versions(self._reading.execute(queries()["catalogue_versions"], (name,)))

    async def add_version(self, version: CatalogueVersion) -> None:
        """Keep a further version."""
        row = (
            *(version.name, version.version, microseconds(version.at)),
            *(version.author, version.text, version.base, version.reason),
        )

        def job(connection: sqlite3.Connection) -> None:
            connection.execute(queries()["add_catalogue_version"], row)

        await self._writer.ask(job)

    def pauses(self) -> Sequence[ChannelPause]:
        """Every pause, under way or announced."""
        return [
            ChannelPause(
                channel=InterfaceId(channel),
                starts=moment(starts),
                ends=None if ends is None else moment(ends),
                author=author,
                reason=reason,
            )
            for channel, starts, ends, author, reason in self._reading.execute(queries()["pauses"])
        ]

    async def save_pauses(self, pauses: Iterable[ChannelPause]) -> None:
        """Keep the pauses of some channels, all of them or none; a later one of a channel replaces the earlier."""
        rows = [
            (
                *(pause.channel, microseconds(pause.starts)),
                *(None if pause.ends is None else microseconds(pause.ends), pause.author, pause.reason),
            )
            for pause in pauses
        ]

        def job(connection: sqlite3.Connection) -> None:
            connection.executemany(queries()["save_pause"], rows)

        await self._writer.ask(job)

    async def remove_pause(self, channel: InterfaceId) -> None:
        """Forget a channel's pause."""

        def job(connection: sqlite3.Connection) -> None:
            connection.execute(queries()["remove_pause"], (channel,))

        await self._writer.ask(job)


def _versions(rows: Iterable[tuple[str, int, int, str, str | None, int, str]]) -> Sequence[CatalogueVersion]:
    return [
        CatalogueVersion(name=name, version=version, at=moment(at), author=author, text=text, base=base, reason=reason)
        for name, version, at, author, text, base, reason in rows
    ]

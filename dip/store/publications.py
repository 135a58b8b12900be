"""Publications in SQLite: payloads and their uploads, and what messages announced (5.6)."""

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from dip.ground.clock import microseconds, moment
from dip.ground.errors import StoreUnavailable
from dip.messages.identifiers import DipId, EventCode, InterfaceId, TransactionId
from dip.store.publication_records import (
    NewPayload,
    NewPublication,
    Payload,
    PayloadState,
    Publication,
    PublicationFilter,
    Series,
    UploadTotals,
    Variant,
    VersionFilter,
)
from dip.store.queries import queries
from dip.store.reader import Reader
from dip.store.rows import Row, insert_many
from dip.store.writer import Writer

_VARIANT_COLUMNS: Final = 12
_LAST: Final = 2**63 - 1


class SqlitePublications:
    """PublicationStore over SQLite. What takes long is read on a connection and a thread of its own."""

    def __init__(self, writer: Writer, reading: sqlite3.Connection, path: Path) -> None:
        self._writer = writer
        self._reading = reading
        self._reader = Reader(path)

    async def close(self) -> None:
        """Close the connection of its own, if one was opened."""
        await self._reader.close()

    async def begin(self, new: NewPayload, at: datetime) -> tuple[Payload, bool]:
        """The payload of an upload that begins; or the one that stands at its address already, and False."""
        row = (
            *(new.upload, new.channel, new.name, new.version, new.sender),
            *(new.media_type, new.compression, new.size, new.sha256, microseconds(at)),
        )

        def job(connection: sqlite3.Connection) -> tuple[Payload, bool]:
            address = new.channel, new.name, new.version
            there = connection.execute(queries()["payload_by_address"], address).fetchone()
            if there is not None:
                return payload_of(there), False
            connection.execute(queries()["begin_payload"], row)
            return payload_of(connection.execute(queries()["payload_by_address"], address).fetchone()), True

        return await self._writer.ask(job, what="publications")

    async def advance(self, payload: int, received: int, at: datetime) -> None:
        """So many bytes of an upload are on disk for certain. Raises StoreUnavailable."""
        await self._change("advance_payload", (payload, received, microseconds(at)))

    async def complete(self, payload: int, unpacked_size: int | None, at: datetime) -> bool:
        """An upload is whole; False where it is no upload any more. Raises StoreUnavailable."""
        return await self._change("complete_payload", (payload, unpacked_size, microseconds(at)))

    async def forget(self, payload: int) -> bool:
        """Give up an upload; False where it is none any more. Raises StoreUnavailable."""
        return await self._change("forget_upload", (payload,))

    async def remove(self, payload: int, why: str, at: datetime) -> bool:
        """Take a published payload away; False where it is none any more. Raises StoreUnavailable."""
        return await self._change("remove_payload", (payload, microseconds(at), why))

    async def sweep_removed(self, before: int, limit: int) -> int:
        """Forget at most so many payloads removed before a microsecond; returns how many."""

        def job(connection: sqlite3.Connection) -> int:
            return connection.execute(queries()["forget_removed_payloads"], (before, limit)).rowcount

        return await self._writer.ask(job, what="forget")

    async def sweep_contents(self, limit: int) -> int:
        """Forget the content of at most so many messages that everybody has who was told; returns how many (5.6.1)."""

        def job(connection: sqlite3.Connection) -> int:
            found = [row[0] for row in connection.execute(queries()["settled_publications"], (limit,))]
            listed = msgspec.json.encode(found).decode()
            if found:
                connection.execute(queries()["forget_archive"], (listed,))
                connection.execute(queries()["drop_publication_contents"], (listed,))
            return len(found)

        return await self._writer.ask(job, what="forget")

    async def sweep_publications(self, channel: str, before: int, limit: int) -> int:
        """Forget at most so many publications of a channel before a microsecond that have nothing left to read."""

        def job(connection: sqlite3.Connection) -> int:
            found = [row[0] for row in connection.execute(queries()["outlived_publications"], (channel, before, limit))]
            listed = msgspec.json.encode(found).decode()
            if found:
                connection.execute(queries()["forget_publication_variants"], (listed,))
                connection.execute(queries()["forget_publications"], (listed,))
            return len(found)

        return await self._writer.ask(job, what="forget")

    def upload(self, name: str) -> Payload | None:
        """The payload of an upload."""
        return self._one("payload_by_upload", (name,))

    def payload(self, channel: str, name: str, version: str) -> Payload | None:
        """The payload at an address, in whatever state."""
        return self._one("payload_by_address", (channel, name, version))

    def latest(self, channel: str, name: str) -> Payload | None:
        """The payload of a name that was published last, of those that are there."""
        return self._one("latest_payload", (channel, name))

    def uploads(self, limit: int) -> Sequence[Payload]:
        """What is not published yet, the one longest without a byte first."""
        return [payload_of(row) for row in self._reading.execute(queries()["uploads"], (limit,))]

    def upload_totals(self, sender: str) -> UploadTotals:
        """How much is under way."""
        return UploadTotals(*self._reading.execute(queries()["upload_totals"], (sender,)).fetchone())

    def with_files(self) -> Sequence[int]:
        """The ids of all payloads that have a file."""
        return [row[0] for row in self._reading.execute(queries()["payload_ids"])]

    def outlived(self, channel: str, versions: int, before: int, limit: int) -> Sequence[tuple[int, int]]:
        """Ids of published payloads beyond so many versions of a name, or published before a microsecond.

        Each with its place among the versions of its name, from 1 for the newest, which is never one of them.
        """
        return self._reading.execute(queries()["outlived_payloads"], (channel, versions, before, limit)).fetchall()

    async def publications(self, wanted: PublicationFilter) -> Sequence[Publication]:
        """Publications that fit, with all their variants, the newest first."""
        rows = await self._reader.all(
            "publications",
            {
                "channel": wanted.channel,
                "text": wanted.text or None,
                "since": _at(wanted.since),
                "until": _at(wanted.until),
                "before": _LAST if wanted.before is None else wanted.before,
                "limit": wanted.limit,
            },
        )
        numbers = {"numbers": msgspec.json.encode([row[0] for row in rows]).decode()}
        variants: dict[int, list[Variant]] = {row[0]: [] for row in rows}
        for row in await self._reader.all("variants_of_publications", numbers) if rows else ():
            variants[row[0]].append(_variant(row))
        return [_publication(row, variants[row[0]]) for row in rows]

    async def series(self, channel: str, text: str | None, after: str, limit: int) -> Sequence[Series]:
        """The names of a channel's payloads, behind a name; text: what stands in them."""
        values = {"channel": channel, "text": text or None, "after": after, "limit": limit}
        rows = await self._reader.all("payload_series", values)
        latest = await self._payloads(row[2] for row in rows)
        return [
            Series(channel=InterfaceId(channel), name=name, versions=count, latest=latest[id_])
            for name, count, id_ in rows
            if id_ in latest
        ]

    async def versions(self, channel: str, name: str, wanted: VersionFilter) -> Sequence[Payload]:
        """The versions of a name that were published, the newest first."""
        publication, payload = wanted.before or (_LAST, _LAST)
        values = {
            "channel": channel,
            "name": name,
            "publication": publication,
            "payload": payload,
            "version": wanted.version,
            "begins": wanted.version_begins,
            "since": _at(wanted.since),
            "until": _at(wanted.until),
            "removed": wanted.removed,
            "limit": wanted.limit,
        }
        return [payload_of(row) for row in await self._reader.all("payload_versions", values)]

    async def announced(self, payloads: Iterable[int]) -> dict[int, Variant]:
        """What was said last of each of these payloads, by their ids."""
        listed = {"payloads": msgspec.json.encode(list(payloads)).decode()}
        rows = await self._reader.all("variants_of_payloads", listed)
        return {row[2]: _variant((*row, None)) for row in rows}

    async def announcements(self, numbers: Iterable[int]) -> dict[int, TransactionId]:
        """The transaction ids of these publications, by their numbers."""
        listed = {"numbers": msgspec.json.encode(list(numbers)).decode()}
        return {
            number: TransactionId(id_) for number, id_ in await self._reader.all("transactions_of_publications", listed)
        }

    async def removed(self, channel: str | None, before: tuple[datetime, int] | None, limit: int) -> Sequence[Payload]:
        """What was removed of a channel, or of all, the last first, below a time and an id."""
        at, payload = (_LAST, _LAST) if before is None else (microseconds(before[0]), before[1])
        values = {"channel": channel, "at": at, "payload": payload, "limit": limit}
        return [payload_of(row) for row in await self._reader.all("removed_payloads", values)]

    async def _payloads(self, ids: Iterable[int]) -> dict[int, Payload]:
        listed = {"payloads": msgspec.json.encode(list(ids)).decode()}
        return {row[0]: payload_of(row) for row in await self._reader.all("payloads", listed)}

    async def _change(self, query: str, values: Row) -> bool:
        def job(connection: sqlite3.Connection) -> bool:
            return connection.execute(queries()[query], values).rowcount > 0

        return await self._writer.ask(job, what="publications")

    def _one(self, query: str, values: Row) -> Payload | None:
        row = self._reading.execute(queries()[query], values).fetchone()
        return None if row is None else payload_of(row)


def write_publication(
    connection: sqlite3.Connection, publication: NewPublication, row: tuple[int, str, str, str, str], at: int
) -> None:
    """Within the commit of a message: what it announces, and that its payloads are published.

    row: the message's number, transaction id, channel, event and sender. at: microseconds. Raises StoreUnavailable
    where a payload is not there any more.
    """
    number = row[0]
    said = publication.description, publication.version, publication.issued
    insert_many(connection, "add_publication", [(*row, *said, at, publication.content_digest)])
    insert_many(
        connection,
        "add_distribution_variant",
        [(number, place, *msgspec.structs.astuple(variant)) for place, variant in enumerate(publication.variants)],
    )
    for variant in publication.variants:
        if variant.payload is None:
            continue
        if connection.execute(queries()["publish_payload"], (variant.payload, number, at)).rowcount:
            continue
        row_now = connection.execute(queries()["payload_by_id"], (variant.payload,)).fetchone()
        if row_now is None or payload_of(row_now).state is not PayloadState.PUBLISHED:
            # It was given up between the check and this commit: sent again, the message is told so.
            raise StoreUnavailable("A payload of this message was just taken away; send the same again.")


def payload_of(row: Sequence[Any]) -> Payload:
    """A payload, of its row."""
    id_, upload, channel, name, version, sender, media_type, compression, size, unpacked_size, sha256, *rest = row
    state, received, begun_at, changed_at, publication, published_at, removed_at, removed_why = rest
    return Payload(
        id=id_,
        upload=upload,
        channel=InterfaceId(channel),
        name=name,
        version=version,
        sender=DipId(sender),
        media_type=media_type,
        compression=compression,
        size=size,
        unpacked_size=unpacked_size,
        sha256=sha256,
        state=PayloadState(state),
        received=received,
        begun_at=moment(begun_at),
        changed_at=moment(changed_at),
        publication=publication,
        published_at=_when(published_at),
        removed_at=_when(removed_at),
        removed_why=removed_why,
    )


def _variant(row: Sequence[Any]) -> Variant:
    publication, _, payload, *said = row[:_VARIANT_COLUMNS]
    uri, variant_id, name, description, version, issued, format_, delivery_format, information = said
    held = row[_VARIANT_COLUMNS:]
    return Variant(
        publication=publication,
        payload=payload,
        uri=uri,
        variant_id=variant_id,
        name=name,
        description=description,
        version=version,
        issued=issued,
        format=format_,
        delivery_format=delivery_format,
        information=information,
        held=payload_of(held) if held and held[0] is not None else None,
    )


def _publication(row: Sequence[Any], variants: Sequence[Variant]) -> Publication:
    id_, transaction_id, channel, event, sender, description, version, issued, announced_at, *_ = row
    return Publication(
        id=id_,
        transaction_id=TransactionId(transaction_id),
        channel=InterfaceId(channel),
        event=EventCode(event),
        sender=DipId(sender),
        description=description,
        version=version,
        issued=issued,
        announced_at=moment(announced_at),
        variants=variants,
    )


def _when(at: int | None) -> datetime | None:
    return None if at is None else moment(at)


def _at(at: datetime | None) -> int | None:
    return None if at is None else microseconds(at)

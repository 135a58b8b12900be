"""What the pages show, read on a connection and a thread of its own: a long list never holds up a message."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from dip.ground.clock import microseconds, moment
from dip.messages.identifiers import (
    DipId,
    EventCode,
    InterfaceId,
    RoleCode,
    TransactionId,
)
from dip.store.dashboard import SqliteDashboard
from dip.store.keys import mpan_key, reference_key
from dip.store.message_marks import marks_in
from dip.store.page_records import (
    PAGE_LIMIT,
    Delivery,
    Evidence,
    JournalRow,
    Kept,
    MessageDetail,
    MessageFilter,
    MessageRow,
    Parties,
    Queue,
    Sent,
    StatusRow,
    as_seen_by,
    in_scope,
)
from dip.store.reader import Reader
from dip.store.records import DeliveryState, Stage, Status
from dip.store.trails import SqliteTrails

_NO_KEY: Final = 2**63 - 1
_LEADING: Final = (
    ("transaction_id", "newest_of_transaction"),
    ("correlation_id", "newest_of_correlation"),
    ("reference", "newest_of_reference"),
    ("mpan_digest", "newest_of_mpan"),
    ("parties", "newest_of_parties"),
    ("sender", "newest_of_sender"),
    ("interface", "newest_of_interface"),
)


class SqlitePages:
    """Lists and details for pages. The connection opens at the first question."""

    def __init__(self, path: Path) -> None:
        self._reader = Reader(path)
        self.trails = SqliteTrails(self._reader)
        self.dashboard = SqliteDashboard(self._reader)

    async def close(self) -> None:
        """Close the connection, if one was opened."""
        await self._reader.close()

    async def messages(self, wanted: MessageFilter) -> list[MessageRow]:
        """Messages that fit, newest first; page on with `before` set to the last one's id.

        One more than PAGE_LIMIT may be asked for, to see whether there is another page.
        """
        numbers = await self.numbers(wanted)
        if not numbers:
            return []
        shown = {"numbers": msgspec.json.encode(numbers).decode(), "parties": in_scope(wanted.parties)}
        return [_row(row) for row in await self._all("rows", shown)]

    async def numbers(self, wanted: MessageFilter) -> list[int]:
        """The numbers of messages that fit, newest first."""
        given = msgspec.structs.asdict(wanted)
        if wanted.parties is not None and wanted.sender in wanted.parties:
            # What a visitor's own participant sent is the visitor's.
            given["parties"] = None
        name = next((query for key, query in _LEADING if given[key] is not None), "newest")
        given["before"] = _NO_KEY if wanted.before is None else wanted.before
        given["reference_key"] = None if wanted.reference is None else reference_key(wanted.reference)
        given["mpan_key"] = None if wanted.mpan_digest is None else mpan_key(wanted.mpan_digest)
        given["parties"] = in_scope(given["parties"])
        given["limit"] = max(1, min(wanted.limit, PAGE_LIMIT + 1))
        return [row[0] for row in await self._all(name, given)]

    async def message(self, transaction_id: str, parties: Parties = None) -> MessageDetail | None:
        """Everything known of one message; to those who did not send it, what concerns them alone.

        None where there is none, or where the parties have nothing to do with it.
        """
        found = await self._all("one_message", (transaction_id,))
        if not found:
            return None
        number = (found[0][0],)
        detail = _detail(
            found[0],
            await self._all("deliveries_of", number),
            await self._all("journal_of", number),
            await self._all("statuses_of", number),
        )
        return detail if parties is None or detail.sender in parties else as_seen_by(detail, parties)

    async def message_of(self, party: DipId, interface: InterfaceId, reference: str) -> MessageDetail | None:
        """A message by its sender's reference, where the party sent it or it is addressed to it."""
        given = {
            "party": party,
            "interface": interface,
            "reference": reference,
            "reference_key": reference_key(reference),
        }
        found = await self._all("known_to", given)
        return await self.message(found[0][0]) if found else None

    async def kept_about(
        self, mpan_digest: bytes, kinds: Iterable[tuple[InterfaceId, EventCode]], *, before: int, limit: int
    ) -> list[Kept]:
        """The newest messages about an MPAN of these events of channels, in order of receipt."""
        given = {
            "mpan_digest": mpan_digest,
            "mpan_key": mpan_key(mpan_digest),
            "kinds": msgspec.json.encode(list(kinds)).decode(),
            "before": before,
            "limit": limit,
        }
        rows = await self._all("kept_about", given)
        return [Kept(row[0], InterfaceId(row[1]), EventCode(row[2])) for row in reversed(rows)]

    async def first_received_from(self, at: datetime) -> int | None:
        """From which number on messages were received at this time or later; None where there is none at all."""
        found = await self._all("first_received_from", {"at": microseconds(at)})
        return found[0][0] if found else None

    async def sent(self, messages: Iterable[int], *, limit: int, parties: Parties = None) -> list[Sent]:
        """What was sent on of the newest PAGE_LIMIT of these messages by number, in order; the newest `limit`."""
        numbers = msgspec.json.encode(sorted(messages)[-PAGE_LIMIT:]).decode()
        given = {"numbers": numbers, "parties": in_scope(parties), "limit": limit}
        return [_sent(row) for row in reversed(await self._all("sent_of_messages", given))]

    async def transactions(self, messages: Iterable[int], parties: Parties = None) -> dict[int, TransactionId]:
        """The transaction ids of the newest PAGE_LIMIT of these messages by number, as far as the parties know them."""
        numbers = msgspec.json.encode(sorted(messages)[-PAGE_LIMIT:]).decode()
        rows = await self._all("transactions_of", {"numbers": numbers, "parties": in_scope(parties)})
        return {number: TransactionId(transaction_id) for number, transaction_id in rows}

    async def run_names(self, runs: Iterable[int]) -> dict[int, str]:
        """The names of the newest PAGE_LIMIT of these imports of appointments by number."""
        numbers = msgspec.json.encode(sorted(runs)[-PAGE_LIMIT:]).decode()
        return dict(await self._all("appointment_run_names", {"numbers": numbers}))

    async def queues(self, parties: Parties = None) -> list[Queue]:
        """Every lane of the parties in which something waits or is handed out."""
        given = {"parties": in_scope(parties)}
        return [
            Queue(
                recipient=DipId(recipient),
                channel=channel,
                waiting=waiting,
                set_aside=aside,
                oldest=None if oldest is None else moment(oldest),
                leased=leased,
                dead=dead,
            )
            for recipient, channel, waiting, aside, oldest, leased, dead in await self._all("queues", given)
        ]

    async def _all(self, name: str, values: Mapping[str, Any] | tuple[Any, ...]) -> list[Any]:
        return await self._reader.all(name, values)


def _row(row: Any) -> MessageRow:
    return MessageRow(
        **marks_in(row),
        deliveries=msgspec.json.decode(row[9], type=dict[DeliveryState, int]),
        status_messages=row[10],
    )


def _detail(row: Any, deliveries: Iterable[Any], journal: Iterable[Any], statuses: Iterable[Any]) -> MessageDetail:
    return MessageDetail(
        **marks_in(row),
        envelope_reference=row[9],
        protected=bool(row[10]),
        archive_until=moment(row[11]),
        archived=bool(row[12]),
        evidence=Evidence(
            at=moment(row[13]),
            party=DipId(row[14]),
            method=row[15],
            url=row[16],
            content_hash=row[17],
            signature=row[18],
            signature_date=row[19],
            signing_certificate=row[20],
            tls_certificate=row[21],
            status=row[22],
            duration_us=row[23],
            note=row[24],
        ),
        # A status message about this one is a delivery too, but not one of this message.
        deliveries=tuple(_delivery(one) for one in deliveries if one[8] is None),
        journal=tuple(_journal(one) for one in journal),
        status_messages=tuple(_status(one) for one in statuses),
    )


def _delivery(row: Any) -> Delivery:
    return Delivery(
        recipient=DipId(row[0]),
        channel=row[1],
        state=DeliveryState(row[2]),
        sequence=row[3],
        attempts=row[4],
        queued_at=moment(row[5]),
        settled_at=None if row[6] is None else moment(row[6]),
        hidden=() if row[7] is None else msgspec.json.decode(row[7], type=tuple[str, ...]),
    )


def _sent(row: Any) -> Sent:
    return Sent(
        message=row[0],
        recipient=DipId(row[1]),
        state=DeliveryState(row[2]),
        attempts=row[3],
        queued_at=moment(row[4]),
        settled_at=None if row[5] is None else moment(row[5]),
        again=bool(row[6]),
        code=row[7],
        origin=None if row[8] is None else DipId(row[8]),
        reported_at=None if row[9] is None else moment(row[9]),
        roles=tuple(RoleCode(role) for role in (row[10] or "").split(",") if role),
        status_code=row[11],
    )


def _journal(row: Any) -> JournalRow:
    return JournalRow(
        at=moment(row[0]),
        stage=Stage(row[1]),
        status=Status(row[2]),
        status_code=row[3],
        recipient=None if row[4] is None else DipId(row[4]),
        duration_us=row[5],
        detail=row[6],
        method=row[7],
        url=row[8],
        call_status=row[9],
        call_duration_us=row[10],
        call_note=row[11],
        agent=None if row[12] is None else DipId(row[12]),
    )


def _status(row: Any) -> StatusRow:
    return StatusRow(
        at=moment(row[0]),
        code=row[1],
        recipient=DipId(row[2]),
        state=None if row[3] is None else DeliveryState(row[3]),
        origin=DipId(row[4]),
    )

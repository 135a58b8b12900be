"""What the audit report and the flow reports ask the store: bounded reads, through indexes alone (5.11.3)."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from dip.messages.identifiers import (
    DipId,
    TransactionId,
)
from dip.store.keys import mpan_key
from dip.store.message_marks import marks_in
from dip.store.page_records import Parties, in_scope
from dip.store.reader import Reader
from dip.store.records import DeliveryState
from dip.store.trail_records import GIVEN_UP, REFUSED, TOOK, AuditRow, FlowMessage

NO_KEY: Final = 2**63 - 1
"""Below this key: the newest."""
_BACK: Final = 100
_ON: Final = 300
_OF_A_CORRELATION: Final = 100
_GOOD: Final = range(200, 300)


class SqliteTrails:
    """Reads trails of messages on the pages' connection."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def of_interfaces(self, interfaces: Iterable[str], *, first: int, before: int, limit: int) -> list[int]:
        """Numbers of messages of these channels, newest first."""
        given = {"interfaces": _json(sorted(interfaces)), "first": first, "before": before, "limit": limit}
        return [row[0] for row in await self._reader.all("newest_of_interfaces", given)]

    async def of_envelope(
        self, envelope: str, *, sender: str | None, first: int, before: int, scan: int
    ) -> tuple[list[int], int | None]:
        """Numbers of messages with an envelope reference among so many, newest first; from where to look on."""
        given = {"envelope": envelope, "sender": sender, "first": first, "before": before, "scan": scan}
        ((last, count, numbers),) = await self._reader.all("newest_of_envelope", given)
        found = sorted(msgspec.json.decode(numbers, type=list[int]), reverse=True)
        return found, last if count == scan else None

    async def of_sender(
        self, sender: str, interfaces: Iterable[str], *, first: int, before: int, scan: int
    ) -> tuple[list[int], int | None]:
        """Numbers of a sender's messages of these channels among so many, newest first; from where to look on."""
        given = {
            "sender": sender,
            "interfaces": _json(sorted(interfaces)),
            "first": first,
            "before": before,
            "scan": scan,
        }
        ((last, count, numbers),) = await self._reader.all("newest_of_sender_and_interfaces", given)
        found = sorted(msgspec.json.decode(numbers, type=list[int]), reverse=True)
        return found, last if count == scan else None

    async def around(self, wanted: Iterable[tuple[bytes, int]]) -> list[int]:
        """Numbers of messages of MPANs (by digest) around a message each: some before it, more behind it."""
        pairs = [(mpan_key(digest), number) for digest, number in wanted]
        rows = await self._reader.all("around_of_mpans", {"wanted": _json(pairs), "back": _BACK, "on": _ON})
        return [row[0] for row in rows]

    async def of_correlations(self, correlations: Iterable[str]) -> list[int]:
        """Numbers of the first messages of each workflow (5.5.5)."""
        given = {"correlations": _json(sorted(correlations)), "limit": _OF_A_CORRELATION}
        return [row[0] for row in await self._reader.all("of_correlations", given)]

    async def flow_messages(
        self, numbers: Iterable[int], interfaces: Iterable[str], parties: Parties
    ) -> list[FlowMessage]:
        """These messages, as far as they are of these channels, in order of receipt; others' are marked unknown."""
        given = {
            "numbers": _json(sorted(set(numbers))),
            "interfaces": _json(sorted(set(interfaces))),
            "parties": in_scope(parties),
        }
        return [_flow_message(row) for row in await self._reader.all("flow_messages", given)]

    async def sealed(self, numbers: Iterable[int], *, most_bytes: int) -> dict[int, tuple[TransactionId, bytes]]:
        """What the archive holds of these messages, sealed; not those that are larger."""
        given = {"numbers": _json(sorted(numbers)), "most": most_bytes}
        return {row[0]: (TransactionId(row[1]), row[2]) for row in await self._reader.all("sealed_of", given)}

    async def audit(self, numbers: Iterable[int], parties: Parties, *, mpan: str | None = None) -> list[AuditRow]:
        """Lines of the audit report, newest first, as far as the parties know the messages."""
        given = {"numbers": _json(sorted(numbers)), "parties": in_scope(parties)}
        return [_audit_row(row, mpan) for row in await self._reader.all("audit_rows", given)]


def _json(value: Sequence[Any]) -> str:
    return msgspec.json.encode(value).decode()


def _flow_message(row: Any) -> FlowMessage:
    return FlowMessage(
        **marks_in(row),
        envelope_reference=row[9],
        mpan_digest=row[10],
        lost=row[11],
        to_nobody=bool(row[12]),
        known=bool(row[13]),
    )


def _audit_row(row: Any, mpan: str | None) -> AuditRow:
    states = msgspec.json.decode(row[12], type=list[tuple[str, DeliveryState]])

    def in_state(wanted: frozenset[DeliveryState]) -> tuple[DipId, ...]:
        return tuple(DipId(recipient) for recipient, state in states if state in wanted)

    return AuditRow(
        **marks_in(row),
        envelope_reference=row[9],
        # The message is there, so the call was taken; what is remembered of the answer may say otherwise.
        sent=row[10] is None or row[10] in _GOOD,
        dip=bool(row[11]),
        received=in_state(TOOK),
        failed=in_state(REFUSED),
        undelivered=in_state(GIVEN_UP),
        waiting=in_state(frozenset(DeliveryState) - TOOK - REFUSED - GIVEN_UP),
        mpan=mpan,
    )

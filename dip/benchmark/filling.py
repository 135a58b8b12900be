"""Fills a data directory as a server would have: the store's own taking in and settling, messages whole and sealed.

Only the checks of a request and the network are left out.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from dip.archive.archive import Archive
from dip.benchmark.even import sample
from dip.benchmark.stage import stage
from dip.client import Message, fresh
from dip.ground.clock import microseconds
from dip.ground.log import make_log
from dip.messages.envelope import AddressBlock, Envelope, TransactionBlock
from dip.messages.identifiers import (
    DIP,
    DipId,
    EventCode,
    InterfaceId,
    Receipt,
    RoleCode,
    correlation_id,
    transaction_id,
    unique_part,
)
from dip.messages.standard_response import Entry, StandardResponse
from dip.routing.route import Party, RecipientClass
from dip.security.master_key import MasterKeyFile
from dip.security.vault import Vault
from dip.store.records import Arrival, Exchange, NewDelivery, NewMessage, Outcome, Settlement, Stage, Status
from dip.store.sqlite import SqliteStore

CHANNEL = InterfaceId("IF-031")
SENDER, RECIPIENT = DipId("2300000001"), DipId("2200000001")
_ROLES = {SENDER: RoleCode("SUP"), RECIPIENT: RoleCode("REGS")}
_GROUP = 1000
"""Messages in a request: the most that one may have."""
_SENT_AT_ONCE = 100
_PAGE = 10_000
_HASH = "0" * 44
_SIGNATURE = "0" * 344
_FINGERPRINT = "0" * 64
_KEPT = timedelta(days=2557)


class Filler:
    """Puts IF-031 of one sender to one recipient into a store."""

    def __init__(self, store: SqliteStore, vault: Vault) -> None:
        self._store = store
        self._vault = vault
        self._archive = Archive(store.messages, vault, memory_bytes=0)
        self._template = sample("if-031-dsapp")

    async def fill(self, count: int, *, delivered: bool, made: Callable[[int], None]) -> list[str]:
        """So many messages, delivered or still waiting; their transaction ids in order. made: told how many."""
        transactions: list[str] = []
        while len(transactions) < count:
            group = [self._message() for _ in range(min(_GROUP, count - len(transactions)))]
            await self._store.messages.take_in(self._arrival(group))
            transactions += [message.transaction_id for message in group]
            if delivered:
                await self._settle(group)
            made(len(group))
        return transactions

    def waiting(self) -> list[int]:
        """The sequence numbers of what waits, in order of receipt."""
        store = self._store.messages
        lane = store.lane_of(RECIPIENT, CHANNEL)
        found: list[int] = []
        last = 0
        while lane is not None and (page := store.waiting({lane.id: last}, _PAGE)):
            found += [one.sequence for one in page]
            last = page[-1].id
        return found

    def archived(self, messages: Iterable[int]) -> bool:
        """Whether all of these messages open. Raises SealBroken."""
        wanted = set(messages)
        return self._archive.envelopes(wanted).keys() == wanted

    def _message(self) -> NewMessage:
        now = datetime.now(UTC)
        written = fresh(self._template, now)
        receipt = Receipt.at(now)
        unique = unique_part(receipt, 0)
        sender_role, recipient_role = _ROLES[SENDER], _ROLES[RECIPIENT]
        transaction = transaction_id(CHANNEL, SENDER, sender_role, receipt, unique)
        correlation = correlation_id(receipt, unique)
        wrapper = TransactionBlock(transaction, receipt.stamp, "PUB-031", correlation)
        common, custom = _raw(written)
        envelope = Envelope.assemble(common, AddressBlock([RECIPIENT], [], []), wrapper, custom)
        party = Party(RECIPIENT, recipient_role, RecipientClass.PRIMARY, "holds the role for the MPAN")
        payload = written["payload"]["CommonBlock"]
        return NewMessage(
            transaction_id=transaction,
            correlation_id=correlation,
            interface=CHANNEL,
            event=EventCode("[DSApp]"),
            sender=SENDER,
            sender_role=sender_role,
            reference=payload["S1"]["senderUniqueReference"],
            envelope_reference=None,
            mpan_digest=self._vault.digest(payload["M0"]["MPANCore"]),
            received_at=receipt.microseconds,
            same_content=lambda earlier, sealed: False,
            sealed=self._archive.seal(envelope, transaction),
            protected=False,
            archive_until=microseconds(now + _KEPT),
            deliveries=[NewDelivery(RECIPIENT)],
            checked_us=100,
            addressed=Status.SENT_TO_TOPIC,
            addressing=msgspec.json.encode({"recipients": [party], "notes": [], "faults": []}).decode(),
        )

    def _arrival(self, group: Sequence[NewMessage]) -> Arrival:
        def conclude(outcomes: Sequence[Outcome]) -> tuple[int, bytes]:
            entries = [
                Entry(
                    transaction_id=message.transaction_id,
                    sender_unique_reference=message.reference,
                    sent_timestamp="2026-01-01T00:00:00+00:00",
                    sender_id=DIP,
                    recipient_id=SENDER,
                    message="MSG0000 - Success",
                )
                for message in group
            ]
            return 201, msgspec.json.encode(StandardResponse(entries, "2026-01-01T00:00:00+00:00"))

        exchange = _exchange("in", SENDER, None)
        return Arrival(
            exchange=exchange,
            messages=group,
            all_or_nothing=False,
            conclude=conclude,
            seal=self._archive.seal_answer,
        )

    async def _settle(self, group: Sequence[NewMessage]) -> None:
        """Calls with a hundred messages each, all taken."""
        store = self._store.messages
        lane = store.lane_of(RECIPIENT, CHANNEL)
        if lane is None:
            return
        waiting = store.waiting({lane.id: 0}, len(group))
        for start in range(0, len(waiting), _SENT_AT_ONCE):
            ids = [one.id for one in waiting[start : start + _SENT_AT_ONCE]]
            await store.settle(
                Settlement(
                    exchange=_exchange("out", RECIPIENT, 202), recipient=RECIPIENT, stage=Stage.OUTBOUND, delivered=ids
                )
            )


@asynccontextmanager
async def filling(directory: Path) -> AsyncIterator[Filler]:
    """The store of a data directory that a server has set up, while no server runs on it."""
    store = SqliteStore(directory, group_limit=2000, log=make_log())
    try:
        master_key = MasterKeyFile(directory / "master.key").read()
        vault, new = Vault.opened(master_key, store.platform.data_keys(), datetime.now(UTC))
        await store.platform.add_data_keys(new)
        yield Filler(store, vault)
    finally:
        await store.close()


async def set_up(directory: Path, profile: str, channel: str = "", urls: dict[str, str] | None = None) -> None:
    """A first start by the server itself; webhooks that are to stand there from the start."""
    async with stage(profile, directory) as standing:
        if urls:
            await standing.post_to(channel, urls)


def _raw(message: Message) -> tuple[dict[str, msgspec.Raw], msgspec.Raw]:
    payload = message["payload"]
    common = {name: msgspec.Raw(msgspec.json.encode(block)) for name, block in payload["CommonBlock"].items()}
    return common, msgspec.Raw(msgspec.json.encode(payload["CustomBlock"]))


def _exchange(direction: str, party: DipId, status: int | None) -> Exchange:
    now = datetime.now(UTC)
    return Exchange(
        direction=direction,
        at=microseconds(now),
        party=party,
        method="POST",
        url="https://127.0.0.1:8443/dip-channel/IF-031",
        content_hash=_HASH,
        signature=_SIGNATURE,
        signature_date=now.isoformat(),
        signing_certificate=_FINGERPRINT,
        tls_certificate=_FINGERPRINT,
        status=status,
        duration_us=1000,
    )

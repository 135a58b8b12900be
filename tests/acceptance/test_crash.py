"""A server killed under load: what it acknowledged arrives, under the ids that it gave (FS-01, 5.4)."""

import asyncio
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from dip.client import Listener, ParticipantClient, Received, ServerNotReached, credentials_of
from dip.messages.identifiers import DipId
from tests.support.platform import ENCRYPTED, sample
from tests.support.process import server
from tests.support.waiting import until

SUPPLIER, REGISTRATION = DipId("2300000001"), DipId("2200000001")
BATCH = 5
SENDERS = 4
Message = dict[str, Any]


def reference_of(message: Message) -> str:
    return str(message["payload"]["CommonBlock"]["S1"]["senderUniqueReference"])


class Load:
    """Senders that post batches until the server is gone."""

    def __init__(self) -> None:
        self.sent: dict[str, Message] = {}
        self.acknowledged: dict[str, str] = {}
        """Transaction id by reference."""
        self._progress = asyncio.Condition()

    async def send(self, client: ParticipantClient) -> None:
        """Send until the server no longer answers."""
        while True:
            batch = [sample("if-031") for _ in range(BATCH)]
            self.sent |= {reference_of(message): message for message in batch}
            try:
                result = await client.send("IF-031", batch)
            except ServerNotReached:
                return
            async with self._progress:
                self.acknowledged |= {one.reference: one.transaction_id for one in result.accepted}
                self._progress.notify_all()

    async def reached(self, count: int) -> None:
        """Wait until so many messages are acknowledged."""
        async with asyncio.timeout(20), self._progress:
            await self._progress.wait_for(lambda: len(self.acknowledged) >= count)


class Arrivals:
    """Transaction ids by reference, of everything that the recipient was given."""

    def __init__(self) -> None:
        self.by_reference: defaultdict[str, set[str]] = defaultdict(set)

    async def take(self, received: Any) -> None:
        for one in received:
            self.note(one)

    def note(self, one: Received) -> None:
        self.by_reference[reference_of(one.item)].add(str(one.transaction_id))


def client_of(data: Path, api: str) -> ParticipantClient:
    return ParticipantClient(credentials_of(data, SUPPLIER), api, encrypted=ENCRYPTED)


@pytest.mark.parametrize("acknowledged", [1, 60, 200])
@pytest.mark.requirement("FS-01", "FS-14", "FS-34", "FS-59")
async def test_what_was_acknowledged_before_a_crash_arrives_after_it(data: Path, acknowledged: int) -> None:
    load, arrivals = Load(), Arrivals()
    async with Listener(credentials_of(data, REGISTRATION), handler=arrivals.take) as listener:
        async with server(data) as running:
            api = (await running.ready())["api"]
            async with ParticipantClient(credentials_of(data, REGISTRATION), api) as registration:
                await registration.configure_webhook("all", listener.url)
            async with client_of(data, api) as client:
                senders = [asyncio.create_task(load.send(client)) for _ in range(SENDERS)]
                await load.reached(acknowledged)
                await running.kill()
                await asyncio.gather(*senders)
        async with server(data) as running:
            api = (await running.ready())["api"]
            async with client_of(data, api) as client:
                await until(lambda: load.acknowledged.keys() <= arrivals.by_reference.keys(), 20)
                await sent_again(load, client)
            await until(lambda: load.sent.keys() <= arrivals.by_reference.keys(), 20)
            assert (await running.stop()).code == 0
    assert {reference: {transaction} for reference, transaction in load.acknowledged.items()} == {
        reference: arrivals.by_reference[reference] for reference in load.acknowledged
    }
    assert len(set(load.acknowledged.values())) == len(load.acknowledged) == len(load.sent)


async def sent_again(load: Load, client: ParticipantClient) -> None:
    """Send everything again, as a sender does that had no answer: nothing is taken twice, no id changes."""
    everything = list(load.sent.values())
    for start in range(0, len(everything), 100):
        result = await client.send("IF-031", everything[start : start + 100])
        assert result.status == 202, result
        for one in result.accepted:
            assert load.acknowledged.setdefault(one.reference, one.transaction_id) == one.transaction_id

"""Every message of every channel, replayed and requeued, has its published format still (5.5.11)."""

from collections.abc import Sequence
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from dip.channels.channel import EVERY_ROLE, Channel, Event
from dip.channels.examples import example
from dip.messages.envelope import AddressBlock, Envelope, TransactionBlock
from dip.messages.identifiers import DIP, CorrelationId, DipId, Receipt, TransactionId, unique_part
from tests.conftest import Serve
from tests.contract.store.records import arrival, message
from tests.integration.replay.asking import ask, elements
from tests.support.platform import Platform
from tests.support.waiting import until

SENDER = DipId("2300000001")


def events_of(channel: Channel) -> Sequence[Event]:
    return list(channel.events.values())


def recipient_of(platform: Platform, channel: Channel) -> DipId | None:
    """A participant that the channel goes to."""
    participants = sorted(platform.dip.participants.value, key=lambda one: one.dip_id)
    return next(
        (
            one.dip_id
            for one in participants
            if one.dip_id != DIP and (EVERY_ROLE in channel.recipients or channel.recipients & set(one.roles))
        ),
        None,
    )


async def commit(platform: Platform, channel: Channel, recipient: DipId) -> None:
    """A message of each of the channel's events for the recipient, as intake would leave it."""
    receipt = Receipt.at(platform.dip.clock.now())
    new = []
    for number, event in enumerate(events_of(channel)):
        payload = example(event.format.schema())
        payload["CommonBlock"]["S0"]["eventCode"] = event.code
        transaction = TransactionId(f"T-{channel.id}-{SENDER}-SUP-{receipt.day}-{unique_part(receipt, number)}")
        blocks = {name: msgspec.Raw(msgspec.json.encode(block)) for name, block in payload["CommonBlock"].items()}
        wrapper = TransactionBlock(
            transaction,
            receipt.stamp,
            channel.publication,
            CorrelationId(f"CI-{receipt.day}-{unique_part(receipt, 0)}"),
        )
        custom = msgspec.json.encode(payload["CustomBlock"]) if "CustomBlock" in payload else None
        envelope = Envelope.assemble(blocks, AddressBlock([recipient], [], []), wrapper, custom)
        made = message(f"{channel.id} {number}", recipient, transaction=transaction, interface=channel.id)
        made.event = event.code
        made.received_at = receipt.microseconds
        made.archive_until = receipt.microseconds + 10**12
        made.sealed = platform.dip.archive.seal(envelope, transaction)
        new.append(made)
    taken = await platform.dip.store.messages.take_in(arrival(*new))
    platform.dip.dispatcher.wake(taken.lanes)


def faults(channel: Channel, payloads: Sequence[Any]) -> list[str]:
    """What the formats of the channel's events say of these payloads, one of each event in order."""
    found = []
    assert len(payloads) == len(events_of(channel))
    for event, payload in zip(events_of(channel), payloads, strict=True):
        validator = jsonschema_rs.validator_for(event.format.schema())
        found += [f"{channel.id} {event.code}: {error.message[:200]}" for error in validator.iter_errors(payload)]
        if payload["CommonBlock"]["D0"]["replayIndicator"] is not True:
            found.append(f"{channel.id} {event.code}: no replay")
    return found


@pytest.mark.requirement("FS-32")
@pytest.mark.parametrize("profile", ["spec", "live"])
async def test_every_message_has_its_published_format_when_it_is_replayed_and_when_it_is_requeued(
    serve: Serve, profile: str
) -> None:
    wrong: list[str] = []
    for_nobody: set[str] = set()
    async with serve(profile=profile) as platform:
        for channel in platform.dip.registry.value.channels.values():
            recipient = recipient_of(platform, channel)
            if recipient is None:
                for_nobody.add(channel.id)
                continue
            await commit(platform, channel, recipient)
            found = elements(await ask(platform, dip_id=recipient, channel=channel.id))
            beside = {"payload", "originalTransaction"} if profile == "spec" else {"payload"}
            assert {frozenset(one) for one in found} == {frozenset(beside)}
            wrong += faults(channel, [one["payload"] for one in found])
            wrong += await requeued(platform, channel, recipient)
    assert wrong == []
    assert for_nobody == {"IF-015"}


async def requeued(platform: Platform, channel: Channel, recipient: DipId) -> list[str]:
    """What is wrong with the messages after they were taken once and requeued."""
    client = await platform.client(recipient)
    first = await client.pull(channel.id)
    assert len(first.items) == len(events_of(channel))
    await client.acknowledge(channel.id, first.entries, lease=first.lease)
    run = await client.requeue(channel.id)

    async def done() -> bool:
        return (await client.requeue_status(channel.id, run))[0].status == "Completed"

    await until(done)
    again = await client.call("GET", f"/dip-channel/{channel.id}/messages/{recipient}")
    return faults(channel, [one["payload"] for one in elements(again)])

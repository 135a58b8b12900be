"""A supplier that sends appointment requests to a registration service whose webhook the test plays."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from dip.client import Accepted
from tests.integration.delivery.receiver import Answering, Receiver
from tests.support.platform import Platform, sample

SUPPLIER = "2300000001"
REGISTRATION = "2200000001"

Receive = Callable[..., Awaitable[Receiver]]


@pytest.fixture
async def receive() -> AsyncIterator[Receive]:
    """Opens webhooks: `await receive(platform, "2200000001", "IF-031", answering=…, max_message_count=…)`."""
    async with AsyncExitStack() as stack:

        async def opened(
            platform: Platform,
            dip_id: str = REGISTRATION,
            *channels: str,
            answering: Answering | None = None,
            **limits: int,
        ) -> Receiver:
            made = await stack.enter_async_context(Receiver(platform.credentials(dip_id), answering))
            client = await platform.client(dip_id)
            for channel in channels or ("IF-031",):
                await client.configure_webhook(channel, made.url(), **limits)
            return made

        yield opened


async def send(platform: Platform, count: int = 1, name: str = "if-031", sender: str = SUPPLIER) -> list[Accepted]:
    """Send so many fresh samples in one request; what the DIP said of each."""
    client = await platform.client(sender)
    messages = [sample(name) for _ in range(count)]
    channel = messages[0]["payload"]["CommonBlock"]["S0"]["interfaceID"]
    result = await client.send(channel, messages)
    assert result.all_accepted, result
    return result.accepted


async def state_of(platform: Platform, transaction: str, recipient: str = REGISTRATION) -> str:
    """The state of the delivery of a message to a recipient."""
    detail = await platform.dip.store.pages.message(transaction)
    assert detail is not None
    (state,) = (one.state for one in detail.deliveries if one.recipient == recipient and one.channel != "statusmessage")
    return str(state)


async def journal_of(platform: Platform, transaction: str, recipient: str = REGISTRATION) -> list[str]:
    """The outcomes of every attempt to deliver a message to a recipient, in order."""
    detail = await platform.dip.store.pages.message(transaction)
    assert detail is not None
    return [str(row.status) for row in detail.journal if row.recipient == recipient]


def endpoint_of(platform: Platform, recipient: str = REGISTRATION) -> Any:
    """How the only endpoint of a recipient is doing."""
    (found,) = (one for one in platform.dip.dispatcher.endpoints() if one.recipient == recipient)
    return found

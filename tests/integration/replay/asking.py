"""A registration service that asks for what it was sent, and messages sent a minute apart to be asked for."""

from datetime import timedelta
from typing import Any

import msgspec

from dip.client import Accepted, Answer, ParticipantClient
from dip.ground.clock import Clock
from dip.messages.timestamps import wire_time
from tests.integration.delivery.conftest import REGISTRATION, SUPPLIER, send
from tests.support.platform import Platform

TOKEN = "X-Continuation-Token"
ALL: dict[str, Any] = {"datetimeFrom": None, "datetimeTo": None, "eventCode": None, "MPAN": None, "version": None}
MINUTE = timedelta(minutes=1)
CHANNEL = "IF-031"
PLENTY: dict[str, Any] = {
    "datetimeFrom": "2020-01-01T00:00:00+00:00",
    "datetimeTo": "2090-01-01T00:00:00+00:00",
}
"""A StatusMessageRequest for everything."""

__all__ = ["ALL", "CHANNEL", "MINUTE", "PLENTY", "REGISTRATION", "SUPPLIER", "TOKEN", "send"]


async def ask(
    platform: Platform,
    wanted: Any = None,
    *,
    verb: str = "replay",
    dip_id: str = REGISTRATION,
    of: str | None = None,
    channel: str = CHANNEL,
    token: str | None = None,
) -> Answer:
    """Call replay or requeue; `of`: whose messages, the caller's own where it is not said."""
    client = await platform.client(dip_id)
    base = "/statusmessage" if channel == "statusmessage" else f"/dip-channel/{channel}"
    default = PLENTY if channel == "statusmessage" else ALL
    body = wanted if isinstance(wanted, bytes) else msgspec.json.encode(default if wanted is None else wanted)
    headers = {} if token is None else {TOKEN: token}
    return await client.call("POST", f"{base}/{verb}/{of or dip_id}", body, headers=headers)


async def progress(
    client: ParticipantClient, requeue: str, channel: str = CHANNEL, ends: str = "Completed"
) -> dict[str, Any] | None:
    """How a requeue stands once it has ended so; None before."""
    (found,) = await client.requeue_status(channel, requeue)
    return msgspec.to_builtins(found) if found.status == ends else None


def elements(answer: Answer) -> list[dict[str, Any]]:
    """The elements of an answer."""
    found: list[dict[str, Any]] = msgspec.json.decode(answer.body)
    return found


def references(answer: Answer) -> list[str]:
    """The senders' references of the messages in an answer, in order."""
    return [one["payload"]["CommonBlock"]["S1"]["senderUniqueReference"] for one in elements(answer)]


def help_of(answer: Answer) -> str:
    """What a refusal says."""
    body = msgspec.json.decode(answer.body)
    return str(body["messageArray"][0]["help"])


async def minute_by_minute(platform: Platform, clock: Clock, count: int) -> tuple[list[Accepted], list[str]]:
    """So many messages, each a minute of business time after the last, and the times at which they were received."""
    sent: list[Accepted] = []
    times: list[str] = []
    for _ in range(count):
        clock.advance(MINUTE)
        sent += await send(platform)
        kept = await platform.dip.store.pages.message(sent[-1].transaction_id)
        assert kept is not None
        times.append(wire_time(kept.received_at))
    return sent, times

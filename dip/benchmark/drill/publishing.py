"""Scenarios of pattern B: a payload comes in several requests, and is announced when it is whole (5.6)."""

import asyncio
import http.client
from hashlib import sha256
from secrets import SystemRandom
from typing import Final

import aiohttp

from dip.benchmark.drill.fault import Fault
from dip.benchmark.drill.market import Market, NotRun, reference_of
from dip.benchmark.drill.payload import SentPayload, sent_payload
from dip.benchmark.drill.traffic import all_arrived
from dip.benchmark.publications.announcement import announcement
from dip.benchmark.publications.tus import Tus, UploadAnswered
from dip.ground.log import make_log
from dip.store.publication_records import PayloadState, PublicationFilter
from dip.store.sqlite import SqliteStore

REQUESTS: Final = 3
_SIZE: Final = 7_000_001
_LARGE_SIZE: Final = 64_000_001
_ROUNDS: Final = 5
_PATIENCE_S: Final = 60.0
_OK, _NOT_FOUND = 200, 404


async def publish(market: Market, fault: Fault | None) -> None:
    """A payload is uploaded and announced, and the server dies at some step of it."""
    market.payload = sent_payload(_SIZE, REQUESTS)
    await market.start(fault)
    await market.listen()
    if await _upload(market, market.payload):
        await _announce(market, market.payload)
    await market.died()
    market.acknowledged_before += market.payload.answers


async def publish_on(market: Market, fault: Fault | None) -> None:
    """The upload goes on where the server says, and the same message announces it."""
    payload = _payload(market)
    await market.start()
    await look(market, payload)
    if not await _upload(market, payload):
        raise NotRun("the upload can't be gone on with")
    await look(market, payload)
    await _announce(market, payload)
    await all_arrived(market)
    if payload.message is None or reference_of(payload.message) not in market.acknowledged:
        market.amiss.append("a whole payload that can't be announced")
    await look(market, payload)


async def publish_under_fire(market: Market, fault: Fault | None) -> None:
    """One request brings all of a payload, and the server is killed in the midst of it, several times."""
    market.payload = sent_payload(_LARGE_SIZE, 1)
    for number in range(_ROUNDS):
        await market.start()
        if number == 0:
            await market.listen()
        await look(market, market.payload)
        sending = asyncio.create_task(_upload(market, market.payload))
        await asyncio.sleep(SystemRandom().uniform(0.02, 0.3))
        market.server.kill()
        await market.died()
        await sending
    market.acknowledged_before += market.payload.answers


async def wrong_with_payload(market: Market) -> list[str]:
    """What is other than it should be in the end; the server must have stopped."""
    payload = market.payload
    if payload is None:
        return []
    store, wrong = SqliteStore(market.directory, group_limit=1, log=make_log()), list[str]()
    try:
        held = store.publications.payload(market.trade.channel, payload.said.name, payload.said.version)
        if held is None or held.state is not PayloadState.PUBLISHED:
            wrong.append("the payload is not published")
        found = await store.publications.publications(PublicationFilter(channel=market.trade.channel, limit=10))
        if len(found) != 1:
            wrong.append(f"announced {len(found)} times")
    finally:
        await store.close()
    return wrong


async def _upload(market: Market, payload: SentPayload) -> bool:
    """Send what is missing, and note what is acknowledged; whether the server lived to take all of it."""
    try:
        return await asyncio.to_thread(_send, market, payload)
    except (OSError, http.client.HTTPException):
        return False


def _send(market: Market, payload: SentPayload) -> bool:
    tus = Tus(market.sender, market.api)
    try:
        begun = tus.begin(market.trade.channel, payload.said)
        if begun.is_new and payload.begun:
            market.amiss.append("an upload that was begun is not known any more")
        payload.begun, payload.uri = True, begun.uri
        payload.answers += 1
        offset = tus.offset(begun.path) if begun.path else payload.said.size
        if offset < payload.acknowledged:
            market.amiss.append(f"{payload.acknowledged - offset} bytes that were acknowledged are lost")
        step = -(-payload.said.size // payload.requests)
        while offset < payload.said.size:
            piece = payload.content[offset : offset + step]
            offset = tus.append(begun.path, offset, piece, len(piece))
            payload.acknowledged = offset
            payload.answers += 1
    except UploadAnswered as exc:
        market.amiss.append(str(exc))
        return False
    finally:
        tus.close()
    return True


async def _announce(market: Market, payload: SentPayload) -> None:
    """Send the message that announces it; a second time it is the same one."""
    if payload.message is None:
        payload.message = announcement(payload.said, payload.uri)
        market.sent[reference_of(payload.message)] = payload.message
    await market.send([payload.message])


async def look(market: Market, payload: SentPayload) -> None:
    """What a reader sees: nothing before the announcement, all of it behind it, never a part."""
    uri = f"{market.portal}/publications/{market.trade.channel}/{payload.said.name}/{payload.said.version}"
    timeout = aiohttp.ClientTimeout(total=_PATIENCE_S)
    async with aiohttp.ClientSession(timeout=timeout) as session, session.get(uri) as answer:
        content = await answer.read()
    message = payload.message
    must_be = message is not None and reference_of(message) in market.acknowledged
    if answer.status not in (_OK, _NOT_FOUND):
        market.amiss.append(f"a reader is answered with {answer.status}")
    elif answer.status == _OK and message is None:
        market.amiss.append("a payload can be read that nobody announced")
    elif answer.status == _NOT_FOUND and must_be:
        market.amiss.append("a payload can't be read that was announced")
    elif answer.status == _OK and sha256(content).hexdigest() != payload.said.sha256:
        market.amiss.append("a reader gets other bytes than were sent")


def _payload(market: Market) -> SentPayload:
    if market.payload is None:
        raise NotRun("nothing was uploaded")
    return market.payload

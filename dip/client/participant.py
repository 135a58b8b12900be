"""A participant's side of the API: sign, encrypt, send, configure webhooks."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import aiohttp
import msgspec

from dip.client.credentials import Credentials
from dip.client.errors import CallRefused
from dip.client.fetching import Fetched, Pulled, events_of, read_event, read_pulled
from dip.client.messages import Message, interface_of
from dip.client.prepared import Prepared
from dip.client.replay import RequeueProgress, request_body, sent_path
from dip.client.responses import response
from dip.client.results import Answer, SendResult
from dip.client.server import not_reached
from dip.ground.clock import Clock
from dip.messages.headers import API_KEY, CONTINUATION, LAST_EVENT, LEASE
from dip.messages.identifiers import DipId
from dip.messages.standard_response import Entry

MIXED = ""
"""In place of a channel: an array whose messages belong to several channels (spec profile)."""
ALL_CHANNELS = "all"
STATUS_MESSAGES = "statusmessage"


class ParticipantClient:
    """Calls the DIP for one participant over mTLS; an async context manager with one HTTP session.

    encrypted names the channels whose CustomBlock is encrypted on the way in (patterns of security, 5.2.2);
    it counts in the spec profile alone. on_behalf_of: the participant for which these credentials' holder acts as its
    agent: everything is sent, fetched and configured for that one.
    """

    def __init__(
        self,
        credentials: Credentials,
        api_url: str,
        *,
        profile: str = "spec",
        encrypted: Collection[str] = (),
        on_behalf_of: str | None = None,
        clock: Clock | None = None,
        timeout_s: float = 60,
    ) -> None:
        self.credentials = credentials
        self.party = DipId(on_behalf_of or credentials.dip_id)
        """Whose messages these are."""
        self._api = api_url.rstrip("/")
        self._profile = profile
        self._encrypted = frozenset(encrypted)
        self._clock = clock or Clock()
        self._timeout = aiohttp.ClientTimeout(total=timeout_s, sock_connect=10)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(ssl=self.credentials.calling_context())
        self._session = aiohttp.ClientSession(connector=connector, timeout=self._timeout)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(
        self,
        channel_id: str,
        messages: Sequence[Message] | bytes,
        *,
        encrypt: bool | None = None,
        wait: float | None = None,
    ) -> SendResult:
        """Post messages to a channel, or to several with MIXED; bytes go out as they are.

        encrypt None leaves it to the channel and the profile; True and False decide for all messages.
        An agent's DIP id is filled in as their DIPConnectionProviderID.
        wait asks for the correlated reply within so many seconds (request and reply).
        Raises ServerNotReached; a refusal is a result.
        """
        path = f"/dip-channel/{channel_id}" if channel_id else "/dip-channel"
        if wait is not None:
            path += f"?wait={wait:g}"
        body = messages if isinstance(messages, bytes) else await asyncio.to_thread(self.written, messages, encrypt)
        answer = await self.call("POST", path, body, patience_s=wait or 0)
        result = SendResult.read(answer, repeats_succeed=self._profile == "live")
        if result.reply:
            opened = await asyncio.to_thread(
                lambda: [self.credentials.opened(message) for message in result.reply or ()]
            )
            return msgspec.structs.replace(result, reply=opened)
        return result

    async def configure_webhook(
        self,
        channel_id: str,
        url: str,
        *,
        max_message_count: int | None = None,
        max_payload_size: int | None = None,
        max_calls_in_flight: int | None = None,
        max_calls_a_second: float | None = None,
    ) -> None:
        """Have the channel's messages posted to `url`; for ALL_CHANNELS (spec) or STATUS_MESSAGES too.

        max_payload_size is in kB; with several calls in flight one may overtake another. Raises CallRefused and
        ServerNotReached.
        """
        limits = {
            "maxMessageCount": max_message_count,
            "maxPayloadSize": max_payload_size,
            "maxCallsInFlight": max_calls_in_flight,
            "maxCallsASecond": max_calls_a_second,
        }
        wanted = {"callbackURL": url} | {name: limit for name, limit in limits.items() if limit is not None}
        answer = await self.call("POST", self._webhook_path(channel_id), msgspec.json.encode(wanted))
        answer.require(201)

    async def remove_webhook(self, channel_id: str) -> None:
        """Stop the posting; messages wait from then on. Raises CallRefused and ServerNotReached."""
        (await self.call("DELETE", self._webhook_path(channel_id))).require(204)

    async def report(self, entries: Sequence[Entry]) -> SendResult:
        """Post status messages: what became of messages received earlier (validation level 4)."""
        agent = self._agent
        given = [
            msgspec.structs.replace(one, connection_provider_id=one.connection_provider_id or agent) for one in entries
        ]
        answer = await self.call("POST", "/statusmessage", msgspec.json.encode(given))
        return SendResult.read(answer, repeats_succeed=False)

    async def replay(self, channel_id: str, **wanted: Any) -> AsyncIterator[Message]:
        """What this participant was sent on a channel, or as STATUS_MESSAGES, once more and in order; decrypted.

        wanted: the keys of the published request, such as datetimeFrom or transactionIDs. Reads page after page.
        Raises CallRefused and ServerNotReached.
        """
        path, body = sent_path(channel_id, "replay", self.party), request_body(channel_id, wanted)
        token: str | None = None
        while True:
            headers = {} if token is None else {CONTINUATION: token}
            answer = await self.call("POST", path, body, headers=headers)
            answer.require(200, 206)
            for message in await asyncio.to_thread(self._opened, answer.body):
                yield message
            token = answer.headers.get(CONTINUATION)
            if token is None:
                return

    async def requeue(self, channel_id: str, **wanted: Any) -> str:
        """Have what this participant was sent on a channel, or as STATUS_MESSAGES, delivered once more.

        Returns the requeue's id. Raises CallRefused (429 while another one is under way) and ServerNotReached.
        """
        path = sent_path(channel_id, "requeue", self.party)
        answer = await self.call("POST", path, request_body(channel_id, wanted))
        answer.require(202)
        return msgspec.json.decode(answer.body, type=str)

    async def requeue_status(self, channel_id: str, requeue_id: str | None = None) -> list[RequeueProgress]:
        """How far this participant's requeues are, the newest first; or the one of that id."""
        query = "" if requeue_id is None else f"?requeue-id={quote(requeue_id)}"
        answer = await self.call("GET", sent_path(channel_id, "requeueStatus", self.party) + query)
        answer.require(200, 204)
        return msgspec.json.decode(answer.body, type=list[RequeueProgress]) if answer.status == 200 else []

    async def pull(self, channel_id: str, *, most: int | None = None, wait: float | None = None) -> Pulled:
        """Fetch messages of a channel, or STATUS_MESSAGES, at most so many; waits so many seconds for the first.

        They stay this participant's for the time of a lease; what is not acknowledged in it comes again. Raises
        CallRefused, ServerNotReached, SignatureRefused.
        """
        asked = {"max": most, "wait": wait}
        query = "&".join(f"{name}={value:g}" for name, value in asked.items() if value is not None)
        path = sent_path(channel_id, "messages", self.party) + (f"?{query}" if query else "")
        answer = await self.call("GET", path, patience_s=wait or 0)
        answer.require(200, 204)
        return await asyncio.to_thread(read_pulled, self.credentials, self._api + path, answer, self._clock)

    async def acknowledge(self, channel_id: str, entries: Sequence[Entry], *, lease: str | None = None) -> SendResult:
        """Say of messages that were pulled or streamed whether they are accepted; a refusal is a result.

        lease: of the pull; a message that was handed out again since is not touched then. Raises ServerNotReached.
        """
        path = sent_path(channel_id, "messages", self.party) + "/ack"
        headers = {} if lease is None else {LEASE: lease}
        body = response(entries, self._clock.now())
        return SendResult.read(await self.call("POST", path, body, headers=headers), repeats_succeed=False)

    async def stream(self, channel_id: str, *, last_event_id: int | None = None) -> AsyncIterator[Fetched]:
        """Messages of a channel, or STATUS_MESSAGES, as they come; ends when the server ends it.

        last_event_id: of the last one that an earlier stream brought. What comes is to be acknowledged, else the
        stream stops after a while. Raises CallRefused, ServerNotReached, SignatureRefused.
        """
        path = sent_path(channel_id, "stream", self.party)
        headers = {} if last_event_id is None else {LAST_EVENT: str(last_event_id)}
        timeout = aiohttp.ClientTimeout(sock_connect=self._timeout.sock_connect, sock_read=self._timeout.total)
        try:
            async with self._request(await self.prepare("GET", path, b"", headers), timeout) as answer:
                if answer.status != 200:
                    Answer(answer.status, await answer.read(), dict(answer.headers)).require(200)
                async for number, data in events_of(answer.content.iter_any()):
                    yield await asyncio.to_thread(
                        read_event, self.credentials, self._api + path, number, data, answer.headers, self._clock
                    )
        except (aiohttp.ClientError, TimeoutError, ValueError) as fault:
            raise not_reached(self._api, fault) from fault

    async def call(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        headers: Mapping[str, str] | None = None,
        patience_s: float = 0,
    ) -> Answer:
        """One signed call of any operation; path stands under the API's URL.

        path carries the query, percent-encoded where it must be.
        patience_s is added to the time in which the answer must have come. Raises ServerNotReached.
        """
        return await self.perform(await self.prepare(method, path, body, headers), patience_s=patience_s)

    async def prepare(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Prepared:
        """The signed call, not sent yet. headers: go out as they are, also in place of those that are made."""
        url = self._api + path
        made = {"Content-Type": "application/json", API_KEY: self.credentials.identity.api_key}
        made |= await asyncio.to_thread(self.credentials.signer.headers, method, url, body, self._clock.wall())
        return Prepared(method, url, made | dict(headers or {}), body)

    async def perform(self, call: Prepared, *, patience_s: float = 0, most_bytes: int | None = None) -> Answer:
        """Send a call that was prepared. most_bytes: of the answer's body; the rest is not read.

        Raises ServerNotReached.
        """
        timeout = aiohttp.ClientTimeout(
            total=(self._timeout.total or 60) + patience_s, sock_connect=self._timeout.sock_connect
        )
        try:
            async with self._request(call, timeout) as answer:
                body = await answer.read() if most_bytes is None else await _head(answer, most_bytes)
                return Answer(answer.status, body, dict(answer.headers))
        except (aiohttp.ClientError, TimeoutError) as fault:
            raise not_reached(self._api, fault) from fault

    def written(self, messages: Sequence[Message], encrypt: bool | None = None) -> bytes:
        """The body with these messages, encrypted as `send` would; blocks a thread for a while."""
        return msgspec.json.encode([self._closed(self._provided(message), encrypt) for message in messages])

    async def transfer(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: AsyncIterator[bytes] | None = None,
        *,
        stall_s: float = 60,
    ) -> Answer:
        """One call that is not signed and may carry any number of bytes: of an upload.

        Ends when no byte of the body was taken, or no answer came, for so many seconds. Raises ServerNotReached.
        """
        session = self._opened_session()
        now_s = asyncio.get_running_loop().time
        try:
            async with asyncio.timeout(stall_s) as limit:

                async def watched(content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
                    async for piece in content:
                        limit.reschedule(now_s() + stall_s)
                        yield piece

                async with session.request(
                    method,
                    self._api + path,
                    data=None if body is None else watched(body),
                    headers={API_KEY: self.credentials.identity.api_key} | dict(headers),
                    timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._timeout.sock_connect),
                    allow_redirects=False,
                ) as answer:
                    return Answer(answer.status, await answer.read(), answer.headers)
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as fault:
            raise not_reached(self._api, fault) from fault

    def _opened_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise CallRefused("The client is not open: use `async with`.")
        return self._session

    @asynccontextmanager
    async def _request(self, call: Prepared, limits: aiohttp.ClientTimeout) -> AsyncIterator[aiohttp.ClientResponse]:
        async with self._opened_session().request(
            call.method,
            call.url,
            data=call.body,
            headers=call.headers,
            timeout=limits,
            allow_redirects=False,
        ) as answer:
            yield answer

    def _opened(self, body: bytes) -> list[Message]:
        return [self.credentials.opened(message) for message in msgspec.json.decode(body, type=list[Message])]

    @property
    def _agent(self) -> DipId | None:
        """Who acts for the party; None where it is the party itself."""
        own = self.credentials.identity.dip_id
        return own if own != self.party else None

    def _provided(self, message: Message) -> Message:
        """The message with the agent that sends it."""
        if self._agent is None:
            return message
        payload = message["payload"]
        common = payload["CommonBlock"]
        sender = common["S1"] | {"DIPConnectionProviderID": self._agent}
        return {**message, "payload": {**payload, "CommonBlock": {**common, "S1": sender}}}

    def _closed(self, message: Message, encrypt: bool | None) -> Message:
        if encrypt is None:
            encrypt = self._profile == "spec" and interface_of(message) in self._encrypted
        block = message["payload"].get("CustomBlock")
        if not encrypt or not isinstance(block, dict):
            return message
        sealed = self.credentials.encryptor.encrypt(msgspec.json.encode(block))
        return {**message, "payload": {**message["payload"], "CustomBlock": sealed}}

    def _webhook_path(self, channel_id: str) -> str:
        if channel_id == STATUS_MESSAGES:
            return f"/statusmessage/config/{self.party}"
        return f"/dip-channel/{channel_id}/pubconfig/{self.party}"


async def _head(answer: aiohttp.ClientResponse, most_bytes: int) -> bytes:
    """The first bytes of an answer's body, all of it where it is no longer."""
    read = bytearray()
    while len(read) < most_bytes and (piece := await answer.content.read(most_bytes - len(read))):
        read += piece
    return bytes(read)

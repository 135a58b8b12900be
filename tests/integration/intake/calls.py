"""Calls of participants with any part of them wrong: body, signature, certificates, address."""

import base64
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from dip.ground.clock import Clock
from dip.security.signing import content_hash, signature_date
from tests.support.platform import Platform, changed, sample

SUPPLIER = "2300000001"
OTHER_SUPPLIER = "2300000002"
REGISTRATION = "2200000001"
NOBODY = ""
COUNTS = {
    "message": "SELECT count(*) FROM message",
    "delivery": "SELECT count(*) FROM delivery",
    "status_message": "SELECT count(*) FROM status_message",
}
Message = dict[str, Any]


class Call(msgspec.Struct, kw_only=True):
    """One call, right in everything that is not set otherwise."""

    body: bytes = b""
    path: str = "/dip-channel/IF-031"
    method: str = "POST"
    caller: str = SUPPLIER
    """Whose client certificate; NOBODY: none."""
    signer: str = SUPPLIER
    signed_method: str | None = None
    signed_path: str | None = None
    signed_url: str | None = None
    signed_body: bytes | None = None
    signed_ago: timedelta = timedelta(0)
    headers: Mapping[str, str | None] = {}
    """Replaced, or with None left out."""
    streamed: bool = False
    """Without Content-Length."""


class Reply(msgspec.Struct):
    """An answer of the API, its entries as plain objects."""

    status: int
    entries: list[dict[str, Any]]
    headers: Mapping[str, str]

    @property
    def code(self) -> str:
        """The code of the first entry."""
        return str(self.entries[0]["message"]).partition(" - ")[0]

    @property
    def codes(self) -> list[str]:
        """The code of each entry."""
        return [str(entry["message"]).partition(" - ")[0] for entry in self.entries]

    @property
    def help(self) -> str:
        """The help of all entries."""
        return " | ".join(str(entry["help"]) for entry in self.entries)


class Calls:
    """Makes calls to one platform; a session for each client certificate."""

    def __init__(self, platform: Platform, stack: AsyncExitStack) -> None:
        self.platform = platform
        self._stack = stack
        self._sessions: dict[str, aiohttp.ClientSession] = {}

    async def make(self, call: Call) -> Reply:
        """Make the call."""
        base = self.platform.dip.api_url
        session = await self._session(call.caller)
        body = call.body if call.signed_body is None else call.signed_body
        headers: dict[str, str | None] = {
            "Content-Type": "application/json",
            **self.platform.credentials(call.signer).signer.headers(
                call.signed_method or call.method,
                call.signed_url or base + (call.signed_path or call.path),
                body,
                Clock().wall() - call.signed_ago,
            ),
            **call.headers,
        }
        if call.signed_method:
            headers |= _with_method_as_it_is(self.platform, call, base)
        async with session.request(
            call.method,
            base + call.path,
            data=_stream(call.body) if call.streamed else call.body,
            headers={name: value for name, value in headers.items() if value is not None},
        ) as answer:
            content = await answer.read()
            decoded = msgspec.json.decode(content) if content else {}
            assert isinstance(decoded, dict), content
            return Reply(answer.status, decoded.get("messageArray", []), dict(answer.headers))

    async def post(self, *messages: Message, path: str = "/dip-channel/IF-031", sender: str = SUPPLIER) -> Reply:
        """Post messages as they are."""
        return await self.make(Call(body=array(*messages), path=path, caller=sender, signer=sender))

    def closed(self, message: Message, sender: str = SUPPLIER) -> Message:
        """The message with its CustomBlock encrypted, where the profile asks for it."""
        if not self.platform.dip.settings.switches.encrypts_custom_block:
            return message
        block = msgspec.json.encode(message["payload"]["CustomBlock"])
        return changed(message, "CustomBlock", self.platform.credentials(sender).encryptor.encrypt(block))

    def good(self, name: str = "if-031", sender: str = SUPPLIER) -> Message:
        """A sample that this platform takes, encrypted where the profile asks for it."""
        return self.closed(sample(name), sender)

    async def counted(self, table: str) -> int:
        """How many rows a table of the store has."""
        return int(
            await self.platform.dip.store.writer.ask(lambda connection: connection.execute(COUNTS[table]).fetchone()[0])
        )

    async def _session(self, caller: str) -> aiohttp.ClientSession:
        if caller not in self._sessions:
            context = (
                self.platform.credentials(caller).calling_context()
                if caller
                else ssl.create_default_context(cafile=str(self.platform.dip.directory / "ca.pem"))
            )
            session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context))
            self._sessions[caller] = await self._stack.enter_async_context(session)
        return self._sessions[caller]


@asynccontextmanager
async def calls_to(platform: Platform) -> AsyncIterator[Calls]:
    """Calls to a platform, closed at the end."""
    async with AsyncExitStack() as stack:
        yield Calls(platform, stack)


def array(*messages: Message) -> bytes:
    """A request's body."""
    return msgspec.json.encode(messages)


async def _stream(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 65536):
        yield body[start : start + 65536]


def signature(key_file: Path, text: str) -> str:
    """An RSA signature over a text, in base64."""
    key = load_pem_private_key(key_file.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()


def _with_method_as_it_is(platform: Platform, call: Call, base: str) -> dict[str, str]:
    """A signature over the method as given; the signer of the client would write it in capitals."""
    date = signature_date(Clock().wall())
    text = f"{call.signed_method};{(base + call.path).lower()};{date};{content_hash(call.body)}"
    key_file = platform.credentials(call.signer).folder / "signing.key"
    return {"X-DIP-Signature": signature(key_file, text), "X-DIP-Signature-Date": date}

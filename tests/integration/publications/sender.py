"""A participant that uploads payloads by tus 1.0.0 over mutual TLS, with a plain HTTP client."""

import asyncio
import base64
import hashlib
import io
import zipfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec

from dip.client import Credentials
from dip.store.publication_records import Payload
from tests.support.platform import Platform

PUBLISHER = "2700000001"
CHANNEL = "IF-047"
OUTSIDER = "2300000001"
CONTENT = hashlib.shake_256(b"isd").digest(3_000_000)
BYTES = "application/offset+octet-stream"


class Answer(msgspec.Struct, frozen=True):
    """Status, headers, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def help(self) -> str:
        """What a StandardResponse says."""
        return str(msgspec.json.decode(self.body)["messageArray"][0]["help"])

    @property
    def offset(self) -> int:
        """The next byte that is wanted."""
        return int(self.headers["Upload-Offset"])


def metadata(**said: str) -> str:
    """The header of tus."""
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in said.items())


def about(content: bytes, name: str = "isd.csv", version: str = "1", **more: str) -> dict[str, str]:
    """The headers that begin the upload of a payload."""
    said = {"name": name, "version": version, "sha256": hashlib.sha256(content).hexdigest(), **more}
    return {"Upload-Length": str(len(content)), "Upload-Metadata": metadata(**said)}


class Sender:
    """Speaks tus; every call says the version."""

    def __init__(self, session: aiohttp.ClientSession, api_url: str, credentials: Credentials) -> None:
        self.session = session
        self.credentials = credentials
        self.uploads = f"{api_url}/publications/{CHANNEL}/uploads"

    async def ask(self, method: str, url: str, headers: Mapping[str, str] | None = None, data: Any = None) -> Answer:
        """Any call."""
        given = {"Tus-Resumable": "1.0.0", **(headers or {})}
        body = io.BytesIO(data) if isinstance(data, bytes) else data
        async with self.session.request(method, url, headers=given, data=body) as response:
            return Answer(response.status, response.headers.copy(), await response.read())

    async def begin(self, content: bytes, **said: str) -> str:
        """Where an upload goes on."""
        made = await self.ask("POST", self.uploads, about(content, **said))
        assert made.status == 201, made.body
        return made.headers["Location"]

    async def append(self, url: str, offset: int, data: Any, **headers: str) -> Answer:
        """Send bytes from a place on."""
        given = {"Upload-Offset": str(offset), "Content-Type": BYTES, **headers}
        return await self.ask("PATCH", url, given, data)

    async def head(self, url: str) -> Answer:
        """How far an upload is."""
        return await self.ask("HEAD", url)

    @asynccontextmanager
    async def half_sent(self, url: str, offset: int, data: bytes, length: int) -> AsyncIterator[asyncio.StreamWriter]:
        """A request that brings some of the bytes that it promised, and is left open."""
        parts = urlsplit(url)
        _, writer = await asyncio.open_connection(
            parts.hostname, parts.port, ssl=self.credentials.calling_context(), server_hostname="localhost"
        )
        head = (
            f"PATCH {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nTus-Resumable: 1.0.0\r\nContent-Type: {BYTES}\r\n"
            f"Upload-Offset: {offset}\r\nContent-Length: {length}\r\n\r\n"
        )
        writer.write(head.encode() + data)
        await writer.drain()
        try:
            yield writer
        finally:
            writer.transport.abort()


@asynccontextmanager
async def sender(credentials: Credentials, api_url: str) -> AsyncIterator[Sender]:
    """A participant that uploads."""
    connector = aiohttp.TCPConnector(ssl=credentials.calling_context())
    async with aiohttp.ClientSession(connector=connector) as session:
        yield Sender(session, api_url, credentials)


@asynccontextmanager
async def publisher(platform: Platform, dip_id: str = PUBLISHER) -> AsyncIterator[Sender]:
    async with sender(platform.credentials(dip_id), platform.dip.api_url) as made:
        yield made


def held(platform: Platform, version: str = "1", name: str = "isd.csv") -> Payload | None:
    return platform.dip.store.publications.payload(CHANNEL, name, version)


def file_of(platform: Platform, payload: Payload) -> Path:
    return platform.dip.directory / "publications" / str(payload.id)


def files(platform: Platform) -> list[str]:
    return sorted(path.name for path in (platform.dip.directory / "publications").iterdir())


def zipped(entries: dict[str, bytes]) -> bytes:
    """A zip archive of these files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()

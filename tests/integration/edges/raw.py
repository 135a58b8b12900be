"""Bytes over a connection, as no client library would send them."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import msgspec

ANSWER_S = 10.0


class Answer(msgspec.Struct, frozen=True):
    """What came back. status 0: the connection was closed without an answer."""

    status: int
    headers: dict[str, str] = {}
    body: bytes = b""


@asynccontextmanager
async def connected(
    url: str, context: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to a server; context: None for bare TCP."""
    parts = urlsplit(url)
    name = parts.hostname if context is not None else None
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, ssl=context, server_hostname=name)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def answer_of(reader: asyncio.StreamReader) -> Answer:
    """The next answer."""
    try:
        async with asyncio.timeout(ANSWER_S):
            head = await reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
            }
            body = await reader.readexactly(int(headers.get("content-length", "0")))
    except (asyncio.IncompleteReadError, ConnectionError):
        return Answer(0)
    return Answer(int(first.split(" ")[1]), headers, body)


async def sent(url: str, content: bytes, context: ssl.SSLContext | None = None) -> Answer:
    """What a server answers to these bytes."""
    try:
        async with connected(url, context) as (reader, writer):
            writer.write(content)
            return await answer_of(reader)
    except OSError:
        return Answer(0)

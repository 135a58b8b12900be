"""Logs: JSON lines on stderr, whatever comes in (contract, Starting)."""

import asyncio
import json
import ssl
from pathlib import Path

import pytest

from tests.support.process import server

GARBAGE = (
    b"\x00\x01\x02 nonsense\r\n\r\n",
    b"POST /dip-channel/IF-031 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
)


async def sent(url: str, content: bytes, context: ssl.SSLContext | None) -> None:
    """Send bytes and wait for the end of the connection."""
    host, port = url.partition("://")[2].split(":")
    reader, writer = await asyncio.open_connection(host, int(port), ssl=context)
    writer.write(content)
    async with asyncio.timeout(30):
        await reader.read()
    writer.close()


@pytest.mark.requirement("FS-18", "FS-59")
async def test_every_line_of_the_log_is_json_even_about_what_is_no_http(data: Path) -> None:
    context = ssl.create_default_context(cafile=str(data / "ca.pem"))
    async with server(data) as running:
        ready = await running.ready()
        for garbage in GARBAGE:
            await sent(ready["api"], garbage, context)
            await sent(ready["api"], garbage, None)
            await sent(ready["portal"], garbage, None)
        ended = await running.stop()
    assert ended.code == 0
    for line in ended.stderr.splitlines():
        assert {"event", "level", "timestamp"} <= set(json.loads(line)), line

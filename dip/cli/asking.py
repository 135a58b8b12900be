"""Asking the administration API of a server that runs."""

import asyncio
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import aiohttp
import msgspec
import typer

from dip.cli.transcript import refusals_explained
from dip.client import ServerNotReached, find_server

Data = Annotated[Path, typer.Option("--data", envvar="DIP_DATA", help="Data directory of the server.")]
"""The option that says whose administration API is asked."""
Portal = Annotated[
    str | None, typer.Option("--portal", help="The portal to call; by default the one of the data directory.")
]
HOME: Final = Path("data/state")
"""Where a server keeps its data by default."""

_TIMEOUT: Final = aiohttp.ClientTimeout(total=120)
_REFUSED: Final = 400
_CONNECT_S: Final = 30.0


def ask(method: str, path: str, data: Path, portal: str | None, order: Any = None) -> dict[str, Any]:
    """The JSON of an answer; {} for none. path: below `/admin/api/`. A refusal ends the command with 1."""
    body = ask_for_bytes(method, path, data, portal, order)
    with refusals_explained():
        return msgspec.json.decode(body, type=dict[str, Any]) if body else {}


def ask_for_bytes(method: str, path: str, data: Path, portal: str | None, order: Any = None) -> bytes:
    """The bytes of an answer. data: the server's data directory, with its token. A refusal ends the command with 1."""
    refusal, body = asked(method, path, data, portal, order)
    if refusal:
        sys.stderr.write(f"The server refused: {refusal}\n")
        raise typer.Exit(1)
    return body


def asked(method: str, path: str, data: Path, portal: str | None, order: Any = None) -> tuple[str, bytes]:
    """Why the server refused, empty where it did not, and the bytes of its answer."""
    with refusals_explained():
        url = f"{(portal or find_server(data).portal).rstrip('/')}/admin/api/{path}"
        status, body = asyncio.run(_call(method, url, order, _token(data), data / "ca.pem"))
    return (detail_of(body) or str(status)) if status >= _REFUSED else "", body


@asynccontextmanager
async def session(data: Path, portal: str | None) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    """A session for calls that take long, and the address before `/`: of the administration API.

    Raises ServerNotReached: nobody says where it is, or there is no token. Without a time limit but for connecting.
    """
    url = f"{(portal or find_server(data).portal).rstrip('/')}/admin/api"
    context = ssl.create_default_context(cafile=data / "ca.pem") if url.startswith("https") else True
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=context),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S),
        headers={"Authorization": f"Bearer {_token(data)}"},
    ) as made:
        yield made, url


async def _call(method: str, url: str, order: Any, token: str, root: Path) -> tuple[int, bytes]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    context = ssl.create_default_context(cafile=root) if url.startswith("https") else True
    sent = None if order is None else msgspec.json.encode(order)
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT, headers=headers) as session,
            session.request(method, url, data=sent, ssl=context) as response,
        ):
            return response.status, await response.read()
    except (aiohttp.ClientError, OSError, TimeoutError) as exc:
        raise ServerNotReached(f"{url} gave no answer ({type(exc).__name__}). Is it running?") from exc


def detail_of(body: bytes) -> str:
    """What a problem says; empty where the body is none."""
    try:
        return str(msgspec.json.decode(body, type=dict[str, Any]).get("detail", ""))
    except msgspec.DecodeError:
        return ""


def _token(data: Path) -> str:
    try:
        return (data / "admin.token").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise ServerNotReached(f"{data / 'admin.token'} can't be read ({type(exc).__name__}).") from exc

"""How a participant's program finds the server of a data directory and its catalogue."""

import ssl
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import msgspec

from dip.client.errors import ServerNotReached
from dip.ground.errors import DipError
from dip.messages.identifiers import EventCode, InterfaceId, RoleCode


class Server(msgspec.Struct, frozen=True):
    """A running server: the addresses and the set-up that it writes to `server.json`."""

    api: str
    portal: str
    profile: str
    environment: str


class CatalogueEntry(msgspec.Struct, frozen=True):
    """What a participant's program needs to know of a channel; its events in square brackets."""

    encrypted: bool = False
    senders: list[RoleCode] = []
    events: list[EventCode] = []
    recipients: list[RoleCode] = []


Catalogue = Mapping[InterfaceId, CatalogueEntry]


def find_server(directory: Path) -> Server:
    """The server that serves this data directory.

    Raises ServerNotReached where none has written its address there.
    """
    try:
        return msgspec.json.decode((directory / "server.json").read_bytes(), type=Server)
    except (OSError, msgspec.DecodeError) as fault:
        raise ServerNotReached(
            f"No server has announced itself in {directory}. Start it with "
            f"`python run.py --data {directory}`, or name its data directory with --data."
        ) from fault


async def fetch_catalogue(portal: str, root: Path) -> Catalogue:
    """The channels of the server, from `{portal}/catalogue.json`.

    root: the trust anchor, for a portal that speaks HTTPS. Raises ServerNotReached.
    """
    trust = ssl.create_default_context(cafile=str(root)) if portal.startswith("https:") else None
    timeout = aiohttp.ClientTimeout(total=10)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session:
            async with session.get(f"{portal}/catalogue.json", ssl=trust or True) as answer:
                body = await answer.read()
                answer.raise_for_status()
                return msgspec.json.decode(body, type=dict[InterfaceId, CatalogueEntry])
    except (aiohttp.ClientError, TimeoutError, msgspec.DecodeError) as fault:
        raise not_reached(portal, fault) from fault


def not_reached(url: str, fault: Exception) -> DipError:
    """The error for a server that gave no usable answer: what happened and what to do."""
    if isinstance(fault, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return ServerNotReached(
            f"TLS with {url} failed: {fault}. The server's certificate must come from the ca.pem of the same "
            "data directory and carry the host name called."
        )
    if isinstance(fault, aiohttp.ClientConnectorError):
        return ServerNotReached(f"Nothing listens at {url}. Start the server with `python run.py`.")
    if isinstance(fault, TimeoutError):
        return ServerNotReached(f"No answer from {url} in time. Look at the server's log, then try again.")
    return ServerNotReached(f"The answer from {url} can't be used: {fault}.")

"""What every benchmark stands on: a server over a temporary directory, and its receivers, each a process of its own."""

import contextlib
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from dip.benchmark.processes import Child
from dip.benchmark.receivers import Order, Record, read_record
from dip.client import ParticipantClient, credentials_of
from dip.messages.identifiers import DipId

_START_S = 120.0


class Receivers:
    """A process of receivers: told when it is complete, asked for its record."""

    def __init__(self, child: Child, ports: Mapping[str, int], record: Path) -> None:
        self.ports = ports
        self._child = child
        self._record = record

    def urls(self) -> dict[str, str]:
        """The address of each recipient."""
        return {recipient: f"https://127.0.0.1:{port}/" for recipient, port in self.ports.items()}

    async def complete(self, patience_s: float) -> None:
        """Until everything expected has come; where patience runs out, the books will say what is missing."""
        with contextlib.suppress(TimeoutError):
            await self._child.line(patience_s)

    async def record(self) -> Record:
        """End the process; what it saw."""
        await self._child.end()
        return read_record(self._record)


class Stage:
    """A server that runs, and its data directory."""

    def __init__(self, server: Child, directory: Path, ready: Mapping[str, str], profile: str) -> None:
        self.server = server
        self.directory = directory
        self.api = ready["api"]
        self.portal = ready["portal"]
        self.profile = profile

    async def receivers(self, recipients: Sequence[str], expected: int, **order: Any) -> Receivers:
        """Start receivers, each to see so many different messages."""
        return await receivers(self.directory, recipients, expected, **order)

    async def post_to(self, channel: str, urls: Mapping[str, str]) -> None:
        """Have each recipient's messages of a channel posted to an address."""
        for recipient, url in urls.items():
            credentials = credentials_of(self.directory, DipId(recipient))
            async with ParticipantClient(credentials, self.api, profile=self.profile) as client:
                await client.configure_webhook(channel, url)


async def receivers(directory: Path, recipients: Sequence[str], expected: int, **order: Any) -> Receivers:
    """Start a process of receivers over a data directory."""
    record = directory.parent / "arrivals.json"
    wanted = Order(
        directory=str(directory), expected=expected, record=str(record), recipients=list(recipients), **order
    )
    child = await Child.start("-m", "dip.benchmark.receivers", msgspec.json.encode(wanted).decode())
    return Receivers(child, (await child.line(_START_S))["ports"], record)


def server_arguments(directory: Path, profile: str) -> tuple[str, ...]:
    """The server's command line, for free ports."""
    return ("-m", "dip", "serve", f"--data={directory}", "--api-port=0", "--portal-port=0", f"--profile={profile}")


@asynccontextmanager
async def stage(profile: str, directory: Path | None = None) -> AsyncIterator[Stage]:
    """A server over this directory, or over a temporary one; stopped at the end."""
    async with AsyncExitStack() as stack:
        if directory is None:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dip-bench-"))) / "state"
        log = directory.parent / "server.log"
        server = await Child.start(*server_arguments(directory, profile), errors=log)
        stack.push_async_callback(server.terminate)
        yield Stage(server, directory, await server.line(_START_S), profile)

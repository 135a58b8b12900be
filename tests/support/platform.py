"""A whole DIP in the test's own process, on free ports, with seeded participants ready to speak."""

import copy
import io
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from dip.app import Dip, running
from dip.client import Credentials, Listener, ParticipantClient, credentials_of, fresh
from dip.ground.assets import asset
from dip.ground.clock import Clock
from dip.ground.log import make_log
from dip.ground.settings import Settings
from dip.messages.identifiers import DipId

ENCRYPTED = frozenset({"IF-001", "IF-021", "IF-909", *(f"IF-03{digit}" for digit in range(1, 8))})


class Platform:
    """A running DIP and the participants that a test plays."""

    def __init__(self, dip: Dip, stack: AsyncExitStack, log: io.StringIO) -> None:
        self.dip = dip
        self.log = log
        self._stack = stack

    def credentials(self, dip_id: str) -> Credentials:
        """The seeded participant's certificates and keys."""
        return credentials_of(self.dip.directory, DipId(dip_id))

    async def client(self, dip_id: str) -> ParticipantClient:
        """A client of the participant, open as long as the platform."""
        made = ParticipantClient(
            self.credentials(dip_id), self.dip.api_url, profile=self.dip.settings.profile, encrypted=ENCRYPTED
        )
        return await self._stack.enter_async_context(made)

    async def listener(self, dip_id: str, *channels: str, **options: Any) -> Listener:
        """A listening participant; its webhook is set for the channels (spec: `all` when none is named)."""
        listener = await self._stack.enter_async_context(Listener(self.credentials(dip_id), **options))
        client = await self.client(dip_id)
        for channel in channels or ("all",):
            url = listener.status_url if channel == "statusmessage" else listener.url
            await client.configure_webhook(channel, url)
        return listener


@asynccontextmanager
async def platform(directory: Path, *, clock: Clock | None = None, **settings: Any) -> AsyncIterator[Platform]:
    """A platform over a data directory; settings as keyword arguments, such as profile='live'."""
    log = io.StringIO()
    async with AsyncExitStack() as stack:
        chosen = Settings(data=str(directory), api_port=0, portal_port=0, **settings)
        dip = await stack.enter_async_context(running(chosen, clock=clock, log=make_log(log)))
        async with AsyncExitStack() as inner:
            try:
                yield Platform(dip, inner, log)
            finally:
                sys.stdout.write(log.getvalue())


def copied(template: Path, target: Path) -> Path:
    """A data directory of its own out of one that was laid out once."""
    shutil.copytree(template, target, ignore=shutil.ignore_patterns("lock", "server.json"))
    return target


def sample(name: str) -> dict[str, Any]:
    """One of the shipped samples by its file name's head, such as `if-031`, with fresh reference and time."""
    (path,) = (asset("data/seed") / "samples").glob(f"{name}*.json")
    message: dict[str, Any] = msgspec.json.decode(path.read_bytes())[0]
    return fresh(message, Clock().wall())


def changed(message: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The message with another value at a dotted path below `payload`."""
    made = copy.deepcopy(message)
    *steps, last = path.split(".")
    holder = made["payload"]
    for step in steps:
        holder = holder[step]
    holder[last] = value
    return made

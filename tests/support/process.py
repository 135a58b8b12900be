"""`python run.py …` as a process of its own, as a user starts it."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).resolve().parents[2]
READY_WITHIN_S = 30.0
ENDS_WITHIN_S = 20.0


class Ended(msgspec.Struct, frozen=True):
    """A process that came to its end; `code` is negative for a signal."""

    code: int
    stdout: str
    stderr: str


class Running:
    """A process that runs; what it prints is gathered."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.stdout: list[str] = []
        self.stderr: list[str] = []
        self._printed = asyncio.Condition()
        self._readers = [
            asyncio.create_task(self._read(process.stdout, self.stdout)),
            asyncio.create_task(self._read(process.stderr, self.stderr)),
        ]

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def line(self, part: str, timeout_s: float = READY_WITHIN_S) -> str:
        """The first line on stdout that holds the part. Raises AssertionError where none comes."""

        def found() -> str | None:
            return next((line for line in self.stdout if part in line), None)

        try:
            async with asyncio.timeout(timeout_s), self._printed:
                await self._printed.wait_for(lambda: found() or all(reader.done() for reader in self._readers))
        except TimeoutError:
            pass
        line = found()
        assert line is not None, f"no line with {part!r}; stdout {self.stdout}, stderr {self.stderr}"
        return line

    async def ready(self) -> dict[str, Any]:
        """The ready line of a server."""
        found: dict[str, Any] = json.loads(await self.line('"ready"'))
        return found

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    async def end(self, timeout_s: float = ENDS_WITHIN_S) -> Ended:
        """Wait for the end."""
        async with asyncio.timeout(timeout_s):
            code = await self._process.wait()
            await asyncio.gather(*self._readers)
        return Ended(code, "".join(self.stdout), "".join(self.stderr))

    async def stop(self) -> Ended:
        """SIGTERM, and wait for the end."""
        self.signal(signal.SIGTERM)
        return await self.end()

    async def kill(self) -> Ended:
        """SIGKILL: no chance to finish anything."""
        self.signal(signal.SIGKILL)
        return await self.end()

    async def _read(self, stream: asyncio.StreamReader | None, lines: list[str]) -> None:
        assert stream is not None
        async for line in stream:
            lines.append(line.decode())
            async with self._printed:
                self._printed.notify_all()
        async with self._printed:
            self._printed.notify_all()


@asynccontextmanager
async def started(
    *arguments: str | Path, environment: Mapping[str, str] | None = None, directory: Path = ROOT
) -> AsyncIterator[Running]:
    """`python run.py …`; killed where it still runs at the end. directory: where it is started."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("DIP_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "run.py"),
        *map(str, arguments),
        cwd=directory,
        env={**inherited, **(environment or {})},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=1 << 20,
    )
    running = Running(process)
    try:
        yield running
    finally:
        if process.returncode is None:
            process.kill()
        await running.end()


def server(data: Path, *arguments: str | Path, **options: Any) -> Any:
    """A server over a data directory, on free ports: `async with server(directory) as running`."""
    return started("--data", data, "--api-port", "0", "--portal-port", "0", *arguments, **options)


async def finished(*arguments: str | Path, within_s: float = 60, **options: Any) -> Ended:
    """A command that ends by itself."""
    async with started(*arguments, **options) as running:
        return await running.end(within_s)

"""Processes of the benchmark: started, spoken to in JSON lines, and what they cost."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import msgspec


class Child:
    """A Python process that prints JSON lines and ends when its input does."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(
        cls, *arguments: str, errors: Path | None = None, environment: Mapping[str, str] | None = None
    ) -> Self:
        """Start this Python with the arguments; what it says on stderr goes to a file, or to ours.

        environment: added to what it inherits.
        """
        stderr = None if errors is None else errors.open("ab")
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            env=None if environment is None else {**os.environ, **environment},
        )
        if stderr is not None:
            stderr.close()
        return cls(process)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def line(self, timeout_s: float) -> dict[str, Any]:
        """The next JSON line that it prints. Raises TimeoutError; EOFError where it has ended."""
        if self._process.stdout is None:
            raise EOFError
        async with asyncio.timeout(timeout_s):
            text = await self._process.stdout.readline()
        if not text:
            raise EOFError("the process ended early")
        found: dict[str, Any] = msgspec.json.decode(text)
        return found

    def say(self, line: object) -> None:
        """Give it a JSON line."""
        if self._process.stdin is not None:
            self._process.stdin.write(msgspec.json.encode(line) + b"\n")

    def kill(self) -> None:
        """SIGKILL: no chance to finish anything."""
        if self._process.returncode is None:
            self._process.kill()

    async def ended(self, timeout_s: float) -> int:
        """How it ended, negative for a signal. Raises TimeoutError while it runs."""
        async with asyncio.timeout(timeout_s):
            return await self._process.wait()

    async def end(self, timeout_s: float = 60) -> None:
        """Close its input and wait for it; the server is told by SIGTERM."""
        if self._process.returncode is not None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        async with asyncio.timeout(timeout_s):
            await self._process.wait()

    async def terminate(self, timeout_s: float = 60) -> None:
        """SIGTERM, and wait."""
        if self._process.returncode is None:
            self._process.terminate()
            async with asyncio.timeout(timeout_s):
                await self._process.wait()


def cpu_seconds(pid: int) -> float | None:
    """User and system seconds that a process has used so far; None where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def own_mb(pid: int) -> float | None:
    """Memory in use without the pages of files, which the system can take back, MB; None where it does not tell."""
    try:
        fields = Path(f"/proc/{pid}/statm").read_text("ascii").split()
    except OSError:
        return None
    return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE") / 1e6


def resident_mb(pid: int) -> float | None:
    """Memory in use, MB; None where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

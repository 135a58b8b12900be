"""`python run.py registration`: the registration API, tried out without a registration service of one's own (FS-35)."""

import asyncio
import contextlib
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from dip.cli.transcript import refusals_explained
from dip.ground.clock import Clock
from dip.simulation.appointment_files import MOST_FILES, AppointmentFile, AppointmentFiles, RegistrationFileRefused
from dip.simulation.registration_faults import RegistrationFault, RegistrationFaults
from dip.simulation.registration_service import RegistrationService, service_tls

registration_app = typer.Typer(no_args_is_help=True, help="The registration API: serve appointments to the DIP.")


@registration_app.callback()
def _group() -> None:
    """The registration API: serve appointments to the DIP."""


@registration_app.command("serve")
def serve(
    participant: Annotated[
        Path, typer.Option("--participant", metavar="DIR", help="Folder of a participant in role REGS: its tls.pem.")
    ],
    file: Annotated[
        list[Path], typer.Option("--file", help="Appointments as CSV, plain or gzip, by MPAN; repeatable.")
    ],
    *,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.")] = 0,
    ca: Annotated[
        Path | None, typer.Option("--ca", metavar="FILE", help="Root certificate; by default DIR/../../ca.pem.")
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option("--fault", help="KIND:every=N: go wrong at each Nth call (503, 429, bad-json, cut…); repeatable."),
    ] = None,
    delay_ms: Annotated[float, typer.Option("--delay-ms", min=0, max=60_000, help="Wait before each answer.")] = 0,
) -> None:
    """Serve appointments as a registration service, to the DIP alone, until Ctrl-C or SIGTERM.

    One JSON line on stdout says when and where. Ends with 2 where the files or certificates can't be used.
    """
    with refusals_explained():
        if len(file) > MOST_FILES:
            raise RegistrationFileRefused(f"--file: at most {MOST_FILES} files.")
        faults = RegistrationFaults([RegistrationFault.read(one) for one in fault or []])
        tls, environment = service_tls(participant, ca)
        with contextlib.closing(AppointmentFiles(_read(file))) as files:
            service = RegistrationService(
                files,
                tls,
                environment=environment,
                clock=Clock(),
                host=host,
                port=port,
                faults=faults,
                delay_s=delay_ms / 1000,
            )
            asyncio.run(_serve(service, files.mpans))


def _read(paths: list[Path]) -> list[AppointmentFile]:
    console = Console(stderr=True)
    columns = SpinnerColumn(), TextColumn("{task.description}")
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("")

        def told(path: Path, lines: int) -> None:
            progress.update(task, description=f"Reading {path.name}: {lines:,} lines")

        return [AppointmentFile(path, partial(told, path)) for path in paths]


async def _serve(service: RegistrationService, mpans: int) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with service:
        ready = {"event": "ready", "url": service.url, "mpans": mpans}
        sys.stdout.write(msgspec.json.encode(ready).decode() + "\n")
        sys.stdout.flush()
        await ended.wait()

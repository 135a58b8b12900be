"""`python run.py serve`: the server."""

import asyncio
import gc
import logging
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from dip.app import running
from dip.ground.errors import SetupRefused
from dip.ground.given_settings import read_settings
from dip.ground.log import LibraryLog, Log, log_uncaught, make_log
from dip.ground.settings import Settings

_YOUNG_OBJECTS = 50_000
_FILES = 65_536
"""Open at once, as far as the operating system lets a process raise its own limit."""


def serve(
    config: Annotated[Path | None, typer.Option(help="Settings as TOML.", envvar="DIP_CONFIG")] = None,
    data: Annotated[str | None, typer.Option(help="Directory of the server's state [data/state].")] = None,
    channels: Annotated[str | None, typer.Option(help="Another catalogue of channels than the shipped one.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on [127.0.0.1].")] = None,
    api_port: Annotated[int | None, typer.Option(help="Port of the API; 0 takes a free one [8443].")] = None,
    portal_port: Annotated[int | None, typer.Option(help="Port of the portal [8080].")] = None,
    profile: Annotated[str | None, typer.Option(help="spec or live [spec].")] = None,
    environment: Annotated[str | None, typer.Option(help="DEV, PRD, SITB, SIT or UIT [DEV].")] = None,
    name: Annotated[str | None, typer.Option(help="Further names for the server certificates.")] = None,
    public_url: Annotated[str | None, typer.Option(help="What participants call, behind a gateway.")] = None,
) -> None:
    """Run the DIP until it is told to stop (Ctrl-C, SIGTERM)."""
    given: dict[str, Any] = {
        "data": data,
        "channels": channels,
        "host": host,
        "api_port": api_port,
        "portal_port": portal_port,
        "profile": profile,
        "environment": environment,
        "name": name,
        "public_url": public_url,
    }
    try:
        settings = read_settings(given, os.environ, config)
        _run(settings)
    except SetupRefused as exc:
        sys.stderr.write(f"{exc.message}\n")
        raise typer.Exit(2) from exc


def _run(settings: Settings) -> None:
    try:
        import uvloop
    except ImportError:
        asyncio.run(_serve(settings))
    else:
        uvloop.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    log = make_log()
    logging.basicConfig(handlers=[LibraryLog(log)], level=logging.WARNING, force=True)
    log_uncaught(log)
    # An image of this process holds keys and messages.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Every connection is a file, and the usual soft limit is below `most_connections`.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, _FILES) if hard >= 0 else _FILES), hard))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    with _progress() as progress:
        task = progress.add_task("First start: making participants", visible=False)

        def made(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total, visible=done < total)

        context = running(settings, log=log, progress=made)
        dip = await context.__aenter__()
    collect_rarely()
    try:
        _say_ready(dip.api_url, dip.portal_url, settings, log)
        await stop.wait()
        log.info("server_stopping")
    finally:
        await context.__aexit__(*sys.exc_info())
    log.info("server_stopped")


def collect_rarely() -> None:
    """What stands after the start stays; messages come and go without circles, so collecting can wait."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, 20, 20)


def _progress() -> Progress:
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _say_ready(api: str, portal: str, settings: Settings, log: Log) -> None:
    ready = msgspec.json.encode({"event": "ready", "api": api, "portal": portal}).decode()
    sys.stdout.write(f"{ready}\n")
    sys.stdout.flush()
    log.info("server_started", profile=settings.profile, environment=settings.environment, data=settings.data)

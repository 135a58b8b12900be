"""`python run.py mpans pull`: have the server pull MPANs from registration services, and watch it (5.5.14, FS-35)."""

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Table

from dip.cli.asking import HOME, Data, Portal, ask
from dip.cli.transcript import printable

_PATH: Final = "mpans/pulls"
_ASK_EVERY_S: Final = 0.5
_RUNNING: Final = "running"
_STOPPED: Final = 130

_View = Mapping[str, Any]


def pull(
    service: Annotated[
        list[str] | None,
        typer.Option(
            "--service",
            metavar="DIPID=URL",
            help="A registration service; DIPID alone: at its address of the settings. Repeatable; without: all.",
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", help="Only MPANs of which something was recorded then or later."),
    ] = None,
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Order nothing: watch the pulls that are under way.")] = False,
    data: Data = HOME,
    portal: Portal = None,
) -> None:
    """Have the server pull MPANs from its registration services, side by side, and report what came of it.

    The server does it: with Ctrl-C this command ends and the pull goes on. A pull that failed or was stopped goes on
    where it was when it is ordered again. Rows that are rejected do not stop the others.

    Ends with 0 when everything was pulled, rejected rows or not, 1 when a pull failed or the server refused, 2 when it
    could not be asked.
    """
    if watch:
        runs = [one["run"] for one in ask("GET", _PATH, data, portal)["items"] if one["state"] == _RUNNING]
    else:
        order = {"services": _services(service) if service else None, "since": since}
        runs = [one["run"] for one in ask("POST", _PATH, data, portal, order)["items"]]
    try:
        ended = _watched(runs, data, portal)
    except KeyboardInterrupt:
        sys.stderr.write("The pull goes on at the server. Watch it again with `mpans pull --watch`.\n")
        raise typer.Exit(_STOPPED) from None
    _report(ended)
    if any(one["state"] != "finished" for one in ended):
        raise typer.Exit(1)


def _services(given: Sequence[str]) -> Mapping[str, str | None]:
    pairs = (one.partition("=") for one in given)
    return {service.strip(): url.strip() if sign else None for service, sign, url in pairs}


def _watched(runs: Sequence[str], data: Path, portal: str | None) -> Sequence[_View]:
    """The pulls when none of them is under way any more; a line for each on a terminal until then."""
    console = Console(stderr=True)
    columns = TextColumn("{task.fields[service]}"), BarColumn(), TextColumn("{task.description}")
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        tasks: dict[str, TaskID] = {}
        while True:
            found = [one for one in ask("GET", _PATH, data, portal)["items"] if one["run"] in runs]
            for one in found:
                task = tasks.get(one["run"])
                if task is None:
                    task = tasks[one["run"]] = bars.add_task("", total=None, service=one["service"])
                is_done = one["state"] != _RUNNING
                bars.update(
                    task, description=_said(one), completed=one["mpans"], total=one["mpans"] or 1 if is_done else None
                )
            if all(one["state"] != _RUNNING for one in found):
                return found
            time.sleep(_ASK_EVERY_S)


def _said(one: _View) -> str:
    rate = f", {one['rowsPerSecond']:,} rows a second" if one["rowsPerSecond"] else ""
    return f"{one['mpans']:,} MPANs{rate}, {one['rejected']:,} rejected, {one['state']}"


def _report(ended: Sequence[_View]) -> None:
    if not sys.stdout.isatty():
        for one in ended:
            sys.stdout.write(msgspec.json.encode(one).decode() + "\n")
        return
    console = Console(highlight=False)
    if not ended:
        console.print("Nothing is being pulled.")
        return
    table = Table(
        "service", "state", "MPANs", "rows", "unchanged", "rejected", "rows a second", box=None, pad_edge=False
    )
    for one in ended:
        counts = (f"{one[name]:,}" for name in ("mpans", "rows", "unchanged", "rejected", "rowsPerSecond"))
        table.add_row(one["service"], one["state"], *counts)
    console.print(table)
    for one in ended:
        if one["reason"]:
            console.print(f"{one['service']}: {printable(one['reason'])}", markup=False)
    for one in ended:
        if one["rejected"]:
            _report_rejected(console, one)


def _report_rejected(console: Console, one: _View) -> None:
    console.print(f"\nRejected of {one['service']}:")
    for reason, count in sorted(one["reasons"].items(), key=lambda pair: -pair[1]):
        console.print(f"{count:>12,}  {printable(reason)}", markup=False)
    table = Table("row", "MPAN", "reason", title="The first of them", title_justify="left", box=None, pad_edge=False)
    for fault in one["examples"]:
        table.add_row(str(fault["line"]), *(escape(printable(fault[name])) for name in ("mpan", "reason")))
    console.print(table)
    console.print(f"All that are kept: GET /admin/api/mpans/runs/{one['run']}", markup=False)

"""`python run.py mpans`: who is appointed for MPANs: import files of appointments, look one up (5.5.14, FS-35)."""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote, urlencode

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Table

from dip.cli.asking import HOME, Data, Portal, ask
from dip.cli.mpan_import import FileImport, ImportFailed, Outcome, Progress
from dip.cli.mpan_pulls import pull
from dip.cli.transcript import printable, refusals_explained

mpans_app = typer.Typer(no_args_is_help=True, help="MPANs: import appointments, look one up.")

mpans_app.command("pull")(pull)

_SHOWN: Final = 20
_STOPPED: Final = 130


@mpans_app.callback()
def _group() -> None:
    """MPANs: import appointments, look one up."""


@mpans_app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Appointments as CSV, plain or gzip.")],
    *,
    data: Data = HOME,
    portal: Portal = None,
) -> None:
    """Import appointments: mpan,role,dip_id,effective_from,effective_to. The server goes on serving meanwhile.

    After a crash, or Ctrl-C, the same command goes on where it stopped; a file that was imported changes nothing when
    it comes again. Rows that are rejected are shown with the reason, and do not stop the others.

    Ends with 0 when every row was dealt with, rejected ones too, 1 when the server refused, 2 when the file can't be
    read or the server not be asked.
    """
    began = time.perf_counter()
    with refusals_explained():
        try:
            with _progress() as told:
                outcome = asyncio.run(FileImport(file, data, portal, told).run())
        except ImportFailed as refused:
            sys.stderr.write(f"The server refused: {printable(refused.message)}\n")
            raise typer.Exit(1) from refused
        except KeyboardInterrupt:
            sys.stderr.write("Stopped. The same command goes on where it stopped.\n")
            raise typer.Exit(_STOPPED) from None
    _say(outcome, file, time.perf_counter() - began)


@mpans_app.command("show")
def show(
    mpan: Annotated[str, typer.Argument(metavar="MPAN", help="Thirteen digits.")],
    *,
    channel: Annotated[
        str | None, typer.Option("--channel", help="Only what this channel's routing makes of it.")
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", help="A time with an offset; the server's present time without it.")
    ] = None,
    data: Data = HOME,
    portal: Portal = None,
) -> None:
    """Show who gets messages about an MPAN, why, and all its appointments: tables on a terminal, JSON in a pipe.

    Ends with 0 when the server answered, 1 when it refused, 2 when it could not be asked.
    """
    query = urlencode({name: value for name, value in (("channel", channel), ("at", at)) if value})
    found = ask("GET", f"mpans/{quote(mpan, safe='')}?{query}", data, portal)
    if not sys.stdout.isatty():
        _line(found)
        return
    console = Console(highlight=False)
    console.print(f"{found['mpan']} at {found['at']}", markup=False)
    if not found["appointments"]:
        console.print("Nobody is appointed, and nobody ever was.")
        return
    for table in _tables(found):
        console.print(table)


def _tables(found: dict[str, Any]) -> Iterator[Table]:
    recipients = Table(
        "recipient", "role", "class", "reason", title="Who gets messages", box=None, title_justify="left"
    )
    for one in found["recipients"]:
        recipients.add_row(*(escape(str(one[name])) for name in ("dipId", "role", "class", "reason")))
    yield recipients
    held = Table("role", "holder", "from", "to", title="Appointments", box=None, title_justify="left")
    for one in found["appointments"]:
        held.add_row(*(escape(str(one[name])) for name in ("role", "dipId", "effectiveFrom")), one["effectiveTo"] or "")
    yield held


@contextmanager
def _progress() -> Iterator[Callable[[Progress], None]]:
    """A bar on a terminal, nothing elsewhere."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    began: list[tuple[float, int]] = []
    with Bars(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task("Reading", total=None)

        def told(now: Progress) -> None:
            said = "Reading"
            if now.is_sending:
                began.append((time.perf_counter(), now.rows)) if not began else None
                seconds, rows = time.perf_counter() - began[0][0], now.rows - began[0][1]
                rate = f", {rows / seconds:,.0f} a second" if seconds > 0 and rows > 0 else ""
                said = f"{now.rows:,} rows{rate}, {now.rejected:,} rejected"
            bars.update(task, description=said, completed=now.sent, total=now.size)

        yield told


def _say(outcome: Outcome, file: Path, seconds: float) -> None:
    run, faults = outcome.answer.run, outcome.answer.faults
    if not sys.stdout.isatty():
        _line(
            {
                "file": str(file),
                "run": run["name"],
                "state": run["state"],
                "lines": run["lines"],
                "rows": run["rows"],
                "accepted": run["accepted"],
                "unchanged": run["unchanged"],
                "rejected": run["rejected"],
                "fromLine": outcome.resumed_at,
                "seconds": round(seconds, 3),
                "faults": faults,
            }
        )
        return
    console = Console(highlight=False)
    resumed = f" This attempt began with line {outcome.resumed_at:,}." if outcome.resumed_at > 1 else ""
    console.print(
        f"{run['rows']:,} rows in {seconds:.1f} s: {run['accepted']:,} accepted, of which {run['unchanged']:,} changed "
        f"nothing; {run['rejected']:,} rejected.{resumed}",
        markup=False,
    )
    if not faults:
        return
    table = Table("line", "mpan", "reason", title="Rejected", box=None, title_justify="left")
    for one in faults[:_SHOWN]:
        table.add_row(str(one.line), *(escape(printable(text)) for text in (one.mpan, one.reason)))
    console.print(table)
    if run["rejected"] > _SHOWN:
        for reason, count in Counter(one.reason for one in faults).most_common(_SHOWN):
            console.print(f"{count:>8,} {printable(reason)}", markup=False)
        console.print(f"All that are kept: GET /admin/api/mpans/runs/{run['name']}", markup=False)


def _line(content: Any) -> None:
    sys.stdout.write(msgspec.json.encode(content).decode() + "\n")

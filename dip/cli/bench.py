"""`python run.py bench MODE`: rates and latencies of this server; no rate where a message is unaccounted for."""

import sys
from collections.abc import Iterable, Sequence
from typing import Annotated, Literal

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from dip.benchmark import backlog, changes, consumption, renewal, replay, restart, singles
from dip.benchmark.catalogue import run_catalogue
from dip.benchmark.loop import run
from dip.benchmark.mpans import updating
from dip.benchmark.mpans.run import Plan as MpansPlan
from dip.benchmark.mpans.run import run_mpans
from dip.benchmark.pages.plan import Plan as PagesPlan
from dip.benchmark.pages.run import run_pages
from dip.benchmark.publications.plan import Plan as PublicationsPlan
from dip.benchmark.publications.run import run_publications
from dip.benchmark.report import Cell, Report, Target, load_average, machine
from dip.cli.bench_pages import ways

Mode = Literal[
    "consumption",
    "singles",
    "encrypted",
    "restart",
    "replay",
    "backlog",
    "catalogue",
    "changes",
    "renewal",
    "mpans",
    "updates",
    "publications",
    "pages",
]
_ENCRYPTED_RATE = 400
_OPENS_EVERY = 100
_LEAST_MPANS = 10


def bench(
    mode: Annotated[
        Mode,
        typer.Argument(
            help="consumption: batches to four recipients, beside a bare relay. singles: one at a time, live. "
            "encrypted: the same in the spec profile, encrypted both ways. restart: a start over a full store. "
            "replay: reading everything again. backlog: a recipient that is offline. catalogue: loading it. "
            "changes: channels added meanwhile. renewal: all certificates and the master key changed meanwhile. "
            "mpans: the MPAN table filled and asked. updates: a backlog of appointments applied meanwhile. "
            "publications: payloads uploaded, announced, downloaded, filtered, while messages flow. "
            "pages: every page of the portal over a full archive."
        ),
    ] = "consumption",
    messages: Annotated[
        int | None,
        typer.Option(
            min=100,
            help="Messages in a round (consumption, backlog), read again (replay), archived (restart, pages), sent "
            "ahead (publications).",
        ),
    ] = None,
    waiting: Annotated[int | None, typer.Option(min=1, help="Messages that wait (restart, backlog, updates).")] = None,
    batch: Annotated[int, typer.Option(min=1, max=1000, help="Messages in a request (consumption).")] = 100,
    connections: Annotated[int, typer.Option(min=1, help="Connections of the client (consumption).")] = 4,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds in turn (consumption, replay, backlog).")] = 3,
    rate: Annotated[
        int | None, typer.Option(min=1, help="Messages a second (singles, encrypted, updates, publications).")
    ] = None,
    seconds: Annotated[int, typer.Option(min=1, help="How long (singles, encrypted, updates).")] = 20,
    starts: Annotated[int, typer.Option(min=1, help="Starts (restart).")] = 5,
    mpans: Annotated[int | None, typer.Option(min=10, help="MPANs in the table (mpans, updates).")] = None,
    sizes: Annotated[
        str | None, typer.Option(help="Several of them, one after the other: 1000000,4000000 (mpans).")
    ] = None,
    gib: Annotated[float, typer.Option(min=0.001, help="The large payload, GiB (publications).")] = 2.0,
    mib: Annotated[int, typer.Option(min=1, help="The payload that many read at once, MiB (publications).")] = 128,
    downloads: Annotated[int, typer.Option(min=1, max=64, help="Who reads it at once (publications).")] = 50,
    recipients: Annotated[int, typer.Option(min=1, max=900, help="Who is told (publications).")] = 200,
    filter_gb: Annotated[float, typer.Option(min=0.001, help="The CSV that is filtered, GB (publications).")] = 1.0,
    asks: Annotated[int, typer.Option(min=1, help="How often each page is asked for (pages).")] = 20,
    keep: Annotated[str, typer.Option(help="Directory that is filled once and stays (pages).")] = "",
) -> None:
    """Measure this server: a process of its own over a temporary directory, with senders and receivers beside it.

    Prints a table on a terminal and JSON elsewhere, with the machine and the settings. Where one message is
    unaccounted for it prints no figure and ends with 1; so does `pages` where a limit is missed.
    """
    before = load_average()
    with _progress() as progress:
        task = progress.add_task("", total=None)

        def say(text: str) -> None:
            progress.update(task, description=text, completed=0, total=None)
            if not progress.console.is_terminal:
                sys.stderr.write(f"{text}\n")

        def made(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        match mode:
            case "consumption":
                plan = consumption.Plan(messages or 10_000, batch, connections, rounds)
                report = run(consumption.run_consumption(plan, say))
            case "singles":
                report = run(singles.run_singles(singles.Plan("live", rate or 500, seconds), say))
            case "encrypted":
                single = singles.Plan("spec", rate or _ENCRYPTED_RATE, seconds, _OPENS_EVERY)
                report = run(singles.run_singles(single, say))
            case "restart":
                filled = restart.Plan(messages or 1_000_000, waiting or 100_000, starts)
                report = run(restart.run_restart(filled, say, made))
            case "replay":
                report = run(replay.run_replay(replay.Plan(messages or 100_000, rounds), say, made))
            case "backlog":
                piled = backlog.Plan(waiting or 100_000, messages or 10_000, rounds)
                report = run(backlog.run_backlog(piled, say))
            case "catalogue":
                report = run_catalogue()
            case "changes":
                report = run(changes.run_changes(changes.Plan(), say))
            case "renewal":
                report = run(renewal.run_renewal(renewal.Plan(rate=rate or 200), say))
            case "mpans":
                report = run(run_mpans(MpansPlan(_sizes(sizes) or (mpans or 1_000_000,)), say, made))
            case "updates":
                held = updating.Plan(waiting or 100_000, mpans or 200_000, rate or 300, seconds)
                report = run(updating.run_updates(held, say, made))
            case "publications":
                published = PublicationsPlan(
                    gib, mib, filter_gb, recipients, downloads, rate or 100, messages or 12_000
                )
                report = run(run_publications(published, say, made))
            case "pages":
                asked = PagesPlan(messages or 1_000_000, asks, keep)
                report = run(run_pages(asked, ways(), say, made))
    show(report, before)
    if mode == "pages" and not all(target.met for target in report.targets):
        raise typer.Exit(1)


def show(report: Report, load_before: float | None) -> None:
    """Print a report; raises typer.Exit(1) where a message is unaccounted for, and then prints no figure."""
    if report.unaccounted:
        for reason in report.unaccounted:
            Console(stderr=True).print(f"no figures: {reason}", style="bold red")
        raise typer.Exit(1)
    if not sys.stdout.isatty():
        line = {"machine": machine(), "load_before": load_before, **msgspec.to_builtins(report)}
        sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
        return
    console = Console()
    console.print(_table(report.title, report.heads, report.rows.items(), _caption(load_before)))
    if report.targets:
        console.print(_aims(report.targets))


def _sizes(text: str | None) -> tuple[int, ...]:
    try:
        sizes = tuple(int(one) for one in text.split(",")) if text else ()
    except ValueError:
        sizes = (0,)
    if any(one < _LEAST_MPANS for one in sizes):
        raise typer.BadParameter(f"--sizes: expected numbers from {_LEAST_MPANS} on, with commas between them.")
    return sizes


def _table(title: str, heads: Sequence[str], rows: Iterable[tuple[str, Sequence[Cell]]], caption: str) -> Table:
    table = Table(title=title, caption=caption)
    table.add_column("")
    for head in heads:
        table.add_column(head, justify="right")
    for name, cells in rows:
        table.add_row(name, *(_shown(cell) for cell in cells))
    return table


def _aims(targets: Sequence[Target]) -> Table:
    table = Table("", "aim", "found", "")
    for target in targets:
        verdict = "[green]met[/]" if target.met else "[bold red]missed[/]"
        table.add_row(target.name, target.aim, _shown(target.found), verdict)
    return table


def _caption(load_before: float | None) -> str:
    return machine() if load_before is None else f"{machine()}; load before the run {load_before:g}"


def _shown(cell: Cell) -> str:
    if cell is None:
        return "not to be had here"
    return cell if isinstance(cell, str) else f"{cell:,.2f}" if abs(cell) < 10 else f"{cell:,.1f}"


def _progress() -> Progress:
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}", style="dim"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )

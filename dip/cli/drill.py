"""`python run.py drill`: the server dies at every step of a message or an upload; a table of what was lost."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from dip.benchmark.drill.run import Row, lost, run_drill
from dip.benchmark.drill.steps import STEPS, Step
from dip.benchmark.loop import run
from dip.benchmark.report import machine

_INTRODUCTION = """\
# Crash drill

<!-- Made by `python run.py drill --docs docs/reference/crash-drill.md`; do not edit. -->

`python run.py drill` runs a server of its own, has it killed (SIGKILL, by itself, in the middle of the step) or its
commits fail, starts a plain server over the same directory, sends again what had no answer, and compares. Lost is a
message that was acknowledged, before the crash or after it, and then never arrived at one of its recipients, arrived or
was answered under another transaction id, is not in the store once for each recipient in the state it should have, or
of whose fate its sender was not told; or which appoints somebody for its MPAN, and does not stand just once in the MPAN
table and in the journal. Of an import the rows are counted, of an upload its requests; lost is an upload that is not
known any more or has fewer bytes than were acknowledged, a payload that is seen before its announcement, not seen after
it, has other bytes, or is not published just once. Doubled is what a recipient got more often than it should; it knows
it by its transaction id. A server that was killed may send again what it could not settle. A killed process
leaves what it wrote to the system: the drill shows the order of commit and answer, not what a power cut does to a disk
that lies about `fsync`.

"""


def drill(
    only: Annotated[str, typer.Option(help="Only the steps whose name has this in it.")] = "",
    docs: Annotated[Path | None, typer.Option(help="Write the table as Markdown to this file too.")] = None,
) -> None:
    """Kill the server at every step of a message's life, and count what it acknowledged.

    Ends with 1 if anything acknowledged was lost, with 2 if no step has the name asked for.
    """
    steps = [step for step in STEPS if only.lower() in step.name.lower()]
    if not steps:
        sys.stderr.write(f"no step has {only!r} in its name; there are: {', '.join(step.name for step in STEPS)}\n")
        raise typer.Exit(2)
    rows = _run(steps)
    if docs is not None:
        docs.write_text(_INTRODUCTION + markdown(rows), encoding="utf-8")
    if sys.stdout.isatty():
        Console().print(_table(rows))
    else:
        sys.stdout.write(msgspec.json.encode({"machine": machine(), "lost": lost(rows), "steps": rows}).decode() + "\n")
    if lost(rows):
        raise typer.Exit(1)


def _run(steps: Sequence[Step]) -> list[Row]:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}", style="dim"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=len(steps))

        def say(done: int, name: str) -> None:
            progress.update(task, completed=done, description=name)
            if not console.is_terminal:
                sys.stderr.write(f"{done + 1} of {len(steps)}: {name}\n")

        return run(run_drill(steps, say))


def markdown(rows: Sequence[Row]) -> str:
    """The table for the documentation."""
    lines = ["| step | with | acknowledged | lost | doubled |", "|---|---|---|---|---|"]
    for row in rows:
        if row.books is None:
            lines.append(f"| {row.step} | {row.scenario} | not run: {row.not_run} | | |")
        else:
            books = row.books
            lines.append(f"| {row.step} | {row.scenario} | {books.acknowledged} | {books.lost} | {books.doubled} |")
    tried = [row.books for row in rows if row.books is not None]
    acknowledged = sum(books.acknowledged for books in tried)
    summary = (
        f"{len(tried)} of {len(rows)} steps run, {acknowledged} messages, rows and requests of uploads acknowledged "
        f"before a crash, {lost(rows)} lost. {machine()}."
    )
    return "\n".join([*lines, "", summary, ""])


def _table(rows: Sequence[Row]) -> Table:
    table = Table(title=f"crash drill: {lost(rows)} lost", caption=machine())
    for head in ("step", "with", "acknowledged", "lost", "doubled"):
        table.add_column(head, justify="left" if head in ("step", "with") else "right")
    for row in rows:
        if row.books is None:
            table.add_row(row.step, row.scenario, f"[yellow]not run[/]: {row.not_run}", "", "")
            continue
        books = row.books
        bad = "bold red" if books.lost else "green"
        reasons = f" ({'; '.join(books.reasons)})" if books.reasons else ""
        table.add_row(
            row.step, row.scenario, str(books.acknowledged), f"[{bad}]{books.lost}[/]{reasons}", str(books.doubled)
        )
    return table

"""`python run.py bench`: rates and latencies of this server beside a bare relay, or the times of the catalogue."""

import os
import platform
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Annotated, Literal

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from dip.benchmark.catalogue import measure_catalogue
from dip.benchmark.changes import Plan as ChangesPlan
from dip.benchmark.changes import measure_changes
from dip.benchmark.consumption import Plan, Result, run_consumption
from dip.benchmark.loop import run
from dip.benchmark.measure import Round, Unaccounted, percentiles_ms
from dip.ground.assets import asset

_FIGURES: tuple[tuple[str, Callable[[Round], float | None]], ...] = (
    ("accepted a second", lambda one: one.accepted_rate),
    ("delivered a second", lambda one: one.delivered_rate),
    ("CPU a message, µs", lambda one: one.cpu_us),
    ("answer p50, ms", lambda one: one.answer_ms["p50"]),
    ("answer p99, ms", lambda one: one.answer_ms["p99"]),
    ("delivery p50, ms", lambda one: one.delivery_ms["p50"]),
    ("delivery p90, ms", lambda one: one.delivery_ms["p90"]),
    ("delivery p99, ms", lambda one: one.delivery_ms["p99"]),
    ("delivery max, ms", lambda one: one.delivery_ms["max"]),
    ("memory, MB", lambda one: one.memory_mb),
)


def bench(
    what: Annotated[
        Literal["consumption", "catalogue", "changes"],
        typer.Argument(help="The whole server, its catalogue of channels, or channels added while messages flow."),
    ] = "consumption",
    messages: Annotated[int, typer.Option(min=100, help="Messages in a round.")] = 10_000,
    batch: Annotated[int, typer.Option(min=1, max=1000, help="Messages in a request.")] = 100,
    connections: Annotated[int, typer.Option(min=1, help="Connections of the client.")] = 2,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of server and floor in turn.")] = 3,
) -> None:
    """Send IF-021 of 4.6 kB to four recipients (live profile), and the same bytes through a bare relay.

    Prints medians of the rounds; no rate where a message is unaccounted for (exit 1). `bench catalogue` times
    the loading of the channels and the check of such a message instead; `bench changes` adds ten channels while
    500 messages a second flow.
    """
    if what == "changes":
        _changes()
        return
    if what == "catalogue":
        _catalogue()
        return
    plan = Plan(messages=messages, batch=batch, connections=connections, rounds=rounds)
    console = Console(stderr=True)
    result = run(run_consumption(plan, lambda text: console.print(text, style="dim")))
    if result.faults:
        for fault in result.faults:
            console.print(f"no rate: {fault.reason}", style="bold red")
        raise typer.Exit(1)
    if sys.stdout.isatty():
        Console().print(_table(plan, result))
    else:
        sys.stdout.write(_json(plan, result) + "\n")


def _catalogue() -> None:
    sample = asset("data/seed") / "samples" / "if-021-activepower.json"
    found = measure_catalogue(asset("channels"), sample)
    if not sys.stdout.isatty():
        sys.stdout.write(msgspec.json.encode({"machine": machine(), "catalogue": found}).decode() + "\n")
        return
    table = Table(title=f"{found.channels} channels with {found.events} events", caption=machine())
    for head in ("", "p50", "p90", "p99", "max"):
        table.add_column(head, justify="right" if head else "left")
    for name, times in (
        ("load, ms", found.load_ms),
        ("load and compile every format, ms", found.load_and_compile_ms),
        (f"decode and check an IF-021 of {found.message_bytes} bytes, µs", found.check_us),
    ):
        table.add_row(name, *(_shown(value) for value in times.values()))
    Console().print(table)


def _changes() -> None:
    plan = ChangesPlan()
    found = run(measure_changes(plan))
    if isinstance(found.messages, Unaccounted):
        Console(stderr=True).print(f"no figures: {found.messages.reason}", style="bold red")
        raise typer.Exit(1)
    if not sys.stdout.isatty():
        line = {"machine": machine(), "plan": plan, "changes": found}
        sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
        return
    title = (
        f"{plan.rate} IF-031 a second for {plan.seconds} s, one at a time, while {plan.additions} channels are added"
    )
    table = Table(title=title, caption=machine())
    for head in ("", "p50", "p90", "p99", "max"):
        table.add_column(head, justify="right" if head else "left")
    table.add_row("answer, ms", *(_shown(value) for value in found.messages.answer_ms.values()))
    table.add_row("delivery, ms", *(_shown(value) for value in found.messages.delivery_ms.values()))
    table.add_row("adding a channel, ms", *(_shown(value) for value in percentiles_ms(found.addition_ms).values()))
    table.add_row("lost, doubled", f"0, {found.messages.duplicates}", "", "", "")
    Console().print(table)


def machine() -> str:
    """The machine in a line."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


def _table(plan: Plan, result: Result) -> Table:
    table = Table(
        title=f"IF-021 of 4.6 kB, {plan.messages} messages a round in batches of {plan.batch}, four recipients, "
        f"{plan.profile}; {plan.connections} connections, median of {plan.rounds} rounds",
        caption=machine(),
    )
    for head in ("", "server", "floor", "server / floor"):
        table.add_column(head, justify="left" if not head else "right")
    for name, figure in _FIGURES:
        server, floor = _median(result.server, figure), _median(result.floor, figure)
        table.add_row(name, _shown(server), _shown(floor), _ratio(server, floor))
    duplicates = sum(one.duplicates for one in result.server)
    table.add_row("unaccounted, doubled", f"0, {duplicates}", "0, 0", "")
    return table


def _json(plan: Plan, result: Result) -> str:
    medians = {
        name: {"server": _median(result.server, figure), "floor": _median(result.floor, figure)}
        for name, figure in _FIGURES
    }
    return msgspec.json.encode({"machine": machine(), "plan": plan, "medians": medians, "rounds": result}).decode()


def _median(rounds: Sequence[Round], figure: Callable[[Round], float | None]) -> float | None:
    values = [value for one in rounds if (value := figure(one)) is not None]
    return round(median(values), 1) if values else None


def _shown(value: float | None) -> str:
    return "not to be had here" if value is None else f"{value:,.1f}"


def _ratio(server: float | None, floor: float | None) -> str:
    return f"{server / floor:.2f}" if server is not None and floor else ""

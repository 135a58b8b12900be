"""`python run.py market make`: a made-up market of any size, for tests and training (FS-35)."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from dip.cli.participants_file import CompanyLine, File, ParticipantLine, written
from dip.cli.transcript import refusals_explained
from dip.market.files import APPOINTMENTS, PARTICIPANTS, Made, write_market
from dip.market.parties import RETRIEVER_CHANNELS, Parties, parties
from dip.market.plan import MOST_MPANS, MOST_YEARS, SEED, UNTIL, YEARS, Plan

market_app = typer.Typer(no_args_is_help=True, help="A made-up market: MPANs, participants, appointments.")
_FIRST_YEAR: Final = 2000
_LAST_YEAR: Final = 2100


@market_app.callback()
def _group() -> None:
    """Keeps `make` a command of its own."""


@market_app.command("make")
def make(
    *,
    mpans: Annotated[int, typer.Option(min=1, max=MOST_MPANS, help="How many MPANs.")],
    seed: Annotated[int, typer.Option(help="The same seed and options make the same files, to the byte.")] = SEED,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where to; made where it is missing.")] = Path(
        "market"
    ),
    years: Annotated[int, typer.Option(min=1, max=MOST_YEARS, help="Over how many years appointments change.")] = YEARS,
    until: Annotated[
        datetime,
        typer.Option("--until", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="The day on which those years end."),
    ] = datetime(UNTIL.year, UNTIL.month, UNTIL.day),
    by_registration_service: Annotated[
        bool,
        typer.Option("--by-registration-service", help="The rows of each registration service in its own file, too."),
    ] = False,
) -> None:
    """Make invented MPANs with all their appointments, and the participants that hold them; no customer's among them.

    Writes mpans.csv.gz, participants.yaml and market.json; earlier ones there are replaced. Ends with 0, or with 2
    where nothing can be written there.
    """
    if not _FIRST_YEAR <= until.year <= _LAST_YEAR:
        raise typer.BadParameter(f"--until: expected a day from {_FIRST_YEAR} to {_LAST_YEAR}.")
    plan = Plan(mpans=mpans, seed=seed, years=years, until=until.date())
    everybody = parties()
    participants = written(participants_file(everybody), as_json=False).encode()
    began = time.perf_counter()
    with refusals_explained(), _progress() as advance:
        made = write_market(
            out, plan, everybody, participants, by_registration_service=by_registration_service, advance=advance
        )
    _say(made, out, time.perf_counter() - began)


def participants_file(everybody: Parties) -> File:
    """The participants of a market, in the form that `participants import` takes."""
    companies = {party.company: party.company_name for party in everybody.all}
    lines = (
        ParticipantLine(
            dip_id=party.dip_id,
            mpid=party.mpid,
            name=party.name,
            roles=(party.role,),
            company=party.company,
            optional_channels=RETRIEVER_CHANNELS if party.role == "MDR" else (),
        )
        for party in sorted(everybody.all, key=lambda party: party.dip_id)
    )
    return File(tuple(CompanyLine(number, companies[number]) for number in sorted(companies)), tuple(lines))


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, nothing elsewhere."""
    console = Console(stderr=True)
    columns = TextColumn("MPANs"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task("", total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def _say(made: Made, out: Path, seconds: float) -> None:
    if sys.stdout.isatty():
        console = Console(highlight=False, soft_wrap=True)
        console.print(
            f"{made.mpans:,} MPANs with {made.rows:,} appointments of {len(made.parties)} participants "
            f"in {out}, in {seconds:.1f} s ({made.rows / seconds:,.0f} rows a second).",
            markup=False,
        )
        console.print(f"First `python run.py participants import {out / PARTICIPANTS}`,", markup=False)
        console.print(f"then `python run.py mpans import {out / APPOINTMENTS}`.", markup=False)
        return
    line = {
        "directory": str(out),
        "mpans": made.mpans,
        "rows": made.rows,
        "participants": len(made.parties),
        "files": [file.name for file in made.files],
        "seconds": round(seconds, 3),
        "rowsPerSecond": round(made.rows / seconds),
    }
    sys.stdout.write(msgspec.json.encode(line).decode() + "\n")

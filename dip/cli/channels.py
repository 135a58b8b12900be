"""`python run.py channels`: check a catalogue, list it, show a channel, compare two catalogues."""

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dip.channels.channel import Channel
from dip.channels.checking import checked
from dip.channels.differences import differences
from dip.channels.errors import CatalogueRefused
from dip.channels.registry import Registry
from dip.channels.summary import summary
from dip.cli.channel_tables import tables
from dip.ground.assets import asset
from dip.messages.identifiers import RoleCode

channels_app = typer.Typer(help="The catalogue of channels.", no_args_is_help=True, add_completion=False)

_Catalogue = Annotated[Path | None, typer.Option("--in", help="Another catalogue than the shipped one.")]


@channels_app.command()
def check(
    path: Annotated[Path | None, typer.Argument(help="A catalogue's directory, or one channel's file.")] = None,
) -> None:
    """Report every fault at once as file:line:column: reason (exit 1)."""
    registry = _read(path)
    events = sum(len(channel.events) for channel in registry.channels.values())
    typer.echo(f"{len(registry.channels)} channels with {events} events: no fault.")


@channels_app.command("list")
def list_channels(catalogue: _Catalogue = None) -> None:
    """One line for each channel; JSON in a pipe."""
    channels = _read(catalogue).channels.values()
    if not sys.stdout.isatty():
        sys.stdout.write(_json([_line(channel) for channel in channels]))
        return
    table = Table("id", "name", "pattern", "category", "senders", "recipients", "events", box=None)
    for channel in channels:
        table.add_row(*(escape(_cell(value)) for value in _line(channel).values()))
    Console().print(table)


@channels_app.command()
def show(channel_id: str, catalogue: _Catalogue = None) -> None:
    """Everything that a channel does; JSON in a pipe, with every item of every format."""
    registry = _read(catalogue)
    channel = registry.find(channel_id.upper())
    if channel is None:
        typer.echo(f"There is no channel {channel_id}; `channels list` names them.", err=True)
        raise typer.Exit(1)
    if not sys.stdout.isatty():
        sys.stdout.write(_json(summary(channel)))
        return
    console = Console()
    for table in tables(channel, registry):
        console.print(table)


@channels_app.command()
def diff(
    old: Annotated[Path, typer.Argument(help="A catalogue's directory, or one channel's file.")],
    new: Annotated[Path, typer.Argument(help="What to compare it with.")],
) -> None:
    """What changed, item by item: + came, - went, ~ is another (exit 1 where something did)."""
    found = differences(_read(old), _read(new))
    for difference in found:
        typer.echo(str(difference))
    if found:
        raise typer.Exit(1)


def _read(path: Path | None) -> Registry:
    shipped = asset("channels")
    try:
        return checked(path or shipped, shipped)
    except CatalogueRefused as refused:
        typer.echo(refused.message, err=True)
        count = len(refused.faults)
        typer.echo(f"{count} fault{'s' if count > 1 else ''}.", err=True)
        raise typer.Exit(1) from None


def _line(channel: Channel) -> dict[str, str | int | list[RoleCode]]:
    return {
        "id": channel.id,
        "name": channel.name,
        "pattern": channel.pattern,
        "category": channel.category,
        "senders": sorted(channel.senders),
        "recipients": sorted(channel.recipients),
        "events": len(channel.events),
    }


def _cell(value: str | int | list[RoleCode]) -> str:
    return " ".join(value) if isinstance(value, list) else str(value)


def _json(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n"

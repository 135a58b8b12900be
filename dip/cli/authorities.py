"""`python run.py authorities`: the outside authorities of a server that runs (8.4)."""

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from dip.cli.asking import HOME, Data, Portal, ask
from dip.store.authorities import AuthorityKind

authorities_app = typer.Typer(
    no_args_is_help=True, help="Outside authorities: whose certificates participants may bring."
)


@authorities_app.command("add")
def add(
    file: Annotated[Path, typer.Argument(help="PEM: the root, and what it issued to issue with.")],
    *,
    kind: Annotated[
        AuthorityKind, typer.Option("--kind", help="environment: that of another environment, refused by name.")
    ] = AuthorityKind.TRUSTED,
    name: Annotated[str, typer.Option("--name", help="A name for people.")] = "",
    data: Data = HOME,
    portal: Portal = None,
) -> None:
    """Know a further authority, from the next connection on.

    Ends with 0 when it is known, 1 when the server refused, 2 when it could not be asked.
    """
    try:
        pem = file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as exc:
        sys.stderr.write(f"{file} can't be read ({type(exc).__name__}).\n")
        raise typer.Exit(2) from None
    order = {"certificate": pem, "kind": kind.value, "name": name}
    sys.stdout.write(_line(ask("POST", "authorities", data, portal, order)))


@authorities_app.command("list")
def listed(*, data: Data = HOME, portal: Portal = None) -> None:
    """List the authorities in force: one JSON object a line."""
    for one in ask("GET", "authorities", data, portal)["items"]:
        sys.stdout.write(_line(one))


@authorities_app.command("remove")
def remove(
    fingerprint: Annotated[str, typer.Argument(help="SHA-256 of the root, 64 hexadecimal digits, as `list` gives it.")],
    *,
    data: Data = HOME,
    portal: Portal = None,
) -> None:
    """Trust an authority no more: every certificate of it is refused at once."""
    sys.stdout.write(_line(ask("DELETE", f"authorities/{fingerprint}", data, portal)))


def _line(one: object) -> str:
    return msgspec.json.encode(one).decode() + "\n"

"""`python run.py master-key rotate`: another master key for a server that runs."""

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from dip.cli.asking import HOME, Data, Portal, ask

master_key_app = typer.Typer(no_args_is_help=True, help="The master key, which wraps the keys of what is stored.")


@master_key_app.callback()
def _group() -> None:
    """Keeps `rotate` a command of its own."""


@master_key_app.command("rotate")
def rotate(
    *,
    data: Data = HOME,
    portal: Portal = None,
    new_key: Annotated[
        Path | None,
        typer.Option("--new-key", help="A file with the 64 hexadecimal digits of the new key; without it one is made."),
    ] = None,
) -> None:
    """Change the master key of a running server; messages go on.

    Ends with 0 when every key is wrapped anew, 1 when the server refused, 2 when it could not be asked.
    """
    order = {} if new_key is None else {"key": _text(new_key)}
    answer = ask("POST", "master-key/rotate", data, portal, order)
    if sys.stdout.isatty():
        Console().print(f"{answer['keys']} keys are wrapped anew. The next start finds the key in {answer['keptIn']}.")
    else:
        sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as exc:
        sys.stderr.write(f"{path} can't be read ({type(exc).__name__}).\n")
        raise typer.Exit(2) from exc

"""`python run.py users`: who may log in to the portal of a server that runs (8.3)."""

import sys
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote

import msgspec
import typer

from dip.cli.asking import ask

users_app = typer.Typer(no_args_is_help=True, help="Users of the portal and what each of them may do.")
_Data = Annotated[Path, typer.Option("--data", envvar="DIP_DATA", help="Data directory of the server.")]
_Portal = Annotated[
    str | None, typer.Option("--portal", help="The portal to call; by default the one of the data directory.")
]
_Name = Annotated[str, typer.Argument(help="The user's name.")]
_HOME: Final = Path("data/state")


@users_app.command("add")
def add(
    name: _Name,
    powers: Annotated[
        list[str], typer.Argument(help="What the user may do, such as administrator, company-messages, read-only.")
    ],
    *,
    company: Annotated[str | None, typer.Option("--company", help="The company's number; without it the DIP.")] = None,
    dip_id: Annotated[
        list[str] | None, typer.Option("--dip-id", help="A DIP id that the user works for; without it all.")
    ] = None,
    data: _Data = _HOME,
    portal: _Portal = None,
) -> None:
    """Make a user, and say its password, which has to be changed at the first log-in.

    Ends with 0 when the user is made, 1 when the server refused, 2 when it could not be asked.
    """
    order = {"name": name, "powers": powers, "company": company, "dipIds": dip_id or None}
    sys.stdout.write(_line(ask("POST", "users", data, portal, order)))


@users_app.command("list")
def listed(*, data: _Data = _HOME, portal: _Portal = None) -> None:
    """List the users: one JSON object a line."""
    path = "users"
    while True:
        page = ask("GET", path, data, portal)
        for one in page["items"]:
            sys.stdout.write(_line(one))
        if page["next"] is None:
            return
        path = f"users?next={quote(page['next'], safe='')}"


@users_app.command("remove")
def remove(name: _Name, *, data: _Data = _HOME, portal: _Portal = None) -> None:
    """Remove a user; its sessions end at once. The last administrator stays."""
    ask("DELETE", f"users/{quote(name, safe='')}", data, portal)


@users_app.command("password")
def password(name: _Name, *, data: _Data = _HOME, portal: _Portal = None) -> None:
    """Give a user a new random password and say it; it has to be changed at the next log-in."""
    sys.stdout.write(_line(ask("PATCH", f"users/{quote(name, safe='')}", data, portal, {"newPassword": True})))


def _line(answer: Any) -> str:
    return msgspec.json.encode(answer).decode() + "\n"

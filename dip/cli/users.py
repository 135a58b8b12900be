"""`python run.py users`: who may log in to the portal of a server that runs (8.3)."""

import sys
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from dip.cli.asking import HOME, Data, Portal, ask

users_app = typer.Typer(no_args_is_help=True, help="Users of the portal and what each of them may do.")
_Name = Annotated[str, typer.Argument(help="The user's name.")]


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
    data: Data = HOME,
    portal: Portal = None,
) -> None:
    """Make a user, and say its password, which has to be changed at the first log-in.

    Ends with 0 when the user is made, 1 when the server refused, 2 when it could not be asked.
    """
    order = {"name": name, "powers": powers, "company": company, "dipIds": dip_id or None}
    sys.stdout.write(_line(ask("POST", "users", data, portal, order)))


@users_app.command("list")
def listed(*, data: Data = HOME, portal: Portal = None) -> None:
    """List the users: a table, or one JSON object a line in a pipe."""
    table, path = Table("name", "may act as", "sees", "state"), "users"
    while True:
        page = ask("GET", path, data, portal)
        for one in page["items"]:
            if sys.stdout.isatty():
                table.add_row(one["name"], ", ".join(one["powers"]), _seen(one), _state(one))
            else:
                sys.stdout.write(_line(one))
        if page["next"] is None:
            break
        path = f"users?next={quote(page['next'], safe='')}"
    if sys.stdout.isatty():
        Console().print(table)


@users_app.command("remove")
def remove(name: _Name, *, data: Data = HOME, portal: Portal = None) -> None:
    """Remove a user; its sessions end at once. The last administrator stays."""
    ask("DELETE", f"users/{quote(name, safe='')}", data, portal)


@users_app.command("password")
def password(name: _Name, *, data: Data = HOME, portal: Portal = None) -> None:
    """Give a user a new random password and say it; it has to be changed at the next log-in."""
    sys.stdout.write(_line(ask("PATCH", f"users/{quote(name, safe='')}", data, portal, {"newPassword": True})))


def _line(answer: Any) -> str:
    return msgspec.json.encode(answer).decode() + "\n"


def _seen(user: dict[str, Any]) -> str:
    if user["company"] is None:
        return "everybody"
    return f"company {user['company']}" + (f": {', '.join(user['dipIds'])}" if user["dipIds"] else "")


def _state(user: dict[str, Any]) -> str:
    if user["disabledAt"]:
        return "disabled"
    return "password to be changed" if user["mustChange"] else "in use"

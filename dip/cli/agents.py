"""`python run.py agents`: who acts for whom, asked and changed at a server that runs (FS-42)."""

import sys
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from dip.cli.asking import HOME, Data, Portal, ask

agents_app = typer.Typer(no_args_is_help=True, help="Agents: who acts for a participant, in which roles.")

_Principal = Annotated[str, typer.Argument(metavar="DIP-ID", help="The participant for which an agent acts.")]
_Agent = Annotated[str, typer.Argument(metavar="AGENT", help="The agent's DIP id (role DCP).")]


@agents_app.command("assign")
def assign(
    principal: _Principal,
    agent: _Agent,
    role: Annotated[str, typer.Option("--role", help="The role in which it acts.")],
    *,
    encrypts: Annotated[
        bool, typer.Option("--encrypts", help="Encrypt whatever the participant gets to the agent's certificate.")
    ] = False,
    data: Data = HOME,
    portal: Portal = None,
) -> None:
    """Have an agent act for a participant in a role, from the next call on.

    Ends with 0 when it does, 1 when the server refused, 2 when it could not be asked.
    """
    order = {"agent": agent, "role": role, "encrypts": encrypts}
    made = ask("POST", f"participants/{quote(principal)}/agents", data, portal, order)
    sys.stdout.write(_line(made))


@agents_app.command("withdraw")
def withdraw(
    principal: _Principal,
    agent: _Agent,
    *,
    role: Annotated[str | None, typer.Option("--role", help="Only this role; by default all.")] = None,
    data: Data = HOME,
    portal: Portal = None,
) -> None:
    """Withdraw an agent: its next call for the participant is refused."""
    query = "" if role is None else f"?role={quote(role)}"
    ask("DELETE", f"participants/{quote(principal)}/agents/{quote(agent)}{query}", data, portal)


@agents_app.command("list")
def listed(
    participant: Annotated[str, typer.Argument(metavar="DIP-ID", help="A participant, or an agent.")],
    *,
    data: Data = HOME,
    portal: Portal = None,
) -> None:
    """List who acts for a participant and for whom it acts, with what was before: a table, or JSON lines in a pipe."""
    found = [
        one
        for kind in ("agents", "principals")
        for one in ask("GET", f"participants/{quote(participant)}/{kind}", data, portal)["items"]
    ]
    if not sys.stdout.isatty():
        sys.stdout.writelines(_line(one) for one in found)
        return
    table = Table("participant", "role", "agent", "encrypted to", "assigned", "withdrawn")
    for one in found:
        table.add_row(
            one["participant"],
            one["role"],
            one["agent"],
            "agent" if one["encrypts"] else "participant",
            f"{one['assignedAt'][:19]} by {one['assignedBy']}",
            f"{one['withdrawnAt'][:19]} by {one['withdrawnBy']}" if one["withdrawnAt"] else "",
        )
    Console().print(table)


def _line(one: dict[str, Any]) -> str:
    return msgspec.json.encode(one).decode() + "\n"

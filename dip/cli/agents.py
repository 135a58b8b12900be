"""`python run.py agents`: who acts for whom, asked and changed at a server that runs (FS-42)."""

import asyncio
import ssl
import sys
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote

import aiohttp
import msgspec
import typer

from dip.cli.transcript import refusals_explained
from dip.client import ServerNotReached, find_server

agents_app = typer.Typer(no_args_is_help=True, help="Agents: who acts for a participant, in which roles.")
_TIMEOUT: Final = aiohttp.ClientTimeout(total=30)
_REFUSED: Final = 400

_Principal = Annotated[str, typer.Argument(metavar="DIP-ID", help="The participant for which an agent acts.")]
_Agent = Annotated[str, typer.Argument(metavar="AGENT", help="The agent's DIP id (role DCP).")]
_Data = Annotated[Path, typer.Option("--data", envvar="DIP_DATA", help="Data directory of the server.")]
_Portal = Annotated[
    str | None, typer.Option("--portal", help="The portal to call; by default the one of the data directory.")
]
_HOME: Final = Path("data/state")


@agents_app.command("assign")
def assign(
    principal: _Principal,
    agent: _Agent,
    role: Annotated[str, typer.Option("--role", help="The role in which it acts.")],
    *,
    encrypts: Annotated[
        bool, typer.Option("--encrypts", help="Encrypt whatever the participant gets to the agent's certificate.")
    ] = False,
    data: _Data = _HOME,
    portal: _Portal = None,
) -> None:
    """Have an agent act for a participant in a role, from the next call on.

    Ends with 0 when it does, 1 when the server refused, 2 when it could not be asked.
    """
    order = {"agent": agent, "role": role, "encrypts": encrypts}
    made = _ask("POST", f"{quote(principal)}/agents", data, portal, order)
    sys.stdout.write(_line(made))


@agents_app.command("withdraw")
def withdraw(
    principal: _Principal,
    agent: _Agent,
    *,
    role: Annotated[str | None, typer.Option("--role", help="Only this role; by default all.")] = None,
    data: _Data = _HOME,
    portal: _Portal = None,
) -> None:
    """Withdraw an agent: its next call for the participant is refused."""
    query = "" if role is None else f"?role={quote(role)}"
    _ask("DELETE", f"{quote(principal)}/agents/{quote(agent)}{query}", data, portal)


@agents_app.command("list")
def listed(
    participant: Annotated[str, typer.Argument(metavar="DIP-ID", help="A participant, or an agent.")],
    *,
    data: _Data = _HOME,
    portal: _Portal = None,
) -> None:
    """List who acts for a participant and for whom it acts, with what was before: one JSON object a line."""
    for kind in ("agents", "principals"):
        for one in _ask("GET", f"{quote(participant)}/{kind}", data, portal)["items"]:
            sys.stdout.write(_line(one))


def _line(one: dict[str, Any]) -> str:
    return msgspec.json.encode(one).decode() + "\n"


def _ask(method: str, path: str, data: Path, portal: str | None, order: dict[str, Any] | None = None) -> dict[str, Any]:
    """The answer of the administration API; a refusal ends the command with 1."""
    with refusals_explained():
        url = portal or find_server(data).portal
        address = f"{url.rstrip('/')}/admin/api/participants/{path}"
        status, answer = asyncio.run(_call(method, address, order, _token(data), data / "ca.pem"))
    if status >= _REFUSED:
        sys.stderr.write(f"The server refused: {answer.get('detail', status)}\n")
        raise typer.Exit(1)
    return answer


async def _call(
    method: str, url: str, order: dict[str, Any] | None, token: str, root: Path
) -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    context = ssl.create_default_context(cafile=root) if url.startswith("https") else True
    body = None if order is None else msgspec.json.encode(order)
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT, headers=headers) as session,
            session.request(method, url, data=body, ssl=context) as response,
        ):
            read = await response.read()
            return response.status, msgspec.json.decode(read, type=dict[str, Any]) if read else {}
    except (aiohttp.ClientError, OSError, TimeoutError, msgspec.DecodeError) as exc:
        raise ServerNotReached(f"{url} gave no answer that can be read ({type(exc).__name__}). Is it running?") from exc


def _token(data: Path) -> str:
    try:
        return (data / "admin.token").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise ServerNotReached(f"{data / 'admin.token'} can't be read ({type(exc).__name__}).") from exc

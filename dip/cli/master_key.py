"""`python run.py master-key rotate`: another master key for a server that runs."""

import asyncio
import ssl
import sys
from pathlib import Path
from typing import Annotated

import aiohttp
import msgspec
import typer
from rich.console import Console

from dip.cli.transcript import refusals_explained
from dip.client import ServerNotReached, find_server

master_key_app = typer.Typer(no_args_is_help=True, help="The master key, which wraps the keys of what is stored.")
_TIMEOUT = aiohttp.ClientTimeout(total=60)
_OK = 200


@master_key_app.callback()
def _group() -> None:
    """Keeps `rotate` a command of its own."""


@master_key_app.command("rotate")
def rotate(
    *,
    data: Annotated[Path, typer.Option("--data", envvar="DIP_DATA", help="Data directory of the server.")] = Path(
        "data/state"
    ),
    portal: Annotated[
        str | None, typer.Option("--portal", help="The portal to call; by default the one of the data directory.")
    ] = None,
    new_key: Annotated[
        Path | None,
        typer.Option("--new-key", help="A file with the 64 hexadecimal digits of the new key; without it one is made."),
    ] = None,
) -> None:
    """Change the master key of a running server; messages go on.

    Ends with 0 when every key is wrapped anew, 1 when the server refused, 2 when it could not be asked.
    """
    with refusals_explained():
        url = portal or find_server(data).portal
        body = msgspec.json.encode({} if new_key is None else {"key": _text(new_key)})
        status, answer = asyncio.run(_ask(url, _text(data / "admin.token"), body, data / "ca.pem"))
    if status != _OK:
        sys.stderr.write(f"The server refused: {answer.get('detail', status)}\n")
        raise typer.Exit(1)
    if sys.stdout.isatty():
        Console().print(f"{answer['keys']} keys are wrapped anew. The next start finds the key in {answer['keptIn']}.")
    else:
        sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")


async def _ask(url: str, token: str, body: bytes, root: Path) -> tuple[int, dict[str, object]]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    context = ssl.create_default_context(cafile=root) if url.startswith("https") else True
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT, headers=headers) as session,
            session.post(f"{url.rstrip('/')}/admin/api/master-key/rotate", data=body, ssl=context) as response,
        ):
            return response.status, msgspec.json.decode(await response.read(), type=dict[str, object])
    except (aiohttp.ClientError, OSError, TimeoutError, msgspec.DecodeError) as exc:
        raise ServerNotReached(f"{url} gave no answer that can be read ({type(exc).__name__}). Is it running?") from exc


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise ServerNotReached(f"{path} can't be read ({type(exc).__name__}).") from exc

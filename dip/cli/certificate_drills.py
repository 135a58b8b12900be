"""`python run.py certificate-drills`: certificates that are wrong on purpose, for one participant (8.4)."""

import io
import sys
import zipfile
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from dip.cli.asking import HOME, Data, Portal, ask, ask_for_bytes
from dip.participants.files import PUBLIC, SECRET, write_file

_KEY: Final = ".key"


def certificate_drills(
    dip_id: Annotated[str, typer.Argument(metavar="DIP-ID", help="The participant to make them for.")],
    *,
    out: Annotated[Path | None, typer.Option("--out", help="A folder to put them into as well.")] = None,
    data: Data = HOME,
    portal: Portal = None,
) -> None:
    """Make a participant certificates that are expired, revoked, of a wrong name, use or environment, and so on.

    The page /drills says what a correct system sees of each. They replace the set that was made before.
    Ends with 0 when they are made, 1 when the server refused, 2 when it could not be asked.
    """
    path = f"participants/{quote(dip_id, safe='')}/drills"
    made = ask("POST", path, data, portal)["items"]
    if sys.stdout.isatty():
        _show(made)
    else:
        sys.stdout.writelines(msgspec.json.encode(one).decode() + "\n" for one in made)
    if out is not None:
        _unpack(ask_for_bytes("GET", f"{path}.zip", data, portal), out)


def _show(made: list[dict[str, Any]]) -> None:
    table = Table("kind", "use", "valid from", "until", "in the participant's folder")
    for one in made:
        table.add_row(one["kind"], one["use"], one["notBefore"][:10], one["notAfter"][:10], one["file"])
    Console().print(table)


def _unpack(archive: bytes, folder: Path) -> None:
    """Put every file into the folder; keys for nobody else to read."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        for name in opened.namelist():
            target = folder / name
            if not target.resolve().is_relative_to(folder.resolve()):
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            write_file(target, opened.read(name), SECRET if target.suffix == _KEY else PUBLIC)

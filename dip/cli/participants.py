"""`python run.py participants`: who takes part, asked and changed at a server that runs (5.7.2, FS-43)."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from dip.cli.asking import HOME, Data, Portal, ask
from dip.cli.participants_file import BadFile, File, export_file, import_file, read_file, written
from dip.cli.transcript import refusals_explained

participants_app = typer.Typer(no_args_is_help=True, help="Participants: add, list, remove, export, import.")

_DipId = Annotated[str, typer.Argument(metavar="DIP-ID", help="The participant.")]


@participants_app.command("add")
def add(
    mpid: Annotated[str, typer.Argument(metavar="MPID", help="Market participant id: four characters.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name.")],
    role: Annotated[list[str], typer.Option("--role", help="A role; the first gives the DIP id its prefix.")],
    *,
    dip_id: Annotated[str | None, typer.Option("--dip-id", help="Its DIP id; without it one is made.")] = None,
    company: Annotated[str | None, typer.Option("--company", help="The number of its company.")] = None,
    company_name: Annotated[
        str | None, typer.Option("--company-name", help="The company's name, where it is new.")
    ] = None,
    csr: Annotated[
        list[str] | None,
        typer.Option("--csr", help="USE=FILE: a signing request for a key that it brings (tls, signing, encryption)."),
    ] = None,
    data: Data = HOME,
    portal: Portal = None,
) -> None:
    """Add a participant: channels, certificates, folder and API key at once.

    Ends with 0 when it takes part, 1 when the server refused, 2 when it could not be asked.
    """
    with refusals_explained():
        requests = dict(_request(one) for one in csr or [])
    order = {
        "mpid": mpid,
        "name": name,
        "roles": role,
        "dipId": dip_id,
        "company": company,
        "companyName": company_name,
        "csr": requests,
    }
    made = ask("POST", "participants", data, portal, order)
    if not sys.stdout.isatty():
        _print_line({name: made[name] for name in ("dipId", "mpid", "name", "roles", "apiKey")})
        return
    console = Console()
    console.print(f"{made['dipId']} {made['name']} takes part. Its API key, shown this once: {made['apiKey']}")
    console.print(f"Its folder is {data / 'participants' / made['dipId']}")


@participants_app.command("list")
def listed(
    *,
    left: Annotated[bool, typer.Option("--left", help="With those that left.")] = False,
    data: Data = HOME,
    portal: Portal = None,
) -> None:
    """List the participants: a table on a terminal, one JSON object a line in a pipe."""
    items = ask("GET", f"participants{'?left=true' if left else ''}", data, portal)["items"]
    if not sys.stdout.isatty():
        for one in items:
            _print_line(one)
        return
    Console().print(_table(items))


@participants_app.command("remove")
def remove(dip_id: _DipId, *, data: Data = HOME, portal: Portal = None) -> None:
    """Offboard a participant: roles, certificates, API key, webhooks and waiting messages are withdrawn."""
    ask("DELETE", f"participants/{quote(dip_id, safe='')}", data, portal)
    if sys.stdout.isatty():
        Console().print(f"{dip_id} takes no part any more.")
    else:
        _print_line({"dipId": dip_id, "done": "left"})


@participants_app.command("export")
def export(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Ends with .yaml or .json; without it: stdout.")
    ] = None,
    *,
    data: Data = HOME,
    portal: Portal = None,
) -> None:
    """Write companies, participants, roles, sign-ups and agents into one file that `import` takes."""
    found = export_file(lambda method, path: ask(method, path, data, portal))
    with refusals_explained():
        text = written(found, as_json=file is not None and file.suffix == ".json")
        if file is None:
            sys.stdout.write(text)
            return
        try:
            file.write_text(text, encoding="utf-8")
        except OSError as exc:
            raise BadFile(f"{file} can't be written: {exc.strerror}.") from exc
    sys.stderr.write(f"{len(found.participants)} participants of {len(found.companies)} companies in {file}\n")


@participants_app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="As `export` writes it, YAML or JSON.")],
    *,
    data: Data = HOME,
    portal: Portal = None,
) -> None:
    """Have the participants of a file take part as it says; the same file again changes nothing.

    Others stay as they are. What is refused is listed at the end, every fault of it, and the rest is done all the
    same. Ends with 0 when all of it is so, 1 when something was refused, 2 when nothing could be asked.
    """
    with refusals_explained():
        wanted: File = read_file(file)
    faults = import_file(wanted, data, portal)
    for fault in faults:
        sys.stderr.write(f"{fault}\n")
    if faults:
        raise typer.Exit(1)


def _request(text: str) -> tuple[str, str]:
    use, sign, name = text.partition("=")
    if not sign:
        raise BadFile("--csr: expected USE=FILE, such as tls=my.csr.")
    try:
        return use, Path(name).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as exc:
        raise BadFile(f"{name} can't be read as PEM.") from exc


def _table(items: Sequence[dict[str, Any]]) -> Table:
    table = Table("DIP id", "MPID", "name", "roles", "company", "left", box=None, pad_edge=False)
    for one in items:
        optional = one["optionalRoles"]
        roles = " ".join(f"({role})" if role in optional else role for role in one["roles"])
        left = (one["leftAt"] or "")[:10]
        table.add_row(one["dipId"], one["mpid"], one["name"], roles, one["companyName"] or one["company"], left)
    return table


def _print_line(one: dict[str, Any]) -> None:
    sys.stdout.write(msgspec.json.encode(one).decode() + "\n")

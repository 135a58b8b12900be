"""`python run.py audit`: verify the activity log and the message archive, and export the log (5.8.1, FS-45)."""

import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, BinaryIO

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from dip.activity.files import LineUnreadable
from dip.activity.packing import RecordUnreadable
from dip.activity.reading import ActivityBook
from dip.activity.verification import Break, Broken, Chain, ChainVerifier
from dip.archive.verification import verify_seals
from dip.ground.clock import microseconds
from dip.ground.errors import SetupRefused
from dip.security.master_key import MasterKeyFile, key_of
from dip.security.vault import MasterKeyRefused, Vault
from dip.store.audit import AuditStore

audit_app = typer.Typer(no_args_is_help=True, help="The activity log: verify that nothing was changed, and export it.")
_DATA = Path("data/state")
_Data = Annotated[Path, typer.Option("--data", envvar="DIP_DATA", help="Data directory; a server may be running.")]
_Key = Annotated[str, typer.Option(envvar="DIP_MASTER_KEY", help="Master key, where it is kept in the environment.")]
_Advance = Callable[[int, int], None]


class Report(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What `verify` found. first_break: the first thing that is wrong; None where nothing is. sealed: rows opened."""

    intact: bool
    chain: Chain | None
    sealed: int
    first_break: Break | None


@audit_app.command("verify")
def verify(*, data: _Data = _DATA, master_key: _Key = "") -> None:
    """Verify the whole activity log, and open every sealed row of the message archive.

    Changes nothing, and works while the server runs. Ends with 0 when all is as it was written, with 1 when something
    was changed or is missing (the first such thing is named), with 2 when it could not be looked at.
    """
    try:
        with closing(AuditStore(data)) as store:
            report = _verified(store, data, master_key)
    except SetupRefused as exc:
        sys.stderr.write(f"{exc.message}\n")
        raise typer.Exit(2) from exc
    if sys.stdout.isatty():
        _tell(report)
    else:
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    if not report.intact:
        raise typer.Exit(1)


@audit_app.command("export")
def export(
    *,
    data: _Data = _DATA,
    since: Annotated[
        str, typer.Option("--from", help="Only records made at this time or later, such as 2026-03-21.")
    ] = "",
    until: Annotated[str, typer.Option("--to", help="Only records made before this time.")] = "",
    out: Annotated[Path | None, typer.Option(help="Where to; without it to stdout.")] = None,
) -> None:
    """Write the activity log as JSON lines, in order: number, time, hash and record.

    Ends with 1 when something can't be read (what came before it is written), with 2 when nothing could be.
    """
    try:
        first, last = _moment(since, "--from"), _moment(until, "--to")
        with closing(AuditStore(data)) as store, _output(out) as target:
            for lines in ActivityBook(store.activity, scan=1).lines(first, last):
                target.write(lines)
    except SetupRefused as exc:
        sys.stderr.write(f"{exc.message}\n")
        raise typer.Exit(2) from exc
    except (sqlite3.DatabaseError, LineUnreadable, RecordUnreadable, OSError) as exc:
        sys.stderr.write(f"The activity log can't be read: {exc}. `python run.py audit verify` says where.\n")
        raise typer.Exit(1) from exc


def _verified(store: AuditStore, data: Path, master_key: str) -> Report:
    chain, sealed, found = None, 0, None
    with _progress() as step:
        try:
            chain = ChainVerifier(store.activity, step("The activity log")).verify()
        except Broken as exc:
            found = exc.found
        if found is None:
            found, sealed = _seals(store, data, master_key, step("The message archive"))
        if found is None:
            step("The pages of the database")
            found = _pages(store)
    return Report(intact=found is None, chain=chain, sealed=sealed, first_break=found)


def _seals(store: AuditStore, data: Path, master_key: str, advance: _Advance) -> tuple[Break | None, int]:
    try:
        vault = _vault(store, data, master_key)
        broken, opened = verify_seals(store, vault, advance)
    except MasterKeyRefused as exc:
        return Break("table data_key", None, None, f"changed, or wrapped with another key: {exc.message}"), 0
    except sqlite3.DatabaseError as exc:
        return Break("the database", None, None, f"unreadable: {exc}"), 0
    return None if broken is None else Break(f"table {broken.table}", broken.number, broken.at, broken.what), opened


def _pages(store: AuditStore) -> Break | None:
    try:
        damage = store.damage()
    except sqlite3.DatabaseError as exc:
        damage = str(exc)
    return None if damage is None else Break("the database's pages", None, None, f"damaged: {damage}")


def _vault(store: AuditStore, data: Path, master_key: str) -> Vault:
    """Raises SetupRefused where there is no master key, MasterKeyRefused where it is another one."""
    keys = store.data_keys()
    if master_key:
        return Vault(key_of(master_key, "DIP_MASTER_KEY"), keys)
    file = MasterKeyFile(data / "master.key")
    if not file.path.exists():
        raise SetupRefused(f"{file.path} is not there; give its digits as DIP_MASTER_KEY to have the archive opened")
    try:
        return Vault(file.read(), keys)
    except MasterKeyRefused:
        following = file.read_next()
        if following is None:
            raise
        return Vault(following, keys)


@contextmanager
def _progress() -> Iterator[Callable[[str], _Advance]]:
    """Bars on a terminal, nothing elsewhere."""
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:

        def step(what: str) -> _Advance:
            task = bars.add_task(what, total=None)
            return lambda done, total: bars.update(task, completed=done, total=total)

        yield step


@contextmanager
def _output(out: Path | None) -> Iterator[BinaryIO]:
    if out is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    else:
        with out.open("wb") as file:
            yield file


def _moment(text: str, option: str) -> int | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as exc:
        raise SetupRefused(f"{option} is a time such as 2026-03-21 or 2026-03-21T19:05:00+00:00") from exc
    return microseconds(found.replace(tzinfo=UTC) if found.tzinfo is None else found)


def _tell(report: Report) -> None:
    console, found = Console(), report.first_break
    if found is not None:
        record = f", record {found.record}" if found.record is not None else ""
        made = f" (made {found.at:%Y-%m-%d %H:%M:%S} UTC)" if found.at is not None else ""
        console.print(f"[bold red]Broken:[/] {found.where}{record}{made}: {found.what}.", highlight=False)
    elif report.chain is not None:
        chain = report.chain
        console.print(
            f"[green]Intact:[/] {chain.records} records of the activity log up to number {chain.head}, "
            f"{report.sealed} sealed rows of the archive.\nLast hash {chain.head_hash}",
            highlight=False,
        )

"""`python run.py publish`: bring files to the DIP and announce them, or what stands elsewhere (FS-36 to FS-39)."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from dip.cli.send import chosen_server
from dip.cli.transcript import printable, refusals_explained
from dip.client import (
    CallRefused,
    CatalogueEntry,
    Credentials,
    CredentialsIncomplete,
    Kind,
    ParticipantClient,
    Publication,
    Publisher,
    Publishing,
    Server,
    Uploaded,
    Variant,
    credentials_of,
    fetch_catalogue,
    issue_time,
    kind_of,
)
from dip.ground.clock import Clock
from dip.messages.identifiers import InterfaceId, TransactionId
from dip.messages.timestamps import moment_of

_Step = Callable[[str], Callable[[int, int], None]]


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """One variant as the command line names it. file: None where it stands elsewhere, under the address `outside`."""

    file: Path | None
    outside: str
    name: str
    kind: Kind
    title: str
    description: str | None


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asks for. principal: for whom an agent publishes."""

    payloads: list[Payload]
    channel: InterfaceId
    description: str
    version: str
    issued: datetime | None
    event: str | None
    role: str | None
    environment: str | None
    principal: str | None


class Published(msgspec.Struct, frozen=True):
    """What became of it."""

    transaction_id: TransactionId
    payloads: list[Uploaded]


def publish(
    files: Annotated[list[Path] | None, typer.Argument(help="The payloads: files, each one variant.")] = None,
    *,
    participant: Annotated[str, typer.Option("--as", metavar="DIP-ID", help="The participant that publishes.")],
    channel: Annotated[str, typer.Option("--channel", metavar="ID", help="The channel, such as IF-047.")],
    description: Annotated[str, typer.Option("--description", help="What is published, such as ISD.")],
    version: Annotated[str, typer.Option("--version", help="Its version, such as 1.1.1; also each payload's.")],
    name: Annotated[
        list[str] | None, typer.Option("--name", help="Name of a payload in its address, by default the file's.")
    ] = None,
    date: Annotated[
        str | None,
        typer.Option("--date", help="When it was issued: 2026-03-21, or 25 characters; else when its files were made."),
    ] = None,
    outside: Annotated[
        list[str] | None, typer.Option("--outside", metavar="URI", help="A payload that stands elsewhere; repeatable.")
    ] = None,
    variant_name: Annotated[
        list[str] | None, typer.Option("--variant-name", help="What a payload is called, files first; repeatable.")
    ] = None,
    variant_description: Annotated[
        list[str] | None, typer.Option("--variant-description", help="What a payload is, files first; repeatable.")
    ] = None,
    variant_format: Annotated[
        list[str] | None,
        typer.Option("--variant-format", help="Its format instead of the file's ending, such as CSV; repeatable."),
    ] = None,
    principal: Annotated[
        str | None, typer.Option("--for", metavar="DIP-ID", help="The participant for which it publishes as its agent.")
    ] = None,
    role: Annotated[
        str | None, typer.Option("--role", help="The role that publishes; by default one that sends on the channel.")
    ] = None,
    event: Annotated[str | None, typer.Option("--event", help="The event; by default the channel's only one.")] = None,
    environment: Annotated[
        str | None, typer.Option("--environment", help="Tag of the environment; by default the server's.")
    ] = None,
    data: Annotated[Path, typer.Option("--data", envvar="DIP_DATA", help="Data directory of the server.")] = Path(
        "data/state"
    ),
    url: Annotated[
        str | None, typer.Option("--url", help="The API to call; by default the server of the data directory.")
    ] = None,
) -> None:
    """Publish files, or payloads that stand elsewhere, and announce them with one message.

    The same command again goes on where it broke off, and announces once. Ends with 0 when it is announced, 1 when the
    DIP refused, 2 when it could not be asked.
    """
    payloads = _payloads(files or [], outside or [], name, variant_name, variant_description, variant_format)
    order = Order(
        payloads=payloads,
        channel=InterfaceId(channel.upper()),
        description=description,
        version=version,
        issued=_moment(date),
        event=event,
        role=role,
        environment=environment,
        principal=principal,
    )
    with refusals_explained():
        try:
            with _progress() as step:
                done = asyncio.run(
                    _publish(order, credentials_of(data, participant), chosen_server(data, url, None), step)
                )
        except CallRefused as refusal:
            typer.echo(printable(refusal.message), err=True)
            raise typer.Exit(1) from refusal
    _say(order, done)


async def _publish(order: Order, credentials: Credentials, server: Server, step: _Step) -> Published:
    publisher = await _publisher(order, credentials, server)
    clock = Clock()
    uploaded: list[Uploaded] = []
    async with ParticipantClient(
        credentials, server.api, profile=server.profile, on_behalf_of=order.principal
    ) as client:
        publishing = Publishing(client, clock=clock)
        for one in order.payloads:
            if one.file is not None:
                hashed, sent = step(f"Reading {one.name}"), step(f"Sending {one.name}")
                uploaded.append(
                    await publishing.upload(
                        one.file, order.channel, one.name, order.version, kind=one.kind, hashed=hashed, sent=sent
                    )
                )
        publication = Publication(
            description=order.description,
            version=order.version,
            issued=order.issued or issue_time(uploaded, clock.wall()),
        )
        waiting = iter(uploaded)
        variants = [_variant(one, order.version, None if one.file is None else next(waiting)) for one in order.payloads]
        return Published(await publishing.announce(publisher, publication, variants), uploaded)


async def _publisher(order: Order, credentials: Credentials, server: Server) -> Publisher:
    """Who announces, as which event of the channel. Raises CredentialsIncomplete where nothing tells it."""
    entry = CatalogueEntry()
    if server.portal:
        entry = (await fetch_catalogue(server.portal, credentials.root)).get(order.channel, entry)
    environment = order.environment or server.environment
    event = (order.event or (entry.events[0] if len(entry.events) == 1 else "")).strip("[]")
    own = None if order.principal else credentials.role
    role = order.role or (own if own in entry.senders else None) or (entry.senders[0] if entry.senders else own)
    for option, found in (("--event", event), ("--role", role), ("--environment", environment)):
        if not found:
            raise CredentialsIncomplete(f"Nothing tells {option} of {order.channel} at this server. Add {option}.")
    return Publisher(
        channel=order.channel,
        event=event,
        sender=order.principal or credentials.dip_id,
        role=role or "",
        environment=environment,
    )


def _variant(payload: Payload, version: str, uploaded: Uploaded | None) -> Variant:
    return Variant(
        uri=payload.outside if uploaded is None else uploaded.uri,
        version=version,
        name=payload.title,
        description=payload.description,
        format=payload.kind.format,
        delivery_format=payload.kind.delivery_format,
        size=None if uploaded is None else uploaded.size,
        sha256=None if uploaded is None else uploaded.sha256,
    )


def _payloads(
    files: list[Path],
    outside: list[str],
    names: list[str] | None,
    titles: list[str] | None,
    descriptions: list[str] | None,
    formats: list[str] | None,
) -> list[Payload]:
    count = len(files) + len(outside)
    if not count:
        raise typer.BadParameter("expected files, or addresses given with --outside.", param_hint="FILES")
    # Of a directory or a file `.` the name is empty; the DIP says what a name must be.
    known = _each("--name", names, len(files)) or [file.resolve().name for file in files]
    if len(set(known)) < len(known):
        raise typer.BadParameter("two payloads have the same name: give each its own with --name.", param_hint="FILES")
    known = [*known, *(urlsplit(uri).path.rpartition("/")[2] or uri for uri in outside)]
    said = _each("--variant-name", titles, count) or known
    about = _each("--variant-description", descriptions, count) or [""] * count
    forms = _each("--variant-format", formats, count) or [""] * count
    made = []
    for number, name in enumerate(known):
        kind = kind_of(name)
        file = files[number] if number < len(files) else None
        if file is not None and file.name != name and kind.format is kind.compression is None:
            kind = kind_of(file.name)
        made.append(
            Payload(
                file=file,
                outside="" if file is not None else outside[number - len(files)],
                name=name,
                kind=msgspec.structs.replace(kind, format=forms[number] or kind.format),
                title=said[number],
                description=about[number] or None,
            )
        )
    return made


def _each(option: str, given: list[str] | None, count: int) -> list[str]:
    """What an option says of each payload; empty where it was not given."""
    if given and len(given) != count:
        raise typer.BadParameter(f"given {len(given)} times: expected once for each of {count}.", param_hint=option)
    return given or []


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = moment_of(text)
    if moment is None:
        raise typer.BadParameter(
            "expected a date such as 2026-03-21, or a time such as 2026-03-21T19:05:00+00:00.", param_hint="--date"
        )
    return moment


@contextmanager
def _progress() -> Iterator[_Step]:
    """Bars on a terminal, nothing elsewhere."""
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
    with Progress(
        *columns, TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal
    ) as bars:

        def step(what: str) -> Callable[[int, int], None]:
            task = bars.add_task(escape(printable(what)), total=None)
            return lambda done, total: bars.update(task, completed=done, total=total)

        yield step


def _say(order: Order, done: Published) -> None:
    if sys.stdout.isatty():
        console = Console(highlight=False, soft_wrap=True)
        for one in done.payloads:
            console.print(f"{one.uri}  {one.size:,} bytes  SHA-256 {one.sha256}", markup=False)
        for payload in order.payloads:
            if payload.file is None:
                console.print(printable(payload.outside), markup=False)
        said = printable(f"{order.channel} {order.description} {order.version}")
        console.print(f"{said} is announced, transaction {done.transaction_id}.", markup=False)
        return
    line = {
        "transactionID": done.transaction_id,
        "payloads": [{"uri": one.uri, "bytes": one.size, "sha256": one.sha256} for one in done.payloads],
        "outside": [payload.outside for payload in order.payloads if payload.file is None],
    }
    sys.stdout.write(msgspec.json.encode(line).decode() + "\n")

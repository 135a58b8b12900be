"""`python run.py demo`: a server of its own, and simulated participants that play a process on it."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Annotated, Literal

import typer
from rich.table import Table
from rich.text import Text

from dip.cli.transcript import BAD, GOOD, QUIET, Transcript, printable, refusals_explained
from dip.client import Server, credentials_of, known_participants
from dip.ground.clock import Clock
from dip.messages.identifiers import DipId
from dip.simulation.appointment import DataServiceAppointment
from dip.simulation.exchange import Arrived, Exchange, Sent
from dip.simulation.performance import perform

Profile = Literal["spec", "live"]
Platform = Callable[[Path, Profile], AbstractAsyncContextManager[Server]]
"""Something that serves from an empty data directory while the context is open."""


def demo(
    profile: Annotated[Profile, typer.Option("--profile", help="Which document the server follows.")] = "spec",
    timeout: Annotated[float, typer.Option("--timeout", min=1, help="Longest wait for the play, seconds.")] = 30,
) -> None:
    """Watch the appointment of a data service, IF-031 to IF-037, between simulated participants.

    Starts a server in a temporary directory and ends by itself: 0 when every message reached everybody
    who should have it, 1 when not, with what was awaited.
    """
    with refusals_explained():
        succeeded = asyncio.run(play_appointment(own_server, profile, timeout))
    if not succeeded:
        raise typer.Exit(1)


@asynccontextmanager
async def own_server(directory: Path, profile: Profile) -> AsyncIterator[Server]:
    """A server in this process, on free ports of the loopback address."""
    from dip.app import running
    from dip.ground.settings import Settings

    settings = Settings(data=str(directory), api_port=0, portal_port=0, profile=profile)
    async with running(settings) as dip:
        yield Server(dip.api_url, dip.portal_url, profile, settings.environment)


async def play_appointment(platform: Platform, profile: Profile, timeout_s: float = 30) -> bool:
    """Play the appointment on this platform and print it; whether everything arrived."""
    transcript, clock = Transcript(), Clock()
    with tempfile.TemporaryDirectory(prefix="dip-demo-") as temporary:
        directory = Path(temporary)
        transcript.note("starting", "Starting a DIP of its own; the first start makes keys for everybody …")
        async with platform(directory, profile) as server:
            identities = {
                dip_id: credentials_of(directory, dip_id).identity for dip_id in known_participants(directory)
            }
            play = DataServiceAppointment(
                {dip_id: identity.mpid for dip_id, identity in identities.items()}, clock.wall()
            )
            names = {dip_id: f"{identity.role} {dip_id}" for dip_id, identity in identities.items()}
            transcript.note("playing", f"{play.title}, profile {profile}.", title=play.title, profile=profile)
            exchange = await perform(
                play,
                server=server,
                directory=directory,
                observer=Witness(transcript, names),
                clock=clock,
                timeout_s=timeout_s,
            )
    _conclude(transcript, exchange)
    return exchange.failure is None


class Witness:
    """Prints a play as it happens; names gives each participant's role and id."""

    def __init__(self, transcript: Transcript, names: Mapping[DipId, str]) -> None:
        self._transcript = transcript
        self._names = names

    def sent(self, sent: Sent) -> None:
        """A message went to the DIP."""
        sender = self._names[sent.sender]
        said = sent.entry.message or "no entry"
        self._transcript.event(
            "accepted" if sent.accepted else "refused",
            Text.assemble(
                (f"{sent.at.astimezone():%H:%M:%S.%f}"[:-3], QUIET),
                f"  {sender:<16} → {'DIP':<16} {sent.line.interface} {sent.line.event:<20} ",
                (printable(f"{sent.status} {said}"), GOOD if sent.accepted else BAD),
            ),
            at=sent.at.isoformat(timespec="milliseconds"),
            sender=sent.sender,
            interface=sent.line.interface,
            eventCode=sent.line.event,
            transactionID=sent.entry.transaction_id,
            correlationID=sent.entry.correlation_id,
            status=sent.status,
            message=sent.entry.message,
            help=sent.entry.help,
        )

    def arrived(self, arrived: Arrived) -> None:
        """A message reached its recipient."""
        received = arrived.received
        recipient = self._names[arrived.recipient]
        sealed = "decrypted" if received.encrypted else "plain"
        self._transcript.event(
            "received",
            Text.assemble(
                (f"{arrived.at.astimezone():%H:%M:%S.%f}"[:-3], QUIET),
                f"  {'DIP':<16} → {recipient:<16} {received.interface} {received.event:<20} ",
                (f"received, {sealed}, {arrived.latency_s * 1000:.0f} ms", QUIET),
            ),
            at=arrived.at.isoformat(timespec="milliseconds"),
            sender=received.sender,
            recipient=arrived.recipient,
            interface=received.interface,
            eventCode=received.event,
            transactionID=received.transaction_id,
            correlationID=received.correlation_id,
            encrypted=received.encrypted,
            latencyMs=round(arrived.latency_s * 1000, 1),
        )


def _conclude(transcript: Transcript, exchange: Exchange) -> None:
    """The table of latencies, and how it ended."""
    table = Table("interface", "event", "receipts", "min ms", "median ms", "max ms", title="From send to receipt")
    for column in table.columns[2:]:
        column.justify = "right"
    for (interface, event), latencies in exchange.latencies.items():
        figures = [round(1000 * figure(latencies), 1) for figure in (min, median, max)]
        table.add_row(interface, Text(event), str(len(latencies)), *map(str, figures))
        if not transcript.readable:
            low, middle, high = figures
            transcript.event(
                "latency",
                interface=interface,
                eventCode=event,
                receipts=len(latencies),
                minMs=low,
                medianMs=middle,
                maxMs=high,
            )
    if transcript.readable:
        transcript.console.print(table)
    if exchange.failure is None:
        transcript.note("succeeded", "Every message reached everybody who should have it.")
    else:
        transcript.event("failed", Text(f"Failed: {printable(exchange.failure)}", style=BAD), reason=exchange.failure)

"""`python run.py listen`: receive as one of the participants, and print what arrives."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Collection
from pathlib import Path
from typing import Annotated

import typer

from dip.cli.pulling import Puller
from dip.cli.transcript import Transcript, refusals_explained
from dip.client import (
    ALL_CHANNELS,
    STATUS_MESSAGES,
    CallRefused,
    Catalogue,
    Credentials,
    Identity,
    Listener,
    ParticipantClient,
    Server,
    ServerNotReached,
    credentials_of,
    fetch_catalogue,
    find_server,
)
from dip.messages.identifiers import RoleCode

EVERY_ROLE = RoleCode("*")
MESSAGES_IN_A_CALL = 100


def listen(
    participant: Annotated[str, typer.Option("--as", metavar="DIP-ID", help="The participant that receives.")],
    principal: Annotated[
        str | None, typer.Option("--for", metavar="DIP-ID", help="The participant for which it receives as its agent.")
    ] = None,
    channel: Annotated[
        list[str] | None,
        typer.Option("--channel", metavar="IF-nnn", help="A channel; repeatable. By default all, and status messages."),
    ] = None,
    data: Annotated[Path, typer.Option("--data", envvar="DIP_DATA", help="Data directory of the server.")] = Path(
        "data/state"
    ),
    once: Annotated[int | None, typer.Option("--once", min=1, help="End after so many messages.")] = None,
    pull: Annotated[
        bool, typer.Option("--pull", help="Fetch the messages; no webhook, nothing is listened to.")
    ] = False,
) -> None:
    """Receive as a participant: register webhooks, print each message, remove the webhooks at the end.

    Ctrl-C ends it. The signature of every call is verified and CustomBlocks are decrypted.
    """
    with refusals_explained():
        credentials = credentials_of(data, participant)
        party = credentials if principal is None else credentials_of(data, principal)
        receive = _pull if pull else _listen
        asyncio.run(receive(credentials.opening_for(party), party.identity, find_server(data), channel or [], once))


async def _listen(
    credentials: Credentials, party: Identity, server: Server, channels: list[str], once: int | None
) -> None:
    transcript = Transcript()
    wanted: Collection[str] = channels
    if not channels and server.profile == "spec":
        wanted = [ALL_CHANNELS, STATUS_MESSAGES]
    elif not channels:
        wanted = received_channels(await fetch_catalogue(server.portal, credentials.root), party.role)
    async with (
        _ending() as ended,
        Listener(credentials) as listener,
        ParticipantClient(credentials, server.api, profile=server.profile, on_behalf_of=party.dip_id) as client,
        _registered(client, listener, wanted, most=once),
    ):
        transcript.note(
            "listening",
            f"{_named(credentials, party)} listens at {listener.url}; Ctrl-C ends it.",
            participant=party.dip_id,
            channels=list(wanted),
            url=listener.url,
        )
        await _print(listener, transcript, once, ended)
    while listener.waiting:  # acknowledged while the webhooks were being removed
        transcript.received(await listener.next())


async def _pull(
    credentials: Credentials, party: Identity, server: Server, channels: list[str], once: int | None
) -> None:
    transcript = Transcript()
    wanted = channels or received_channels(await fetch_catalogue(server.portal, credentials.root), party.role)
    async with (
        _ending() as ended,
        ParticipantClient(credentials, server.api, profile=server.profile, on_behalf_of=party.dip_id) as client,
    ):
        transcript.note(
            "pulling",
            f"{_named(credentials, party)} fetches messages; Ctrl-C ends it.",
            participant=party.dip_id,
            channels=wanted,
        )
        await Puller(client, transcript, once).run(wanted, ended)


def _named(credentials: Credentials, party: Identity) -> str:
    acting = "" if party.dip_id == credentials.dip_id else f" for {party.name} ({party.dip_id})"
    return f"{credentials.identity.name} ({credentials.dip_id}){acting}"


def received_channels(catalogue: Catalogue, role: RoleCode) -> list[str]:
    """The channels that a role can receive, and status messages."""
    receivable = [
        channel_id
        for channel_id, entry in catalogue.items()
        if role in entry.recipients or EVERY_ROLE in entry.recipients
    ]
    return [*sorted(receivable), STATUS_MESSAGES]


@contextlib.asynccontextmanager
async def _registered(
    client: ParticipantClient, listener: Listener, channels: Collection[str], *, most: int | None
) -> AsyncIterator[None]:
    """Webhooks for these channels, removed again whatever happens."""
    registered: list[str] = []
    try:
        for channel_id in channels:
            url = listener.status_url if channel_id == STATUS_MESSAGES else listener.url
            await client.configure_webhook(
                channel_id, url, max_message_count=min(most, MESSAGES_IN_A_CALL) if most else None
            )
            registered.append(channel_id)
        yield
    finally:
        # A server that has gone has no webhook to remove.
        with contextlib.suppress(CallRefused, ServerNotReached):
            for channel_id in registered:
                await client.remove_webhook(channel_id)


async def _print(listener: Listener, transcript: Transcript, once: int | None, ended: asyncio.Event) -> None:
    """Print what arrives, until `once` messages were printed or the event is set."""
    printed = 0
    ending = asyncio.create_task(ended.wait())
    while not ended.is_set() and (once is None or printed < once):
        arriving = asyncio.create_task(listener.next())
        await asyncio.wait({arriving, ending}, return_when=asyncio.FIRST_COMPLETED)
        if arriving.done():
            transcript.received(arriving.result())
            printed += 1
        else:
            arriving.cancel()
    ending.cancel()


@contextlib.asynccontextmanager
async def _ending() -> AsyncIterator[asyncio.Event]:
    """An event that SIGINT and SIGTERM set, so that the webhooks are removed before the process ends."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    caught = (signal.SIGINT, signal.SIGTERM)
    # Where signals can't be caught in a loop (Windows), Ctrl-C raises KeyboardInterrupt as ever.
    with contextlib.suppress(NotImplementedError):
        for each in caught:
            loop.add_signal_handler(each, ended.set)
    try:
        yield ended
    finally:
        with contextlib.suppress(NotImplementedError):
            for each in caught:
                loop.remove_signal_handler(each)

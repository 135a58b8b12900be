"""`python run.py send`: post messages from files as one of the participants."""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import typer

from dip.cli.transcript import Transcript, refusals_explained
from dip.client import (
    Credentials,
    CredentialsIncomplete,
    Message,
    ParticipantClient,
    SendResult,
    Server,
    ServerNotReached,
    credentials_of,
    fetch_catalogue,
    find_server,
    fresh,
    interface_of,
    load_messages,
)
from dip.ground.clock import Clock

MESSAGES_IN_A_CALL = 100


def send(
    files: Annotated[list[Path], typer.Argument(help="JSON files, each one message or an array of them.")],
    *,
    participant: Annotated[str, typer.Option("--as", metavar="DIP-ID", help="The participant that sends.")],
    principal: Annotated[
        str | None, typer.Option("--for", metavar="DIP-ID", help="The participant for which it sends as its agent.")
    ] = None,
    data: Annotated[Path, typer.Option("--data", envvar="DIP_DATA", help="Data directory of the server.")] = Path(
        "data/state"
    ),
    url: Annotated[
        str | None,
        typer.Option("--url", help="The API to call; by default the server of the data directory."),
    ] = None,
    profile: Annotated[
        Literal["spec", "live"] | None, typer.Option("--profile", help="By default the server's.")
    ] = None,
    as_is: Annotated[
        bool, typer.Option("--as-is", help="Keep the senderUniqueReference and senderTimestamp of the file.")
    ] = False,
    encrypt: Annotated[
        bool | None,
        typer.Option("--encrypt/--no-encrypt", help="By default as the channel and the profile ask for it."),
    ] = None,
) -> None:
    """Send messages as a participant, and print what the DIP says of each.

    Ends with 0 when the DIP took all of them, 1 when it refused some, 2 when they could not be sent.
    """
    with refusals_explained():
        credentials = credentials_of(data, participant)
        server = chosen_server(data, url, profile)
        messages = [message for file in files for message in load_messages(file)]
        if not as_is:
            messages = [fresh(message, Clock().wall()) for message in messages]
        all_accepted = asyncio.run(_send(credentials, server, messages, encrypt, principal))
    if not all_accepted:
        raise typer.Exit(1)


def chosen_server(data: Path, url: str | None, profile: str | None) -> Server:
    """The server of the data directory, with the address or the profile that the command line gives instead.

    Raises ServerNotReached where neither names one.
    """
    try:
        found = find_server(data)
    except ServerNotReached:
        if url is None:
            raise
        found = Server(api=url, portal="", profile="spec", environment="")
    return msgspec.structs.replace(found, api=url or found.api, profile=profile or found.profile)


async def _send(
    credentials: Credentials, server: Server, messages: Sequence[Message], encrypt: bool | None, principal: str | None
) -> bool:
    transcript, clock = Transcript(), Clock()
    encrypted = await _encrypted_channels(credentials, server, encrypt)
    everything = True
    async with ParticipantClient(
        credentials, server.api, profile=server.profile, encrypted=encrypted, on_behalf_of=principal
    ) as client:
        for channel_id, batch in calls(messages):
            result = await client.send(channel_id, batch, encrypt=encrypt)
            everything = everything and result.all_accepted
            _print(transcript, batch, result, clock)
    return everything


async def _encrypted_channels(credentials: Credentials, server: Server, encrypt: bool | None) -> Collection[str]:
    if encrypt is not None or server.profile != "spec":
        return ()
    if not server.portal:
        raise CredentialsIncomplete(
            "Which channels are encrypted is not known without the server's portal. Add --encrypt or --no-encrypt."
        )
    catalogue = await fetch_catalogue(server.portal, credentials.root)
    return {channel_id for channel_id, entry in catalogue.items() if entry.encrypted}


def calls(messages: Sequence[Message]) -> Iterator[tuple[str, Sequence[Message]]]:
    """The messages in the order given, cut into calls: one channel each, at most MESSAGES_IN_A_CALL."""
    for channel_id, group in groupby(messages, interface_of):
        together = list(group)
        for start in range(0, len(together), MESSAGES_IN_A_CALL):
            yield channel_id, together[start : start + MESSAGES_IN_A_CALL]


def _print(transcript: Transcript, batch: Sequence[Message], result: SendResult, clock: Clock) -> None:
    by_reference = {entry.sender_unique_reference: entry for entry in result.entries}
    for position, message in enumerate(batch):
        reference = message["payload"]["CommonBlock"]["S1"].get("senderUniqueReference")
        entry = by_reference.get(reference)
        if entry is None and position < len(result.entries):
            entry = result.entries[position]
        accepted = entry is not None and result.succeeded(entry)
        transcript.sent(message, entry, accepted=accepted, status=result.status, at=clock.wall())
    if result.explanation:
        transcript.note("explanation", result.explanation, status=result.status, explanation=result.explanation)

"""What the commands of a participant print: readable on a terminal, one JSON object a line in a pipe."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TextIO

import msgspec
import typer
from rich.console import Console
from rich.json import JSON
from rich.panel import Panel
from rich.text import Text

from dip.client import Message, Received, interface_of
from dip.ground.errors import DipError
from dip.messages.standard_response import Entry

GOOD, BAD, QUIET = "green", "red", "dim"


@contextmanager
def refusals_explained() -> Iterator[None]:
    """Turn an expected refusal into one sentence on stderr and exit status 2."""
    try:
        yield
    except DipError as refusal:
        typer.echo(printable(refusal.message), err=True)
        raise typer.Exit(2) from refusal


def printable(text: str) -> str:
    """The text without characters that would steer a terminal."""
    return "".join(character if character.isprintable() or character == "\n" else "·" for character in text)


class Transcript:
    """Prints messages sent and received, and short notes, to one stream."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self.readable = self._stream.isatty()
        """Whether a person reads along."""
        self.console = Console(file=self._stream, highlight=False)

    def note(self, event: str, text: str, **fields: Any) -> None:
        """Something to know: `text` for a person, event and fields for a program."""
        self.event(event, Text(printable(text), style=QUIET), **fields)

    def event(self, event: str, text: Text | None = None, **fields: Any) -> None:
        """Something that happened: a line for a person, event and fields for a program."""
        if not self.readable:
            self._line({"event": event, **fields})
        elif text is not None:
            self.console.print(text, soft_wrap=True)

    def sent(self, message: Message, entry: Entry | None, *, accepted: bool, status: int, at: datetime) -> None:
        """A message sent and what the DIP said of it; entry is None where it said nothing."""
        said = entry or Entry()
        code = message["payload"]["CommonBlock"]["S0"].get("eventCode")
        if not self.readable:
            self._line(
                {
                    "event": "accepted" if accepted else "refused",
                    "at": at.isoformat(timespec="milliseconds"),
                    "interface": interface_of(message),
                    "eventCode": code,
                    "transactionID": said.transaction_id,
                    "correlationID": said.correlation_id,
                    "senderUniqueReference": said.sender_unique_reference,
                    "status": status,
                    "message": said.message,
                    "help": said.help,
                }
            )
            return
        line = Text.assemble(
            (f"{at.astimezone():%H:%M:%S} ", QUIET),
            f"{interface_of(message)} {printable(str(code))}  ",
            (
                printable(f"{status} {said.message or 'no answer about this message'}"),
                GOOD if accepted else BAD,
            ),
        )
        self.console.print(line)
        for label, value in (
            ("transaction", said.transaction_id),
            ("correlation", said.correlation_id),
            ("help", said.help),
        ):
            if value:
                self.console.print(Text(f"         {label:<12} {printable(value)}"), soft_wrap=True)

    def received(self, received: Received) -> None:
        """A message, or a status message, that arrived."""
        if not self.readable:
            self._line({"event": "received", "at": received.at.isoformat(timespec="milliseconds")} | _about(received))
            return
        subject = "status message" if received.is_status else f"{received.interface} {received.event}"
        title = f"{received.at.astimezone():%H:%M:%S}  {subject}  from {received.sender}"
        content = msgspec.json.encode(received.item if received.is_status else received.item["payload"])
        self.console.print(
            Panel(
                JSON(content.decode(), indent=1),
                title=Text(printable(title)),
                subtitle=Text(printable(f"{received.transaction_id}")),
                title_align="left",
                subtitle_align="left",
            )
        )

    def _line(self, fields: Mapping[str, Any]) -> None:
        self._stream.write(msgspec.json.encode(fields).decode() + "\n")
        self._stream.flush()


def _about(received: Received) -> dict[str, Any]:
    if received.is_status:
        return {"statusMessage": received.item}
    return {
        "interface": received.interface,
        "eventCode": received.event,
        "sender": received.sender,
        "transactionID": received.transaction_id,
        "correlationID": received.correlation_id,
        "encrypted": received.encrypted,
        "sequence": received.sequence,
        "replayed": received.replayed,
        "payload": received.item["payload"],
    }

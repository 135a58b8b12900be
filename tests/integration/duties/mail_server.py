"""A mail server that a test plays: enough of SMTP to be handed a mail."""

import asyncio
from email import message_from_bytes
from email.message import Message
from types import TracebackType
from typing import Self

import msgspec


class Taken(msgspec.Struct):
    """A mail as it came."""

    to: list[str]
    message: Message

    @property
    def subject(self) -> str:
        """Its subject."""
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        """Its text."""
        return str(self.message.get_payload())


class MailServer:
    """Listens on a loopback port. refusing: how many mails it turns away before it takes one."""

    def __init__(self, refusing: int = 0) -> None:
        self.mails: list[Taken] = []
        self.refused = 0
        self._refusing = refusing
        self._server: asyncio.Server | None = None
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to: list[str] = []
        writer.write(b"220 mail.example\r\n")
        while line := await reader.readline():
            word = line.split()[0].upper() if line.split() else b""
            if word == b"RCPT":
                to.append(line.decode().partition("<")[2].partition(">")[0])
            if word == b"DATA" and self.refused < self._refusing:
                self.refused += 1
                writer.write(b"451 try again\r\n")
            elif word == b"DATA":
                writer.write(b"354 go on\r\n")
                text = await reader.readuntil(b"\r\n.\r\n")
                self.mails.append(Taken(to, message_from_bytes(text[:-3])))
                writer.write(b"250 taken\r\n")
            elif word == b"QUIT":
                writer.write(b"221 bye\r\n")
                break
            else:
                writer.write(b"250 mail.example\r\n")
        writer.close()

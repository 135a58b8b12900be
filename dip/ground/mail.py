"""Mails that the server sends: in the background, to one mail server, more than once where it does not take them."""

import asyncio
from collections.abc import Iterable, Sequence
from email.message import EmailMessage
from typing import Final

import aiosmtplib
import msgspec

from dip.ground.log import Log
from dip.ground.settings import Settings

_MOST_WAITING: Final = 200
_WAITS_S: Final = (1.0, 10.0, 60.0)
_SUBJECT_LIMIT: Final = 200
_MOST_HIDDEN: Final = 100
"""Recipients of one mail that do not learn of each other; many mail servers take no more."""


class Mail(msgspec.Struct, frozen=True):
    """A mail to send. to: addresses. hidden: those who get it do not learn of each other."""

    to: tuple[str, ...]
    subject: str
    text: str
    hidden: bool = False


class Mailer:
    """Takes mails and sends them one after the other; without a mail server in the settings it takes none."""

    def __init__(self, *, settings: Settings, log: Log, waits_s: Sequence[float] = _WAITS_S) -> None:
        """waits_s: how long to wait before each further attempt."""
        self._settings = settings
        self._log = log
        self._waits_s = waits_s
        self._waiting: asyncio.Queue[Mail] = asyncio.Queue(_MOST_WAITING)

    def send(self, to: Iterable[str], subject: str, text: str, *, hidden: bool = False) -> None:
        """Send a mail soon. Where too many wait already, it is left out, and the log says so.

        hidden: those who get it do not learn of each other; it goes out in as many parts as that takes.
        """
        addresses = tuple(dict.fromkeys(to))
        if not self._settings.mail_host or not addresses:
            return
        subject = " ".join(subject.split())[:_SUBJECT_LIMIT]
        most = _MOST_HIDDEN if hidden else len(addresses)
        try:
            for first in range(0, len(addresses), most):
                self._waiting.put_nowait(Mail(addresses[first : first + most], subject, text, hidden))
        except asyncio.QueueFull:
            self._log.error("mail_left_out", waiting=_MOST_WAITING)

    async def run(self) -> None:
        """Send what waits, until cancelled."""
        while True:
            await self._deliver(await self._waiting.get())

    async def _deliver(self, mail: Mail) -> None:
        message = EmailMessage()
        shown = "undisclosed-recipients:;" if mail.hidden and len(mail.to) > 1 else ", ".join(mail.to)
        message["From"], message["To"], message["Subject"] = self._settings.mail_from, shown, mail.subject
        message.set_content(mail.text)
        for wait_s in (*self._waits_s, None):
            try:
                await aiosmtplib.send(
                    message,
                    recipients=list(mail.to),
                    hostname=self._settings.mail_host,
                    port=self._settings.mail_port,
                    timeout=self._settings.mail_timeout_s,
                )
            except (aiosmtplib.SMTPException, OSError, ValueError) as exc:
                self._log.warning("mail_not_sent", reason=type(exc).__name__, again_in_s=wait_s)
            else:
                self._log.info("mail_sent", recipients=len(mail.to))
                return
            if wait_s is not None:
                await asyncio.sleep(wait_s)

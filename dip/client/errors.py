"""What can go wrong on a participant's side; every sentence says what to do next."""

from typing import ClassVar

from dip.ground.errors import DipError


class CredentialsIncomplete(DipError):
    """The folder of this participant lacks a file or holds one that can't be read."""

    code: ClassVar[str] = "credentials_incomplete"


class MessagesUnreadable(DipError):
    """The file holds no message."""

    code: ClassVar[str] = "messages_unreadable"


class ServerNotReached(DipError):
    """The DIP does not answer; start it with `python run.py`."""

    code: ClassVar[str] = "server_not_reached"


class CallRefused(DipError):
    """The DIP refused the call."""

    code: ClassVar[str] = "call_refused"

    def __init__(self, message: str | None = None, *, status: int = 0) -> None:
        super().__init__(message)
        self.status = status
        """HTTP status of the refusal; 0 where there was none."""

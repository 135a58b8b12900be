"""StandardResponse: the body of every answer about messages (live API 2.2.1)."""

import re
from collections.abc import Mapping

import msgspec

SUCCESS_CODES = frozenset({"MSG0000", "RCP0000"})
HELP_LIMIT = 500
DISPLAYED = " - "

_CODE = re.compile(r"[A-Z]{2,4}[0-9]{4}", re.ASCII)


class Entry(msgspec.Struct, rename="camel", kw_only=True):
    """What became of one message: all ten keys are always there; None is null."""

    transaction_id: str | None = msgspec.field(default=None, name="transactionID")
    sender_unique_reference: str | None = None
    correlation_id: str | None = msgspec.field(default=None, name="correlationID")
    sent_timestamp: str = ""
    sender_id: str = msgspec.field(default="", name="senderID")
    recipient_id: str | None = msgspec.field(default=None, name="recipientID")
    connection_provider_id: str | None = msgspec.field(default=None, name="DIPConnectionProviderID")
    message: str | None = None
    help: str | None = None
    service_ticket_url: str | None = msgspec.field(default=None, name="serviceTicketURL")


class StandardResponse(msgspec.Struct, rename="camel"):
    """Entries, and when they were written (25 characters)."""

    message_array: list[Entry]
    timestamp: str


class ReceivedEntry(msgspec.Struct, rename="camel"):
    """An entry of somebody else's answer: only what judging it needs, read leniently."""

    transaction_id: str | None = msgspec.field(default=None, name="transactionID")
    sender_unique_reference: str | None = None
    message: str | None = None
    help: str | None = None


class ReceivedResponse(msgspec.Struct, rename="camel"):
    """A webhook's answer, read leniently."""

    message_array: list[ReceivedEntry]


def label(code: str, texts: Mapping[str, str]) -> str:
    """The message field for a code: `MSG0000 - Success`."""
    return f"{code}{DISPLAYED}{texts[code]}"


def code_of(message: str | None) -> str | None:
    """The code at the head of a message field; None when there is none."""
    if not message:
        return None
    return message.split(" ", 1)[0].strip() or None


def code_kept(message: str | None) -> str | None:
    """The code at the head of somebody's message field, to be kept in clear; None where it has not the form of one.

    What stands in a code's place may be anything, such as an MPAN.
    """
    code = code_of(message)
    return code if code is not None and _CODE.fullmatch(code) else None


def clip(help_text: str) -> str:
    """Help text, at most 500 characters."""
    return help_text if len(help_text) <= HELP_LIMIT else help_text[: HELP_LIMIT - 1] + "…"

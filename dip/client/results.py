"""What came back from a call: the raw answer, and the answer to sent messages."""

from collections.abc import Mapping
from typing import NamedTuple, Self

import msgspec

from dip.client.errors import CallRefused
from dip.client.messages import Message
from dip.client.responses import read_response
from dip.messages.identifiers import CorrelationId, SenderReference, TransactionId
from dip.messages.standard_response import SUCCESS_CODES, Entry, code_of

REPEATED_REFERENCE = "MSG1006"


class Answer(msgspec.Struct, frozen=True):
    """An HTTP answer of the DIP."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    def require(self, *statuses: int) -> None:
        """Raise CallRefused, with what the DIP said, unless the status is one of these."""
        if self.status not in statuses:
            raise CallRefused(f"The DIP answered {self.status}: {self.explanation()}", status=self.status)

    def explanation(self) -> str:
        """What the body says about the refusal, for a person: each entry's code and help, or its detail."""
        said = read_response(self.body)
        if said is not None:
            return "; ".join(
                f"{entry.message}{f' ({entry.help})' if entry.help else ''}" for entry in said.message_array
            )
        try:
            problem = msgspec.json.decode(self.body)
        except msgspec.DecodeError:
            return self.body[:500].decode(errors="replace") or "no explanation"
        if isinstance(problem, dict):
            return str(problem.get("detail") or problem.get("title") or "no explanation")
        return str(problem)[:500]


class Accepted(NamedTuple):
    """The identifiers of a message that the DIP took."""

    reference: SenderReference
    transaction_id: TransactionId
    correlation_id: CorrelationId | None


class SendResult(msgspec.Struct, frozen=True):
    """What the DIP said of the messages sent, one entry for each.

    reply holds the correlated reply of a request with `wait`. explanation is for a person, where no
    entry says what was refused.
    """

    status: int
    entries: list[Entry]
    repeats_succeed: bool = False
    reply: list[Message] | None = None
    explanation: str = ""

    @classmethod
    def read(cls, answer: Answer, *, repeats_succeed: bool) -> Self:
        """The result that an answer stands for.

        repeats_succeed: an entry that names a repeated reference together with the transaction id of the
        first time counts as success (live profile).
        """
        said = read_response(answer.body)
        if said is not None:
            return cls(answer.status, said.message_array, repeats_succeed)
        if answer.status == 200:
            reply = msgspec.json.decode(answer.body)
            return cls(200, [], repeats_succeed, reply=reply if isinstance(reply, list) else [reply])
        return cls(answer.status, [], repeats_succeed, explanation=answer.explanation())

    def succeeded(self, entry: Entry) -> bool:
        """Whether the DIP has the message, from now or from an earlier time."""
        code = code_of(entry.message)
        repeat = self.repeats_succeed and code == REPEATED_REFERENCE
        return entry.transaction_id is not None and (code in SUCCESS_CODES or repeat)

    @property
    def accepted(self) -> list[Accepted]:
        """Reference, transaction id and correlation id of every message that the DIP has."""
        return [
            Accepted(
                SenderReference(entry.sender_unique_reference or ""),
                TransactionId(entry.transaction_id),
                CorrelationId(entry.correlation_id) if entry.correlation_id else None,
            )
            for entry in self.entries
            if entry.transaction_id is not None and self.succeeded(entry)
        ]

    @property
    def refused(self) -> list[Entry]:
        """The entries of the messages that the DIP has not."""
        return [entry for entry in self.entries if not self.succeeded(entry)]

    @property
    def all_accepted(self) -> bool:
        """Whether the DIP has every message."""
        return not self.refused and (bool(self.entries) or self.reply is not None)

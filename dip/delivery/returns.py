"""Return to sender: the status message about a delivery that failed for good (5.5.9)."""

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from dip.delivery.answers import Fate, Judgement
from dip.messages.identifiers import DIP, DipId
from dip.messages.standard_response import Entry, clip, code_kept, label
from dip.messages.timestamps import wire_time
from dip.security.vault import Vault
from dip.store.records import NewStatus, Waiting

_MESSAGE_LIMIT = 200
_FAILED = "MSG1000"


class Returns:
    """Writes the status messages that tell senders what became of their messages."""

    def __init__(
        self, *, vault: Vault, texts: Mapping[str, str], agent_of: Callable[[int], DipId | None] = lambda _: None
    ) -> None:
        """agent_of: who sent a message, by its number, for its sender; None where that was itself."""
        self._vault = vault
        self._texts = texts
        self._agent_of = agent_of

    def about(self, waiting: Waiting, judgement: Judgement, recipient: DipId, at: datetime) -> NewStatus | None:
        """The status message for a rejected or failed delivery.

        None where none is due: it arrived, it will be sent again, or it is a status message itself.
        """
        if waiting.status_message is not None or judgement.fate not in (Fate.REJECTED, Fate.FAILED):
            return None
        rejected = judgement.entry
        if rejected is None:
            help_text = f"Not delivered to {recipient}: it {judgement.note}. The message is kept and can be requeued."
            return self.given_up(waiting, recipient, at, help_text)
        entry = _entry(waiting, at)
        entry.sender_id = recipient
        entry.message = (rejected.message or label(_FAILED, self._texts))[:_MESSAGE_LIMIT]
        entry.help = clip(rejected.help) if rejected.help else None
        return self._sealed(waiting, entry, recipient)

    def given_up(
        self, waiting: Waiting, recipient: DipId, at: datetime, help_text: str, *, code: str = _FAILED
    ) -> NewStatus | None:
        """The status message that a message will not reach a recipient; None for a status message."""
        if waiting.status_message is not None:
            return None
        entry = _entry(waiting, at)
        entry.sender_id = DIP
        entry.message = label(code, self._texts)
        entry.help = clip(help_text)
        return self._sealed(waiting, entry, DIP)

    def _sealed(self, waiting: Waiting, entry: Entry, origin: DipId) -> NewStatus:
        entry.connection_provider_id = self._agent_of(waiting.message)
        sealed = self._vault.seal(msgspec.json.encode(entry), waiting.transaction_id.encode())
        return NewStatus(waiting.sender, code_kept(entry.message) or _FAILED, sealed, origin)


def _entry(waiting: Waiting, at: datetime) -> Entry:
    return Entry(
        transaction_id=waiting.transaction_id,
        sender_unique_reference=waiting.reference,
        correlation_id=waiting.correlation_id,
        sent_timestamp=wire_time(at),
        recipient_id=waiting.sender,
    )

"""The archive: messages under the platform's own encryption, the latest ones also open in memory (5.2.2, 5.5.7)."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping

import lz4.block

from dip.messages.envelope import Envelope
from dip.messages.identifiers import TransactionId
from dip.security.vault import Vault
from dip.store.protocol import MessageStore

ANSWER = b"answer"
"""What sealed answers are bound to."""


class Archive:
    """Seals messages for the store and opens them again.

    A message just taken in is delivered within milliseconds, so the latest stay in memory, up to a
    number of bytes; an older one is read from the store.
    """

    def __init__(self, store: MessageStore, vault: Vault, *, memory_bytes: int) -> None:
        self._store = store
        self._vault = vault
        self._room = memory_bytes
        self._recent: OrderedDict[int, Envelope] = OrderedDict()

    def seal(self, envelope: Envelope, transaction_id: TransactionId) -> bytes:
        """The envelope as the store keeps it: packed tight, sealed, bound to its transaction."""
        return self._vault.seal(lz4.block.compress(envelope.pack()), transaction_id.encode())

    def open(self, transaction_id: str, sealed: bytes) -> Envelope:
        """What `seal` sealed. Raises SealBroken."""
        return Envelope.unpack(lz4.block.decompress(self._vault.open(sealed, transaction_id.encode())))

    def seal_answer(self, answer: bytes) -> bytes:
        """The body of an HTTP answer as evidence: packed and sealed; nothing stays nothing."""
        return self._vault.seal(lz4.block.compress(answer), ANSWER) if answer else b""

    def open_answer(self, sealed: bytes) -> bytes:
        """What `seal_answer` sealed. Raises SealBroken."""
        return lz4.block.decompress(self._vault.open(sealed, ANSWER)) if sealed else b""

    def remember(self, message: int, envelope: Envelope) -> None:
        """Keep a committed message at hand for its deliveries."""
        self._recent[message] = envelope
        self._room -= len(envelope.plain)
        while self._room < 0 and self._recent:
            _, dropped = self._recent.popitem(last=False)
            self._room += len(dropped.plain)

    def envelopes(self, messages: Iterable[int]) -> Mapping[int, Envelope]:
        """These messages, from memory or from the store; one whose archive time is over is missing."""
        found: dict[int, Envelope] = {}
        missing: list[int] = []
        for message in messages:
            envelope = self._recent.get(message)
            if envelope is None:
                missing.append(message)
            else:
                found[message] = envelope
        if missing:
            for message, (transaction_id, sealed) in self._store.contents(missing).items():
                found[message] = self.open(transaction_id, sealed)
        return found

"""What deliveries carry: messages out of the archive, status messages as they were sealed (5.5.7, 5.5.9)."""

from collections.abc import Mapping, Sequence

from dip.archive.archive import Archive
from dip.delivery.outgoing import Item
from dip.messages.envelope import Envelope
from dip.security.vault import SealBroken, Vault
from dip.store.protocol import MessageStore
from dip.store.records import Waiting


class Contents:
    """Opens what deliveries carry."""

    def __init__(self, *, store: MessageStore, archive: Archive, vault: Vault) -> None:
        self._store = store
        self._archive = archive
        self._vault = vault

    def of(self, batch: Sequence[Waiting]) -> tuple[Sequence[Item], Sequence[Waiting]]:
        """The deliveries with what they carry, and those whose content is gone or can't be opened, both in order."""
        try:
            found = self._open(batch)
        except SealBroken:
            found = {}
            for waiting in batch:
                found.update(self._open_alone(waiting))
        items = [Item(waiting, found[waiting.id]) for waiting in batch if waiting.id in found]
        if len(items) == len(batch):
            return items, ()
        return items, [waiting for waiting in batch if waiting.id not in found]

    def _open_alone(self, waiting: Waiting) -> Mapping[int, Envelope | bytes]:
        try:
            return self._open([waiting])
        except SealBroken:
            return {}

    def _open(self, batch: Sequence[Waiting]) -> dict[int, Envelope | bytes]:
        """Contents by delivery; one that is gone is missing. Raises SealBroken."""
        messages = [waiting for waiting in batch if waiting.status_message is None]
        found: dict[int, Envelope | bytes] = {}
        if messages:
            envelopes = self._archive.envelopes(waiting.message for waiting in messages)
            found = {waiting.id: envelopes[waiting.message] for waiting in messages if waiting.message in envelopes}
        numbers = {waiting.status_message: waiting for waiting in batch if waiting.status_message is not None}
        if numbers:
            for number, sealed in self._store.status_contents(numbers).items():
                waiting = numbers[number]
                found[waiting.id] = self._vault.open(sealed, waiting.transaction_id.encode())
        return found

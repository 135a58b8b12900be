"""Deliveries as a worker reads them, for tests of its parts."""

from dip.messages.identifiers import CorrelationId, DipId, TransactionId
from dip.store.records import Waiting


def waiting(number: int, *, lane: int = 1, protected: bool = False, hidden: str | None = None) -> Waiting:
    """A delivery whose ids end with its number: transaction T-1, reference S-1."""
    return Waiting(
        id=number,
        message=number,
        status_message=None,
        sequence=number,
        attempts=0,
        hidden=hidden,
        protected=int(protected),
        received_at=0,
        reference=f"S-{number}",
        transaction_id=TransactionId(f"T-{number}"),
        correlation_id=CorrelationId(f"CI-{number}"),
        sender=DipId("2300000001"),
        lane=lane,
    )

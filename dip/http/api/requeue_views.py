"""How far requeues are, as callers see them (live API 2.2.1, RequeueStatus)."""

from datetime import datetime

import msgspec

from dip.ground.clock import moment
from dip.messages.identifiers import DipId
from dip.store.requeue import Requeue, RequeueState


class RequeueStatus(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A requeue. totalTransactions: those that the request covers, 0 while they are being counted.

    processedTransactions: those dealt with, whether they were queued again or needed nothing.
    """

    requeue_id: str
    percent_complete: int
    total_transactions: int
    processed_transactions: int
    status: RequeueState


class RequeueRow(RequeueStatus, frozen=True, rename="camel", kw_only=True):
    """A requeue in the administrator's list. begun_at, ended_at: business time."""

    id: int
    recipient: DipId
    channel: str
    begun_at: datetime
    ended_at: datetime | None


def percent(run: Requeue) -> int:
    """How much is done, 0 to 100."""
    if run.status is RequeueState.COMPLETED:
        return 100
    return min(99, run.processed * 100 // run.total) if run.total else 0


def requeue_status(run: Requeue) -> RequeueStatus:
    """A requeue as its recipient sees it."""
    return RequeueStatus(
        requeue_id=run.name,
        percent_complete=percent(run),
        total_transactions=run.total,
        processed_transactions=run.processed,
        status=run.status,
    )


def requeue_row(run: Requeue) -> RequeueRow:
    """A requeue as an administrator sees it."""
    return RequeueRow(
        **msgspec.structs.asdict(requeue_status(run)),
        id=run.id,
        recipient=run.recipient,
        channel=run.channel,
        begun_at=moment(run.at),
        ended_at=None if run.ended_at is None else moment(run.ended_at),
    )

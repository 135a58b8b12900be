"""What a webhook call made of each delivery, written down for the store: state, journal, evidence, return to sender."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from dip.archive.archive import Archive
from dip.delivery.answers import Call, Fate, Judgement
from dip.delivery.endpoint import Endpoint, Pace
from dip.delivery.outgoing import Item, Outgoing
from dip.delivery.returns import Returns
from dip.ground.clock import Clock, microseconds
from dip.messages.standard_response import code_of
from dip.security.signing import CONTENT_HASH, SIGNATURE, SIGNATURE_DATE
from dip.store.records import Exchange, Settled, Settlement, Stage, Status

_OUTCOMES = {
    Fate.DELIVERED: Status.DELIVERED,
    Fate.REJECTED: Status.REJECTED_BY_RECIPIENT,
    Fate.UNKNOWN: Status.UNKNOWN_DELIVERY_STATUS,
    Fate.FAILED: Status.DELIVERY_FAILURE,
    Fate.RETRIED: Status.RETRYING,
}


class Ledger:
    """Turns calls and their judgements into settlements. The certificates are the DIP's own, by fingerprint."""

    def __init__(
        self, *, clock: Clock, archive: Archive, returns: Returns, signing_certificate: str, tls_certificate: str
    ) -> None:
        self._clock = clock
        self._archive = archive
        self._returns = returns
        self._signing_certificate = signing_certificate
        self._tls_certificate = tls_certificate

    def settlement(
        self,
        outgoing: Outgoing,
        call: Call,
        judged: Sequence[Judgement],
        *,
        endpoint: Endpoint,
        pace: Pace,
        duration_us: int,
        set_aside: bool,
    ) -> Settlement:
        """The settlement of a call. set_aside: what has to be sent again gives way to what waits behind it."""
        now = self._clock.now()
        exchange = Exchange(
            direction="out",
            at=microseconds(now),
            party=endpoint.key.recipient,
            method="POST",
            url=endpoint.key.url,
            content_hash=outgoing.headers[CONTENT_HASH],
            signature=outgoing.headers[SIGNATURE],
            signature_date=outgoing.headers[SIGNATURE_DATE],
            signing_certificate=self._signing_certificate,
            tls_certificate=self._tls_certificate,
            status=call.status,
            answer=self._archive.seal_answer(call.answer),
            # Only an answer without entries is remarkable, and it says the same of all.
            note=judged[0].note or None if judged[0].fate is Fate.DELIVERED else None,
            duration_us=duration_us,
        )
        delivered: list[int] = []
        settled: list[Settled] = []
        for item, judgement in zip(outgoing.items, judged, strict=True):
            if judgement.fate is Fate.DELIVERED:
                delivered.append(item.waiting.id)
            else:
                settled.append(self._settled(item, judgement, endpoint, pace, now, set_aside=set_aside))
        return Settlement(
            exchange=exchange,
            recipient=endpoint.key.recipient,
            stage=Stage.STATUS_MESSAGE if endpoint.key.for_status else Stage.OUTBOUND,
            delivered=delivered,
            settled=settled,
        )

    def _settled(
        self, item: Item, judgement: Judgement, endpoint: Endpoint, pace: Pace, now: datetime, *, set_aside: bool
    ) -> Settled:
        until = None
        if judgement.fate is Fate.UNKNOWN or (set_aside and judgement.fate is Fate.RETRIED):
            until = microseconds(now + timedelta(seconds=pace.backoff_s(item.waiting.attempts + 1)))
        status = _OUTCOMES[judgement.fate]
        if status is Status.RETRYING and pace.paused:
            status = Status.PAUSED
        return Settled(
            delivery=item.waiting.id,
            message=item.waiting.message,
            status=status,
            set_aside_until=until,
            detail=_detail(judgement),
            returned=self._returns.about(item.waiting, judgement, endpoint.key.recipient, now),
        )


def _detail(judgement: Judgement) -> str | None:
    """The code alone of what a recipient wrote: its own words may hold an MPAN, and are kept sealed."""
    if judgement.entry is not None:
        code = code_of(judgement.entry.message)
        return code[:20] if code else None
    return judgement.note or None

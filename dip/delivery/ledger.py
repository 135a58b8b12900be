"""What a webhook call made of each delivery, written down for the store: state, journal, evidence, return to sender."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from dip.archive.archive import Archive
from dip.delivery.answers import Call, Fate, Judgement
from dip.delivery.endpoint import Endpoint, Pace
from dip.delivery.outgoing import Item, Outgoing
from dip.delivery.returns import Returns
from dip.ground.clock import Clock, microseconds
from dip.ground.current import Current
from dip.messages.headers import CONTENT_HASH, SIGNATURE, SIGNATURE_DATE
from dip.messages.identifiers import DipId
from dip.messages.standard_response import code_kept
from dip.security.tls import TlsIdentity
from dip.store.evidence import kept_url, own_step
from dip.store.records import Exchange, Lane, Settled, Settlement, Stage, Status, Waiting, stage_of

_OUTCOMES = {
    Fate.DELIVERED: Status.DELIVERED,
    Fate.REJECTED: Status.REJECTED_BY_RECIPIENT,
    Fate.UNKNOWN: Status.UNKNOWN_DELIVERY_STATUS,
    Fate.FAILED: Status.DELIVERY_FAILURE,
    Fate.RETRIED: Status.RETRYING,
}
_HANDED_OUT = 200
_UNREADABLE = "its content is gone or can't be opened"


class Ledger:
    """Turns calls and their judgements into settlements. tls: the DIP's own certificate, for answers to calls."""

    def __init__(self, *, clock: Clock, archive: Archive, returns: Returns, tls: Current[TlsIdentity]) -> None:
        self._clock = clock
        self._archive = archive
        self._returns = returns
        self._tls = tls

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
        exchange = self._outward(
            outgoing, now, party=endpoint.key.recipient, method="POST", url=endpoint.key.url, duration_us=duration_us
        )
        exchange.status = call.status
        exchange.tls_certificate = call.tls_certificate or exchange.tls_certificate
        exchange.answer = self._archive.seal_answer(call.answer)
        # Only an answer without entries is remarkable, and it says the same of all.
        exchange.note = judged[0].note or None if judged[0].fate is Fate.DELIVERED else None
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
            stage=stage_of(for_status=endpoint.key.for_status),
            delivered=delivered,
            settled=settled,
        )

    def unreadable(self, batch: Sequence[Waiting], recipient: DipId, *, for_status: bool) -> Settlement:
        """The end of deliveries whose content is gone, or can't be opened."""
        now = self._clock.now()
        settled = [
            Settled(
                waiting.id,
                waiting.message,
                Status.DELIVERY_FAILURE,
                detail=_UNREADABLE,
                returned=self._returns.given_up(waiting, recipient, now, f"The DIP can't send it: {_UNREADABLE}."),
            )
            for waiting in batch
        ]
        return Settlement(
            exchange=own_step(microseconds(now), recipient, _UNREADABLE),
            recipient=recipient,
            stage=stage_of(for_status=for_status),
            settled=settled,
        )

    def handed_out(
        self,
        outgoing: Outgoing,
        lane: Lane,
        url: str,
        *,
        agent: DipId | None = None,
        duration_us: int,
        note: str | None = None,
    ) -> Settlement:
        """The lease of what the answer to a pull, or an event of a stream, carries. agent: who fetches for another."""
        party = agent or lane.recipient
        exchange = self._outward(
            outgoing, self._clock.now(), party=party, method="GET", url=kept_url(url), duration_us=duration_us
        )
        exchange.status = _HANDED_OUT
        exchange.note = note or outgoing.note
        return Settlement(
            exchange=exchange,
            recipient=lane.recipient,
            stage=lane.stage,
            settled=[Settled(one.waiting.id, one.waiting.message, Status.LEASED) for one in outgoing.items],
        )

    def acknowledged(
        self, exchange: Exchange, judged: Sequence[tuple[Waiting, Judgement]], recipient: DipId, stage: Stage
    ) -> Settlement:
        """What a recipient's acknowledgement, the call `exchange`, says of what was handed out to it."""
        now = self._clock.now()
        settled = [
            Settled(
                waiting.id,
                waiting.message,
                _OUTCOMES[judgement.fate],
                detail=_detail(judgement),
                returned=self._returns.about(waiting, judgement, recipient, now),
            )
            for waiting, judgement in judged
        ]
        return Settlement(exchange=exchange, recipient=recipient, stage=stage, settled=settled)

    def taken_back(self, lane: Lane, deliveries: Mapping[int, int], why: str) -> Settlement:
        """The end of leases: messages, by their delivery, wait again at their place in the order."""
        return Settlement(
            exchange=own_step(microseconds(self._clock.now()), lane.recipient, why),
            recipient=lane.recipient,
            stage=lane.stage,
            settled=[
                Settled(delivery, message, Status.UNKNOWN_DELIVERY_STATUS, detail=why, lane=lane.id)
                for delivery, message in deliveries.items()
            ],
        )

    def _outward(
        self, outgoing: Outgoing, at: datetime, *, party: DipId, method: str, url: str, duration_us: int
    ) -> Exchange:
        """The evidence of what the DIP sent, as a call of its own or as the answer to one."""
        return Exchange(
            direction="out",
            at=microseconds(at),
            party=party,
            method=method,
            url=url,
            content_hash=outgoing.headers[CONTENT_HASH],
            signature=outgoing.headers[SIGNATURE],
            signature_date=outgoing.headers[SIGNATURE_DATE],
            signing_certificate=outgoing.signing_certificate,
            tls_certificate=self._tls.value.fingerprint,
            duration_us=duration_us,
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
        return code_kept(judgement.entry.message)
    return judgement.note or None

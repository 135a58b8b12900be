"""What stands in memory for the dashboard: alarms, the last balance, certificates about to expire (5.11.4, 8.4)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.http.portal.dashboard.snapshot import BalanceNow, CertificateEnd, Ending, OpenAlarms
from dip.http.portal.powers import Visitor
from dip.messages.identifiers import DipId
from dip.participants.registry import Participants
from dip.reporting.alarms import Alarms
from dip.reporting.balance import BalanceSheet
from dip.security.pki import CertificateUse
from dip.store.alarms import Alarm, AlarmKind
from dip.store.records import DeliveryState
from dip.trust.expiry import ends_of

_DAY: Final = timedelta(days=1)
_WORST: Final = (
    AlarmKind.BALANCE,
    AlarmKind.CERTIFICATE_EXPIRED,
    AlarmKind.ENDPOINT_PAUSED,
    AlarmKind.LATENCY,
    AlarmKind.THROUGHPUT,
    AlarmKind.DEAD_LETTERS,
    AlarmKind.QUEUE_AGE,
    AlarmKind.APPOINTMENT_UPDATE,
    AlarmKind.CENTRAL_FEED,
    AlarmKind.CERTIFICATE_EXPIRES,
)
"""Messages may be lost or stand still, then what waits for somebody, then what is to come."""
_RANK: Final = {kind: rank for rank, kind in enumerate(_WORST)}


def open_alarms(alarms: Alarms, visitor: Visitor, most: int) -> OpenAlarms:
    """Alarms that go on and concern a visitor, the worst first: those that nobody looks after, by kind, by age."""
    seen = [one for one in alarms.open() if visitor.sees(one.subject.partition(" ")[0])]
    return OpenAlarms(sorted(seen, key=_badness)[:most], len(seen))


def _badness(alarm: Alarm) -> tuple[bool, int, datetime]:
    return alarm.acknowledged_at is not None, _RANK.get(alarm.kind, 0), alarm.raised_at


def balance_now(sheet: BalanceSheet | None) -> BalanceNow | None:
    """The totals of a balance, which are everybody's."""
    if sheet is None:
        return None
    totals = {state.value: sum(getattr(item, state.value) for item in sheet.items) for state in DeliveryState}
    return BalanceNow(
        balanced=sheet.balanced,
        unbalanced=len(sheet.unbalanced),
        accepted=sum(item.accepted for item in sheet.items),
        at=sheet.at,
        **totals,
    )


class CertificateEnds:
    """Certificates about to expire; what the participants hold is read again only when it has changed."""

    def __init__(self, *, participants: Current[Participants], clock: Clock, warning: timedelta) -> None:
        """warning: how long before its end a certificate is about to expire."""
        self._participants = participants
        self._clock = clock
        self._warning = warning
        self._read: Participants | None = None
        self._ends: Mapping[DipId, Mapping[CertificateUse, datetime]] = {}

    def of(self, visitor: Visitor, most: int) -> Ending:
        """Those of the participants that a visitor sees, the first to expire first. On the wall clock."""
        participants, now = self._participants.value, self._clock.wall()
        if participants is not self._read:
            self._ends, self._read = ends_of(participants), participants
        near = sorted(
            (end, holder, use)
            for holder, ends in self._ends.items()
            if visitor.sees(holder)
            for use, end in ends.items()
            if end - now <= self._warning
        )
        return Ending(
            [CertificateEnd(holder, use, end, (end - now) // _DAY) for end, holder, use in near[:most]], len(near)
        )

"""The MPAN look-up: a bounded cache before the permanent store (5.5.14)."""

from collections.abc import Collection, Iterable, Sequence

import msgspec

from dip.ground.clock import moment
from dip.messages.identifiers import DipId, Mpan, RoleCode
from dip.messages.timestamps import wire_time
from dip.routing.dates import Span
from dip.routing.route import Party, RecipientClass
from dip.store.protocol import AppointmentStore
from dip.store.records import Appointment

_OPEN = 1 << 63


class Holding(msgspec.Struct, frozen=True, gc=False):
    """An appointment as the look-up keeps it, with the reason that it gives for a delivery."""

    appointment: Appointment
    role: RoleCode
    dip_id: DipId
    party: Party
    starts: int
    ends: int
    """Microseconds, half-open; of an open appointment later than every span."""


class LookUp:
    """Who holds which role for an MPAN, and when."""

    def __init__(self, store: AppointmentStore, *, cached_mpans: int) -> None:
        self._store = store
        self._limit = cached_mpans
        self._cache: dict[Mpan, Sequence[Holding]] = {}

    def appointments(self, mpan: Mpan) -> Sequence[Appointment]:
        """Every appointment of the MPAN, past and future; empty for one that is unknown."""
        return [holding.appointment for holding in self._holdings(mpan)]

    def _holdings(self, mpan: Mpan) -> Sequence[Holding]:
        found = self._cache.get(mpan)
        if found is None:
            found = [_holding(row) for row in self._store.appointments(mpan)]
            if len(self._cache) >= self._limit:
                # Insertion order stands in for age: dropping the oldest costs nothing on a hit.
                for oldest in list(self._cache)[: max(1, self._limit // 16)]:
                    del self._cache[oldest]
            if self._limit:
                self._cache[mpan] = found
        return found

    def holders(self, mpan: Mpan, roles: Collection[RoleCode], spans: Sequence[Span]) -> tuple[list[Holding], bool]:
        """Those who hold one of the roles in any of the spans, and whether the MPAN is known at all."""
        rows = self._cache.get(mpan) or self._holdings(mpan)
        if len(spans) == 1:
            first, last = spans[0].first, spans[0].last
            return [row for row in rows if row.role in roles and row.starts <= last and row.ends > first], bool(rows)
        found = [row for row in rows if row.role in roles]
        return [row for row in found if any(span.meets(row.appointment) for span in spans)], bool(rows)

    def forget(self, mpans: Iterable[Mpan] | None = None) -> None:
        """Read these MPANs (or all) anew: their rows have changed."""
        if mpans is None:
            self._cache.clear()
        else:
            for mpan in mpans:
                self._cache.pop(mpan, None)


def _holding(row: Appointment) -> Holding:
    return Holding(
        appointment=row,
        role=row.role,
        dip_id=row.dip_id,
        party=Party(row.dip_id, row.role, RecipientClass.SECONDARY, _in_words(row)),
        starts=row.effective_from,
        ends=_OPEN if row.effective_to is None else row.effective_to,
    )


def _in_words(row: Appointment) -> str:
    until = f" until {wire_time(moment(row.effective_to))}" if row.effective_to is not None else ""
    return f"appointed from {wire_time(moment(row.effective_from))}{until}"

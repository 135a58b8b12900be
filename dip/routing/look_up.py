"""The MPAN look-up: a bounded cache before the permanent store (5.5.14)."""

from collections.abc import Iterable, Sequence

from dip.messages.identifiers import Mpan, RoleCode
from dip.routing.dates import Span
from dip.store.protocol import AppointmentStore
from dip.store.records import Appointment


class LookUp:
    """Who holds which role for an MPAN, and when."""

    def __init__(self, store: AppointmentStore, *, cached_mpans: int) -> None:
        self._store = store
        self._limit = cached_mpans
        self._cache: dict[Mpan, Sequence[Appointment]] = {}

    def appointments(self, mpan: Mpan) -> Sequence[Appointment]:
        """Every appointment of the MPAN, past and future; empty for one that is unknown."""
        found = self._cache.get(mpan)
        if found is None:
            found = self._store.appointments(mpan)
            if len(self._cache) >= self._limit:
                # Insertion order stands in for age: dropping the oldest costs nothing on a hit.
                for oldest in list(self._cache)[: max(1, self._limit // 16)]:
                    del self._cache[oldest]
            if self._limit:
                self._cache[mpan] = found
        return found

    def holders(
        self, mpan: Mpan, roles: Iterable[RoleCode], spans: Sequence[Span]
    ) -> tuple[Sequence[Appointment], bool]:
        """Those who hold one of the roles in any of the spans, and whether the MPAN is known at all."""
        rows = self.appointments(mpan)
        wanted = frozenset(roles)
        return (
            [row for row in rows if row.role in wanted and any(span.meets(row) for span in spans)],
            bool(rows),
        )

    def forget(self, mpans: Iterable[Mpan] | None = None) -> None:
        """Read these MPANs (or all) anew: their rows have changed."""
        if mpans is None:
            self._cache.clear()
        else:
            for mpan in mpans:
                self._cache.pop(mpan, None)

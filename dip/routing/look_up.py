"""The MPAN look-up: a bounded cache before the permanent store, and what waits to be applied (5.5.14)."""

import functools
from collections.abc import Collection, Iterable, Sequence
from typing import Final, Protocol

import msgspec

from dip.appointments.history import OPEN, History, Row
from dip.appointments.pending import PendingChanges
from dip.ground.clock import moment
from dip.messages.identifiers import DipId, Mpan, RoleCode
from dip.messages.timestamps import wire_time
from dip.routing.dates import Span
from dip.routing.route import Party, RecipientClass
from dip.store.protocol import AppointmentStore

_SECOND: Final = 1_000_000
_REASONS_KEPT: Final = 16_384
_MOMENTS_KEPT: Final = 8_192


class Holding(msgspec.Struct, frozen=True, gc=False):
    """A participant holds a role from `starts` to `ends`, the end exclusive: microseconds since 1970 UTC."""

    role: RoleCode
    dip_id: DipId
    starts: int
    ends: int

    @property
    def party(self) -> Party:
        """The holder as a recipient, with the reason that a delivery gives."""
        return _party(self.role, self.dip_id, self.starts, self.ends)

    def meets(self, spans: Sequence[Span]) -> bool:
        """Whether it holds at any part of the spans."""
        return any(self.starts <= span.last and self.ends > span.first for span in spans)


class Appointed(Protocol):
    """Where routing asks who holds which role."""

    def holders(self, mpan: Mpan, roles: Collection[RoleCode], spans: Sequence[Span]) -> tuple[list[Holding], bool]:
        """Those who hold one of the roles in any of the spans, and whether the MPAN is known at all."""


class LookUp:
    """Who holds which role for an MPAN, and when."""

    def __init__(self, store: AppointmentStore, pending: PendingChanges, *, cached_mpans: int) -> None:
        self._store = store
        self._pending = pending
        self._limit = cached_mpans
        self._cache: dict[Mpan, Sequence[Holding]] = {}

    def holders(self, mpan: Mpan, roles: Collection[RoleCode], spans: Sequence[Span]) -> tuple[list[Holding], bool]:
        """Those who hold one of the roles in any of the spans, and whether the MPAN is known at all."""
        rows = self._cache.get(mpan) or self._holdings(mpan)
        if len(spans) == 1:
            first, last = spans[0].first, spans[0].last
            return [row for row in rows if row.role in roles and row.starts <= last and row.ends > first], bool(rows)
        return [row for row in rows if row.role in roles and row.meets(spans)], bool(rows)

    def history(self, mpan: Mpan) -> History:
        """Everything that was ever known of the MPAN, with what waits to be applied."""
        number = int(mpan)
        return self._pending.onto(number, self._store.history(number))

    def _holdings(self, mpan: Mpan) -> Sequence[Holding]:
        number = int(mpan)
        if self._pending.of(number):
            found = [holding(row) for row in self._pending.onto(number, self._store.history(number)).rows]
        else:
            found = [
                Holding(role, dip_id, _microsecond(starts), _microsecond(ends))
                for (role, dip_id), starts, ends in self._store.standing(number)
            ]
        if self._limit:
            if len(self._cache) >= self._limit:
                # Insertion order stands in for age: dropping the oldest costs nothing on a hit.
                for oldest in list(self._cache)[: max(1, self._limit // 16)]:
                    del self._cache[oldest]
            self._cache[mpan] = found
        return found

    def forget(self, mpans: Iterable[Mpan] | None = None) -> None:
        """Read these MPANs (or all) anew: their rows have changed."""
        if mpans is None:
            self._cache.clear()
        else:
            for mpan in mpans:
                self._cache.pop(mpan, None)


def holding(row: Row) -> Holding:
    """A row of a history as the look-up has it."""
    return Holding(row.role, row.dip_id, _microsecond(row.starts), _microsecond(row.ends))


# Appointments of millions of MPANs begin and end at some thousand moments: one number stands for each.
@functools.lru_cache(_MOMENTS_KEPT)
def _microsecond(second: int) -> int:
    return second * _SECOND


# Those who hold one MPAN hold others from the same day on.
@functools.lru_cache(_REASONS_KEPT)
def _party(role: RoleCode, dip_id: DipId, starts: int, ends: int) -> Party:
    until = f" until {wire_time(moment(ends))}" if ends < OPEN * _SECOND else ""
    return Party(dip_id, role, RecipientClass.SECONDARY, f"appointed from {wire_time(moment(starts))}{until}")

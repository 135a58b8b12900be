"""How certificates stand, and who should be told that one comes to its end (8.4, 5.11.4)."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from cryptography import x509
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.log import Log
from dip.ground.settings import Settings
from dip.messages.identifiers import DIP, DipId
from dip.participants.participant import HeldCertificate
from dip.participants.presented import Drill
from dip.participants.registry import Participants
from dip.reporting.alarms import Alarms
from dip.security.pki import Authority, CertificateUse
from dip.store.alarms import AlarmKind

_DAY: Final = timedelta(days=1)
_LAST: Final = datetime.max.replace(tzinfo=UTC)
AUTHORITIES: Final = "authority"


class CertificateState(StrEnum):
    """How a certificate stands at a moment of the wall clock."""

    CURRENT = "current"
    EXPIRES_SOON = "expires soon"
    """Current, and nothing follows it yet."""
    OVERLAPPING = "overlapping"
    """Still good beside a newer one."""
    NOT_YET_VALID = "not yet valid"
    EXPIRED = "expired"
    REVOKED = "revoked"
    """Or of an outside authority that is not trusted any more."""
    DRILL = "drill"
    """Made to show a fault; never used."""


def state_of(held: HeldCertificate, participants: Participants, at: datetime, warning: timedelta) -> CertificateState:
    """How a certificate stands. at: wall time; warning: before its end."""
    if held.drill:
        return CertificateState.DRILL
    if held.is_withdrawn:
        return CertificateState.REVOKED
    if held.not_after < at:
        return CertificateState.EXPIRED
    if held.not_before > at:
        return CertificateState.NOT_YET_VALID
    known = participants.held_by(held.holder, held.use)
    newest = next((one for one in known if one.is_valid(at)), held)
    if newest.fingerprint != held.fingerprint:
        return CertificateState.OVERLAPPING
    return CertificateState.EXPIRES_SOON if held.not_after - at <= warning else CertificateState.CURRENT


def ends_of(participants: Participants) -> Mapping[DipId, Mapping[CertificateUse, datetime]]:
    """When each participant will be left without a valid certificate for a use, whatever it holds now.

    A use of which everything was withdrawn is not mentioned: that was somebody's decision.
    """
    found: defaultdict[DipId, dict[CertificateUse, datetime]] = defaultdict(dict)
    for held in participants.certificates():
        if not held.drill and not held.is_withdrawn:
            ends = found[held.holder]
            ends[held.use] = max(held.not_after, ends.get(held.use, held.not_after))
    return {holder: ends for holder, ends in found.items() if participants.present(holder) is not None}


def drilled(participants: Participants, now: datetime) -> Mapping[str, dict[str, datetime]]:
    """The ends of certificates that drills made so that they are about to expire."""
    found: defaultdict[str, dict[str, datetime]] = defaultdict(dict)
    for held in participants.certificates():
        if held.drill == Drill.ABOUT_TO_EXPIRE and held.not_after > now:
            found[f"{held.holder} drill"][held.use.value] = held.not_after
    return found


class CertificateExpiry(Collector):
    """Raises alarms for certificates that expire soon, or have expired; looks only when something can have changed."""

    def __init__(
        self,
        *,
        participants: Current[Participants],
        authority: Authority,
        clock: Clock,
        settings: Settings,
        alarms: Alarms,
        log: Log,
    ) -> None:
        self._participants = participants
        self._clock = clock
        self._alarms = alarms
        self._log = log
        self._every_s = settings.alarm_check_s
        self._warnings = settings.certificate_warnings
        pems = {"root": authority.root_pem, "issuing authority": authority.issuing_pem}
        self._authorities = {
            name: x509.load_pem_x509_certificate(pem).not_valid_after_utc for name, pem in pems.items()
        }
        self._looked_at: Participants | None = None
        self._next = datetime.min.replace(tzinfo=UTC)
        self._first: Mapping[str, datetime] = {}

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                self.look()
            except Exception:
                self._log.exception("certificates_not_checked")
            await asyncio.sleep(self._every_s)

    def look(self) -> None:
        """Raise what is wrong now, clear what is over; nothing where nothing can have changed."""
        participants, now = self._participants.value, self._clock.wall()
        if participants is self._looked_at and now < self._next:
            return
        by_holder: dict[str, dict[str, datetime]] = {
            dip_id: {use.value: end for use, end in ends.items()} for dip_id, ends in ends_of(participants).items()
        }
        by_holder[f"{DIP} authorities"] = dict(self._authorities)
        by_holder |= drilled(participants, now)
        expired: dict[str, str] = {}
        soon: dict[str, str] = {}
        for holder, ends in by_holder.items():
            if gone := {use: end for use, end in ends.items() if end < now}:
                expired[holder] = f"Expired: {_listed(gone)}. Issue new ones."
            for warning in self._warnings:
                if near := {use: end for use, end in ends.items() if end - now <= warning}:
                    soon[f"{holder} within {warning.days} days"] = f"To be renewed: {_listed(near)}."
        self._alarms.only(AlarmKind.CERTIFICATE_EXPIRED, expired)
        self._alarms.only(AlarmKind.CERTIFICATE_EXPIRES, soon)
        ends_at = [end for ends in by_holder.values() for end in ends.values()]
        turns = [end - warning for end in ends_at for warning in (*self._warnings, timedelta(0))]
        self._next = min((turn for turn in turns if turn > now), default=_LAST)
        self._first = _first(by_holder.values())
        self._looked_at = participants

    def collect(self) -> Iterable[Metric]:
        """Days to the first end of a certificate, by use, as Prometheus reads them; below zero: days since."""
        now = self._clock.wall()
        family = GaugeMetricFamily(
            "dip_certificate_days_left", "Days until the first certificate of a use expires", labels=["use"]
        )
        for use, end in self._first.items():
            family.add_metric([use], (end - now) / _DAY)
        yield family


def _first(ends: Iterable[Mapping[str, datetime]]) -> Mapping[str, datetime]:
    uses: Sequence[str] = [use.value for use in CertificateUse]
    first: dict[str, datetime] = {}
    for one in ends:
        for use, end in one.items():
            name = use if use in uses else AUTHORITIES
            first[name] = min(end, first.get(name, end))
    return first


def _listed(ends: Mapping[str, datetime]) -> str:
    return ", ".join(f"{use} {end:%Y-%m-%d %H:%M} UTC" for use, end in ends.items())

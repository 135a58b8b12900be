"""Alarms: what somebody should look at, told once when it begins and once when it is over (5.11.4)."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from dip.ground.clock import Clock
from dip.ground.errors import StoreUnavailable
from dip.ground.log import Log
from dip.ground.mail import Mailer
from dip.ground.settings import Settings
from dip.store.alarms import Alarm, AlarmKind
from dip.store.page_records import Parties
from dip.store.protocol import AlarmStore

_MOST_UNWRITTEN: Final = 10_000
_STORE_WAIT_S: Final = 1.0
_WORDS: Final = {
    AlarmKind.ENDPOINT_PAUSED: "endpoint paused",
    AlarmKind.DEAD_LETTERS: "dead letters",
    AlarmKind.BALANCE: "balance",
    AlarmKind.LATENCY: "messages late",
    AlarmKind.QUEUE_AGE: "old messages in a queue",
    AlarmKind.CERTIFICATE_EXPIRES: "certificates expire soon",
    AlarmKind.CERTIFICATE_EXPIRED: "certificates expired",
    AlarmKind.CENTRAL_FEED: "central feed of companies",
    AlarmKind.APPOINTMENT_UPDATE: "appointments not applied",
}


class Alarming(Protocol):
    """Where somebody tells that something is wrong, or over."""

    def raised(self, kind: AlarmKind, subject: str, detail: str, told: Iterable[str] = ()) -> None:
        """Something is wrong."""

    def cleared(self, kind: AlarmKind, subject: str, told: Iterable[str] = ()) -> None:
        """It is over."""


class Alarms(Collector):
    """Knows what is wrong now, writes it down, and tells it: in the log, as a figure, by mail.

    Told at once and written soon after, so that anybody may call it at any moment.
    """

    def __init__(self, *, store: AlarmStore, clock: Clock, settings: Settings, mailer: Mailer, log: Log) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._mailer = mailer
        self._log = log
        self._open = {(alarm.kind, alarm.subject): alarm for alarm in store.open()}
        self._unwritten: dict[int, Alarm] = {}
        self._changed = asyncio.Event()
        self._writing = asyncio.Lock()
        # Endpoints start anew with the server: one that still fails is noticed again.
        for kind, subject in list(self._open):
            if kind is AlarmKind.ENDPOINT_PAUSED:
                self._end(kind, subject)

    def raised(self, kind: AlarmKind, subject: str, detail: str, told: Iterable[str] = ()) -> None:
        """Something is wrong; told again, only its detail is kept.

        told: mail addresses besides those of the settings.
        """
        now = self._clock.now()
        alarm = self._open.get((kind, subject))
        if alarm is not None:
            if alarm.detail != detail:
                alarm.detail, alarm.updated_at = detail, now
                self._note(alarm)
            return
        alarm = Alarm(kind=kind, subject=subject, raised_at=now, updated_at=now, detail=detail)
        self._open[kind, subject] = alarm
        self._note(alarm)
        self._log.warning("alarm_raised", kind=kind, subject=subject, detail=detail)
        self._mail("ALARM", alarm, told)

    def cleared(self, kind: AlarmKind, subject: str, told: Iterable[str] = ()) -> None:
        """It is over; nothing where nobody raised it."""
        alarm = self._end(kind, subject)
        if alarm is not None:
            self._log.info("alarm_cleared", kind=kind, subject=subject)
            self._mail("over", alarm, told)

    def only(self, kind: AlarmKind, details: dict[str, str]) -> None:
        """The alarms of a kind, detail by subject, are these; every other one is over."""
        for subject, detail in details.items():
            self.raised(kind, subject, detail)
        for known, subject in list(self._open):
            if known is kind and subject not in details:
                self.cleared(kind, subject)

    def open(self) -> Sequence[Alarm]:
        """What is wrong now, the latest first."""
        return sorted(self._open.values(), key=lambda alarm: alarm.raised_at, reverse=True)

    async def listed(
        self, *, before: int | None, is_open: bool | None, limit: int, parties: Parties = None
    ) -> Sequence[Alarm]:
        """Alarms as they are written down, newest first; those about the parties. Raises StoreUnavailable."""
        await self._write()
        return await self._store.listed(before=before, is_open=is_open, limit=limit, parties=parties)

    async def run(self) -> None:
        """Write alarms down, until cancelled."""
        while True:
            await self._changed.wait()
            try:
                await self._write()
            except StoreUnavailable:
                await asyncio.sleep(_STORE_WAIT_S)

    def collect(self) -> Iterable[Metric]:
        """How many alarms of each kind go on, as Prometheus reads them."""
        counts = Counter(kind for kind, _ in self._open)
        family = GaugeMetricFamily("dip_alarms_open", "Alarms that go on, by kind", labels=["kind"])
        for kind in AlarmKind:
            family.add_metric([kind.value], counts[kind])
        yield family

    def _end(self, kind: AlarmKind, subject: str) -> Alarm | None:
        alarm = self._open.pop((kind, subject), None)
        if alarm is not None:
            alarm.cleared_at = alarm.updated_at = self._clock.now()
            self._note(alarm)
        return alarm

    def _note(self, alarm: Alarm) -> None:
        """Write it down soon; while the store can't, the oldest that are over are let go."""
        self._unwritten[id(alarm)] = alarm
        if len(self._unwritten) > _MOST_UNWRITTEN:
            over = next((key for key, one in self._unwritten.items() if one.cleared_at is not None), None)
            if over is not None:
                del self._unwritten[over]
        self._changed.set()

    async def _write(self) -> None:
        async with self._writing:
            self._changed.clear()
            # One that is over makes way for the next of its subject: it has to be written first.
            batch = sorted(self._unwritten.values(), key=lambda alarm: alarm.cleared_at is None)
            if not batch:
                return
            self._unwritten = {}
            try:
                numbers = await self._store.save(batch)
            except StoreUnavailable:
                self._unwritten = {id(alarm): alarm for alarm in (*batch, *self._unwritten.values())}
                self._changed.set()
                raise
            for alarm, number in zip(batch, numbers, strict=True):
                alarm.id = number

    def _mail(self, what: str, alarm: Alarm, told: Iterable[str]) -> None:
        everybody = [address.strip() for address in self._settings.alarm_mail_to.split(",") if address.strip()]
        subject = f"[DIP {self._settings.environment}] {what}: {_WORDS[alarm.kind]}, {alarm.subject}"
        times = {"since": alarm.raised_at, "until": alarm.cleared_at}
        lines = [alarm.detail, "", *(f"{name} {at:%Y-%m-%d %H:%M:%S} UTC" for name, at in times.items() if at)]
        self._mailer.send([*everybody, *told], subject, "\n".join(lines) + "\n")


def in_words(kind: AlarmKind) -> str:
    """A kind of alarm as a person reads it."""
    return _WORDS[kind]

"""Alarms: what somebody should look at, told once when it begins and once when it is over (5.11.4)."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Final, Protocol

import msgspec
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from dip.ground.clock import Clock
from dip.ground.errors import BadRequest, Conflict, NotFound, StoreUnavailable
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
    AlarmKind.THROUGHPUT: "too few messages",
}
_NOTE_LIMIT: Final = 500


class What(StrEnum):
    """What is told of an alarm."""

    RAISED = "raised"
    OVER = "over"
    REMINDER = "reminder"
    """It goes on, and nobody has acknowledged it."""
    TEST = "test"
    """Somebody tries whether the news arrives."""


class AlarmNews(msgspec.Struct, frozen=True):
    """What is told of an alarm, once."""

    what: What
    alarm: Alarm


class AlarmKey(msgspec.Struct, frozen=True):
    """What makes two open alarms the same. rule: the name of a rule; empty for the settings."""

    kind: AlarmKind
    subject: str
    rule: str = ""


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
        self.told: tuple[Callable[[AlarmNews], None], ...] = ()
        """Who else is told, each change once."""
        self._open = {_key(alarm): alarm for alarm in store.open()}
        self._told_at = dict.fromkeys(self._open, clock.now())
        self._unwritten: dict[int, Alarm] = {}
        self._changed = asyncio.Event()
        self._writing = asyncio.Lock()
        # Endpoints start anew with the server: one that still fails is noticed again.
        for key in list(self._open):
            if key.kind is AlarmKind.ENDPOINT_PAUSED:
                self._end(key)

    def raised(self, kind: AlarmKind, subject: str, detail: str, told: Iterable[str] = ()) -> None:
        """Something is wrong; told again, only its detail is kept.

        told: mail addresses besides those of the settings.
        """
        self._raised(AlarmKey(kind, subject), detail, told)

    def cleared(self, kind: AlarmKind, subject: str, told: Iterable[str] = ()) -> None:
        """It is over; nothing where nobody raised it."""
        self._cleared(AlarmKey(kind, subject), told)

    def only(self, kind: AlarmKind, details: dict[str, str]) -> None:
        """The alarms of a kind, detail by subject, are these; every other one but those of rules is over."""
        for subject, detail in details.items():
            self.raised(kind, subject, detail)
        for key in list(self._open):
            if key.kind is kind and not key.rule and key.subject not in details:
                self._cleared(key)

    def only_of_rules(self, details: Mapping[AlarmKey, str], undecided: Collection[str] = ()) -> None:
        """The alarms that rules raise are these; every other one is over, but those of undecided rules, by name."""
        for key, detail in details.items():
            self._raised(key, detail)
        for key in list(self._open):
            if key.rule and key not in details and key.rule not in undecided:
                self._cleared(key)

    def remind(self) -> None:
        """Tell again of what goes on, by the setting `alarm_reminder_hours`, while nobody has acknowledged it."""
        every = timedelta(hours=self._settings.alarm_reminder_hours)
        if not every:
            return
        now = self._clock.now()
        for key, alarm in self._open.items():
            if alarm.acknowledged_at is None and now - self._told_at.get(key, alarm.raised_at) >= every:
                self._told_at[key] = now
                self._tell(What.REMINDER, alarm, ())

    async def acknowledge(
        self, number: int, *, by: str, note: str = "", sees: Callable[[str], bool] = lambda dip_id: True
    ) -> Alarm:
        """Somebody looks after an alarm: there are no reminders of it until it is over.

        sees: whether the DIP id that its subject begins with is open to who asks. Raises NotFound, Conflict where
        somebody did so before, BadRequest for a note that is too long, StoreUnavailable.
        """
        if len(note) > _NOTE_LIMIT:
            raise BadRequest(f"A note has at most {_NOTE_LIMIT} characters.")
        await self._write()
        alarm = next((one for one in self._open.values() if one.id == number), None)
        if alarm is None or not sees(about(alarm)):
            raise NotFound("No alarm of this number goes on.")
        if alarm.acknowledged_at is not None:
            raise Conflict(f"{alarm.acknowledged_by} has acknowledged it already.")
        now = self._clock.now()
        alarm.acknowledged_at = alarm.updated_at = now
        alarm.acknowledged_by, alarm.note = by, note
        self._note(alarm)
        try:
            await self._write()
        except StoreUnavailable:
            alarm.acknowledged_at, alarm.acknowledged_by, alarm.note = None, "", ""
            raise
        self._log.info("alarm_acknowledged", kind=alarm.kind, subject=alarm.subject, by=by)
        return alarm

    def open(self) -> Sequence[Alarm]:
        """What is wrong now, the latest first."""
        return sorted(self._open.values(), key=lambda alarm: alarm.raised_at, reverse=True)

    async def listed(
        self,
        *,
        before: int | None,
        is_open: bool | None,
        limit: int,
        parties: Parties = None,
        kind: AlarmKind | None = None,
        about: str | None = None,
    ) -> Sequence[Alarm]:
        """Alarms as they are written down, newest first; those about the parties. Raises StoreUnavailable.

        kind: only of this; about: only those whose subject begins with this DIP id.
        """
        await self._write()
        return await self._store.listed(
            before=before, is_open=is_open, limit=limit, parties=parties, kind=kind, about=about
        )

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
        counts = Counter(key.kind for key in self._open)
        family = GaugeMetricFamily("dip_alarms_open", "Alarms that go on, by kind", labels=["kind"])
        for kind in AlarmKind:
            family.add_metric([kind.value], counts[kind])
        yield family

    def _raised(self, key: AlarmKey, detail: str, told: Iterable[str] = ()) -> None:
        now = self._clock.now()
        alarm = self._open.get(key)
        if alarm is not None:
            if alarm.detail != detail:
                alarm.detail, alarm.updated_at = detail, now
                self._note(alarm)
            return
        alarm = Alarm(kind=key.kind, subject=key.subject, rule=key.rule, raised_at=now, updated_at=now, detail=detail)
        self._open[key], self._told_at[key] = alarm, now
        self._note(alarm)
        self._log.warning("alarm_raised", kind=key.kind, subject=key.subject, detail=detail)
        self._tell(What.RAISED, alarm, told)

    def _cleared(self, key: AlarmKey, told: Iterable[str] = ()) -> None:
        alarm = self._end(key)
        if alarm is not None:
            self._log.info("alarm_cleared", kind=key.kind, subject=key.subject)
            self._tell(What.OVER, alarm, told)

    def _end(self, key: AlarmKey) -> Alarm | None:
        alarm = self._open.pop(key, None)
        self._told_at.pop(key, None)
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

    def _tell(self, what: What, alarm: Alarm, told: Iterable[str]) -> None:
        # It goes on changing; what is told stays as it is now.
        news = AlarmNews(what, msgspec.structs.replace(alarm))
        everybody = [address.strip() for address in self._settings.alarm_mail_to.split(",") if address.strip()]
        self._mailer.send([*everybody, *told], mail_subject(news, self._settings.environment), mail_text(news))
        for tell in self.told:
            tell(news)


def in_words(kind: AlarmKind) -> str:
    """A kind of alarm as a person reads it."""
    return _WORDS[kind]


def about(alarm: Alarm) -> str:
    """What the subject of an alarm begins with: the DIP id of the participant that it is about, or another word."""
    return alarm.subject.partition(" ")[0]


def mail_subject(news: AlarmNews, environment: str) -> str:
    """The subject of a mail about an alarm."""
    words = {What.RAISED: "ALARM", What.OVER: "over", What.REMINDER: "still", What.TEST: "test"}
    return f"[DIP {environment}] {words[news.what]}: {in_words(news.alarm.kind)}, {news.alarm.subject}"


def mail_text(news: AlarmNews) -> str:
    """The text of a mail about an alarm."""
    alarm = news.alarm
    times = {"since": alarm.raised_at, "until": alarm.cleared_at}
    rule = [f"rule {alarm.rule}"] if alarm.rule else []
    lines = [alarm.detail, "", *rule, *(f"{name} {at:%Y-%m-%d %H:%M:%S} UTC" for name, at in times.items() if at)]
    return "\n".join(lines) + "\n"


def _key(alarm: Alarm) -> AlarmKey:
    return AlarmKey(alarm.kind, alarm.subject, alarm.rule)

"""Holds the rules for alarms against how things stand, in the watchman's rounds (5.11.4, FS-56)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from dip.delivery.dispatcher import Dispatcher
from dip.ground.clock import Clock, microseconds
from dip.ground.current import Current
from dip.messages.identifiers import DipId
from dip.participants.registry import Participants
from dip.reporting.alarms import AlarmKey, Alarms
from dip.security.pki import CertificateUse
from dip.store.alarm_settings import AlarmRule, RuleKind
from dip.store.alarms import AlarmKind
from dip.store.protocol import ThroughputStore
from dip.store.records import Lane
from dip.store.throughput import CountFilter, Passage, Side
from dip.store.watch import Age, DeadCount
from dip.trust.expiry import ends_of

_MINUTE: Final = 60
_MICROSECONDS: Final = 1_000_000
_ARRIVED: Final = (Passage.DELIVERED, Passage.REJECTED)
"""A recipient got it, whatever it thinks of it."""


class Standing(msgspec.Struct, frozen=True):
    """How the queues stand. is_due: whether a webhook in service should have had what waits in a lane."""

    ages: Sequence[Age]
    dead: Sequence[DeadCount]
    is_due: Callable[[Lane], bool]


class RuleWatch:
    """Raises and clears the alarms of rules. What it asks of the store, the watchman has asked already."""

    def __init__(
        self,
        *,
        rules: Callable[[], Sequence[AlarmRule]],
        throughput: ThroughputStore,
        participants: Current[Participants],
        dispatcher: Dispatcher,
        holds: Callable[[str], bool],
        alarms: Alarms,
        clock: Clock,
    ) -> None:
        """rules: those in force. holds: whether nothing of a channel is to be delivered now."""
        self._rules = rules
        self._throughput = throughput
        self._participants = participants
        self._dispatcher = dispatcher
        self._holds = holds
        self._alarms = alarms
        self._clock = clock
        self._since = clock.now()
        self._paused: dict[str, datetime] = {}
        self._ends_of: Participants | None = None
        self._ends: Mapping[DipId, Mapping[CertificateUse, datetime]] = {}

    async def look(self, standing: Standing) -> None:
        """Raise what rules say is wrong now, clear what is over."""
        now = self._clock.now()
        self._note_pauses(now)
        found: dict[AlarmKey, str] = {}
        undecided: set[str] = set()
        for rule in self._rules():
            if rule.kind is RuleKind.THROUGHPUT:
                details = await self._too_few(rule, now)
                if details is None:
                    undecided.add(rule.name)
                    continue
            else:
                details = self._details(rule, standing, now)
            kind = AlarmKind(rule.kind)
            found |= {AlarmKey(kind, subject, rule.name): detail for subject, detail in details.items()}
        self._alarms.only_of_rules(found, undecided)

    def _details(self, rule: AlarmRule, standing: Standing, now: datetime) -> dict[str, str]:
        """What is wrong by a rule: details by subject."""
        match rule.kind:
            case RuleKind.LATENCY:
                return self._late(rule, (age for age in standing.ages if standing.is_due(age.lane)), now)
            case RuleKind.QUEUE_AGE:
                return self._late(rule, standing.ages, now)
            case RuleKind.DEAD_LETTERS:
                return {
                    f"{one.recipient} {one.channel}": f"{one.many} dead letters; the rule allows fewer than "
                    f"{rule.threshold:g}."
                    for one in standing.dead
                    if one.many >= rule.threshold and _fits(rule, one.recipient, one.channel)
                }
            case RuleKind.ENDPOINT_PAUSED:
                return self._pauses(rule, now)
            case RuleKind.CERTIFICATE_EXPIRES:
                return self._expiring(rule)
            case RuleKind.THROUGHPUT:
                return {}

    def _late(self, rule: AlarmRule, ages: Iterable[Age], now: datetime) -> dict[str, str]:
        late = now - timedelta(seconds=rule.threshold)
        return {
            f"{age.lane.recipient} {age.lane.channel}": f"The oldest message waits since "
            f"{age.since:%Y-%m-%d %H:%M:%S} UTC; the rule allows {rule.threshold:g} s."
            for age in ages
            if age.since <= late and _fits(rule, age.lane.recipient, age.lane.channel)
        }

    async def _too_few(self, rule: AlarmRule, now: datetime) -> dict[str, str] | None:
        """None where the server does not run for a whole period yet; minutes count whole."""
        period = timedelta(seconds=rule.period_s or 0.0)
        if now - self._since < period:
            return None
        since, until = (microseconds(at) // _MICROSECONDS // _MINUTE * _MINUTE for at in (now - period, now))
        many = await self._throughput.count(
            CountFilter(
                since=since,
                until=until + _MINUTE,
                side=Side.RECIPIENT if rule.recipient else Side.SENDER,
                outcomes=_ARRIVED if rule.recipient else (Passage.TAKEN,),
                channel=rule.channel,
                party=rule.recipient,
            )
        )
        # A channel under maintenance takes nothing in; that is told elsewhere.
        if many >= rule.threshold or (rule.channel and self._holds(rule.channel)):
            return {}
        subject = f"{rule.recipient or 'everybody'} {rule.channel or 'all'}"
        plural = "" if many == 1 else "s"
        return {subject: f"{many} message{plural} in {rule.period_s:g} s; the rule expects {rule.threshold:g}."}

    def _pauses(self, rule: AlarmRule, now: datetime) -> dict[str, str]:
        since = now - timedelta(seconds=rule.threshold)
        return {
            f"{state.recipient} {state.name or state.id}": f"It fails, and is only probed, since "
            f"{self._paused[state.id]:%Y-%m-%d %H:%M:%S} UTC."
            for state in self._dispatcher.endpoints()
            if state.id in self._paused and self._paused[state.id] <= since and _fits(rule, state.recipient, "")
        }

    def _expiring(self, rule: AlarmRule) -> dict[str, str]:
        participants, last = self._participants.value, self._clock.wall() + timedelta(days=rule.threshold)
        if participants is not self._ends_of:
            self._ends_of, self._ends = participants, ends_of(participants)
        found: dict[str, str] = {}
        for holder, ends in self._ends.items():
            near = sorted((use.value, end) for use, end in ends.items() if end <= last)
            if near and _fits(rule, holder, ""):
                found[f"{holder} certificates"] = "To be renewed: " + ", ".join(
                    f"{use} until {end:%Y-%m-%d}" for use, end in near
                )
        return found

    def _note_pauses(self, now: datetime) -> None:
        """Since when each endpoint that fails was seen to."""
        paused = [state.id for state in self._dispatcher.endpoints() if state.paused]
        self._paused = {one: self._paused.get(one, now) for one in paused}


def _fits(rule: AlarmRule, recipient: str, channel: str) -> bool:
    return rule.recipient in ("", recipient) and rule.channel in ("", channel)

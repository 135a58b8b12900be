"""Looks at queues and dead letters now and then, and raises alarms (5.11.4)."""

from collections.abc import Callable
from datetime import timedelta

from dip.delivery.dispatcher import Dispatcher, EndpointState
from dip.delivery.rule_watch import RuleWatch, Standing
from dip.ground.clock import Clock
from dip.ground.log import Log
from dip.ground.rounds import make_rounds
from dip.ground.settings import Settings
from dip.reporting.alarms import Alarms
from dip.store.alarms import AlarmKind
from dip.store.protocol import WatchStore
from dip.store.records import ALL_CHANNELS, Lane
from dip.store.watch import Age


class Watchman:
    """Compares how long the queues wait, and what is dead, with the settings; on business time."""

    def __init__(
        self,
        *,
        settings: Settings,
        clock: Clock,
        watch: WatchStore,
        dispatcher: Dispatcher,
        holds: Callable[[str], bool],
        alarms: Alarms,
        rules: RuleWatch,
        log: Log,
    ) -> None:
        """holds: whether nothing of a channel is to be delivered now. rules: what looks beside the settings."""
        self._settings = settings
        self._clock = clock
        self._watch = watch
        self._dispatcher = dispatcher
        self._holds = holds
        self._alarms = alarms
        self._rules = rules
        self._log = log

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        await make_rounds(self.look, every_s=self._settings.alarm_check_s, what="watch", log=self._log)

    async def look(self) -> None:
        """Raise what is wrong now, clear what is over."""
        ages = await self._watch.ages()
        dead = await self._watch.dead_by_lane()
        now = self._clock.now()
        late = now - timedelta(seconds=self._settings.alarm_latency_s)
        old = now - timedelta(seconds=self._settings.alarm_queue_age_s)
        served = self._served()
        self._alarms.only(
            AlarmKind.LATENCY,
            {_subject(age.lane): _since(age) for age in ages if age.since <= late and self._is_due(age.lane, served)},
        )
        self._alarms.only(AlarmKind.QUEUE_AGE, {_subject(age.lane): _since(age) for age in ages if age.since <= old})
        self._alarms.only(
            AlarmKind.DEAD_LETTERS,
            {f"{one.recipient} {one.channel}": _count(one.many) for one in dead},
        )
        await self._rules.look(Standing(ages, dead, lambda lane: self._is_due(lane, served)))
        self._alarms.remind()

    def _served(self) -> dict[tuple[str, str], EndpointState]:
        return {
            (state.recipient, channel): state for state in self._dispatcher.endpoints() for channel in state.channels
        }

    def _is_due(self, lane: Lane, served: dict[tuple[str, str], EndpointState]) -> bool:
        """Whether a webhook in service should have had what waits in the lane."""
        state = served.get((lane.recipient, lane.channel))
        if state is None and not lane.for_status:
            state = served.get((lane.recipient, ALL_CHANNELS))
        return state is not None and not state.paused and not state.held and not self._holds(lane.channel)


def _subject(lane: Lane) -> str:
    return f"{lane.recipient} {lane.channel}"


def _count(many: int) -> str:
    return f"{many} dead letter{'' if many == 1 else 's'}; somebody should requeue or withdraw them."


def _since(age: Age) -> str:
    return f"The oldest message waits since {age.since:%Y-%m-%d %H:%M:%S} UTC."

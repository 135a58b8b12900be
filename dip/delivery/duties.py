"""What goes on beside the messages: giving up, forgetting, balancing, watching; and the clock that moves them all."""

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence

from dip.activity.keeping import ActivityKeeping
from dip.archive.retention import Retention
from dip.catalogue.pauses import Pauses
from dip.channels.registry import Registry
from dip.delivery.business_time import BusinessTime
from dip.delivery.dead_letters import DeadLetters
from dip.delivery.dispatcher import Dispatcher
from dip.delivery.returns import Returns
from dip.delivery.rule_watch import RuleWatch
from dip.delivery.watchman import Watchman
from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.log import Log
from dip.ground.mail import Mailer
from dip.ground.settings import Settings
from dip.reporting.alarms import Alarms
from dip.reporting.balance import Balance
from dip.reporting.metrics import Metrics
from dip.store.sqlite import SqliteStore


class Duties:
    """The background duties of one server, built together; `running` gives what has to run."""

    def __init__(
        self,
        *,
        settings: Settings,
        clock: Clock,
        store: SqliteStore,
        registry: Current[Registry],
        pauses: Pauses,
        dispatcher: Dispatcher,
        returns: Returns,
        alarms: Alarms,
        rules: RuleWatch,
        mailer: Mailer,
        metrics: Metrics,
        also_due: Sequence[Callable[[], Awaitable[object]]],
        wake: Callable[[Iterable[int]], None],
        wake_again: Callable[[Iterable[int]], None],
        log: Log,
    ) -> None:
        """also_due: what else is done when business time moves.

        wake: of lanes behind whose end something new waits; wake_again: in whose midst something waits again.
        """
        self.pauses = pauses
        self.alarms = alarms
        self._mailer = mailer
        self.retention = Retention(store=store.sweep, registry=registry, clock=clock, settings=settings, log=log)
        self.activity = ActivityKeeping(
            settings=settings, clock=clock, store=store.activity, reader=store.activity_reader, log=log
        )
        self.dead_letters = DeadLetters(
            settings=settings,
            clock=clock,
            registry=registry,
            messages=store.messages,
            watch=store.watch,
            store=store.dead_letters,
            returns=returns,
            wake=wake,
            wake_again=wake_again,
            log=log,
        )
        self.balance = Balance(store=store.watch, clock=clock, settings=settings, alarms=alarms, log=log)
        self.watchman = Watchman(
            settings=settings,
            clock=clock,
            watch=store.watch,
            dispatcher=dispatcher,
            holds=pauses.holds,
            alarms=alarms,
            rules=rules,
            log=log,
        )
        self.business_time = BusinessTime(
            settings=settings,
            clock=clock,
            facts=store.platform,
            # What a pause held back is due as well: it gets its attempt before anything is given up.
            duties=(
                pauses.bring_up_to_date,
                lambda: dispatcher.time_moved(settings.clock_patience_s),
                self.dead_letters.sweep,
                self.retention.sweep,
                *also_due,
                self.activity.sweep,
                self.watchman.look,
            ),
            log=log,
        )
        metrics.registry.register(alarms)
        metrics.registry.register(self.balance)

    def running(self) -> Mapping[str, Coroutine[None, None, None]]:
        """What has to run as long as the server does, by name."""
        return {
            "pauses": self.pauses.run(),
            "retention": self.retention.run(),
            "activity": self.activity.run(),
            "dead letters": self.dead_letters.run(),
            "balance": self.balance.run(),
            "watchman": self.watchman.run(),
            "alarms": self.alarms.run(),
            "mail": self._mailer.run(),
        }

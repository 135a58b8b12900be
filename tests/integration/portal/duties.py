"""The background duties behind a portal alone, and alarms with their rules."""

from datetime import UTC, datetime
from typing import Final

from dip.catalogue.catalogue import Catalogue
from dip.catalogue.pauses import Pauses
from dip.delivery.dispatcher import Dispatcher
from dip.delivery.duties import Duties
from dip.delivery.returns import Returns
from dip.delivery.rule_watch import RuleWatch
from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.log import Log
from dip.ground.mail import Mailer
from dip.ground.settings import Settings
from dip.participants.registry import Participants
from dip.reporting.alarm_subscriptions import Subscriptions
from dip.reporting.alarms import Alarms
from dip.reporting.metrics import Metrics
from dip.security.vault import Vault
from dip.store.sqlite import SqliteStore

START: Final = datetime(2026, 3, 21, 19, 5, tzinfo=UTC)


def duties_of(
    store: SqliteStore,
    clock: Clock,
    log: Log,
    catalogue: Catalogue,
    pauses: Pauses,
    dispatcher: Dispatcher,
    known: Current[Participants],
) -> Duties:
    settings = Settings()
    mailer = Mailer(settings=settings, log=log)
    alarms = Alarms(store=store.alarms, clock=clock, settings=settings, mailer=mailer, log=log)
    rules = RuleWatch(
        rules=tuple,
        throughput=store.throughput,
        participants=known,
        dispatcher=dispatcher,
        holds=pauses.holds,
        alarms=alarms,
        clock=clock,
    )
    return Duties(
        settings=settings,
        clock=clock,
        store=store,
        registry=catalogue.registry,
        pauses=pauses,
        dispatcher=dispatcher,
        returns=Returns(vault=Vault.opened(bytes(32), [], START)[0], texts=catalogue.registry.value.response_codes),
        alarms=alarms,
        rules=rules,
        mailer=mailer,
        metrics=Metrics(),
        also_due=(),
        wake=lambda lanes: None,
        wake_again=lambda lanes: None,
        log=log,
    )


def nobody_subscribes(store: SqliteStore, clock: Clock, log: Log) -> Subscriptions:
    """Subscriptions that lead nowhere."""
    settings = Settings()
    return Subscriptions(
        store=store.alarm_settings,
        settings=settings,
        clock=clock,
        networks=(),
        scope=lambda name: frozenset(),
        mailer=Mailer(settings=settings, log=log),
        call=lambda url, body: None,
    )

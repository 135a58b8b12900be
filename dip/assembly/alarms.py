"""Alarms with their rules, and how users are told of them."""

import ssl
from contextlib import AsyncExitStack

import msgspec

from dip.assembly.base import Base
from dip.delivery.alarm_calls import AlarmCalls
from dip.delivery.answers import Call
from dip.delivery.caller import WebhookCaller
from dip.delivery.dispatcher import Dispatcher
from dip.delivery.rule_watch import RuleWatch
from dip.http.portal.scope import seen_by
from dip.reporting.alarm_rules import AlarmRules
from dip.reporting.alarm_subscriptions import Scope, Subscriptions


class AlarmParts(msgspec.Struct, frozen=True, kw_only=True):
    """The parts."""

    rules: AlarmRules
    subscriptions: Subscriptions
    watch: RuleWatch


def open_alarms(base: Base, dispatcher: Dispatcher, stack: AsyncExitStack) -> AlarmParts:
    """Build them; from now on users are told what is raised."""
    settings, clock, store = base.settings, base.clock, base.store
    # Users' webhooks stand outside of the market: they show certificates of public authorities, or of this environment.
    context = ssl.create_default_context()
    context.load_verify_locations(cadata=base.trust.root.decode())
    caller = WebhookCaller(
        settings=msgspec.structs.replace(settings, delivery_timeout_s=settings.alarm_webhook_timeout_s),
        tls=context,
        networks=base.networks,
    )
    stack.push_async_callback(caller.close)

    async def post(url: str, body: bytes) -> Call:
        return await caller.post(url, body, {"Content-Type": "application/json"})

    calls = AlarmCalls(post=post, first_wait_s=settings.alarm_webhook_first_wait_s, log=base.log)
    stack.push_async_callback(calls.close)

    def scope(name: str) -> Scope:
        user = store.users.user(name)
        gone = user is None or user.disabled_at is not None
        return frozenset() if user is None or gone else seen_by(user, base.participants.value)

    subscriptions = Subscriptions(
        store=store.alarm_settings,
        settings=settings,
        clock=clock,
        networks=base.networks,
        scope=scope,
        mailer=base.mailer,
        call=calls.send,
    )
    base.alarms.told = (*base.alarms.told, subscriptions.tell)
    rules = AlarmRules(store=store.alarm_settings, settings=settings, clock=clock)
    return AlarmParts(
        rules=rules,
        subscriptions=subscriptions,
        watch=RuleWatch(
            rules=rules.in_force,
            throughput=store.throughput,
            participants=base.participants,
            dispatcher=dispatcher,
            holds=base.pauses.holds,
            alarms=base.alarms,
            clock=clock,
        ),
    )

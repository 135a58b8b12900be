"""Everything that hands messages out: webhooks, pull and stream, replay, replies; and the duties beside them."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from functools import partial

import msgspec

from dip.assembly.alarms import AlarmParts, open_alarms
from dip.assembly.base import Base
from dip.assembly.publications import PublicationParts
from dip.assembly.registration import make_pulling
from dip.assembly.service_desk import make_maintenance_mails
from dip.assembly.wakes import Wake
from dip.catalogue.maintenance_mails import MaintenanceMails
from dip.conformance.faults import Faults
from dip.conformance.impostor import Impostor
from dip.delivery.answers import Call
from dip.delivery.caller import WebhookCaller
from dip.delivery.contents import Contents
from dip.delivery.delivery_faults import DeliveryFaults
from dip.delivery.dispatcher import Dispatcher
from dip.delivery.duties import Duties
from dip.delivery.endpoint import Endpoint
from dip.delivery.faulty_calls import FaultyCalls
from dip.delivery.fetching import Fetching
from dip.delivery.ledger import Ledger
from dip.delivery.outgoing import Outgoing
from dip.delivery.postman import Postman
from dip.delivery.renewing_caller import RenewingCaller
from dip.delivery.replay import Replay
from dip.delivery.replies import Replies
from dip.delivery.requeue import Requeues
from dip.delivery.returns import Returns
from dip.delivery.trial_calls import TrialCalls, TrialParts
from dip.delivery.withdrawals import Withdrawals
from dip.delivery.worker import Worker
from dip.intake.consumption_replay import ConsumptionReplay
from dip.participants.participant import HeldCertificate
from dip.registration.keeper import Keeper
from dip.registration.pulling import Pulling
from dip.registration.updates import Updates
from dip.security.pki import CertificateUse
from dip.security.tls import TlsIdentity
from dip.store.alarms import AlarmKind
from dip.store.records import Taken
from dip.trust.central_feed import CentralFeed
from dip.trust.expiry import CertificateExpiry
from dip.trust.onboarding import Onboarding


class WaysOut(msgspec.Struct, frozen=True, kw_only=True):
    """The parts that hand messages out. wake: of lanes with something new; answered: who waits for a reply."""

    faults: Faults
    dispatcher: Dispatcher
    fetching: Fetching
    consumption: ConsumptionReplay
    replay: Replay
    requeues: Requeues
    replies: Replies
    trials: TrialCalls
    duties: Duties
    alarms: AlarmParts
    expiry: CertificateExpiry
    onboarding: Onboarding
    central_feed: CentralFeed
    withdrawals: Withdrawals
    updates: Updates
    keeper: Keeper
    pulling: Pulling
    publications: PublicationParts
    maintenance_mails: MaintenanceMails
    wake: Wake
    answered: Wake

    def arrived(self, taken: Taken) -> None:
        """Messages were committed; called in the order of receipt."""
        self.dispatcher.wake(taken.lanes, taken.fresh)
        self.fetching.arrivals.wake(taken.lanes)
        self.consumption.wake(taken.lanes)

    def running(self) -> Mapping[str, Coroutine[None, None, None]]:
        """What has to run as long as the server does, by name."""
        return {
            **self.duties.running(),
            "certificates": self.expiry.run(),
            "leases": self.fetching.run(),
            "withdrawals": self.withdrawals.run(),
            "roles": self.onboarding.run(),
            "appointments": self.updates.run(),
            "first look-ups": self.keeper.warm(),
            "pulls": self.pulling.run(),
            "uploads": self.publications.uploads.run(),
            "publications": self.publications.retention.run(),
            "central feed": self.central_feed.run(),
            "maintenance mails": self.maintenance_mails.run(),
            "consumption replay": self.consumption.run(),
        }

    def nobody_waits(self) -> None:
        """Calls that wait are answered now, and streams end."""
        self.replies.close()
        self.fetching.arrivals.close()


def open_ways_out(base: Base, publications: PublicationParts, stack: AsyncExitStack) -> WaysOut:
    """Build what hands messages out; nothing goes out before the dispatcher is started."""
    settings, clock, store, log = base.settings, base.clock, base.store, base.log
    wake, again, answered = Wake(), Wake(), Wake()
    faults = Faults(
        environment=settings.environment,
        seed=settings.fault_seed,
        most=settings.fault_limit,
        struck=base.metrics.fault_struck,
    )
    postman = _postman(base, faults, wake, stack)
    dispatcher = Dispatcher(
        settings=settings, clock=clock, store=store.messages, parties=store.parties, begin=partial(Worker, postman)
    )
    fetching = Fetching(
        postman=postman, dispatcher=dispatcher, archive=base.archive, texts=base.texts, wake_again=again
    )
    consumption = ConsumptionReplay(
        settings=settings,
        clock=clock,
        registry=base.registry,
        participants=base.participants,
        store=store.messages,
        pages=store.pages,
        archive=base.archive,
        vault=base.vault,
        look_up=base.look_up,
        executor=base.executor,
        holds=base.pauses.holds,
        wake=wake,
        told=answered,
        unreadable=partial(postman.ledger.unreadable, for_status=False),
        log=log,
    )
    wake.woken = dispatcher.wake, fetching.arrivals.wake, consumption.wake
    again.woken = dispatcher.wake_again, fetching.arrivals.wake, consumption.wake
    base.revoked.woken = (*base.revoked.woken, lambda held: fetching.arrivals.recheck())
    base.resumed.woken = dispatcher.resume, fetching.resume, consumption.resume
    withdrawals = Withdrawals(
        settings=settings,
        clock=clock,
        participants=base.participants,
        messages=store.messages,
        watch=store.watch,
        dispatcher=dispatcher,
        returns=Returns(vault=base.vault, texts=base.texts, agent_of=base.store.messages.agent_of),
        wake=wake,
        wake_again=again,
        log=log,
    )
    base.trust.onboarding.follow = withdrawals.sweep
    maintenance_mails = make_maintenance_mails(base)
    alarms = open_alarms(base, dispatcher, stack)
    return WaysOut(
        onboarding=base.trust.onboarding,
        central_feed=base.trust.central_feed,
        withdrawals=withdrawals,
        faults=faults,
        dispatcher=dispatcher,
        fetching=fetching,
        consumption=consumption,
        replay=_replay(base, postman),
        requeues=Requeues(
            settings=settings,
            clock=clock,
            store=store.requeues,
            replay=store.replay,
            messages=store.messages,
            archive=base.archive,
            vault=base.vault,
            executor=base.executor,
            wake=wake,
            wake_again=again,
            log=log,
        ),
        replies=Replies(
            participants=base.participants,
            signer=postman.signer,
            clock=clock,
            executor=base.executor,
            most_waiting=settings.most_waiting_replies,
        ),
        trials=_trials(base, postman),
        duties=Duties(
            settings=settings,
            clock=clock,
            store=store,
            registry=base.registry,
            pauses=base.pauses,
            dispatcher=dispatcher,
            returns=Returns(vault=base.vault, texts=base.texts, agent_of=base.store.messages.agent_of),
            alarms=base.alarms,
            rules=alarms.watch,
            mailer=base.mailer,
            metrics=base.metrics,
            also_due=(publications.uploads.sweep, publications.retention.sweep, maintenance_mails.look),
            wake=wake,
            wake_again=again,
            log=log,
        ),
        alarms=alarms,
        publications=publications,
        maintenance_mails=maintenance_mails,
        expiry=base.trust.expiry,
        updates=base.updates,
        keeper=base.keeper,
        pulling=make_pulling(base, stack),
        wake=wake,
        answered=answered,
    )


def _postman(base: Base, faults: Faults, wake: Wake, stack: AsyncExitStack) -> Postman:
    """What every worker shares, with the callers that make its calls."""
    settings, messages = base.settings, base.store.messages
    caller = RenewingCaller(make=partial(_caller, base), identity=base.trust.own.tls.value)
    base.trust.own.on_tls(caller.renew)
    base.trust.trusted.on_change(partial(_trusting_anew, base, caller))
    base.revoked.woken = (partial(_looking_anew, base, caller),)
    stack.push_async_callback(caller.close)
    faulty_calls = FaultyCalls(
        caller=caller,
        caller_with=lambda context: WebhookCaller(settings=settings, tls=context, networks=base.networks),
        pause=faults.pause,
    )
    stack.push_async_callback(faulty_calls.close)
    return Postman(
        settings=settings,
        clock=base.clock,
        store=messages,
        contents=Contents(store=messages, archive=base.archive, vault=base.vault),
        participants=base.participants,
        signer=base.trust.own.signer,
        caller=caller,
        executor=base.executor,
        ledger=Ledger(
            clock=base.clock,
            archive=base.archive,
            returns=Returns(vault=base.vault, texts=base.texts, agent_of=base.store.messages.agent_of),
            tls=base.trust.own.tls,
        ),
        metrics=base.metrics,
        wake=wake,
        holds=base.pauses.holds,
        paused=_tells_of_pauses(base),
        called=_records_calls(base),
        faults=DeliveryFaults(
            faults=faults,
            calls=faulty_calls,
            impostor=Impostor(
                authority=base.trust.certificates.authority, calling=base.trust.trusted.calling, wall=base.clock.wall
            ),
            registry=base.registry,
            clock=base.clock,
            environment=settings.environment,
            lane=messages.lane,
        ),
        log=base.log,
        steps=base.steps,
    )


def _trials(base: Base, postman: Postman) -> TrialCalls:
    """Test calls, made with what deliveries are made with."""
    return TrialCalls(
        TrialParts(
            settings=base.settings,
            clock=base.clock,
            signer=postman.signer,
            executor=base.executor,
            caller=postman.caller,
            called=postman.called,
            context=lambda: base.trust.trusted.calling(base.trust.own.tls.value),
            networks=base.networks,
        )
    )


def _caller(base: Base, identity: TlsIdentity) -> WebhookCaller:
    return WebhookCaller(settings=base.settings, tls=base.trust.trusted.calling(identity), networks=base.networks)


async def _trusting_anew(base: Base, caller: RenewingCaller) -> None:
    """Connections were made by what was trusted before; the next call makes new ones."""
    await caller.renew(base.trust.own.tls.value)


def _looking_anew(base: Base, caller: RenewingCaller, revoked: HeldCertificate) -> None:
    """A webhook may show what was just revoked: who is there is asked on a new connection."""
    if revoked.use is CertificateUse.TLS:
        caller.take_up(base.trust.own.tls.value)


def _replay(base: Base, postman: Postman) -> Replay:
    return Replay(
        settings=base.settings,
        clock=base.clock,
        store=base.store.replay,
        messages=base.store.messages,
        archive=base.archive,
        vault=base.vault,
        participants=base.participants,
        signer=postman.signer,
        executor=base.executor,
        holds=base.pauses.holds,
        log=base.log,
    )


def _records_calls(base: Base) -> Callable[[Endpoint, Outgoing, Call, int], Awaitable[None]]:
    """Puts calls to endpoints into the activity log."""

    async def record(endpoint: Endpoint, outgoing: Outgoing, call: Call, duration_us: int) -> None:
        await base.activity.sent(
            party=endpoint.key.recipient,
            method="POST",
            url=endpoint.key.url,
            status=call.status,
            answer=call.answer,
            duration_us=duration_us,
            size=len(outgoing.body),
            reason="" if call.status is not None else call.reason,
        )

    return record


def _tells_of_pauses(base: Base) -> Callable[[Endpoint, int], None]:
    """Tells, by log and alarm, that an endpoint is paused after so many failures, or (with 0) goes on."""
    log, alarms = base.log, base.alarms

    def tell(endpoint: Endpoint, failures: int) -> None:
        key, told = endpoint.key, endpoint.told
        subject = f"{key.recipient} {endpoint.name or key.id}"
        if failures:
            log.warning("endpoint_paused", recipient=key.recipient, endpoint=key.id, failures=failures)
            detail = "So many calls in a row failed that it is only probed."
            alarms.raised(AlarmKind.ENDPOINT_PAUSED, subject, detail, told)
        else:
            log.info("endpoint_resumed", recipient=key.recipient, endpoint=key.id)
            alarms.cleared(AlarmKind.ENDPOINT_PAUSED, subject, told)

    return tell

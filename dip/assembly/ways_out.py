"""Everything that hands messages out: webhooks, pull and stream, replay, replies; and the duties beside them."""

from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from functools import partial

import msgspec

from dip.assembly.base import Base
from dip.assembly.wakes import Wake
from dip.conformance.faults import Faults
from dip.conformance.impostor import Impostor
from dip.delivery.caller import WebhookCaller
from dip.delivery.contents import Contents
from dip.delivery.delivery_faults import DeliveryFaults
from dip.delivery.dispatcher import Dispatcher
from dip.delivery.duties import Duties
from dip.delivery.endpoint import Endpoint
from dip.delivery.faulty_calls import FaultyCalls
from dip.delivery.fetching import Fetching
from dip.delivery.ledger import Ledger
from dip.delivery.postman import Postman
from dip.delivery.replay import Replay
from dip.delivery.replies import Replies
from dip.delivery.requeue import Requeues
from dip.delivery.returns import Returns
from dip.delivery.worker import Worker
from dip.intake.consumption_replay import ConsumptionReplay
from dip.security.tls import client_context
from dip.store.alarms import AlarmKind
from dip.store.records import Taken


class WaysOut(msgspec.Struct, frozen=True, kw_only=True):
    """The parts that hand messages out. wake: of lanes with something new; answered: who waits for a reply."""

    faults: Faults
    dispatcher: Dispatcher
    fetching: Fetching
    consumption: ConsumptionReplay
    replay: Replay
    requeues: Requeues
    replies: Replies
    duties: Duties
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
            "leases": self.fetching.run(),
            "consumption replay": self.consumption.run(),
        }

    def nobody_waits(self) -> None:
        """Calls that wait are answered now, and streams end."""
        self.replies.close()
        self.fetching.arrivals.close()


def open_ways_out(base: Base, stack: AsyncExitStack) -> WaysOut:
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
    base.resumed.woken = dispatcher.resume, fetching.resume, consumption.resume
    return WaysOut(
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
        duties=Duties(
            settings=settings,
            clock=clock,
            store=store,
            registry=base.registry,
            pauses=base.pauses,
            dispatcher=dispatcher,
            returns=Returns(vault=base.vault, texts=base.texts),
            alarms=base.alarms,
            mailer=base.mailer,
            metrics=base.metrics,
            wake=wake,
            wake_again=again,
            log=log,
        ),
        wake=wake,
        answered=answered,
    )


def _postman(base: Base, faults: Faults, wake: Wake, stack: AsyncExitStack) -> Postman:
    """What every worker shares, with the callers that make its calls."""
    settings, messages = base.settings, base.store.messages
    tls = client_context(base.tls.pem.encode(), base.tls_key, base.root)
    caller = WebhookCaller(settings=settings, tls=tls, networks=base.networks)
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
        signer=base.signer,
        caller=caller,
        executor=base.executor,
        ledger=Ledger(
            clock=base.clock,
            archive=base.archive,
            returns=Returns(vault=base.vault, texts=base.texts),
            signing_certificate=base.signing.fingerprint,
            tls_certificate=base.tls.fingerprint,
        ),
        metrics=base.metrics,
        wake=wake,
        holds=base.pauses.holds,
        paused=_tells_of_pauses(base),
        faults=DeliveryFaults(
            faults=faults,
            calls=faulty_calls,
            impostor=Impostor(environment=settings.environment, root=base.root, wall=base.clock.wall),
            registry=base.registry,
            clock=base.clock,
            environment=settings.environment,
            lane=messages.lane,
        ),
        log=base.log,
        steps=base.steps,
    )


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

"""The way in, step by step: verified, checked, opened, routed, wrapped, committed, answered (5.5.13 A)."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor

import msgspec

from dip.archive.archive import Archive
from dip.catalogue.pauses import Pauses
from dip.channels.channel import PUBLICATIONS
from dip.channels.registry import Registry
from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.settings import Settings
from dip.ground.steps import UNWATCHED, Milestone, Steps
from dip.intake.answer import UNAVAILABLE, Answering, Judged
from dip.intake.appointments import Announcements
from dip.intake.body import read_body
from dip.intake.check import Checked, Checker, Moment, origin_of
from dip.intake.publications import Announcing
from dip.intake.refusal import Refusal, several
from dip.intake.request import Answer, Committed, InboundRequest
from dip.intake.wrap import Wrapped, Wrapper
from dip.messages.faults import Fault
from dip.messages.identifiers import DipId
from dip.participants.access import Caller, represents
from dip.participants.rates import Rate
from dip.participants.registry import CertificateMissing, Participants
from dip.participants.signatures import Signatures, Signed
from dip.registration.updates import Updates
from dip.routing.look_up import LookUp
from dip.routing.router import Enquiry, Router, mpans_of
from dip.security.encryption import UndecryptableBlock
from dip.security.vault import Vault
from dip.store.evidence import inbound_call
from dip.store.protocol import MessageStore
from dip.store.records import NO_CHANNEL, Arrival, NewMessage, Outcome, Taken, Verdict

_HEADERS_A_BREATH = 32
_BREATH = 8
"""Messages checked between two turns of the event loop; a header takes a fifth of what the rest does."""


class _Way(msgspec.Struct, frozen=True):
    """What the messages of one request go through, and what was found of them so far. started: monotonic, seconds."""

    checker: Checker
    router: Router
    wrapper: Wrapper
    judged: Sequence[Judged]
    announcing: Announcing
    now: Moment
    started: float


class Intake:
    """Takes requests of participants in. Nothing is answered before it is committed."""

    def __init__(
        self,
        *,
        settings: Settings,
        clock: Clock,
        registry: Current[Registry],
        participants: Current[Participants],
        pauses: Pauses,
        store: MessageStore,
        archive: Archive,
        vault: Vault,
        look_up: LookUp,
        updates: Updates,
        announcing: Announcing,
        executor: Executor,
        signatures: Signatures,
        rate: Rate,
        arrived: Callable[[Taken], None],
        steps: Steps = UNWATCHED,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._registry = registry
        self._participants = participants
        self._pauses = pauses
        self._store = store
        self._archive = archive
        self._vault = vault
        self._look_up = look_up
        self._updates = updates
        self._announcing = announcing
        self._executor = executor
        self._arrived = arrived
        self._signatures = signatures
        self._rate = rate
        self._steps = steps
        self._routing: tuple[Registry, Participants, Router] | None = None

    async def receive(self, request: InboundRequest) -> Answer:
        """Take a request in and answer it.

        Raises RateExceeded, RequestRefused, SignatureRefused, NotAuthenticated, NotPermitted where nothing of it can
        be told apart; StoreUnavailable where the disk fails.
        """
        self._steps.reached(Milestone.REQUEST_READ)
        registry, participants = self._registry.value, self._participants.value
        signed = self._signatures.check(
            request.headers,
            method=request.method,
            urls=request.urls,
            body=request.body,
            caller=request.caller.dip_id,
            required=_is_signed(registry, request.channel_id),
        )
        now = Moment.of(self._clock.now(), self._clock.wall())
        switches = self._settings.switches
        received = read_body(
            request.body,
            message_limit=self._settings.message_limit,
            nesting_limit=self._settings.nesting_limit,
            folds_names=switches.folds_names,
        )
        self._rate.take(request.caller.dip_id, len(received))
        checker = Checker(
            settings=self._settings,
            registry=registry,
            participants=participants,
            pauses=self._pauses,
            store=self._store,
        )
        judged = [Judged(None, one if isinstance(one, Refusal) else None) for one in received]
        passed: list[Checked] = []
        for index, blocks in enumerate(received):
            if index % _HEADERS_A_BREATH == _HEADERS_A_BREATH - 1:
                await asyncio.sleep(0)
            if isinstance(blocks, Refusal):
                continue
            checked = checker.header(index, blocks, request.channel_id, signed.signer, request.caller, now)
            if isinstance(checked, Refusal):
                reference, said = origin_of(blocks)
                judged[index] = Judged(reference, checked, self._principal(participants, said, request.caller))
            else:
                judged[index].reference = checked.reference
                judged[index].principal = None if checked.sender == request.caller.dip_id else checked.sender
                passed.append(checked)
        await self._open(passed, participants, judged, request.caller)
        router = self._router(registry, participants)
        wrapper = Wrapper(
            archive=self._archive,
            vault=self._vault,
            texts=registry.response_codes,
            protects=switches.encrypts_custom_block,
            receipt=now.receipt,
        )
        way = _Way(checker, router, wrapper, judged, self._announcing, now, request.started)
        if any(checked.event.appointments for checked in passed):
            return await self._receive_changes(request, signed, registry, participants, passed, way)
        wrapped: list[Wrapped] = []
        for number, checked in enumerate(passed):
            if number % _BREATH == _BREATH - 1:
                await asyncio.sleep(0)
            enquiry = self._enquire(checked, way)
            if enquiry is None:
                continue
            if self._updates.pending.is_unsettled(map(int, enquiry.mpans)):
                await self._updates.pending.settled([int(mpan) for mpan in enquiry.mpans])
            wrapped.append(self._make_ready(checked, enquiry, way))
        self._steps.reached(Milestone.CHECKED)
        answer, _ = await self._commit(request, signed, judged, wrapped, now, registry)
        return answer

    async def _receive_changes(
        self,
        request: InboundRequest,
        signed: Signed,
        registry: Registry,
        participants: Participants,
        passed: Sequence[Checked],
        way: "_Way",
    ) -> Answer:
        """As any request, but what its messages say about appointments is committed with them (5.5.14)."""
        enquiries: list[tuple[Checked, Enquiry]] = []
        for number, checked in enumerate(passed):
            if number % _BREATH == _BREATH - 1:
                await asyncio.sleep(0)
            enquiry = self._enquire(checked, way)
            if enquiry is not None:
                enquiries.append((checked, enquiry))
        announcements = Announcements(
            self._updates,
            self._store,
            received_at=way.now.business,
            roles_of=participants.roles_of,
            forget=self._look_up.forget,
        )
        await announcements.prepare(enquiries)
        committed: Sequence[tuple[NewMessage, Outcome]] = ()
        try:
            wrapped: list[Wrapped] = []
            for number, (checked, enquiry) in enumerate(enquiries):
                if number % _BREATH == _BREATH - 1:
                    await asyncio.sleep(0)
                announcements.before(enquiry)
                ready = self._make_ready(checked, enquiry, way)
                announcements.after(checked, enquiry, ready.message)
                wrapped.append(ready)
            self._steps.reached(Milestone.CHECKED)
            answer, outcomes = await self._commit(request, signed, way.judged, wrapped, way.now, registry)
            committed = [(ready.message, outcome) for ready, outcome in zip(wrapped, outcomes, strict=True)]
        finally:
            announcements.conclude(committed)
        return answer

    def _router(self, registry: Registry, participants: Participants) -> Router:
        """The router of these snapshots; made anew when one of them was replaced."""
        if self._routing is None or self._routing[0] is not registry or self._routing[1] is not participants:
            made = Router(participants=participants, look_up=self._look_up, roles=registry.roles)
            self._routing = registry, participants, made
        return self._routing[2]

    @staticmethod
    def _principal(participants: Participants, said: str | None, caller: Caller) -> DipId | None:
        """For whom an agent sent a refused message, where it acts for that one at all."""
        sender = DipId(said or "")
        is_agents = caller.dip_id != sender and represents(participants, caller.dip_id, sender)
        return sender if is_agents else None

    async def _open(
        self, passed: Sequence[Checked], participants: Participants, judged: Sequence[Judged], caller: Caller
    ) -> None:
        """Open the JWEs, off the event loop. An agent may have encrypted to its own key of the DIP."""
        closed = [checked for checked in passed if checked.jwe is not None]
        if not closed:
            return
        loop = asyncio.get_running_loop()

        def opened(checked: Checked) -> None:
            try:
                parties = dict.fromkeys((checked.sender, caller.dip_id))
                checked.custom_raw = participants.decryptor(*parties).decrypt(checked.jwe or "")
            except (UndecryptableBlock, CertificateMissing) as exc:
                judged[checked.index].refusal = Refusal(
                    "MSG1000",
                    (Fault("/payload/CustomBlock", "a JWE that opens with the DIP's key"),),
                    exc.message,
                )

        halves = [closed[start::2] for start in range(2)]
        await asyncio.gather(*(loop.run_in_executor(self._executor, _each, opened, half) for half in halves if half))

    @staticmethod
    def _enquire(checked: Checked, way: "_Way") -> Enquiry | None:
        """What routing asks for; None where the message is refused."""
        if way.judged[checked.index].refusal is not None:
            return None
        refusal = way.checker.body(checked)
        if refusal is None and checked.channel.pattern == PUBLICATIONS:
            refusal = way.announcing.read(checked)
            refusal = refusal and way.checker.named(refusal)
        if refusal is None:
            enquiry = _enquiry(checked, way.now)
            named = way.router.check_named(enquiry)
            if not named:
                return enquiry
            faults = [Fault(one.pointer, one.expected) for one in named if one.code == named[0].code]
            refusal = way.checker.named(several(named[0].code, faults))
        way.judged[checked.index].refusal = refusal
        return None

    def _make_ready(self, checked: Checked, enquiry: Enquiry, way: "_Way") -> Wrapped:
        route = way.router.route(enquiry)
        spent = int((self._clock.monotonic() - way.started) * 1_000_000)
        ready = way.wrapper.wrap(checked, route, enquiry.mpans, way.checker.correlation(checked), spent)
        # A day of consumption is some hundred objects: let go of each before the next is read.
        checked.custom = None
        return ready

    async def _commit(
        self,
        request: InboundRequest,
        signed: Signed,
        judged: Sequence[Judged],
        wrapped: Sequence[Wrapped],
        now: Moment,
        registry: Registry,
    ) -> tuple[Answer, Sequence[Outcome]]:
        answering = Answering(self._settings.switches, registry.response_codes)
        timestamp = now.receipt.stamp
        whole = not self._settings.switches.takes_good_of_mixed
        served = registry.find(request.channel_id) if request.channel_id is not None else None
        channel = NO_CHANNEL if served is None else served.id
        arrival = Arrival(
            exchange=inbound_call(
                request.caller,
                signed,
                at=now.receipt.microseconds,
                method=request.method,
                url=request.urls[0],
                note=request.note,
                duration_us=int((self._clock.monotonic() - request.started) * 1_000_000),
            ),
            messages=[ready.message for ready in wrapped],
            all_or_nothing=whole,
            none_taken=whole and any(one.refusal is not None for one in judged),
            refused=[(channel, one.principal or request.caller.dip_id) for one in judged if one.refusal is not None],
            seal=self._archive.seal_answer,
            conclude=lambda outcomes: answering.conclude(judged, outcomes, request.caller.dip_id, timestamp),
        )
        taken = await self._store.take_in(arrival)
        self._steps.reached(Milestone.COMMITTED)
        new: list[Committed] = []
        for ready, outcome in zip(wrapped, taken.outcomes, strict=True):
            if outcome.verdict is Verdict.NEW and outcome.message is not None:
                self._archive.remember(outcome.message, ready.envelope)
                new.append(Committed(ready.message, ready.envelope))
        self._arrived(taken)
        again = [one.refusal.retry_after_s or 0 for one in judged if one.refusal is not None]
        answer = Answer(taken.status, taken.answer, new, max(again) if taken.status == UNAVAILABLE else None)
        return answer, taken.outcomes


def _is_signed(registry: Registry, channel_id: str | None) -> bool:
    """Whether requests to this address must be signed: all but those for a channel whose pattern has no such action."""
    channel = registry.find(channel_id) if channel_id is not None else None
    return channel is None or channel.signed


def _each(work: Callable[[Checked], None], items: Sequence[Checked]) -> None:
    for item in items:
        work(item)


def _enquiry(checked: Checked, now: Moment) -> Enquiry:
    address = getattr(checked.common, "A0", None)
    return Enquiry(
        channel=checked.channel,
        event=checked.event,
        sender=checked.sender,
        sender_role=checked.sender_role,
        named=getattr(address, "primaryRecipients", None) or (),
        common=checked.common,
        custom=checked.custom,
        mpans=mpans_of(checked.event, checked.common, checked.custom),
        received_at=now.business,
    )

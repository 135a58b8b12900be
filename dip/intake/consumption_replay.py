"""The DIP as recipient and sender: requests for earlier consumption, answered from the archive (IF-015, IF-016)."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from datetime import timedelta
from typing import Any, Final

import msgspec

from dip.archive.archive import Archive
from dip.channels.channel import Channel
from dip.channels.registry import Registry
from dip.channels.service import Service
from dip.ground.clock import Clock, microseconds, moment
from dip.ground.current import Current
from dip.ground.errors import StoreUnavailable
from dip.ground.log import Log
from dip.ground.settings import Settings
from dip.intake.check import Checked
from dip.intake.replay_answers import AnswerWriter, Request, Source, in_steps
from dip.intake.request import Committed
from dip.intake.wrap import Wrapped, Wrapper
from dip.messages.envelope import Envelope
from dip.messages.identifiers import DIP, DipId, Mpan, Receipt
from dip.participants.registry import Participants
from dip.routing.dates import at
from dip.routing.look_up import LookUp
from dip.routing.router import Enquiry, Router
from dip.security.vault import SealBroken, Vault
from dip.store.evidence import own_step
from dip.store.page_records import Kept
from dip.store.pages import SqlitePages
from dip.store.protocol import MessageStore
from dip.store.records import (
    STATUS_CHANNEL,
    Arrival,
    Exchange,
    Lane,
    Settled,
    Settlement,
    Stage,
    Status,
    Verdict,
    Waiting,
)

_UNKNOWN_MPAN: Final = "RCP1061"
_NOT_APPOINTED: Final = "RCP1009"
_NOTHING_KEPT: Final = "RCP1062"
_STEP: Final = 16
"""Answers that are made and committed together."""
_REQUESTS: Final = 10
"""Requests that are read at once."""
_LOOK_S: Final = 30.0
"""How often what was set aside is looked for."""
_STORE_WAIT_S: Final = 1.0


class ConsumptionReplay:
    """Serves the channels whose definition says that the DIP does; a background duty of the server.

    A request waits in the DIP's own lane as it would for anybody. Its answers are committed first, in order of
    receipt of what they repeat, then the request is settled: after a crash between the two it is answered again, and
    the store knows the answers by their references. Status messages to the DIP are taken note of.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        clock: Clock,
        registry: Current[Registry],
        participants: Current[Participants],
        store: MessageStore,
        pages: SqlitePages,
        archive: Archive,
        vault: Vault,
        look_up: LookUp,
        executor: Executor,
        holds: Callable[[str], bool],
        wake: Callable[[Iterable[int]], None],
        told: Callable[[Sequence[Committed]], None],
        unreadable: Callable[[Sequence[Waiting], DipId], Settlement],
        log: Log,
    ) -> None:
        """told: hears of new messages for whoever waits for a reply; unreadable: the end of what can't be opened."""
        self._settings = settings
        self._clock = clock
        self._registry = registry
        self._participants = participants
        self._store = store
        self._pages = pages
        self._archive = archive
        self._vault = vault
        self._look_up = look_up
        self._executor = executor
        self._holds = holds
        self._wake = wake
        self._told = told
        self._unreadable = unreadable
        self._log = log
        self._woken = asyncio.Event()

    def wake(self, lanes: Iterable[int]) -> None:
        """Something new waits in these lanes."""
        if any(self._store.lane(number).recipient == DIP for number in lanes):
            self._woken.set()

    def resume(self, channel: str) -> None:
        """A channel that was held goes on."""
        self._woken.set()

    async def run(self) -> None:
        """Serve what comes in, until cancelled."""
        while True:
            self._woken.clear()
            patience_s = _LOOK_S
            try:
                while await self._round():
                    pass
            except StoreUnavailable:
                patience_s = _STORE_WAIT_S
            except Exception:
                self._log.exception("consumption_replay_failed_unexpectedly")
            try:
                async with asyncio.timeout(patience_s):
                    await self._woken.wait()
            except TimeoutError:
                pass

    async def _round(self) -> bool:
        """Serve what waits now; whether there was anything."""
        some = await self._take_note()
        for channel in self._registry.value.channels.values():
            service = channel.service
            if service is None or self._holds(channel.id) or self._holds(service.answered_on):
                continue
            for waiting in self._waiting(self._store.lane_of(DIP, channel.id)):
                some = True
                await self._serve(waiting, channel, service)
        return some

    def _waiting(self, lane: Lane | None) -> Sequence[Waiting]:
        if lane is None:
            return ()
        now = microseconds(self._clock.now())
        return [
            *self._store.waiting({lane.id: 0}, _REQUESTS),
            *self._store.set_aside(lane.id, now, _REQUESTS),
        ]

    async def _take_note(self) -> bool:
        """Status messages to the DIP itself, about messages that it sent: nobody else reads them."""
        noted = self._waiting(self._store.lane_of(DIP, STATUS_CHANNEL))
        for waiting in noted:
            self._log.warning("status_message_to_the_dip_received", transaction_id=waiting.transaction_id)
        if noted:
            await self._settle(noted, Stage.STATUS_MESSAGE, "taken note of")
        return bool(noted)

    async def _serve(self, waiting: Waiting, channel: Channel, service: Service) -> None:
        try:
            envelope = self._archive.envelopes([waiting.message]).get(waiting.message)
        except SealBroken:
            envelope = None
        if envelope is None:
            self._log.error("waiting_messages_unreadable", count=1)
            self._wake((await self._store.settle(self._unreadable([waiting], DIP))).lanes)
            return
        try:
            note = await self._answer(_request(waiting, envelope), channel, service)
        except StoreUnavailable:
            raise
        except Exception:
            self._log.exception("consumption_replay_failed_unexpectedly", transaction_id=waiting.transaction_id)
            await self._set_aside(waiting)
        else:
            await self._settle([waiting], Stage.OUTBOUND, note)

    async def _answer(self, request: Request, channel: Channel, service: Service) -> str:
        """Commit the answers to a request; what became of it, in words."""
        registry, now = self._registry.value, self._clock.now()
        answering = registry.channels[service.answered_on]
        writer = AnswerWriter(
            request,
            channel=answering,
            receipt=Receipt.at(now),
            settings=self._settings,
            texts=registry.response_codes,
        )
        mpan = Mpan(request.common["M0"]["MPANCore"])
        kept: list[Kept] = []
        left_out = False
        code = self._refusal(mpan, request.requester, channel)
        if code is None:
            limit = self._settings.consumption_replay_limit
            kept = await self._pages.kept_about(
                self._vault.digest(mpan), service.replays, before=request.message, limit=limit + 1
            )
            left_out, kept = len(kept) > limit, kept[-limit:]
        count = 0
        for step in in_steps(kept, _STEP):
            count += await self._commit(await self._again(step, writer), mpan, request)
        if count == 0:
            code = code or _NOTHING_KEPT
            await self._commit([writer.refused(service.refused_by, code)], mpan, request)
        self._log.info(
            "consumption_request_answered",
            transaction_id=request.transaction_id,
            answers=count,
            refused=code,
            left_out=left_out,
        )
        if code is not None:
            return f"turned down on {answering.id}: {code}"
        return f"{count} answers on {answering.id}" + (", older messages left out" if left_out else "")

    def _refusal(self, mpan: Mpan, requester: DipId, channel: Channel) -> str | None:
        """Why a requester does not get the earlier messages of an MPAN; None where it may (5.5.14)."""
        holders, known = self._look_up.holders(mpan, channel.senders, [at(self._clock.now())])
        if not known:
            return _UNKNOWN_MPAN
        return None if any(one.dip_id == requester for one in holders) else _NOT_APPOINTED

    async def _again(self, step: Sequence[Kept], writer: AnswerWriter) -> list[Checked]:
        """The answers of one step; a message that is gone or unreadable is passed over."""
        sources: list[Source] = []
        for one in step:
            try:
                envelope = self._archive.envelopes([one.message]).get(one.message)
            except SealBroken:
                envelope = None
            if envelope is None:
                self._log.error("archived_message_unreadable", message=one.message)
            else:
                sources.append(Source(one.message, one.event, envelope))

        def made() -> list[Checked]:
            return [answer for source in sources if (answer := self._made(source, writer)) is not None]

        return await asyncio.get_running_loop().run_in_executor(self._executor, made)

    def _made(self, source: Source, writer: AnswerWriter) -> Checked | None:
        try:
            return writer.again(source)
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            self._log.warning("archived_message_fits_no_more", message=source.message, reason=type(exc).__name__)
            return None

    async def _commit(self, answers: Sequence[Checked], mpan: Mpan, request: Request) -> int:
        """Route, wrap and commit answers; how many there are, from now or from an earlier time."""
        if not answers:
            return 0
        registry, participants, now = self._registry.value, self._participants.value, self._clock.now()
        router = Router(participants=participants, look_up=self._look_up, roles=registry.roles)
        wrapper = Wrapper(
            archive=self._archive,
            vault=self._vault,
            texts=registry.response_codes,
            protects=self._settings.switches.encrypts_custom_block,
            receipt=Receipt.at(now),
        )
        wrapped: list[Wrapped] = []
        for number, answer in enumerate(answers):
            answer.index = number
            route = router.route(
                Enquiry(
                    channel=answer.channel,
                    event=answer.event,
                    sender=answer.sender,
                    sender_role=answer.sender_role,
                    named=[request.requester],
                    common=answer.common,
                    custom=answer.custom,
                    mpans=[mpan],
                    received_at=now,
                )
            )
            wrapped.append(wrapper.wrap(answer, route, [mpan], request.correlation_id, 0))
            await asyncio.sleep(0)
        taken = await self._store.take_in(
            Arrival(
                exchange=self._own_step(f"answers to {request.transaction_id}"),
                messages=[one.message for one in wrapped],
                all_or_nothing=False,
                conclude=lambda outcomes: (0, b""),
                seal=self._archive.seal_answer,
            )
        )
        new: list[Committed] = []
        for one, outcome in zip(wrapped, taken.outcomes, strict=True):
            if outcome.verdict is Verdict.NEW and outcome.message is not None:
                self._archive.remember(outcome.message, one.envelope)
                new.append(Committed(one.message, one.envelope))
        self._wake(taken.lanes)
        self._told(new)
        return len(wrapped)

    async def _settle(self, batch: Sequence[Waiting], stage: Stage, note: str) -> None:
        delivered = [waiting.id for waiting in batch]
        exchange = self._own_step(note)
        await self._store.settle(Settlement(exchange=exchange, recipient=DIP, stage=stage, delivered=delivered))

    async def _set_aside(self, waiting: Waiting) -> None:
        """Try a request again later; the others do not wait for it."""
        wait_s = min(self._settings.retry_first_s * 2.0 ** min(waiting.attempts, 40), self._settings.retry_longest_s)
        until = microseconds(self._clock.now() + timedelta(seconds=max(wait_s, _LOOK_S)))
        again = Settled(waiting.id, waiting.message, Status.RETRYING, until, "could not be answered")
        exchange = self._own_step("could not be answered")
        await self._store.settle(Settlement(exchange=exchange, recipient=DIP, stage=Stage.OUTBOUND, settled=[again]))

    def _own_step(self, note: str) -> Exchange:
        return own_step(microseconds(self._clock.now()), DIP, note)


def _request(waiting: Waiting, envelope: Envelope) -> Request:
    common: dict[str, Any] = envelope.content()["CommonBlock"]
    return Request(
        message=waiting.message,
        transaction_id=waiting.transaction_id,
        correlation_id=waiting.correlation_id,
        requester=waiting.sender,
        day=Receipt.at(moment(waiting.received_at)).day,
        common=common,
    )

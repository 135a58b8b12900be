"""What nobody may receive any more: a role was revoked, a sign-up ended, a participant left (5.7.1, FS-40)."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from dip.delivery.dispatcher import Dispatcher
from dip.delivery.returns import Returns
from dip.ground.clock import Clock, microseconds
from dip.ground.current import Current
from dip.ground.log import Log
from dip.ground.rounds import make_rounds
from dip.ground.settings import Settings
from dip.messages.identifiers import DIP
from dip.participants.participant import Participant
from dip.participants.registry import Participants
from dip.store.evidence import own_step
from dip.store.protocol import MessageStore, WatchStore
from dip.store.records import (
    Lane,
    Settled,
    Settlement,
    Stage,
    Status,
    Waiting,
)

_STEP: Final = 250
"""Most deliveries that one settlement moves."""
_MOVES_WITHIN_S: Final = 5.0
"""How long the calls under way of a webhook that is withdrawn are awaited."""
_ALWAYS: Final = 2**62
"""Microseconds; nothing waits since later."""
_ROUTING_ERROR: Final = "MSG1030"

Wake = Callable[[Iterable[int]], None]


class Withdrawals:
    """Withdraws webhooks and waiting messages of channels that a participant lost, and tells the senders.

    It looks again and again, so that nothing stays behind: what was being taken in while the participants changed,
    and what a crash left undone.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        clock: Clock,
        participants: Current[Participants],
        messages: MessageStore,
        watch: WatchStore,
        dispatcher: Dispatcher,
        returns: Returns,
        wake: Wake,
        wake_again: Wake,
        log: Log,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._participants = participants
        self._messages = messages
        self._watch = watch
        self._dispatcher = dispatcher
        self._returns = returns
        self._wake = wake
        self._wake_again = wake_again
        self._log = log
        self._sweeping = asyncio.Lock()

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        await make_rounds(self.sweep, every_s=self._settings.withdrawal_sweep_s, what="withdrawals", log=self._log)

    async def sweep(self) -> int:
        """Withdraw all that may not be received any more; returns how many messages. Raises StoreUnavailable."""
        async with self._sweeping:
            # A snapshot with nobody in it who lost anything costs a look at a list.
            lost = {one.dip_id: one for one in self._participants.value if one.left_at or one.lost_channels}
            if not lost:
                return 0
            for participant in lost.values():
                await self._withdraw_webhooks(participant)
            waiting = {age.lane.id: age.lane for age in await self._watch.ages()}
            handed_out = {number: self._messages.lane(number) for number in self._messages.lanes_leased()}
            total = 0
            for lane in {**waiting, **handed_out}.values():
                loser = lost.get(lane.recipient)
                if loser is not None and _is_closed(lane.channel, loser):
                    total += await self._empty(lane, loser)
        if total:
            self._log.warning("messages_withdrawn", count=total)
        return total

    async def _withdraw_webhooks(self, participant: Participant) -> None:
        recipient = participant.dip_id
        held = self._dispatcher.webhooks_of(recipient)
        if participant.left_at is not None:
            if held:
                await self._dispatcher.remove_webhooks(recipient, None, _MOVES_WITHIN_S)
        elif closed := [channel for channel in held if channel in participant.lost_channels]:
            await self._dispatcher.remove_webhooks(recipient, closed, _MOVES_WITHIN_S)

    async def _empty(self, lane: Lane, participant: Participant) -> int:
        total = 0
        while True:
            batch: Sequence[Waiting] = self._messages.overdue(lane.id, _ALWAYS, _STEP)
            batch = batch or self._messages.leased(lane.id, _STEP)
            if not batch:
                return total
            taken = await self._withdraw(batch, lane, participant)
            if not taken:
                return total
            total += taken

    async def _withdraw(self, batch: Sequence[Waiting], lane: Lane, participant: Participant) -> int:
        now, why = self._clock.now(), _reason(lane, participant)
        help_text = f"Not delivered to {lane.recipient}: {why}."
        settled = [
            Settled(
                one.id,
                one.message,
                Status.WITHDRAWN,
                detail=why,
                returned=self._returns.given_up(one, lane.recipient, now, help_text, code=_ROUTING_ERROR),
                recipient=lane.recipient,
                stage=lane.stage,
            )
            for one in batch
        ]
        done = await self._messages.settle(
            Settlement(
                exchange=own_step(microseconds(now), DIP, "withdrawn: the recipient lost the channel"),
                recipient=DIP,
                stage=Stage.OUTBOUND,
                settled=settled,
            )
        )
        # A worker may hold what was withdrawn in memory: it reads its lanes again.
        self._wake_again({lane.id})
        self._wake(done.lanes - {lane.id})
        return len(done.taken)


def _is_closed(channel: str, participant: Participant) -> bool:
    return participant.left_at is not None or channel in participant.lost_channels


def _reason(lane: Lane, participant: Participant) -> str:
    if participant.left_at is not None:
        return f"{lane.recipient} takes no part any more"
    return f"{lane.recipient} does not receive {lane.channel} any more"

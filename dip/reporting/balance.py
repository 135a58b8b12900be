"""The balance: what was accepted for each participant and channel, and that all of it is still somewhere (FS-48)."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from dip.ground.clock import Clock
from dip.ground.log import Log
from dip.ground.settings import Settings
from dip.messages.identifiers import DipId
from dip.reporting.alarms import Alarming
from dip.store.alarms import AlarmKind
from dip.store.protocol import WatchStore
from dip.store.records import DeliveryState
from dip.store.watch import MOST_WRONG, Account, SpanBalance, Wrong

_SUBJECT: Final = "messages"
_MOST_NAMED: Final = 10


class Balanced(msgspec.Struct, frozen=True, rename="camel"):
    """One participant and channel: accepted, for each recipient, and where it stands now."""

    recipient: DipId
    channel: str
    accepted: int
    waiting: int
    leased: int
    delivered: int
    rejected: int
    dead: int
    withdrawn: int
    balanced: bool


class BalanceSheet(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The whole balance. at: business time at its end; took_s: seconds; unbalanced: the first MOST_WRONG.

    without_recipient: messages that were for nobody.
    """

    items: tuple[Balanced, ...]
    without_recipient: int
    balanced: bool
    unbalanced: tuple[Wrong, ...]
    messages: int
    """The number of the last message that it covers."""
    at: datetime
    took_s: float
    next: int | None = None
    """The whole list is one page."""


class _Sum:
    """Adds up spans of messages. alarms: how many had been raised when it began."""

    def __init__(self, alarms: int = 0) -> None:
        self.alarms = alarms
        self.accounts: dict[tuple[DipId, str], Account] = {}
        self.wrong: list[Wrong] = []
        self.without_recipient = 0
        self.balanced = True
        self.took_s = 0.0

    def add(self, span: SpanBalance) -> None:
        for account in span.accounts:
            key = (account.recipient, account.channel)
            known = self.accounts.get(key)
            self.accounts[key] = account if known is None else _both(known, account)
        self.wrong = [*self.wrong, *span.wrong][:MOST_WRONG]
        self.without_recipient += span.without_recipient
        self.balanced = self.balanced and not span.wrong

    def sheet(self, last: int, at: datetime) -> BalanceSheet:
        return BalanceSheet(
            items=tuple(_balanced(account) for _, account in sorted(self.accounts.items())),
            without_recipient=self.without_recipient,
            balanced=self.balanced,
            unbalanced=tuple(self.wrong),
            messages=last,
            at=at,
            took_s=round(self.took_s, 3),
        )


class Balance(Collector):
    """Balances what came in lately, and everything again and again, in small reads and a small part of the time."""

    def __init__(self, *, store: WatchStore, clock: Clock, settings: Settings, alarms: Alarming, log: Log) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._alarms = alarms
        self._log = log
        self._asked: asyncio.Task[BalanceSheet] | None = None
        self._seen = 0
        self._place = 0
        self._sum = _Sum()
        self._raised = 0
        self.last: BalanceSheet | None = None
        """The last balance of everything; None before the first."""

    async def now(self) -> BalanceSheet:
        """The balance of everything as it is now; who asks meanwhile gets the same."""
        if self._asked is None or self._asked.done():
            self._asked = asyncio.create_task(self._whole(), name="balance")
        return await asyncio.shield(self._asked)

    async def run(self) -> None:
        """Balance in the background, until cancelled."""
        try:
            while True:
                try:
                    await self._turn()
                except Exception:
                    self._log.exception("balance_failed")
                await asyncio.sleep(self._settings.balance_check_s)
        finally:
            if self._asked is not None:
                self._asked.cancel()

    def collect(self) -> Iterable[Metric]:
        """The last balance of everything, as Prometheus reads it."""
        if self.last is not None:
            wrong, moment, states = len(self.last.unbalanced), self.last.at.timestamp(), self._totals(self.last)
            yield GaugeMetricFamily("dip_unbalanced_deliveries", "Deliveries that do not balance, at most 100", wrong)
            yield GaugeMetricFamily("dip_balanced_timestamp_seconds", "Business time of the last whole balance", moment)
            family = GaugeMetricFamily("dip_deliveries_held", "Deliveries by state, as balanced", labels=["state"])
            for state, count in states.items():
                family.add_metric([state], count)
            yield family

    async def _turn(self) -> None:
        """What came in since the last turn, then a further part of everything; within the share of the time."""
        begun = self._clock.monotonic()
        budget_s = self._settings.balance_share * self._settings.balance_check_s
        last = (await self._store.ends(0)).last or 0
        if self.last is not None:
            await self._lately(last, begun + budget_s / 2)
        self._seen = last
        while True:
            span = await self._span(self._place, last)
            if span is None:
                self._finished(self._sum, self._place)
                self._sum, self._place = _Sum(self._raised), 0
                return
            first, end = span
            await self._add(self._sum, first, end)
            self._place = end
            if self._clock.monotonic() - begun >= budget_s:
                return

    async def _lately(self, last: int, until: float) -> None:
        """Look at new messages; those that the time does not suffice for are seen with everything else."""
        while (span := await self._span(self._seen, last)) is not None:
            found = await self._store.balance(*span)
            if found.wrong:
                self._alarm(found.wrong)
            self._seen = span[1]
            if self._clock.monotonic() >= until:
                return

    async def _whole(self) -> BalanceSheet:
        total, place = _Sum(self._raised), 0
        last = (await self._store.ends(0)).last or 0
        while (span := await self._span(place, last)) is not None:
            await self._add(total, *span)
            place = span[1]
        return self._finished(total, last)

    async def _add(self, total: _Sum, first: int, last: int) -> None:
        begun = self._clock.monotonic()
        total.add(await self._store.balance(first, last))
        total.took_s += self._clock.monotonic() - begun

    async def _span(self, after: int, last: int) -> tuple[int, int] | None:
        """The next messages behind a number; None behind the last."""
        following = (await self._store.ends(after)).following
        if following is None or following > last:
            return None
        return following, min(last, following + self._settings.balance_step - 1)

    def _finished(self, total: _Sum, last: int) -> BalanceSheet:
        self.last = sheet = total.sheet(last, self._clock.now())
        if sheet.unbalanced:
            self._alarm(sheet.unbalanced)
        elif total.alarms == self._raised:
            self._alarms.cleared(AlarmKind.BALANCE, _SUBJECT)
        return sheet

    def _alarm(self, wrong: Iterable[Wrong]) -> None:
        self._raised += 1
        by_message: defaultdict[str, list[str]] = defaultdict(list)
        for one in wrong:
            by_message[one.transaction_id].append(f"to {one.recipient} {one.channel}: {one.reason}")
        named = [f"{message} ({'; '.join(what)})" for message, what in list(by_message.items())[:_MOST_NAMED]]
        more = f"; and {len(by_message) - _MOST_NAMED} more" if len(by_message) > _MOST_NAMED else ""
        self._alarms.raised(AlarmKind.BALANCE, _SUBJECT, "; ".join(named) + more)

    def _totals(self, sheet: BalanceSheet) -> dict[str, int]:
        return {state.value: sum(getattr(item, state.value) for item in sheet.items) for state in DeliveryState}


def _both(one: Account, other: Account) -> Account:
    return Account(
        recipient=one.recipient,
        channel=one.channel,
        accepted=one.accepted + other.accepted,
        found=one.found + other.found,
        states={state: one.states[state] + other.states[state] for state in DeliveryState},
        wrong=one.wrong + other.wrong,
    )


def _balanced(account: Account) -> Balanced:
    return Balanced(
        recipient=account.recipient,
        channel=account.channel,
        accepted=account.accepted,
        balanced=account.accepted == account.found and not account.wrong,
        **{state.value: account.states[state] for state in DeliveryState},
    )

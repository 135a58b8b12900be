"""Users are told of maintenance by mail: when it is announced, changed, begins, and is over (5.13.5)."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from dip.catalogue.pauses import Pauses
from dip.ground.clock import Clock
from dip.ground.log import Log
from dip.ground.mail import Mailer
from dip.ground.rounds import make_rounds
from dip.ground.settings import Settings
from dip.messages.identifiers import InterfaceId
from dip.store.catalogue import ChannelPause
from dip.store.maintenance import MaintenanceTold, SqliteMaintenanceTold
from dip.store.user_addresses import SqliteUserAddresses


class MaintenanceStep(StrEnum):
    """What users are told of a window."""

    ANNOUNCED = "announced"
    CHANGED = "changed"
    BEGUN = "begun"
    TAKEN_BACK = "taken back"
    OVER = "over"


class MaintenanceNews(msgspec.Struct, frozen=True):
    """What is new of a window, for all its channels at once."""

    step: MaintenanceStep
    starts: datetime
    ends: datetime | None
    reason: str
    channels: tuple[InterfaceId, ...]


_WORDS: Final = {
    MaintenanceStep.ANNOUNCED: "maintenance announced",
    MaintenanceStep.CHANGED: "maintenance changed",
    MaintenanceStep.BEGUN: "maintenance has begun",
    MaintenanceStep.TAKEN_BACK: "maintenance taken back",
    MaintenanceStep.OVER: "maintenance is over",
}
_NAMED_IN_SUBJECT: Final = 3


class MaintenanceMails:
    """Compares the pauses with what was told of them.

    What is told is kept before the mails go out: each is sent once, or, where the server dies in between, not at all.
    """

    def __init__(
        self,
        *,
        pauses: Pauses,
        told: SqliteMaintenanceTold,
        addresses: SqliteUserAddresses,
        mailer: Mailer,
        settings: Settings,
        clock: Clock,
        log: Log,
    ) -> None:
        self._pauses = pauses
        self._told = told
        self._addresses = addresses
        self._mailer = mailer
        self._settings = settings
        self._clock = clock
        self._log = log
        self._looking = asyncio.Lock()

    async def run(self) -> None:
        """Tell what is new, until cancelled."""
        every_s = self._settings.maintenance_mail_check_s
        await make_rounds(self.look, every_s=every_s, what="maintenance_mails", log=self._log)

    async def look(self) -> None:
        """Tell what is new by now. Raises StoreUnavailable; then nothing was told."""
        async with self._looking:
            known = {one.channel: one for one in self._told.all()}
            present = {pause.channel: _as_told(pause, self._clock.now()) for pause in self._pauses.published()}
            news = list(compared(known, present))
            if not news:
                return
            changed = [one for channel, one in present.items() if known.get(channel) != one]
            await self._told.save(changed, [channel for channel in known if channel not in present])
            to = [one.mail for one in await self._addresses.everybody()]
            for one in news:
                self._log.info("maintenance_told", step=one.step, channels=len(one.channels), users=len(to))
                self._mailer.send(to, self._subject(one), _text(one), hidden=True)

    def _subject(self, news: MaintenanceNews) -> str:
        named = ", ".join(news.channels[:_NAMED_IN_SUBJECT])
        more = len(news.channels) - _NAMED_IN_SUBJECT
        channels = f"{named} and {more} more" if more > 0 else named
        return f"[DIP {self._settings.environment}] {_WORDS[news.step]}: {channels}"


def compared(
    known: dict[InterfaceId, MaintenanceTold], present: dict[InterfaceId, MaintenanceTold]
) -> Sequence[MaintenanceNews]:
    """What is new, the channels of one window together."""
    steps: dict[tuple[MaintenanceStep, datetime, datetime | None, str], list[InterfaceId]] = {}
    for channel in sorted({*known, *present}):
        before, now = known.get(channel), present.get(channel)
        one = now or before
        step = _step(before, now)
        if one is not None and step is not None:
            steps.setdefault((step, one.starts, one.ends, one.reason), []).append(channel)
    return [MaintenanceNews(*window, tuple(channels)) for window, channels in steps.items()]


def _step(before: MaintenanceTold | None, now: MaintenanceTold | None) -> MaintenanceStep | None:
    if now is None:
        return MaintenanceStep.OVER if before is not None and before.begun else MaintenanceStep.TAKEN_BACK
    if before is None:
        return MaintenanceStep.BEGUN if now.begun else MaintenanceStep.ANNOUNCED
    if before == now:
        return None
    is_same = msgspec.structs.replace(before, begun=now.begun) == now
    return MaintenanceStep.BEGUN if is_same and now.begun else MaintenanceStep.CHANGED


def _as_told(pause: ChannelPause, now: datetime) -> MaintenanceTold:
    return MaintenanceTold(
        channel=pause.channel, starts=pause.starts, ends=pause.ends, reason=pause.reason, begun=pause.starts <= now
    )


def _text(news: MaintenanceNews) -> str:
    until = "further notice" if news.ends is None else f"{news.ends:%Y-%m-%d %H:%M} UTC"
    lines: Iterable[str] = (
        f"{_WORDS[news.step].capitalize()}: {news.reason}",
        "",
        f"From {news.starts:%Y-%m-%d %H:%M} UTC until {until}.",
        f"Channels: {', '.join(news.channels)}",
        "",
        "While a channel is under maintenance its messages are answered with 503 and Retry-After. Every other channel "
        "goes on. All windows stand in the portal at /maintenance.",
    )
    return "\n".join(lines) + "\n"

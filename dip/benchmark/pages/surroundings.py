"""What a server has besides messages: the activity log, alarms, incidents, figures of a year."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

import msgspec
from yarl import URL

from dip.activity.events import RECEIVED, SENT, Event
from dip.activity.masking import Masker
from dip.activity.packing import pack
from dip.activity.records import Recorder
from dip.benchmark.pages.traffic import COMPANY, SPAN, SUPPLIER
from dip.ground.clock import microseconds
from dip.messages.identifiers import DIP, DipId, InterfaceId
from dip.security.vault import Vault
from dip.store.activity import NewRecord
from dip.store.alarms import Alarm, AlarmKind
from dip.store.incidents import EntryKind, Incident, IncidentEntry, IncidentState, Level
from dip.store.sqlite import SqliteStore
from dip.store.throughput import Passage, Side, Tallies

_AT_ONCE: Final = 1_000
_PARTIES: Final = (
    *(SUPPLIER, DipId("2300000002"), DipId("2200000001"), DipId("2200000002"), DipId("1400000001")),
    *(DipId("1400000002"), DipId("1200000001"), DipId("1200000002"), DipId("2500000001"), DipId("1800000001")),
)
_CHANNELS: Final = ("IF-021", "IF-031", "IF-032", "IF-033", "IF-034", "IF-035", "IF-036", "IF-041")
_KINDS: Final = (AlarmKind.LATENCY, AlarmKind.QUEUE_AGE, AlarmKind.DEAD_LETTERS)
_YEAR: Final = timedelta(days=365)
_HOUR: Final = timedelta(hours=1)
_BETWEEN: Final = timedelta(hours=4)
_A_CALL: Final = 100
"""Messages of a call that are counted."""
_TIMES_MS: Final = (9, 18, 34, 60, 90, 140, 260, 800)
_STATUSES: Final = (201, 201, 201, 201, 201, 201, 201, 400, 403, 503)
_SEVERITIES: Final = tuple(Level)
_STATES: Final = (IncidentState.CLOSED, IncidentState.CLOSED, IncidentState.OPEN, IncidentState.ESCALATED)


class Numbers(msgspec.Struct, frozen=True):
    """How many of each there are to be."""

    activity: int
    alarms: int
    incidents: int

    @classmethod
    def beside(cls, messages: int) -> "Numbers":
        """What goes with so many messages."""
        return cls(max(100, messages // 10), max(50, messages // 100), max(20, messages // 2_000))


async def surround(
    store: SqliteStore, vault: Vault, numbers: Numbers, until: datetime, made: Callable[[int, int], None]
) -> int:
    """Write all of it, in order of time up to a moment. Returns the number of an incident of COMPANY."""
    await _figures(store, until)
    await _alarms(store, numbers.alarms, until)
    found = await _incidents(store, numbers.incidents, until)
    await _activity(store, vault, numbers.activity, until, made)
    return found


async def _figures(store: SqliteStore, until: datetime) -> None:
    """Throughput before the month of the messages, up to a year back: calls every few hours, another way each time."""
    times = (_YEAR - SPAN) // _BETWEEN

    def job(connection: sqlite3.Connection) -> None:
        tallies = Tallies()
        for number in range(times):
            _count(tallies, number, microseconds(until - _YEAR + _BETWEEN * number))
        tallies.write(connection)

    await store.writer.ask(job, what="figures")


def _count(tallies: Tallies, number: int, at: int) -> None:
    for turn in range(4):
        place = number * 4 + turn
        channel, sender = _CHANNELS[place % len(_CHANNELS)], _PARTIES[place % len(_PARTIES)]
        recipient = _PARTIES[(place + 3) % len(_PARTIES)]
        for one in range(_A_CALL):
            took = _TIMES_MS[(place + one) % len(_TIMES_MS)] * 1000
            tallies.count(at, channel, Side.SENDER, sender, Passage.TAKEN, took // 10)
            tallies.count(at, channel, Side.SENDER, sender, Passage.DELIVERED, took)
            tallies.count(at, channel, Side.RECIPIENT, recipient, Passage.DELIVERED, took)


async def _alarms(store: SqliteStore, count: int, until: datetime) -> None:
    gap = SPAN / count
    alarms = []
    for number in range(count):
        raised = until - SPAN + gap * number
        party, channel = _PARTIES[number % len(_PARTIES)], _CHANNELS[number // len(_PARTIES) % len(_CHANNELS)]
        alarms.append(
            Alarm(
                kind=_KINDS[number % len(_KINDS)],
                subject=f"{party} {channel}",
                raised_at=raised,
                updated_at=raised + gap / 2,
                cleared_at=raised + gap / 2,
                detail="a message has been waiting for 7 minutes",
            )
        )
    for start in range(0, count, _AT_ONCE):
        await store.alarms.save(alarms[start : start + _AT_ONCE])


async def _incidents(store: SqliteStore, count: int, until: datetime) -> int:
    """The number of the last one of COMPANY."""
    gap, last = SPAN / count, 0
    for start in range(0, count, 50):
        places = range(start, min(start + 50, count))
        made = [_incident(place, until - SPAN + gap * place) for place in places]
        numbers = await asyncio.gather(*(store.incidents.save(one, _entries(one)) for one in made))
        last = max([last, *(found for found, one in zip(numbers, made, strict=True) if one.company == COMPANY)])
    return last


def _incident(number: int, at: datetime) -> Incident:
    state = _STATES[number % len(_STATES)]
    ended = at + _HOUR if state is IncidentState.CLOSED else None
    is_own = number % 5 == 0
    return Incident(
        title=f"Messages come late ({number})",
        description="Since the morning messages of this channel come late.",
        channels=(InterfaceId(_CHANNELS[number % len(_CHANNELS)]),),
        impact=_SEVERITIES[number % len(_SEVERITIES)],
        urgency=_SEVERITIES[number // 3 % len(_SEVERITIES)],
        priority=1 + number % 4,
        state=state,
        company=COMPANY if is_own else None,
        participant=SUPPLIER if is_own else None,
        raised_by="somebody",
        raised_by_company=COMPANY if is_own else None,
        raised_at=at,
        due_at=at + _HOUR * 4,
        changed_at=ended or at,
        resolved_at=ended,
        confirmed_at=ended,
        closed_at=ended,
    )


def _entries(incident: Incident) -> list[IncidentEntry]:
    texts = ("raised", "looked at", "a cause was found", "over")
    return [IncidentEntry(at=incident.raised_at, author="somebody", kind=EntryKind.CHANGE, text=text) for text in texts]


async def _activity(
    store: SqliteStore, vault: Vault, count: int, until: datetime, made: Callable[[int, int], None]
) -> None:
    masker = Masker(personal=frozenset, digest=vault.digest)
    recorder = Recorder(masker=masker, environment="DEV", version="1", body_bytes=4096)
    rows: list[NewRecord] = []
    for number, (at, event) in enumerate(_events(count, until), 1):
        text = recorder.text(event, microseconds(at) * 1000)
        rows.append(NewRecord(microseconds(at), text, pack(text)))
        if len(rows) == _AT_ONCE or number == count:
            await store.activity.append(rows)
            made(number, count)
            rows = []


def _events(count: int, until: datetime) -> Iterator[tuple[datetime, Event]]:
    """Calls in and out in turn, spread over the month."""
    gap = SPAN / count
    for number in range(count):
        at, is_in = until - SPAN + gap * number, number % 2 == 0
        party, channel = _PARTIES[number % len(_PARTIES)], _CHANNELS[number % len(_CHANNELS)]
        host = "127.0.0.1:8443" if is_in else "receiver.example"
        yield (
            at,
            Event(
                name=RECEIVED if is_in else SENT,
                uid=f"{number:032x}",
                began=microseconds(at) * 1000,
                method="POST",
                url=URL(f"https://{host}/dip-channel/{channel}"),
                status=_STATUSES[number % len(_STATUSES)],
                duration_us=4_000 + number % 900,
                body=b'{"messageArray":[],"timestamp":"2026-01-01T00:00:00+00:00"}',
                media="application/json",
                attributes={"dip.port": "api", "user.id": party} if is_in else {"user.id": DIP, "dip.party": party},
            ),
        )

"""Fills a data directory with traffic of a month: the store itself takes in and settles, many requests in a commit."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from dip.archive.archive import Archive
from dip.benchmark.pages.fates import Fate, fate, refused
from dip.benchmark.pages.messages import Writer, exchange
from dip.benchmark.pages.traffic import Request
from dip.messages.identifiers import DIP, DipId
from dip.security.vault import Vault
from dip.store.records import Arrival, Settled, Settlement, Stage, Status, Taken, Waiting
from dip.store.sqlite import SqliteStore

GROUP: Final = 4_000
"""Messages in a commit, about."""
_AT_ONCE: Final = 2_000
"""Messages whose requests are made together."""
_ARRIVES: Final = timedelta(milliseconds=40)
_CALL: Final = timedelta(milliseconds=25)
_AGAIN: Final = timedelta(seconds=30)
_TAKEN_UP: Final = 202
_UNAVAILABLE: Final = 503
_TEXTS: Final = {
    Status.REJECTED_BY_RECIPIENT: "RCP1004 - Rejected by the recipient",
    Status.RETRIES_EXHAUSTED: "MSG1029 - Not delivered in time",
    Status.DELIVERY_FAILURE: "MSG1029 - Not delivered",
}


class Filler:
    """Puts requests into a store, in order of time."""

    def __init__(self, store: SqliteStore, vault: Vault) -> None:
        self._store = store
        self._writer = Writer(vault, Archive(store.messages, vault, memory_bytes=0))

    async def fill(self, requests: Sequence[Request], made: Callable[[int, int], None]) -> None:
        """Take them in, and settle what is to be settled. made: told how many messages are there, of how many.

        While the store writes some requests, the next are made.
        """
        total = sum(len(one.mpans) for one in requests)
        done = 0
        writing: asyncio.Task[int] | None = None
        for numbered in _together(requests):
            arrivals = await asyncio.to_thread(self._arrivals, numbered)
            if writing is not None:
                done += await writing
                made(done, total)
            writing = asyncio.create_task(self._write(numbered, arrivals, len(requests)))
        if writing is not None:
            made(done + await writing, total)

    def _arrivals(self, numbered: Iterable[tuple[int, Request]]) -> list[Arrival]:
        return [self._writer.arrival(request, refused(number)) for number, request in numbered]

    async def _write(self, numbered: Sequence[tuple[int, Request]], arrivals: Sequence[Arrival], requests: int) -> int:
        taken = await asyncio.gather(*(self._store.messages.take_in(arrival) for arrival in arrivals))
        settlements: list[Settlement] = []
        for (number, request), arrival, found in zip(numbered, arrivals, taken, strict=True):
            settlements += self._settlements(number, requests, request, arrival, found)
        await asyncio.gather(*(self._store.messages.settle(one, patient=True) for one in settlements))
        return sum(len(arrival.messages) for arrival in arrivals)

    def _settlements(
        self, number: int, requests: int, request: Request, arrival: Arrival, taken: Taken
    ) -> list[Settlement]:
        by_recipient = {self._store.messages.lane(lane).recipient: rows for lane, rows in taken.fresh.items()}
        found: list[Settlement] = []
        for place, (recipient, rows) in enumerate(sorted(by_recipient.items())):
            met = fate(number, requests, len(request.mpans), recipient)
            if met.waits:
                continue
            at = request.at + _ARRIVES * (1 + place)
            if met.retried:
                again = [Settled(row.id, row.message, Status.RETRYING, detail="answered 503") for row in rows]
                call = exchange("out", at, recipient, _UNAVAILABLE)
                found.append(Settlement(exchange=call, recipient=recipient, stage=Stage.OUTBOUND, settled=again))
                at += _AGAIN
            found.append(self._ended(recipient, at, rows, arrival, met))
        return found

    def _ended(
        self, recipient: DipId, at: datetime, rows: Sequence[Waiting], arrival: Arrival, met: Fate
    ) -> Settlement:
        lost = dict(met.lost)
        settled = []
        for place, status in lost.items():
            if place < len(rows):
                origin = recipient if status is Status.REJECTED_BY_RECIPIENT else DIP
                told = self._writer.returned(arrival.messages[place], origin, at, _TEXTS[status])
                settled.append(
                    Settled(rows[place].id, rows[place].message, status, detail=_TEXTS[status], returned=told)
                )
        return Settlement(
            exchange=exchange("out", at, recipient, _TAKEN_UP, _CALL // timedelta(microseconds=1)),
            recipient=recipient,
            stage=Stage.OUTBOUND,
            settled=settled,
            delivered=[row.id for place, row in enumerate(rows) if place not in lost],
        )


def _together(requests: Sequence[Request]) -> Iterator[list[tuple[int, Request]]]:
    """Requests with their numbers, as many at a time as have _AT_ONCE messages."""
    found: list[tuple[int, Request]] = []
    messages = 0
    for number, request in enumerate(requests):
        found.append((number, request))
        messages += len(request.mpans)
        if messages >= _AT_ONCE:
            yield found
            found, messages = [], 0
    if found:
        yield found

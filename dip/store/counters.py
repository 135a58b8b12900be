"""Numbers that the one writer gives out: the order of receipt, and each lane's sequence."""

import sqlite3
from typing import Final

import msgspec

from dip.messages.identifiers import DipId
from dip.store.queries import queries
from dip.store.records import Lane
from dip.store.throughput import Tallies

_KEPT: Final = "last_numbers"


class Counters:
    """Counters as the last commit left them; `load` again after a rollback."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lanes: dict[tuple[str, str], list[int]] = {}
        self.tallies = Tallies()
        """What passes in the transaction under way."""
        self.load()

    def load(self) -> None:
        """Read every counter from the store."""
        last = self._connection.execute(queries()["last_ids"]).fetchone()
        kept = self._connection.execute(queries()["read_meta"], (_KEPT,)).fetchone()
        floor = msgspec.json.decode(kept[0], type=list[int]) if kept is not None else [0] * 4
        self.message, self.exchange, self.delivery, self.status_message = map(max, last[:4], floor)
        self._lane = last[4]
        self._lanes = {
            (recipient, channel): [id_, sequence]
            for id_, recipient, channel, sequence in self._connection.execute(queries()["lanes"])
        }
        self._moved: dict[int, int] = {}
        self._made: list[tuple[int, str, str, int]] = []
        self.tallies.forget()

    def place(self, recipient: DipId, channel: str) -> tuple[int, int]:
        """The lane and the next sequence number in it."""
        counter = self._lanes.get((recipient, channel))
        if counter is None:
            self._lane += 1
            counter = self._lanes[recipient, channel] = [self._lane, 1]
            self._made.append((self._lane, recipient, channel, 1))
        lane, sequence = counter
        counter[1] = sequence + 1
        self._moved[lane] = sequence + 1
        return lane, sequence

    def keep(self, connection: sqlite3.Connection) -> None:
        """Write the numbers themselves; where the last rows are forgotten, nothing else tells them any more."""
        numbers = [self.message, self.exchange, self.delivery, self.status_message]
        connection.execute(queries()["write_meta"], (_KEPT, msgspec.json.encode(numbers).decode()))

    def write(self, connection: sqlite3.Connection) -> None:
        """Write the lanes made since the last time; must come before the rows that refer to them."""
        if self._made:
            connection.executemany(queries()["add_lane"], self._made)
            self._made = []

    def write_moved(self, connection: sqlite3.Connection) -> None:
        """Write the sequences moved since the last time; once for a transaction's job."""
        if self._moved:
            connection.execute(queries()["move_lanes"], (msgspec.json.encode(list(self._moved.items())).decode(),))
            self._moved = {}


def read_lanes(connection: sqlite3.Connection) -> dict[int, Lane]:
    """Every lane by its number."""
    return {
        id_: Lane(id_, DipId(recipient), channel)
        for id_, recipient, channel, _ in connection.execute(queries()["lanes"])
    }

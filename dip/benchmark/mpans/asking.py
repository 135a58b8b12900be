"""How long the look-up takes, one question after the other, within the server's own process."""

from array import array
from pathlib import Path
from time import perf_counter_ns
from typing import Final

import msgspec

from dip.appointments.history import OPEN
from dip.benchmark.mpans.orders import Expected
from dip.benchmark.mpans.questions import ROLES, read
from dip.routing.dates import Span
from dip.routing.look_up import LookUp
from dip.store.appointments import SqliteAppointments

_LONGEST_NS: Final = (1 << 32) - 1
_SHARES: Final = (0.5, 0.9, 0.99, 1.0)


def ask(look_up: LookUp, questions: Path, times: Path, repeats: int) -> int:
    """Ask every question of a file so often; write how long each took; how many answers were wrong.

    Questions and times are on disk, so that they are no part of the memory that is measured.
    """
    wrong = 0
    with times.open("wb") as file:
        for _ in range(repeats):
            for piece in read(questions):
                took = array("I")
                for one in piece:
                    spans = (Span(one.at, one.at),)
                    began = perf_counter_ns()
                    found, _known = look_up.holders(one.mpan, ROLES, spans)
                    took.append(min(perf_counter_ns() - began, _LONGEST_NS))
                    wrong += tuple(sorted(row.dip_id for row in found)) != one.holders
                took.tofile(file)
    return wrong


def compare(store: SqliteAppointments, expected: Path) -> int:
    """How many expectations of a file, one a line, the table does not meet."""
    decoder = msgspec.json.Decoder(Expected)
    unmet = 0
    with expected.open("rb") as lines:
        for line in lines:
            one = decoder.decode(line)
            wanted = ((one.role, one.dip_id), one.starts, OPEN)
            unmet += wanted not in store.standing(int(one.mpan))
    return unmet


class Times(msgspec.Struct, frozen=True):
    """How long look-ups took, in microseconds."""

    count: int
    mean: float
    p50: float
    p90: float
    p99: float
    max: float

    def __str__(self) -> str:
        return " / ".join(f"{one:,.1f}" for one in (self.p50, self.p90, self.p99, self.max))


def times_of(nanoseconds: "array[int]") -> Times:
    """The percentiles of what was measured."""
    ordered = sorted(nanoseconds)
    p50, p90, p99, most = (round(ordered[round((len(ordered) - 1) * share)] / 1000, 1) for share in _SHARES)
    return Times(len(ordered), round(sum(ordered) / len(ordered) / 1000, 1), p50, p90, p99, most)


def read_times(file: Path) -> Times:
    """The percentiles of what `ask` wrote."""
    took = array("I")
    took.frombytes(file.read_bytes())
    return times_of(took)

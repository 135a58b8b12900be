"""A made-up market as files, in the form that the import of appointments takes; streamed, whatever its size."""

import gzip
import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import IO, Final

import msgspec

from dip.ground.errors import SetupRefused
from dip.market.histories import SEGMENTS, Histories, History
from dip.market.parties import Parties
from dip.market.plan import Plan, Rates
from dip.messages.identifiers import DipId, RoleCode

APPOINTMENTS: Final = "mpans.csv.gz"
PARTICIPANTS: Final = "participants.yaml"
SUMMARY: Final = "market.json"
REGISTRATION: Final = "registration"
HEAD: Final = b"mpan,role,dip_id,effective_from,effective_to\n"
_ROWS_A_CHUNK: Final = 8192
_COMPRESSION: Final = 3
"""Twice as fast as zlib's own choice, and a tenth larger."""


class WrittenFile(msgspec.Struct, frozen=True, rename="camel"):
    """A file that was made. content_sha256: of what a compressed one has in it."""

    name: str
    size: int
    sha256: str
    content_sha256: str | None = None


class MadeParty(msgspec.Struct, frozen=True, rename="camel"):
    """Somebody of the market. share: in percent, as asked for; mpans: held on the last day."""

    dip_id: DipId
    role: RoleCode
    name: str
    share: float
    mpans: int


class MadeArea(msgspec.Struct, frozen=True, rename="camel"):
    """A distributor's area. number: the first two digits of its MPANs."""

    number: int
    distributor: DipId
    registration_service: DipId
    mpans: int


class Made(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What `market.json` says. until: exclusive. segments: in percent, as asked for; rates: a year, of each MPAN."""

    seed: int
    mpans: int
    rows: int
    first_day: date
    until: date
    segments: dict[str, float]
    rates: Rates
    areas: list[MadeArea]
    parties: list[MadeParty]
    files: list[WrittenFile]


def write_market(
    directory: Path,
    plan: Plan,
    parties: Parties,
    participants: bytes,
    *,
    by_registration_service: bool = False,
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> Made:
    """Write a market's files, each one complete or not there; what was made. Raises SetupRefused.

    participants: the content of `participants.yaml`. advance: told how many MPANs are done, of how many.
    by_registration_service: the rows of each service in a file of its own, too.
    """
    writer = _Writer(directory, plan, parties, advance)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        files = writer.write(by_registration_service)
        files.append(_write_whole(directory / PARTICIPANTS, participants))
        made = writer.made(files)
        _write_whole(directory / SUMMARY, msgspec.json.format(msgspec.json.encode(made)) + b"\n")
    except OSError as exc:
        raise SetupRefused(f"{directory}: the market can't be written there: {exc.strerror or exc}.") from exc
    return made


class _Writer:
    """Writes the appointments, and counts what it wrote."""

    def __init__(self, directory: Path, plan: Plan, parties: Parties, advance: Callable[[int, int], None]) -> None:
        self._directory = directory
        self._plan = plan
        self._parties = parties
        self._advance = advance
        self._histories = Histories(plan, parties)
        days = [day.isoformat() for day in plan.days()]
        self._cells = [f",{party.role},{party.dip_id}," for party in parties.all]
        self._starts = [f"{day}," for day in days]
        self._ends = [*(f"{day}\n" for day in days), "\n"]
        self._held = [0] * len(parties.all)
        self._rows = 0
        self._done = 0

    def write(self, by_registration_service: bool) -> list[WrittenFile]:
        """The file of all rows, then those of the registration services."""
        folder = self._directory / REGISTRATION
        files: list[WrittenFile] = []
        with _compressed(self._directory / APPOINTMENTS, files) as whole:
            for area in self._parties.areas:
                part = folder / f"{self._parties.all[area.registration].dip_id}.csv.gz"
                with ExitStack() as stack:
                    outputs = [whole]
                    if by_registration_service:
                        folder.mkdir(exist_ok=True)
                        outputs.append(stack.enter_context(_compressed(part, files)))
                    else:
                        # Of an earlier market: it would not fit to the rest.
                        part.unlink(missing_ok=True)
                    for text in self._chunks(self._histories.of_area(area)):
                        for output in outputs:
                            output.write(text)
        return [_named(one, self._directory) for one in sorted(files, key=lambda one: one.name)]

    def made(self, files: list[WrittenFile]) -> Made:
        """What was made, when all of it is written."""
        plan, everybody = self._plan, self._parties.all
        return Made(
            seed=plan.seed,
            mpans=plan.mpans,
            rows=self._rows,
            first_day=plan.first_day,
            until=plan.until,
            segments={name: share for name, *_, share in SEGMENTS},
            rates=plan.rates,
            areas=[
                MadeArea(area.number, everybody[area.distributor].dip_id, everybody[area.registration].dip_id, count)
                for area, count in self._histories.counts.items()
            ],
            parties=[
                MadeParty(party.dip_id, party.role, party.name, party.share, held)
                for party, held in zip(everybody, self._held, strict=True)
            ],
            files=files,
        )

    def _chunks(self, made: Iterator[tuple[int, History]]) -> Iterator[bytes]:
        cells, starts, ends, held = self._cells, self._starts, self._ends, self._held
        still = len(starts)
        lines: list[str] = []
        for mpan, history in made:
            for holder, first, end in history:
                lines.append(f"{mpan}{cells[holder]}{starts[first]}{ends[end]}")
                if end == still:
                    held[holder] += 1
            self._done += 1
            if len(lines) >= _ROWS_A_CHUNK:
                yield self._chunk(lines)
                lines.clear()
        yield self._chunk(lines)

    def _chunk(self, lines: list[str]) -> bytes:
        self._rows += len(lines)
        self._advance(self._done, self._plan.mpans)
        return "".join(lines).encode("ascii")


class _Hashed:
    """A stream that is written to, and what went through it."""

    def __init__(self, target: IO[bytes] | gzip.GzipFile) -> None:
        self._target = target
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        """Hand on and count."""
        self._digest.update(data)
        self.size += len(data)
        self._target.write(data)
        return len(data)

    def flush(self) -> None:
        """As a stream has it."""
        self._target.flush()

    def sha256(self) -> str:
        """Of everything so far."""
        return self._digest.hexdigest()


@contextmanager
def _compressed(path: Path, files: list[WrittenFile]) -> Iterator[_Hashed]:
    """A compressed file with the head in it, that stands at its place when it is complete.

    It has neither a time nor a name inside, so that the same content makes the same bytes.
    """
    with _complete(path) as target:
        outer = _Hashed(target)
        with gzip.GzipFile("", "wb", _COMPRESSION, outer, mtime=0) as packed:
            inner = _Hashed(packed)
            inner.write(HEAD)
            yield inner
    files.append(WrittenFile(str(path), outer.size, outer.sha256(), inner.sha256()))


@contextmanager
def _complete(path: Path) -> Iterator[IO[bytes]]:
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as target:
            yield target
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _write_whole(path: Path, content: bytes) -> WrittenFile:
    with _complete(path) as target:
        target.write(content)
    return WrittenFile(path.name, len(content), hashlib.sha256(content).hexdigest())


def _named(file: WrittenFile, directory: Path) -> WrittenFile:
    return msgspec.structs.replace(file, name=Path(file.name).relative_to(directory).as_posix())

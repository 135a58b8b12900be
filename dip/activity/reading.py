"""The activity log read back: searched, newest first, and exported in order, over archive files and table."""

from collections.abc import Iterator
from datetime import datetime
from itertools import takewhile

import msgspec

from dip.activity.files import Line, lines_of
from dip.activity.packing import unpack
from dip.activity.records import SEEN, Seen, who
from dip.ground.clock import moment
from dip.store.activity import ActivityReader, Head, StoredRecord

_STEP = 200
_LATEST = 2**63 - 1


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which records: what is given has to fit. who: a participant's DIP id, a user's name or an address.

    status: a status, or the first digit of one. path: how the path begins. since, until: business time,
    microseconds, until exclusive. before: only numbers below it. but: whose path begins so is left out.
    """

    who: str = ""
    status: int | None = None
    path: str = ""
    but: str = ""
    since: int | None = None
    until: int | None = None
    before: int | None = None
    limit: int = 100


class Found(msgspec.Struct, frozen=True, rename="camel"):
    """A record as it is shown. at: business time; hash: hexadecimal; record: after the OpenTelemetry data model."""

    number: int
    at: datetime
    hash: str
    record: msgspec.Raw


class Page(msgspec.Struct, frozen=True):
    """Records, newest first. next: where to go on; None where nothing is left. Fewer than asked for may have fitted."""

    items: list[Found]
    next: int | None


class ActivityBook:
    """Reads the log. Every call may take a while: make it in a thread of its own."""

    def __init__(self, reader: ActivityReader, *, scan: int) -> None:
        """scan: most records that one search looks at."""
        self._reader = reader
        self._scan = scan

    def search(self, wanted: Wanted) -> Page:
        """Records at hand that fit, newest first; looks at so many and then says where to go on."""
        reader, items, looked = self._reader, list[Found](), 0
        before = wanted.before or _LATEST
        if wanted.until is not None:
            before = min(before, reader.first_at_or_after(wanted.until))
        while looked < self._scan:
            rows = reader.rows_before(before, min(_STEP, self._scan - looked))
            if not rows:
                return Page(items, None)
            for row in rows:
                if wanted.since is not None and row.at < wanted.since:
                    return Page(items, None)
                looked, before = looked + 1, row.number
                text = unpack(row.packed)
                if _fits(wanted, SEEN.decode(text)):
                    items.append(_found(row, text))
                    if len(items) == wanted.limit:
                        return Page(items, before if before > reader.oldest() else None)
        return Page(items, before)

    def head(self) -> Head:
        """The last record."""
        return self._reader.head()

    def one(self, number: int) -> Found | None:
        """One record at hand."""
        rows = self._reader.rows(number, 1)
        return _found(rows[0], unpack(rows[0].packed)) if rows and rows[0].number == number else None

    def lines(self, since: int | None, until: int | None) -> Iterator[bytes]:
        """Every record of a time as JSON lines, in order, some at a time: files of the archive, then what is at hand.

        since, until: business time, microseconds; until is exclusive. Raises LineUnreadable, RecordUnreadable, OSError
        where something is damaged.
        """
        last = 0
        for file in self._reader.files():
            last = file.last
            path = self._reader.directory / file.name
            outside = (since is not None and file.last_at < since) or (until is not None and file.first_at >= until)
            if outside or (file.removed_at is not None and not path.exists()):
                continue
            for line in lines_of(path):
                if (since is None or line.at >= since) and (until is None or line.at < until):
                    yield msgspec.json.encode(line) + b"\n"
        first = last + 1 if since is None else max(last + 1, self._reader.first_at_or_after(since))
        while rows := self._reader.rows(first, _STEP):
            fitting = takewhile(lambda row: until is None or row.at < until, rows)
            lines = [msgspec.json.encode(_line(row)) + b"\n" for row in fitting]
            yield b"".join(lines)
            if len(lines) < len(rows):
                return
            first = rows[-1].number + 1


def _line(row: StoredRecord) -> Line:
    return Line(row.number, row.at, row.hash.hex(), msgspec.Raw(unpack(row.packed)))


def _found(row: StoredRecord, text: bytes) -> Found:
    return Found(row.number, moment(row.at), row.hash.hex(), msgspec.Raw(text))


def _fits(wanted: Wanted, seen: Seen) -> bool:
    attributes = seen.attributes
    if wanted.who and wanted.who not in who(attributes):
        return False
    if wanted.status is not None:
        status = attributes.get("http.response.status_code", 0)
        if status != wanted.status and not (wanted.status < 10 and status // 100 == wanted.status):
            return False
    address = str(attributes.get("url.path") or attributes.get("url.full") or "")
    if wanted.but and address.startswith(wanted.but):
        return False
    return address.lower().startswith(wanted.path.lower())

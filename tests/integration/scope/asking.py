"""How a route is asked for what others have: rows of the table, and the requests that they come to."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Final

import msgspec

from tests.integration.scope.world import OURS, World

_IN_PATH: Final = re.compile(r"\{(\w+)\}")
_WORDS: Final = re.compile(r"<(\w+)>")

QUERIES: Final[Mapping[str, Sequence[str]]] = {
    "about": ["<theirs>"],
    "after": ["0", "vqx"],
    "as": ["<theirs>"],
    "at": ["2025-01-01"],
    "back": ["/messages"],
    "before": ["9000000000", "9000000000-9000000000"],
    "begun": ["<requeue>"],
    "bucket": ["PT1H"],
    "by": ["party", "channel,party"],
    "channel": ["<channel>", "IF-031", "statusmessage"],
    "company": ["<company>"],
    "correlation": ["<correlation>", "<our_correlation>"],
    "cursor": ["vqx"],
    "done": ["1"],
    "envelope": ["<envelope>"],
    "event": ["[AddressChg]"],
    "form": ["csv", "html", "json"],
    "from": ["2020-01-01T00:00:00Z", "1"],
    "holder": ["<theirs>", "<partner>"],
    "id": ["<mpan>", "<asked>", "<reference>", "<correlation>", "<envelope>", "<theirs>"],
    "kind": ["latency", "dead_letters"],
    "known_at": ["2090-01-01T00:00:00Z"],
    "lane": ["SUP"],
    "left": ["true"],
    "limit": ["1000"],
    "link": ["mpan", "envelope", "transaction"],
    "message": ["IF-018"],
    "mpan": ["<mpan>", "<linked>", "<shared_mpan>"],
    "name": ["vqx"],
    "next": ["9000000000", "2", "vqx", "<fingerprint>"],
    "outcome": ["dead", "rejected"],
    "page": ["0", "1"],
    "participant": ["<theirs>", "<partner>"],
    "path": ["/"],
    "priority": ["3", "4"],
    "process": ["BP001"],
    "q": ["vqx", "<theirs>"],
    "queue": ["escalation"],
    "reason": ["DeliveryFailure", "RetriesExhausted"],
    "recipient": ["<theirs>", "<partner>", "<witness>"],
    "reference": ["<reference>"],
    "removed": ["yes"],
    "response": ["A01"],
    "role": ["SUP"],
    "rows": ["1"],
    "run": ["vqx-run"],
    "sender": ["<theirs>", "<partner>"],
    "side": ["recipient"],
    "stage": ["First"],
    "state": ["open", "cleared", "closed", "unfinished", "revoked", "failed", ""],
    "still": ["1"],
    "status": ["4", "2"],
    "text": ["vqx"],
    "to": ["2090-01-01T00:00:00Z", "2"],
    "transaction": ["<dead_transaction>", "<asked>", "<shared>"],
    "url": ["https://127.0.0.1:9/"],
    "use": ["tls", "encryption"],
    "version": ["1.1.1"],
    "wall": ["1"],
    "watch": ["1"],
    "where": ["a:eq:b"],
    "columns": ["a"],
    "column": ["a"],
    "operator": ["eq"],
    "value": ["b"],
    "who": ["<theirs>", "<user>"],
}
"""What a name in a query is asked with; `<name>` stands for what the world calls so."""


class Also(msgspec.Struct, frozen=True, kw_only=True):
    """A request beside those that follow from a row. path: whole, with its query."""

    path: str
    order: Any = None
    form: Mapping[str, str] | None = None


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """How a route is asked.

    query: names that a page reads (those of calls are in the description). ids: what the names in the path stand for,
    where it is not what they usually do. known: what everybody knows of them, such as a channel. is_plain: the path
    names nothing of others; what is there is everybody's, or each one's own. orders: JSON bodies; forms: what browsers
    send. also: further requests.
    """

    query: str = ""
    ids: Mapping[str, str] = {}
    known: Sequence[str] = ()
    is_plain: bool = False
    orders: Sequence[Any] = ()
    forms: Sequence[Mapping[str, str]] = ()
    also: Sequence[Also] = ()


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One request. names_theirs: its path names something of others, so it has to be refused."""

    method: str
    path: str
    names_theirs: bool
    order: Any = None
    form: Mapping[str, str] | None = None
    unknown: str = ""
    """The same path about something that there is not; empty where there is no such path."""

    @property
    def accept(self) -> str:
        """What a browser, or a program, asks for."""
        return "application/json" if self.path.startswith("/admin/") else "text/html"

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.order or self.form or ''}"


def filled(value: Any, names: Mapping[str, str]) -> Any:
    """A value of the table with everything in it that the world has other names for."""
    if isinstance(value, str):
        return _WORDS.sub(lambda found: names[found[1]], value)
    if isinstance(value, Mapping):
        return {key: filled(one, names) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [filled(one, names) for one in value]
    return value


def asks_of(route: str, row: Row, world: World, queries: Sequence[str]) -> Iterator[Ask]:
    """Every request of a row. queries: names that the route reads."""
    method, _, path = route.partition(" ")
    parts = _IN_PATH.findall(path)
    values = [_ids(row.ids.get(part, part), world) for part in parts]
    names_theirs = bool(parts) and not row.is_plain
    bodies: list[tuple[Any, Any]] = [(filled(one, world.names), None) for one in row.orders]
    bodies += [(None, filled(one, world.names)) for one in row.forms]
    for chosen in product(*values):
        whole = _put(path, parts, chosen)
        others = [one if one in (OURS, *row.known) else unlike(one) for one in chosen]
        unknown = _put(path, parts, others) if names_theirs and list(chosen) != others else ""
        for order, form in bodies or [(None, None)]:
            yield Ask(method=method, path=whole, names_theirs=names_theirs, order=order, form=form, unknown=unknown)
        for name, value in _pairs(queries, world):
            yield Ask(method=method, path=f"{whole}?{name}={value}", names_theirs=names_theirs)
            if "form" in queries and name != "form" and not whole.startswith("/publications"):
                yield Ask(method=method, path=f"{whole}?{name}={value}&form=csv", names_theirs=names_theirs)
    for one in row.also:
        yield Ask(
            method=method,
            path=filled(one.path, world.names),
            names_theirs=False,
            order=filled(one.order, world.names),
            form=filled(one.form, world.names),
        )


def unlike(value: str) -> str:
    """Something of the same form that there is not."""
    if value.isdecimal() and len(value) < 10:
        return str(int(value) + 5000)
    last = "1" if value[-1] == "0" else "0"
    return value[:-1] + last


def _pairs(queries: Sequence[str], world: World) -> Iterator[tuple[str, str]]:
    for name in queries:
        for value in QUERIES[name]:
            yield name, filled(value, world.names)


def _ids(text: str, world: World) -> Sequence[str]:
    """What stands in a path: names of the world, or the words themselves."""
    found: list[str] = []
    for word in text.split():
        found += world.ids.get(word) or [world.names.get(word, word)]
    return found


def _put(path: str, parts: Sequence[str], chosen: Sequence[str]) -> str:
    for name, value in zip(parts, chosen, strict=True):
        path = path.replace(f"{{{name}}}", value)
    return path

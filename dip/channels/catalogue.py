"""A channel's YAML, laid over its template and read to a typed channel."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from dip.channels.addressing import AddressingReader
from dip.channels.appointments import AppointmentsReader
from dip.channels.channel import PUBLICATIONS, AppointmentRule, Channel, Correlation, Event, Routing
from dip.channels.dictionary import Vocabulary
from dip.channels.document import Entry
from dip.channels.durations import read_duration
from dip.channels.formats import MessageFormat
from dip.channels.item_names import ItemNames
from dip.channels.layouts import FORMAT_KEYS, Layouts
from dip.channels.lost_paths import report_lost_paths
from dip.channels.paths import ItemPath
from dip.channels.payloads import read_payload_retention
from dip.channels.roles import SecurityCategory, SecurityPattern
from dip.channels.service import read_service
from dip.channels.structs import Structs
from dip.messages.identifiers import EventCode, InterfaceId, RoleCode

_ROUTING_KEYS = ("routing", "routing_by_sender", "correlation", "correlation_by_sender")
_EVENT_KEYS = ("meaning", "format", "senders", *_ROUTING_KEYS)
_DEFAULT_KEYS = (
    *("pattern", "category", "senders", "optional_roles", "archive_for", "dead_letter_after", "obfuscation"),
    *("addressing_dates", "routing_mpans", "secondary_and_always_when", "also", "reply_within", "payloads"),
    *_ROUTING_KEYS,
    *FORMAT_KEYS,
)
_OWN_KEYS = (
    *("id", "template", "name", "publication", "purpose", "exchange", "processes", "note"),
    *("events", "formats", "editions", "types", "blocks", "personal", "served_by_dip", "appointments"),
)
_NEEDED = (
    *("id", "template", "name", "publication", "category", "senders", "routing", "correlation"),
    *("archive_for", "dead_letter_after", "events", "formats"),
)
_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What channels are read against."""

    vocabulary: Vocabulary
    addressing: AddressingReader
    categories: Mapping[int, SecurityCategory]
    personal: frozenset[str]
    templates: Mapping[str, Entry]
    structs: Structs
    names: ItemNames


def read_template(entry: Entry) -> None:
    """Report what no template may say."""
    entry.fields(_DEFAULT_KEYS)


def own_personal_keys(entry: Entry) -> frozenset[str]:
    """The JSON keys that a channel's file calls personal, beside the dictionary's."""
    fields = entry.mapping()
    return frozenset(fields["personal"].texts()) if "personal" in fields else frozenset()


def read_channel(entry: Entry, around: Surroundings) -> Channel:
    """The channel that a file defines; a faulty one has stand-in values, and its faults are reported."""
    return _Reading(entry, around).channel()


class _Reading:
    """One channel while it is read: its own keys stand before the template's."""

    def __init__(self, entry: Entry, around: Surroundings) -> None:
        own = entry.fields((*_OWN_KEYS, *_DEFAULT_KEYS))
        self._around = around
        self._own = own
        self._fields = {**self._template(own.get("template")), **own}
        for key in _NEEDED:
            if key not in self._fields:
                entry.fault(f"the key {key!r} is missing")
        if self._text("pattern") == PUBLICATIONS and "payloads" not in self._fields:
            entry.fault("the key 'payloads' is missing: how long what is published stays")
        self._addressing = around.addressing
        self._senders = self._roles("senders")
        self._personal = around.personal | own_personal_keys(entry)
        vocabulary = around.vocabulary.extended(self._mapping("types"), self._mapping("blocks"))
        vocabulary.shapes()
        self._id = InterfaceId(self._text("id"))
        self._layouts = Layouts(self._id, vocabulary, self._fields, self._mapping("formats"), self._mapping("editions"))

    def channel(self) -> Channel:
        category, security = self._security()
        formats = self._formats()
        made = [layout for editions in formats.values() for layout in editions.values()]
        report_lost_paths(self._own, self._addressing, made)
        rules = self._appointments(formats)
        events = {
            EventCode(f"[{name}]"): self._event(name, held, formats[name], rules.get(name, ()))
            for name, held in self._events()
        }
        return Channel(
            id=self._id,
            name=self._text("name"),
            publication=self._text("publication"),
            pattern=self._text("pattern") or "A",
            category=category,
            signed=security.signed,
            encrypted=security.encrypted,
            senders=self._senders,
            recipients=frozenset(role for event in events.values() for role in event.recipients()),
            optional_roles=self._roles("optional_roles"),
            events=events,
            archive_for=self._read("archive_for", read_duration, timedelta(0)),
            dead_letter_after=self._read("dead_letter_after", read_duration, timedelta(0)),
            reply_within=self._read("reply_within", read_duration, None),
            hidden=self._hidden(),
            purpose=self._text("purpose"),
            exchange=self._text("exchange"),
            note=self._text("note"),
            processes=tuple(self._read("processes", Entry.texts, [])),
            service=self._read("served_by_dip", read_service, None),
            payloads=self._read("payloads", read_payload_retention, None),
        )

    def _template(self, name: Entry | None) -> dict[str, Entry]:
        template = self._around.templates.get(name.text()) if name else None
        if name and template is None:
            name.fault(f"no template {name.text()!r}")
        return template.fields(_DEFAULT_KEYS) if template else {}

    def _events(self) -> list[tuple[str, dict[str, Entry]]]:
        parts = self._mapping("events")
        return [(name, held.fields(_EVENT_KEYS, required=("meaning",))) for name, held in parts.items()]

    def _formats(self) -> dict[str, dict[str, MessageFormat]]:
        """The formats of each event by version, the current one first; events of one format share it."""
        users: dict[str, list[str]] = {}
        for event, fields in self._events():
            users.setdefault(fields["format"].text() if "format" in fields else event, []).append(event)
        self._layouts.report_unused(users)
        found: dict[str, dict[str, MessageFormat]] = {}
        for name, events in users.items():
            codes = tuple(f"[{event}]" for event in events)
            made: dict[str, MessageFormat] = {}
            for layout in self._layouts.layouts(name, codes, at=self._mapping("events")[events[0]]):
                title = f"{self._id}-{name}" + (f"-{layout.versions[0]}" if made else "")
                around = self._around
                one = MessageFormat(title, layout.common, layout.custom, around.structs, self._personal, around.names)
                made.update(dict.fromkeys(layout.versions or ("",), one))
            found.update(dict.fromkeys(events, made))
        return found

    def _appointments(
        self, formats: Mapping[str, Mapping[str, MessageFormat]]
    ) -> Mapping[str, tuple[AppointmentRule, ...]]:
        made = {name: list(dict.fromkeys(editions.values())) for name, editions in formats.items()}
        return AppointmentsReader(self._addressing, made).rules(self._fields.get("appointments"))

    def _event(
        self,
        name: str,
        own: Mapping[str, Entry],
        editions: Mapping[str, MessageFormat],
        appointments: tuple[AppointmentRule, ...],
    ) -> Event:
        read, fields = self._addressing, {**self._fields, **own}
        senders = frozenset(read.roles(own["senders"])) if "senders" in own else self._senders
        for role in sorted(senders - self._senders):
            own["senders"].fault(f"{role} is no sender of the channel")
        # What an event says for every sender wins over what the channel says by sender.
        routings = (own if "routing" in own else fields).get("routing_by_sender")
        correlations = (own if "correlation" in own else fields).get("correlation_by_sender")
        dates = read.dates(fields.get("addressing_dates"))
        also = read.also(fields.get("also"))
        formats = list(dict.fromkeys(editions.values()))

        def kept(path: ItemPath) -> bool:
            return any(layout.holds(path) for layout in formats)

        return Event(
            code=EventCode(f"[{name}]"),
            meaning=own["meaning"].text() if "meaning" in own else "",
            senders=senders,
            format=formats[0],
            editions=editions,
            usual_routing=read.routing(fields["routing"]) if "routing" in fields else Routing(),
            usual_correlation=read.correlation(fields["correlation"]) if "correlation" in fields else Correlation.NONE,
            routing_by_sender={role: read.routing(held) for role, held in read.by_role(routings).items()},
            correlation_by_sender={role: read.correlation(held) for role, held in read.by_role(correlations).items()},
            wider_when=read.condition(fields.get("secondary_and_always_when")),
            addressing_dates=tuple(date for date in dates if kept(date.path)),
            routing_mpans=tuple(path for path in read.paths(fields.get("routing_mpans")) if kept(path)),
            also=tuple(holder for holder in also if kept(holder.before)),
            appointments=appointments,
        )

    def _security(self) -> tuple[int, SecurityPattern]:
        number = self._read("category", Entry.whole, 0)
        category = self._around.categories.get(number)
        if category is None and "category" in self._fields:
            self._fields["category"].fault(f"no security category {number}")
        return number, category.pattern if category else SecurityPattern(0, "", signed=True, encrypted=True)

    def _hidden(self) -> dict[RoleCode, tuple[str, ...]]:
        by_role = self._addressing.by_role(self._fields.get("obfuscation"))
        return {role: tuple(str(item) for item in self._addressing.hidden(held)) for role, held in by_role.items()}

    def _roles(self, key: str) -> frozenset[RoleCode]:
        return frozenset(self._addressing.roles(self._fields[key])) if key in self._fields else frozenset()

    def _mapping(self, key: str) -> dict[str, Entry]:
        return self._read(key, Entry.mapping, {})

    def _text(self, key: str) -> str:
        return self._read(key, Entry.text, "")

    def _read(self, key: str, read: Callable[[Entry], _Read], otherwise: _Read) -> _Read:
        return read(self._fields[key]) if key in self._fields else otherwise

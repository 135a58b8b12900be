"""One channel as the data portal shows it: who sends what to whom (logical), and what that looks like (physical)."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dip.channels.channel import AddressingDate, AppointmentRule, Channel, Correlation, Event, Routing, Verb
from dip.channels.examples import example
from dip.channels.formats import MessageFormat
from dip.channels.obfuscation import HiddenItem, without
from dip.channels.registry import Registry
from dip.channels.shapes import Block
from dip.http.portal.data.layouts import editions_of
from dip.http.portal.data.lines import Line, Lines
from dip.messages.identifiers import EventCode, RoleCode

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_CORRELATION_WORDS: Final = {
    Correlation.CREATE: "a new id, unless the sender quotes one",
    Correlation.COPY: "the id that the sender quotes",
    Correlation.NONE: "none",
}
_COVERAGE_WORDS: Final = {
    "instant": "that moment",
    "day": "that whole UTC day",
    "boundary": "both sides of that moment",
}
_VERB_WORDS: Final = {
    Verb.APPOINT: "Appoints",
    Verb.MOVE: "Moves the start of",
    Verb.END: "Ends the appointment of",
    Verb.RESUME: "Lets go on",
}


@dataclass(frozen=True, slots=True)
class SenderRule:
    """What holds for senders in these roles: where their messages go, and what becomes of the correlation id."""

    senders: tuple[RoleCode, ...]
    routing: Routing
    correlation: str


@dataclass(frozen=True, slots=True)
class Part:
    """What stands right below a root of the payload, with everything that it holds."""

    root: str
    top: Line
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class AppointmentWords:
    """An appointment rule as the page puts it. holder: who is meant where no item names anybody."""

    verb: str
    holder: str
    time: str


@dataclass(frozen=True, slots=True)
class RoleView:
    """The example as a recipient in this role gets it."""

    role: RoleCode
    hidden: tuple[HiddenItem, ...]
    message: Any


def sender_rules(event: Event) -> list[SenderRule]:
    """The rules of an event, senders with the same ones together."""
    found: dict[tuple[Routing, Correlation], list[RoleCode]] = {}
    for role in sorted(event.senders):
        found.setdefault((event.routing(role), event.correlation(role)), []).append(role)
    return [
        SenderRule(tuple(roles), routing, _CORRELATION_WORDS[correlation])
        for (routing, correlation), roles in found.items()
    ]


def parts_of(layout: MessageFormat, lines: Lines) -> list[Part]:
    """The parts of a format in order, first those of the CommonBlock."""
    return [
        Part(root, line, tuple(_held(line, root, lines)))
        for root, block in (("CommonBlock", layout.common), ("CustomBlock", layout.custom))
        if block is not None
        for line in (lines.of_item(item, path=root, within="") for item in block.items)
    ]


def addressing_words(date: AddressingDate) -> str:
    """What a date for the look-up stands for."""
    return _COVERAGE_WORDS[date.covers] + (f", on to the day of {date.until}" if date.until else "")


def appointment_words(rule: AppointmentRule) -> AppointmentWords:
    """What a rule does to the table of MPANs, and when."""
    until = "on to the end of the day of" if rule.last_day else "until"
    return AppointmentWords(
        _VERB_WORDS[rule.verb],
        "who held it when all ended" if rule.verb is Verb.RESUME else "whoever holds it",
        until if rule.verb is Verb.END else "from",
    )


def schema_of(channel: Channel, events: Sequence[Event]) -> dict[str, Any]:
    """The JSON schema of a payload: of one event, or of any of several."""
    found = [schema | {"title": f"{channel.id} {_short(event.code)}"} for event, schema in _schemas(events)]
    return {"$schema": DIALECT, **(found[0] if len(found) == 1 else {"title": channel.id, "oneOf": found})}


def examples_of(channel: Channel, events: Sequence[Event], role: RoleCode | None = None) -> list[Any]:
    """A message for each format of these events, as one array to post; or as a recipient in a role gets them.

    Raises ValueError where a format has a pattern that no example is known for.
    """
    found = [{"payload": example(schema)} for _, schema in _schemas(events)]
    if role is not None:
        for message in found:
            without(message["payload"], channel.hidden.get(role, ()))
    return found


def role_views(channel: Channel, message: dict[str, Any]) -> list[RoleView]:
    """The example as each role gets it that doesn't get all of it (5.5.6)."""
    views = []
    for role, hidden in hidden_items(channel).items():
        shown = copy.deepcopy(message)
        without(shown["payload"], channel.hidden[role])
        views.append(RoleView(role, hidden, shown))
    return views


def hidden_items(channel: Channel) -> dict[RoleCode, tuple[HiddenItem, ...]]:
    """What is hidden from each role that doesn't get everything."""
    return {role: tuple(map(HiddenItem.parse, texts)) for role, texts in sorted(channel.hidden.items()) if texts}


def event_named(channel: Channel, name: str) -> Event | None:
    """The event of that code, with or without its brackets, in any case."""
    wanted = name.strip("[]").casefold()
    return next((event for event in channel.events.values() if _short(event.code).casefold() == wanted), None)


def by_process(registry: Registry, titles: dict[str, str]) -> list[tuple[str, str, list[Channel]]]:
    """Code, title and channels of each process; a channel of several stands in each, one of none at the end."""
    groups: dict[str, list[Channel]] = {}
    for channel in sorted(registry.channels.values(), key=lambda one: one.id):
        for process in channel.processes or ("",):
            groups.setdefault(process, []).append(channel)
    known = [code for code in titles if code in groups]
    rest = sorted(code for code in groups if code and code not in titles)
    ordered = [*known, *rest, *([""] if "" in groups else [])]
    return [(code, titles.get(code, ""), groups[code]) for code in ordered]


def _schemas(events: Sequence[Event]) -> Iterator[tuple[Event, dict[str, Any]]]:
    for event in events:
        for edition in editions_of(event):
            schema = edition.format.schema()
            _fix_event(schema, event.code)
            yield event, schema


def _fix_event(schema: dict[str, Any], code: EventCode) -> None:
    """Events that share a format are told apart by their code: name only this one."""
    header = schema["properties"]["CommonBlock"]["properties"]["S0"]["properties"]
    header["eventCode"] = {**header["eventCode"], "enum": [code]}


def _held(line: Line, root: str, lines: Lines) -> Iterator[Line]:
    if isinstance(line.value, Block):
        yield from lines.of(line.value, path=line.path, within=root)


def _short(code: EventCode) -> str:
    return code.strip("[]")

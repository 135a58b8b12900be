"""A channel as tables for a terminal: what it is, who gets which event, what its messages are made of."""

from collections.abc import Mapping, Sequence

from rich.markup import escape
from rich.table import Table

from dip.channels.channel import Channel, Event, Routing
from dip.channels.durations import written
from dip.channels.registry import Registry
from dip.channels.summary import blocks, summary


def tables(channel: Channel, registry: Registry) -> Sequence[Table]:
    """Three tables that say together what the channel's file and its template say."""
    return _facts(channel, registry), _events(channel), _formats(channel)


def _facts(channel: Channel, registry: Registry) -> Table:
    meaning = registry.categories[channel.category].meaning
    protection = [word for word, held in (("signed", channel.signed), ("encrypted", channel.encrypted)) if held]
    facts = {
        "purpose": channel.purpose,
        "exchange": channel.exchange,
        "note": channel.note,
        "processes": ", ".join(channel.processes),
        "publication": channel.publication,
        "pattern": channel.pattern,
        "category": f"{channel.category} {meaning} ({', '.join(protection) or 'no protection'})",
        "archived for": written(channel.archive_for),
        "dead letter after": written(channel.dead_letter_after),
        "reply within": written(channel.reply_within) if channel.reply_within else "",
        "signed up for by": " ".join(sorted(channel.optional_roles)),
        **{f"hidden from {role}": ", ".join(items) for role, items in channel.hidden.items()},
    }
    return _pairs(f"{channel.id} {channel.name}", facts)


def _events(channel: Channel) -> Table:
    table = Table("event", "meaning", "from", "named", "by MPAN", "always", "correlation", title="Events", box=None)
    for event in channel.events.values():
        for senders, routing, correlation in _ways(event):
            cells = (event.code, event.meaning, senders, *_roles(routing), correlation)
            table.add_row(*(escape(cell) for cell in cells))
    return table


def _ways(event: Event) -> list[tuple[str, Routing, str]]:
    """The senders of an event, together where it is treated alike."""
    found: dict[tuple[Routing, str], list[str]] = {}
    for role in sorted(event.senders):
        found.setdefault((event.routing(role), event.correlation(role).value), []).append(role)
    return [(" ".join(roles), routing, correlation) for (routing, correlation), roles in found.items()]


def _roles(routing: Routing) -> tuple[str, str, str]:
    return " ".join(routing.primary), " ".join(routing.secondary), " ".join(routing.always)


def _formats(channel: Channel) -> Table:
    facts: dict[str, str] = {}
    for event in channel.events.values():
        for version, layout in event.editions.items():
            for name, line in blocks(layout).items():
                facts[f"{event.code} {version} {name}"] = line
        condition = event.wider_when
        if condition:
            facts[f"{event.code} looked up and always when"] = f"{condition.path} is {condition.value}"
        dates = summary(channel)["events"][event.code].get("addressingDates", [])
        facts[f"{event.code} addressing dates"] = ", ".join(dates)
        facts[f"{event.code} appointments"] = "\n".join(str(rule) for rule in event.appointments)
    return _pairs("Formats", facts)


def _pairs(title: str, facts: Mapping[str, str]) -> Table:
    table = Table(title=escape(title), box=None, show_header=False, title_justify="left")
    for name, value in facts.items():
        if value:
            table.add_row(escape(name), escape(value))
    return table

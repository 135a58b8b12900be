"""What changed between two catalogues, item by item."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dip.channels.channel import Channel
from dip.channels.registry import Registry
from dip.channels.summary import summary


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that differs. place: `IF-031 events [DSApp] senders`; old or new is None where it is not there."""

    place: str
    old: str | None
    new: str | None

    def __str__(self) -> str:
        if self.old is None:
            return f"+ {self.place}: {self.new}"
        return f"- {self.place}: {self.old}" if self.new is None else f"~ {self.place}: {self.old} -> {self.new}"


def differences(old: Registry, new: Registry) -> list[Difference]:
    """What changed in channels, roles, response codes and categories; a channel that came or went is one line."""
    found: list[Difference] = []
    for channel_id in sorted(old.channels.keys() | new.channels.keys()):
        found += channel_differences(old.channels.get(channel_id), new.channels.get(channel_id))
    return found + _compared(_shared(old), _shared(new))


def channel_differences(old: Channel | None, new: Channel | None) -> list[Difference]:
    """What changed in one channel; None where it is not there."""
    if old is None or new is None:
        return [
            Difference(one.id, one.name if one is old else None, one.name if one is new else None)
            for one in (old, new)
            if one is not None
        ]
    return _compared(dict(_flat(old.id, summary(old))), dict(_flat(new.id, summary(new))))


def _shared(registry: Registry) -> dict[str, str]:
    roles = {f"role {role.code}": f"{role.name} ({role.kind}, {role.prefix})" for role in registry.roles.values()}
    codes = {f"response code {code}": label for code, label in registry.response_codes.items()}
    categories = {
        f"category {number}": f"{held.meaning} (pattern {held.pattern.number})"
        for number, held in registry.categories.items()
    }
    return roles | codes | categories


def _compared(old: Mapping[str, str], new: Mapping[str, str]) -> list[Difference]:
    places = [*old, *(place for place in new if place not in old)]
    return [Difference(at, old.get(at), new.get(at)) for at in places if old.get(at) != new.get(at)]


def _flat(place: str, value: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        yield place, _text(value)
    elif "formats" in value:
        yield from _flat(place, {name: held for name, held in value.items() if name != "formats"})
        for version, items in value["formats"].items():
            for path, keywords in items.items():
                yield f"{place} {version} {path}", "; ".join(f"{name} {_text(one)}" for name, one in keywords.items())
    else:
        for name, held in value.items():
            yield from _flat(f"{place} {name}", held)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_text(one) for one in value) or "none"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)

"""Senders and recipients added to a definition, or struck from it: the text changes there and nowhere else."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, TypeAlias

import msgspec
import yaml

from dip.channels.channel import Channel, Routing
from dip.messages.identifiers import RoleCode

RecipientClass: TypeAlias = Literal["primary", "secondary", "always"]
Edit: TypeAlias = Callable[[str, Channel], str]
"""Makes another definition of one that has no faults, and of the channel that it defines."""


class Recipient(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A role in a class of recipients (5.5.3); struck without a class, it is struck from each."""

    role: RoleCode
    class_: RecipientClass | None = msgspec.field(default=None, name="class")


def senders_edit(add: Sequence[RoleCode], remove: Sequence[RoleCode]) -> Edit:
    """Adds senders to the channel; strikes others from it and from each of its events."""

    def edit(text: str, channel: Channel) -> str:
        root = _root(text)
        changes = _Changes(text)
        own = _value(root, "senders")
        if own is None:
            changes.append("senders", _changed(sorted(channel.senders), add, remove))
        else:
            changes.replace(own, _changed(_texts(own), add, remove))
        for event in _values(_value(root, "events")):
            if (senders := _value(event, "senders")) is not None:
                changes.replace(senders, _changed(_texts(senders), (), remove))
        return changes.applied()

    return edit


def recipients_edit(add: Sequence[Recipient], remove: Sequence[Recipient]) -> Edit:
    """Adds recipients to every routing of the channel and strikes others, whatever event or sender it is for."""

    def edit(text: str, channel: Channel) -> str:
        root = _root(text)
        changes = _Changes(text)
        events = _values(_value(root, "events"))
        routings = [node for holder in (root, *events) for node in _routings(holder)]
        if _value(root, "routing") is None and (usual := _usual_routing(channel)) is not None:
            changes.append("routing", _rerouted(usual, add, remove))
        for node in routings:
            present = {key.value: _texts(held) for key, held in node.value}
            changes.replace(node, _rerouted(present, add, remove))
        return changes.applied()

    return edit


class _Changes:
    """Changes of parts of a text, made at once when all are known."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._parts: list[tuple[int, int, str]] = []
        self._lines: list[str] = []

    def replace(self, node: yaml.Node, value: Any) -> None:
        """Another value in the place of a node, unless it says the same already."""
        if _plain(node) != value:
            self._parts.append((node.start_mark.index, _end(node), _written(node, value)))

    def append(self, key: str, value: Any) -> None:
        """A further key of the document, for what its template said so far."""
        self._lines.append(f"{key}: {_flow(value)}\n")

    def applied(self) -> str:
        """The changed text."""
        text = self._text
        for start, end, part in sorted(self._parts, reverse=True):
            text = text[:start] + part + text[end:]
        if self._lines and not text.endswith("\n"):
            text += "\n"
        return text + "".join(self._lines)


def _root(text: str) -> yaml.Node | None:
    return yaml.compose(text, yaml.CBaseLoader)


def _value(node: yaml.Node | None, key: str) -> Any:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((held for name, held in pairs if name.value == key), None)


def _values(node: yaml.Node | None) -> list[yaml.Node]:
    return [held for _, held in node.value] if isinstance(node, yaml.MappingNode) else []


def _texts(node: yaml.Node) -> list[str]:
    return [part.value for part in node.value] if isinstance(node, yaml.SequenceNode) else []


def _routings(holder: yaml.Node | None) -> Iterable[yaml.Node]:
    """The routings that a channel, or an event, says itself."""
    found = [_value(holder, "routing"), *_values(_value(holder, "routing_by_sender"))]
    return [node for node in found if isinstance(node, yaml.MappingNode)]


def _usual_routing(channel: Channel) -> dict[str, list[str]] | None:
    usual: Routing | None = next((event.usual_routing for event in channel.events.values()), None)
    if usual is None:
        return None
    return {"primary": list(usual.primary), "secondary": list(usual.secondary), "always": list(usual.always)}


def _changed(present: Sequence[str], add: Sequence[str], remove: Sequence[str]) -> list[str]:
    kept = [role for role in present if role not in remove]
    return [*kept, *(role for role in dict.fromkeys(add) if role not in kept)]


def _rerouted(
    present: dict[str, list[str]], add: Sequence[Recipient], remove: Sequence[Recipient]
) -> dict[str, list[str]]:
    classes: dict[str, list[str]] = dict(present)
    for one in add:
        if one.class_ is not None:
            classes.setdefault(one.class_, [])
    return {
        name: _changed(
            roles,
            [one.role for one in add if one.class_ == name],
            [one.role for one in remove if one.class_ in {name, None}],
        )
        for name, roles in classes.items()
    }


def _plain(node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {key.value: _plain(held) for key, held in node.value}
    return _texts(node) if isinstance(node, yaml.SequenceNode) else node.value


def _end(node: yaml.Node) -> int:
    """Where a node's last character stands; a block's own end mark comes behind the comments that follow it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.index)


def _written(node: yaml.Node, value: Any) -> str:
    """The value in the style of the node that it replaces."""
    if not isinstance(node, yaml.CollectionNode) or node.flow_style or not value:
        return _flow(value)
    lines: str = yaml.safe_dump(
        value, sort_keys=False, default_flow_style=None if isinstance(value, dict) else False, width=1000
    )
    return lines.strip().replace("\n", "\n" + " " * node.start_mark.column)


def _flow(value: Any) -> str:
    text: str = yaml.safe_dump(value, sort_keys=False, default_flow_style=True, width=1000)
    return text.strip()

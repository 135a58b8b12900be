"""The text that defines a channel: where it stands in the catalogue, and what it must be before it is read."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import yaml

from dip.channels.document import CatalogueFault, parse
from dip.ground.errors import BadRequest
from dip.messages.identifiers import InterfaceId

_FOLDER: Final = "interfaces/"
_ID: Final = re.compile(r"[A-Z][A-Z0-9]*-[A-Z0-9]+")
_OWN_ID: Final = re.compile(r"^id:[ \t]*['\"]?([\w-]+)", re.MULTILINE)
_ID_LIMIT: Final = 20
_SIZE_LIMIT: Final = 256 * 1024
_DEPTH_LIMIT: Final = 30
_OPENING: Final = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_CLOSING: Final = (yaml.MappingEndEvent, yaml.SequenceEndEvent)


def check_id(channel_id: str) -> InterfaceId:
    """The id of a channel that may be added. Raises BadRequest."""
    if len(channel_id) > _ID_LIMIT or not _ID.fullmatch(channel_id):
        raise BadRequest(f"The id of a channel is like IF-031 or REP-002A, at most {_ID_LIMIT} characters.")
    return InterfaceId(channel_id)


def own_id(text: str) -> str:
    """The id that a definition says; empty where it says none."""
    found = _OWN_ID.search(text)
    return found.group(1) if found else ""


def file_names(texts: Mapping[str, str]) -> dict[InterfaceId, str]:
    """Which text of a catalogue defines which channel, by the id that it says; `interfaces/IF-031.yaml`."""
    found = {}
    for name, text in texts.items():
        if name.startswith(_FOLDER):
            found[InterfaceId(own_id(text) or name.removeprefix(_FOLDER).removesuffix(".yaml"))] = name
    return found


def file_name(channel_id: InterfaceId) -> str:
    """Where the definition of a new channel stands in the catalogue."""
    return f"{_FOLDER}{channel_id}.yaml"


def written(definition: Any) -> str:
    """The YAML of a definition that was given as plain objects."""
    text: str = yaml.safe_dump(definition, sort_keys=False, allow_unicode=True, default_flow_style=None, width=110)
    return text


def faults_before_reading(text: str, name: str) -> Sequence[CatalogueFault]:
    """What forbids to read a text at all: size, and nesting or aliases by which a small text becomes a large one."""
    if len(text) > _SIZE_LIMIT:
        return [CatalogueFault(name, 1, 1, f"expected at most {_SIZE_LIMIT // 1024} kB")]
    faults: list[CatalogueFault] = []
    depth = 0
    try:
        for event in yaml.parse(text, yaml.CBaseLoader):
            depth += isinstance(event, _OPENING)
            depth -= isinstance(event, _CLOSING)
            at = event.start_mark
            line, column = (at.line + 1, at.column + 1) if at else (1, 1)
            if isinstance(event, yaml.AliasEvent):
                faults.append(CatalogueFault(name, line, column, "aliases are not used in a channel"))
            if depth > _DEPTH_LIMIT:
                return [*faults, CatalogueFault(name, line, column, f"nested deeper than {_DEPTH_LIMIT}")]
    except yaml.YAMLError:
        # Reading it reports this with its place.
        return faults
    return faults


def faults_of_id(text: str, name: str, channel_id: InterfaceId) -> Sequence[CatalogueFault]:
    """What a text says against being the definition of that channel; nothing where it can't be read."""
    entry = parse(text, name, [])
    if entry is None or (own := entry.mapping().get("id")) is None:
        return []
    entry.faults.clear()
    if own.text() != channel_id:
        own.fault(f"the address names {channel_id}, not {own.text()[:_ID_LIMIT]}")
    return entry.faults

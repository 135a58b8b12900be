"""The registry of channels: one immutable snapshot of everything that the catalogue's files say (5.3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dip.channels.addressing import AddressingReader
from dip.channels.catalogue import Surroundings, own_personal_keys, read_channel, read_template
from dip.channels.channel import Channel
from dip.channels.dictionary import DataItem, Vocabulary, data_items, personal_keys
from dip.channels.document import CatalogueFault, Entry, parse
from dip.channels.errors import CatalogueRefused
from dip.channels.item_names import ItemNames
from dip.channels.roles import Role, SecurityCategory, categories, response_codes, roles
from dip.channels.service import check_service
from dip.channels.shapes import Shape
from dip.channels.structs import Structs
from dip.messages.identifiers import InterfaceId, RoleCode

_SHARED = (
    *("roles.yaml", "response-codes.yaml", "security.yaml"),
    *("dictionary/types.yaml", "dictionary/blocks.yaml", "dictionary/items.yaml"),
)
_FOLDERS = ("templates", "interfaces")


@dataclass(frozen=True, slots=True)
class Registry:
    """Channels, roles, codes and the dictionary. A change makes a new one."""

    channels: Mapping[InterfaceId, Channel]
    roles: Mapping[RoleCode, Role]
    response_codes: Mapping[str, str]
    """Labels by code; a message joins the two with ' - '."""
    categories: Mapping[int, SecurityCategory]
    shapes: Mapping[str, Shape]
    """Every type and block of the dictionary."""
    items: Mapping[str, DataItem]
    names: ItemNames
    """The items as faults name them."""
    personal_keys: frozenset[str]

    def find(self, interface_id: str) -> Channel | None:
        """The channel of that id, if there is one."""
        return self.channels.get(InterfaceId(interface_id))

    def compile(self) -> None:
        """Make the checks of every format now instead of at their first use."""
        for channel in self.channels.values():
            for event in channel.events.values():
                for layout in event.editions.values():
                    layout.compile()


def load(directory: Path, *, specification_items: bool) -> Registry:
    """Read the catalogue in a directory; `specification_items` adds those of the spec profile.

    Raises CatalogueRefused with every fault of every file.
    """
    return build(read(directory), directory, specification_items=specification_items)


def read(directory: Path) -> dict[str, str]:
    """The texts of a catalogue by name: `roles.yaml`, `interfaces/IF-031.yaml`.

    Raises CatalogueRefused where a file is missing or can't be read.
    """
    names = list(_SHARED)
    for folder in _FOLDERS:
        names += sorted(f"{folder}/{path.name}" for path in (directory / folder).glob("*.yaml"))
    texts: dict[str, str] = {}
    faults = []
    for name in names:
        try:
            texts[name] = (directory / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "is not UTF-8"
            faults.append(CatalogueFault(str(directory / name), 1, 1, f"can't be read: {reason}"))
    if faults:
        raise CatalogueRefused(faults)
    return texts


def build(texts: Mapping[str, str], directory: Path, *, specification_items: bool) -> Registry:
    """The registry of these texts; `directory` is where faults say that they stand.

    Raises CatalogueRefused with every fault of every text.
    """
    faults: list[CatalogueFault] = []
    parsed = {name: parse(text, str(directory / name), faults) for name, text in texts.items()}
    entries = {name: entry for name, entry in parsed.items() if entry}
    if any(name not in entries for name in texts if not name.startswith("interfaces/")):
        # What every channel is read against is broken: the channels' faults would be consequences of it.
        raise CatalogueRefused(faults)
    structs = Structs()
    vocabulary = Vocabulary(
        entries["dictionary/types.yaml"].mapping(),
        entries["dictionary/blocks.yaml"].mapping(),
        specification_items=specification_items,
    )
    shapes, items = vocabulary.shapes(), data_items(entries["dictionary/items.yaml"])
    names = ItemNames(items)
    known_roles, patterns = roles(entries["roles.yaml"]), categories(entries["security.yaml"])
    templates, files = _folder(entries, "templates"), _folder(entries, "interfaces")
    for template in templates.values():
        read_template(template)
    around = Surroundings(
        vocabulary=vocabulary,
        addressing=AddressingReader(known_roles, specification_items=specification_items),
        categories=patterns,
        personal=personal_keys(items),
        templates=templates,
        structs=structs,
        names=names,
    )
    channels: dict[InterfaceId, Channel] = {}
    for entry in files.values():
        channel = read_channel(entry, around)
        if channel.id in channels:
            entry.mapping()["id"].fault(f"the channel {channel.id} is defined twice")
        channels[channel.id] = channel
    _check_services(files, channels)
    codes = response_codes(entries["response-codes.yaml"])
    if faults:
        raise CatalogueRefused(faults)
    return Registry(
        channels=channels,
        roles=known_roles,
        response_codes=codes,
        categories=patterns,
        shapes=shapes,
        items=items,
        names=names,
        personal_keys=around.personal.union(*(own_personal_keys(entry) for entry in files.values())),
    )


def _check_services(files: Mapping[str, Entry], channels: Mapping[InterfaceId, Channel]) -> None:
    """Report what a channel that the DIP serves says of other channels and is not so."""
    served = {channel.id for channel in channels.values() if channel.service is not None}
    if not served:
        return
    formats = {
        channel.id: {code: event.format for code, event in channel.events.items()} for channel in channels.values()
    }
    for entry in files.values():
        fields = entry.mapping()
        channel = channels.get(InterfaceId(fields["id"].text())) if "id" in fields else None
        if channel is not None and channel.service is not None and "served_by_dip" in fields:
            check_service(fields["served_by_dip"], channel.service, formats)


def _folder(entries: Mapping[str, Entry], folder: str) -> dict[str, Entry]:
    return {Path(name).stem: entry for name, entry in entries.items() if name.startswith(f"{folder}/")}

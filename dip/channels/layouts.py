"""The blocks of a channel's formats, put together from its YAML."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dip.channels.dictionary import Vocabulary
from dip.channels.document import Entry
from dip.channels.shapes import Block, Item, Scalar
from dip.messages.identifiers import InterfaceId

FORMAT_KEYS = ("versions", "common", "open")
_EDITION_KEYS = ("common", "open")
_OPENABLE = ("CommonBlock", "S0")


@dataclass(frozen=True, slots=True)
class Layout:
    """The blocks of a message in one edition, and the schemaVersions that stand for it."""

    versions: tuple[str, ...]
    common: Block
    custom: Block | None


class Layouts:
    """The formats of one channel: what each says itself, then what the channel and its template say."""

    def __init__(
        self,
        channel: InterfaceId,
        vocabulary: Vocabulary,
        defaults: Mapping[str, Entry],
        formats: Mapping[str, Entry],
        editions: Mapping[str, Entry],
    ) -> None:
        self._channel = channel
        self._vocabulary = vocabulary
        self._defaults = {key: defaults[key] for key in FORMAT_KEYS if key in defaults}
        self._formats = formats
        self._versions = editions
        self._editions = {version: self._edition(version, held) for version, held in editions.items()}

    def layouts(self, name: str, codes: tuple[str, ...], at: Entry) -> list[Layout]:
        """What these event codes share, edition by edition, the current one first.

        A further edition has the current format where it says nothing else. A format that isn't there is a
        fault of `at`.
        """
        if name not in self._formats:
            at.fault(f"no format {name!r}")
            return [Layout((), Block("CommonBlock", ()), None)]
        fields = self._formats[name].fields((*FORMAT_KEYS, "custom"))
        versions = (self._defaults | fields).get("versions")
        current = tuple(versions.texts()) if versions else ()
        if not current:
            self._formats[name].fault("a format has at least one of 'versions'")
        found = [self._layout(current, codes, self._defaults | fields, at)]
        for version, formats in self._editions.items():
            if version in current:
                self._versions[version].fault(f"the current format {name!r} has the version {version}", at_key=True)
            own = formats[name].fields((*_EDITION_KEYS, "custom")) if name in formats else fields
            found.append(self._layout((version,), codes, self._defaults | own, at))
        return found

    def _edition(self, version: str, entry: Entry) -> Mapping[str, Entry]:
        """The formats of an edition that differ from the current ones."""
        held = entry.fields(("formats",), required=("formats",))
        formats = held["formats"].mapping() if "formats" in held else {}
        for name in formats.keys() - self._formats.keys():
            formats[name].fault(f"no format {name!r} in the current edition", at_key=True)
        return formats

    def _layout(
        self, versions: tuple[str, ...], codes: tuple[str, ...], fields: Mapping[str, Entry], at: Entry
    ) -> Layout:
        # A0 and D0 are optional: the DIP fills them.
        opened = [entry.one_of(_OPENABLE) for entry in fields["open"].entries()] if "open" in fields else []
        header = Block(
            "S0",
            (
                Item("interfaceID", Scalar("string", choices=(self._channel,))),
                Item("schemaVersion", Scalar("string", choices=versions)),
                Item("eventCode", Scalar("string", choices=codes)),
            ),
            open="S0" in opened,
            label="Transactional info",
        )
        items: tuple[Item, ...] = (
            Item("S0", header),
            Item("S1", self._vocabulary.named("S1", at)),
            Item("A0", self._vocabulary.named("A0", at), optional=True),
            Item("D0", self._vocabulary.named("D0", at), optional=True),
        )
        if "common" in fields:
            items += self._vocabulary.items(fields["common"])
        common = Block("CommonBlock", items, open="CommonBlock" in opened)
        custom = Block("CustomBlock", self._vocabulary.items(fields["custom"])) if "custom" in fields else None
        return Layout(versions, common, custom)

    def report_unused(self, used: Iterable[str]) -> None:
        """Report the formats that no event has."""
        for name in self._formats.keys() - set(used):
            self._formats[name].fault(f"no event has the format {name!r}", at_key=True)

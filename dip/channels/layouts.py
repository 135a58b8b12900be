"""The blocks of a channel's formats, put together from its YAML."""

from collections.abc import Iterable, Mapping

from dip.channels.dictionary import Vocabulary
from dip.channels.document import Entry
from dip.channels.shapes import Block, Item, Scalar
from dip.messages.identifiers import InterfaceId

FORMAT_KEYS = ("versions", "common", "open")
_OPENABLE = ("CommonBlock", "S0")


class Layouts:
    """The formats of one channel: what each says itself, then what the channel and its template say."""

    def __init__(
        self,
        channel: InterfaceId,
        vocabulary: Vocabulary,
        defaults: Mapping[str, Entry],
        formats: Mapping[str, Entry],
    ) -> None:
        self._channel = channel
        self._vocabulary = vocabulary
        self._defaults = {key: defaults[key] for key in FORMAT_KEYS if key in defaults}
        self._formats = formats

    def blocks(self, name: str, codes: tuple[str, ...], at: Entry) -> tuple[Block, Block | None]:
        """The CommonBlock and the CustomBlock of the format that these event codes share.

        A0 and D0 are optional in each: the DIP fills them. A format that isn't there is a fault of `at`.
        """
        if name not in self._formats:
            at.fault(f"no format {name!r}")
            return Block("CommonBlock", ()), None
        fields = self._defaults | self._formats[name].fields((*FORMAT_KEYS, "custom"))
        versions = tuple(fields["versions"].texts()) if "versions" in fields else ()
        if not versions:
            self._formats[name].fault("a format has at least one of 'versions'")
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
        return common, custom

    def report_unused(self, used: Iterable[str]) -> None:
        """Report the formats that no event has."""
        for name in self._formats.keys() - set(used):
            self._formats[name].fault(f"no event has the format {name!r}", at_key=True)

"""The format of a message: two decoders for the fast way, a complete check for a refusal."""

from functools import cached_property
from typing import Any

import msgspec

from dip.channels.explanation import Explanation
from dip.channels.folding import fold
from dip.channels.item_names import ItemNames
from dip.channels.listed_texts import ListedTexts, listed_texts
from dip.channels.paths import ItemPath
from dip.channels.schemas import json_schema
from dip.channels.shapes import Block, Item
from dip.channels.structs import Structs
from dip.messages.faults import FAULTS_SHOWN, Fault


class MessageFormat:
    """What a payload of an event looks like (5.5.2). Compiled at its first use."""

    def __init__(
        self,
        name: str,
        common: Block,
        custom: Block | None,
        structs: Structs,
        personal: frozenset[str],
        names: ItemNames,
    ) -> None:
        self.name = name
        self.common = common
        self.custom = custom
        self._structs = structs
        self._personal = personal
        self._names = names
        items = [Item("CommonBlock", common)] + ([Item("CustomBlock", custom)] if custom else [])
        self._payload = Block(name, tuple(items))

    @property
    def has_custom(self) -> bool:
        """Whether messages of this format have a CustomBlock."""
        return self.custom is not None

    def holds(self, path: ItemPath) -> bool:
        """Whether a message of this format can hold an item at that path."""
        return path.fits(self.common, self.custom)

    def decode_common(self, raw: bytes | msgspec.Raw) -> Any:
        """The CommonBlock as a typed struct, `.S0.interfaceID`; what is absent is UNSET.

        Raises msgspec.ValidationError or msgspec.DecodeError where it doesn't fit.
        """
        common = self._common_decoder.decode(raw)
        for texts in self._common_texts:
            _match(texts, common)
        return common

    def decode_custom(self, raw: bytes | msgspec.Raw) -> Any:
        """The CustomBlock as a typed struct.

        Raises msgspec.ValidationError or msgspec.DecodeError where it doesn't fit, or where there is none
        in this format.
        """
        custom = self._custom_decoder.decode(raw)
        for texts in self._custom_texts:
            _match(texts, custom)
        return custom

    def schema(self) -> dict[str, Any]:
        """The JSON schema (2020-12) of `{"CommonBlock": …, "CustomBlock": …}`."""
        return json_schema(self._payload)

    def explain(self, payload: Any, limit: int = FAULTS_SHOWN) -> list[Fault]:
        """Every fault of a payload as msgspec decodes it, up to `limit`; pointers start `/payload`."""
        return self._payload_explanation.faults(payload, ("payload",), limit)

    def explain_common(self, common: Any, limit: int = FAULTS_SHOWN) -> list[Fault]:
        """Every fault of a plain CommonBlock, while the CustomBlock is still encrypted."""
        return self._common_explanation.faults(common, ("payload", "CommonBlock"), limit)

    def explain_custom(self, custom: Any, limit: int = FAULTS_SHOWN) -> list[Fault]:
        """Every fault of a plain CustomBlock."""
        if self._custom_explanation is None:
            return [Fault("/payload/CustomBlock", "no key of this name")]
        return self._custom_explanation.faults(custom, ("payload", "CustomBlock"), limit)

    def compile(self) -> None:
        """Make both checks now instead of at their first use."""
        _ = self._common_decoder, self._custom_decoder, self._payload_explanation

    def fold(self, payload: Any) -> Any:
        """The payload with its keys in published case (live profile)."""
        return fold(self._payload, payload)

    @cached_property
    def _common_texts(self) -> tuple[ListedTexts, ...]:
        return listed_texts(self.common)

    @cached_property
    def _custom_texts(self) -> tuple[ListedTexts, ...]:
        return listed_texts(self.custom) if self.custom else ()

    @cached_property
    def _common_decoder(self) -> msgspec.json.Decoder[Any]:
        return msgspec.json.Decoder(self._structs.of(self.common))

    @cached_property
    def _custom_decoder(self) -> "msgspec.json.Decoder[Any] | _NoCustomBlock":
        return msgspec.json.Decoder(self._structs.of(self.custom)) if self.custom else _NoCustomBlock()

    @cached_property
    def _payload_explanation(self) -> Explanation:
        return Explanation(self._payload, self._personal, self._names)

    @cached_property
    def _common_explanation(self) -> Explanation:
        return Explanation(self.common, self._personal, self._names)

    @cached_property
    def _custom_explanation(self) -> Explanation | None:
        return Explanation(self.custom, self._personal, self._names) if self.custom else None


def _match(texts: ListedTexts, block: Any) -> None:
    if not texts.fit(block):
        raise msgspec.ValidationError("A text in a list does not have its pattern")


class _NoCustomBlock:
    def decode(self, raw: bytes | msgspec.Raw) -> Any:
        raise msgspec.ValidationError("This format has no CustomBlock")

"""The form of one message by itself, as `/validate` asks for it: no sender, no addressing, nothing kept (5.5.2)."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from dip.channels.channel import Channel, Event
from dip.channels.formats import MessageFormat
from dip.channels.item_names import ItemNames
from dip.ground.settings import Settings
from dip.intake.body import Blocks, plain, read_body, repeats_a_name, too_deep
from dip.intake.editions import naming_editions, version_of
from dip.intake.refusal import Refusal, RequestRefused, several, with_items
from dip.messages.faults import Fault
from dip.participants.registry import CertificateMissing
from dip.security.encryption import UndecryptableBlock

_COMMON = "/payload/CommonBlock"
_CUSTOM = "/payload/CustomBlock"
_CUSTOM_DEPTH = 3
"""How deep a CustomBlock lies in a request's body."""


class FormatCheck:
    """Compares messages with the format of one event of a channel.

    An encrypted CustomBlock is opened where the profile encrypts it; a plain one will do too. Safe to use from
    several threads.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        channel: Channel,
        event: Event,
        names: ItemNames,
        decrypt: Callable[[str], bytes],
    ) -> None:
        self._settings = settings
        self._folds = settings.switches.folds_names
        self._opens = settings.switches.encrypts_custom_block and channel.encrypted
        self._event = event
        self._names = names
        self._decrypt = decrypt

    def faults(self, body: bytes) -> Sequence[Fault]:
        """Every fault of the one message of a request's body, up to ten; pointers begin in the array.

        Raises RequestRefused where the body is no array of one message.
        """
        received = read_body(
            body,
            message_limit=self._settings.message_limit,
            nesting_limit=self._settings.nesting_limit,
            folds_names=self._folds,
        )
        if len(received) != 1:
            raise RequestRefused("MSG1001", f"Body: expected an array of one message, found {len(received)}.")
        found = received[0] if isinstance(received[0], Refusal) else several("MSG1001", self._of(received[0]))
        faults = with_items(found, self._names).faults
        return [msgspec.structs.replace(fault, pointer=f"/0{fault.pointer}") for fault in faults]

    def _of(self, blocks: Blocks) -> Sequence[Fault]:
        payload: dict[str, Any] = {}
        try:
            payload["CommonBlock"] = plain(blocks.CommonBlock)
            if repeats_a_name(blocks.CommonBlock):
                return [Fault(_COMMON, "each name once in an object")]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
            return [Fault(_COMMON, f"JSON ({exc})")]
        unopened: list[Fault] = []
        if blocks.CustomBlock is not msgspec.UNSET:
            custom = self._custom(blocks.CustomBlock)
            if isinstance(custom, Fault):
                unopened.append(custom)
            else:
                payload["CustomBlock"] = custom
        layout = self._edition(payload)
        if self._folds:
            # The version may stand under a name that only folding brings to light.
            layout = self._edition(layout.fold(payload))
            payload = layout.fold(payload)
        if unopened:
            faults = unopened + layout.explain_common(payload["CommonBlock"])
        else:
            faults = layout.explain(payload) or self._other_event(payload)
        return naming_editions(faults, self._event)

    def _edition(self, payload: dict[str, Any]) -> MessageFormat:
        """The format of the edition that a message says it has."""
        return self._event.format_of(version_of(payload["CommonBlock"]))

    def _custom(self, raw: msgspec.Raw) -> Any:
        """The CustomBlock as plain objects, or why it is none."""
        try:
            custom = plain(raw)
            if self._opens and isinstance(custom, str):
                opened = self._decrypt(custom)
                # The request's body was looked at while this was still encrypted.
                if too_deep(opened, self._settings.nesting_limit - _CUSTOM_DEPTH):
                    return Fault(_CUSTOM, f"JSON nested at most {self._settings.nesting_limit} deep")
                custom = plain(opened)
        except (UndecryptableBlock, CertificateMissing) as exc:
            return Fault(_CUSTOM, f"an object, or a JWE that opens with the DIP's key ({exc.message})")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
            return Fault(_CUSTOM, f"JSON ({exc})")
        return custom

    def _other_event(self, payload: dict[str, Any]) -> list[Fault]:
        """Events may share a format; the one of the address is meant."""
        code = payload["CommonBlock"]["S0"]["eventCode"]
        if code == self._event.code:
            return []
        return [Fault(f"{_COMMON}/S0/eventCode", f"{self._event.code}, the event of the address", code)]

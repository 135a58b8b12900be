"""Which edition of a channel's formats a message says it has, and what a fault of that says (FS-61)."""

from collections.abc import Sequence
from typing import Any

import msgspec

from dip.channels.channel import Event
from dip.messages.faults import Fault

_VERSION = "/payload/CommonBlock/S0/schemaVersion"


def version_of(common: Any) -> Any:
    """What stands as schemaVersion in a plain CommonBlock; None where there is none."""
    header = common.get("S0") if isinstance(common, dict) else None
    return header.get("schemaVersion") if isinstance(header, dict) else None


def naming_editions(faults: Sequence[Fault], event: Event) -> list[Fault]:
    """The faults, where the one of the schemaVersion names every edition that is accepted."""
    if len(event.editions) == 1:
        return list(faults)
    expected = f"one of {', '.join(event.editions)}"
    return [msgspec.structs.replace(one, expected=expected) if one.pointer == _VERSION else one for one in faults]

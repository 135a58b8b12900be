"""Why a message, or a whole request, is refused: a response code and what was expected where."""

from collections.abc import Sequence

import msgspec

from dip.channels.item_names import ItemNames
from dip.ground.errors import DipError
from dip.messages.faults import FAULTS_SHOWN, Fault
from dip.messages.standard_response import HELP_LIMIT


class Refusal(msgspec.Struct, frozen=True):
    """One refused message. `permission`: it is about who may do what, not about its form.

    retry_after_s: nothing is wrong with it, and it may be sent again after so many seconds.
    """

    code: str
    faults: tuple[Fault, ...] = ()
    note: str = ""
    permission: bool = False
    retry_after_s: int | None = None


class RequestRefused(DipError):
    """The request is refused as a whole."""

    code = "request_refused"

    def __init__(self, response_code: str, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.response_code = response_code
        self.status = status


def help_text(refusal: Refusal, index: int) -> str:
    """The help field: pointers into the request's body, as many whole faults as 500 characters hold."""
    pieces = [_shown(fault, index) for fault in refusal.faults[:FAULTS_SHOWN]]
    if refusal.note:
        pieces.insert(0, refusal.note)
    for shown in range(len(pieces), 0, -1):
        text = "; ".join(pieces[:shown]) + _more(len(pieces) - shown)
        if len(text) <= HELP_LIMIT:
            return text
    if not pieces:
        return ""
    # Not even the first is short enough: its beginning has to do.
    more = _more(len(pieces) - 1)
    return f"{pieces[0][: HELP_LIMIT - len(more) - 1]}…{more}"


def _more(left: int) -> str:
    return f"; and {left} more" if left else ""


def _shown(fault: Fault, index: int) -> str:
    return str(msgspec.structs.replace(fault, pointer=f"/{index}{fault.pointer}"))


def with_items(refusal: Refusal, names: ItemNames) -> Refusal:
    """The refusal, where each fault names the data item at its pointer."""
    faults = [
        fault if fault.item is not None else msgspec.structs.replace(fault, item=names.at(fault.pointer))
        for fault in refusal.faults
    ]
    return msgspec.structs.replace(refusal, faults=tuple(faults))


def one(code: str, place: str, expected: str, found: str | None = None) -> Refusal:
    """A refusal with a single fault."""
    return Refusal(code, (Fault(place, expected, found),))


def permission(code: str, place: str, expected: str, found: str | None = None) -> Refusal:
    """A refusal with a single fault that is about who may do what."""
    return Refusal(code, (Fault(place, expected, found),), permission=True)


def several(code: str, faults: Sequence[Fault]) -> Refusal:
    """A refusal with all its faults, up to ten."""
    return Refusal(code, tuple(faults[:FAULTS_SHOWN]))

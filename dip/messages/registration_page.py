"""The page of the registration API: what a registration service says of its MPANs (5.5.14, FS-35)."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

MOST_MPANS: Final = 10_000
"""In one page."""
USUAL_MPANS: Final = 1_000
"""In a page of which nobody said how many it shall have."""
CURSOR_CHARACTERS: Final = 512
"""Longest cursor."""

_Digits = Annotated[str, Meta(pattern="^[0-9]{13}$")]
_Short = Annotated[str, Meta(min_length=1, max_length=40)]
_Time = Annotated[str, Meta(min_length=25, max_length=25)]
_Cursor = Annotated[str, Meta(min_length=1, max_length=CURSOR_CHARACTERS)]


class StatedAppointment(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """An appointment as the service states it; whether role, DIP id and dates are right is judged by who takes it in.

    effective_from, effective_to: YYYY-MM-DD (local midnight) or 25 characters; the end is exclusive, None is open.
    """

    role: _Short
    dip_id: _Short
    effective_from: _Short
    effective_to: _Short | None


class StatedMpan(msgspec.Struct, frozen=True):
    """An MPAN, thirteen digits, and all its appointments."""

    mpan: _Digits
    appointments: Annotated[list[StatedAppointment], Meta(max_length=1_000)]


class RegistrationPage(msgspec.Struct, frozen=True, rename="camel"):
    """One page: MPANs in ascending order.

    as_of: when the service read these, 25 characters. next: the cursor of the page after it, None on the last one.
    """

    as_of: _Time
    mpans: Annotated[list[StatedMpan], Meta(max_length=MOST_MPANS)]
    next: _Cursor | None


class RegistrationProblem(msgspec.Struct, frozen=True):
    """How a registration service refuses a call (RFC 9457). code: stable, small letters and underscores."""

    title: str
    status: int
    code: Annotated[str, Meta(pattern="^[a-z_]{1,40}$")]
    detail: str

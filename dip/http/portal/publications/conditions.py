"""Conditions of a request: whether a reader has the payload already, or has a part of it (RFC 9110, 13)."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from enum import Enum, auto
from typing import Final, NamedTuple

from dip.ground.errors import DipError

_TAG: Final = re.compile(r'(W/)?("[^"\x00-\x20\x7f]*")')
_ANY: Final = "*"
CONDITIONS: Final = ("If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since")
"""Headers that `judged` looks at."""


class ConditionFailed(DipError):
    """The payload is not the one that If-Match or If-Unmodified-Since speaks of."""

    code = "condition_failed"


class Verdict(Enum):
    """What the conditions of a request come to."""

    SEND = auto()
    NOT_MODIFIED = auto()
    """The reader has it."""


class Validators(NamedTuple):
    """What tells a payload from others.

    tags: strong entity tags, quoted, of all the forms in which the reader may get it, the plain one first. modified:
    when it was published, whole seconds. is_fixed: the address has this content for ever.
    """

    tags: Sequence[str]
    modified: datetime
    is_fixed: bool


def judged(headers: Mapping[str, str], validators: Validators) -> Verdict:
    """Whether to send what GET or HEAD asks for, conditions in the order of 13.2.2. Raises ConditionFailed.

    headers: by their names as written here; what comes in several is joined by commas.
    """
    if (given := headers.get("If-Match")) is not None:
        if not _matches(given, validators.tags, is_strong=True):
            raise ConditionFailed("If-Match: none of these is the entity tag of this payload.")
    elif (since := http_date(headers.get("If-Unmodified-Since"))) is not None and validators.modified > since:
        raise ConditionFailed(f"If-Unmodified-Since: this was published at {date_text(validators.modified)}.")
    if (given := headers.get("If-None-Match")) is not None:
        return Verdict.NOT_MODIFIED if _matches(given, validators.tags, is_strong=False) else Verdict.SEND
    since = http_date(headers.get("If-Modified-Since"))
    return Verdict.NOT_MODIFIED if since is not None and validators.modified <= since else Verdict.SEND


def ranges_hold(if_range: str | None, validators: Validators) -> bool:
    """Whether Range counts: the reader's part is of the plain payload that we would send (13.1.5).

    A date counts at an address that never changes: of `latest` there may be two within a second.
    """
    if if_range is None:
        return True
    given = if_range.strip(" \t")
    if given.startswith(('"', "W/")):
        return given == validators.tags[0]
    return validators.is_fixed and http_date(given) == validators.modified


def matching_tag(if_none_match: str | None, tags: Sequence[str]) -> str:
    """The entity tag that a reader's list names: the one of the form that it has; the first where it names none."""
    named = {tag for _, tag in _tags(if_none_match or "")}
    return next((tag for tag in tags if tag in named), tags[0])


def http_date(text: str | None) -> datetime | None:
    """The moment of a date of HTTP, in any of its three forms; None for none, or what has no form (13.1.3)."""
    try:
        found = parsedate_to_datetime(text or "")
        return found.astimezone(UTC) if found.tzinfo is not None else found.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def date_text(when: datetime) -> str:
    """A moment as HTTP writes it."""
    return format_datetime(when.astimezone(UTC), usegmt=True)


def _matches(given: str, tags: Sequence[str], *, is_strong: bool) -> bool:
    if given.strip(" \t") == _ANY:
        return True
    return any(tag in tags and not (is_strong and is_weak) for is_weak, tag in _tags(given))


def _tags(given: str) -> Sequence[tuple[bool, str]]:
    """The entity tags of a list, and whether each is weak; what has no form names nothing."""
    return [(bool(weak), tag) for weak, tag in _TAG.findall(given)]

"""The forms of the channels' pages: what they show, and what comes back from them."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from aiohttp import web

from dip.catalogue.catalogue import Comparison
from dip.catalogue.errors import DefinitionRefused
from dip.ground.errors import BadRequest, DipError
from dip.http.portal.guard import visitor_of


class Shown(msgspec.Struct, frozen=True):
    """A comparison as a page shows it. lines: kind (added, removed, same, place) and text."""

    lines: Sequence[tuple[str, str]]
    items: Sequence[str]


def editor(
    text: str,
    *,
    base: int,
    reason: str = "",
    refused: DipError | None = None,
    comparison: Comparison | None = None,
    checked: str = "",
) -> dict[str, Any]:
    """What the form of a definition shows. checked: the mark of the text that was checked and shown as a difference."""
    faults = refused.faults if isinstance(refused, DefinitionRefused) else ()
    lines = text.splitlines()
    return {
        "definition": text,
        "base": base,
        "reason": reason,
        "refused": refused,
        "faults": [(one, lines[one.line - 1] if one.line <= len(lines) else "") for one in faults],
        "difference": None if comparison is None else shown(comparison),
        "checked": checked,
    }


def shown(comparison: Comparison) -> Shown:
    """A comparison for a page, without the two lines that name its sides."""
    kinds = {"+": "added", "-": "removed", "@": "place"}
    lines = [(kinds.get(line[:1], "same"), line) for line in comparison.text.splitlines()[2:]]
    return Shown(lines, comparison.items)


def mark_of(text: str) -> str:
    """Tells one text from another, in a hidden field."""
    return hashlib.sha256(text.encode()).hexdigest()


def text_of(form: Any) -> str:
    """The definition, its lines ended as in a file."""
    return str(form.get("definition", "")).replace("\r\n", "\n")


def reason_of(form: Any) -> str:
    """Why."""
    return str(form.get("reason", "")).strip()[:200]


def base_of(form: Any) -> int:
    """The version that was changed."""
    text = str(form.get("base", ""))
    return int(text[:9]) if text.isascii() and text.isdecimal() else 0


def moment_of(form: Any, name: str) -> datetime | None:
    """A time of a form, UTC. Raises BadRequest."""
    text = str(form.get(name, "")).strip()
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as exc:
        raise BadRequest(f"{name} is a time such as 2026-03-21T19:05.") from exc
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def author_of(request: web.Request) -> str:
    """Who sends the form."""
    visitor = visitor_of(request)
    return visitor.name if visitor is not None else ""

"""A sequence of real messages as rows of a diagram: lifelines, arrows, times."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from urllib.parse import quote

from dip.http.portal.diagram import Arrow, Lifeline, Time, sequence_diagram, sequence_image
from dip.http.portal.diagrams.words import (
    DIP_NAME,
    UNDER_WAY,
    NameOf,
    detail_of,
    kind_of,
    mark_of,
    name_of_party,
    text_of,
)
from dip.http.portal.wording import date, duration, time_of_day
from dip.messages.identifiers import DIP
from dip.reporting.sequence import Act, Event, MessageSequence, Party

_NAME_CHARACTERS: Final = 17
_NAME_LINES: Final = 2
_ROLES: Final = 2
STYLE: Final = """
svg { --card: #fffefb; --ink: #1c2430; --soft: #55606e; --accent: #0b5f58; --wash: #e6f0ee; --waiting: #7f4f00;
  --bad: #a3212b; }
@media (prefers-color-scheme: dark) { svg { --card: #181f27; --ink: #e8ecf0; --soft: #a3afbc; --accent: #6fd3c6;
  --wash: #17302f; --waiting: #f2c265; --bad: #ff9f99; } }
.back { fill: var(--card); }
text { font: 13px/1 system-ui, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif; fill: var(--ink); }
.label, .detail { paint-order: stroke; stroke: var(--card); stroke-width: 5px; stroke-linejoin: round; }
.head ~ .detail { stroke: none; }
.name, .mark { font-weight: 650; }
.name { font-size: 12.5px; }
.detail { font-size: 11.5px; fill: var(--soft); }
.time { font-size: 12px; font-variant-numeric: tabular-nums; }
.head { fill: var(--wash); stroke: var(--accent); }
.lifeline { stroke: var(--soft); stroke-dasharray: 2 4; }
.arrow { stroke: var(--ink); stroke-width: 1.6; }
.dashed { stroke-dasharray: 7 4; }
.tip, .origin { fill: var(--ink); }
.label.bad, .label.report, .tip.bad, .tip.report, .origin.bad, .origin.report { fill: var(--bad); }
.label.bad { font-weight: 600; }
.arrow.bad, .arrow.report, .cross { stroke: var(--bad); }
.cross { stroke-width: 2.6; }
.label.waiting, .tip.waiting, .origin.waiting { fill: var(--waiting); }
.arrow.waiting { stroke: var(--waiting); }
"""
"""The colours of the portal's style sheet, for a file that stands alone."""


def drawn(title: str, sequence: MessageSequence, name_of: NameOf) -> str:
    """The `svg` element for a page; arrows link to their messages."""
    return sequence_diagram(title, lifelines(sequence, name_of), rows(sequence, linked=True))


def image(title: str, description: str, sequence: MessageSequence, name_of: NameOf) -> str:
    """The SVG file, without links: it may be far from the portal."""
    return sequence_image(title, description, STYLE, lifelines(sequence, name_of), rows(sequence, linked=False))


def lifelines(sequence: MessageSequence, name_of: NameOf) -> list[Lifeline]:
    """Who took part, from left to right; long names are cut."""
    return [Lifeline(_shortened(name_of_party(party, name_of)), _told(party)) for party in sequence.parties]


def rows(sequence: MessageSequence, *, linked: bool) -> list[Arrow]:
    """An arrow for each event."""
    place = {party.dip_id: number for number, party in enumerate(sequence.parties)}
    made: list[Arrow] = []
    before: datetime | None = None
    for event in sequence.events:
        made.append(
            Arrow(
                senders=(place[event.sender],),
                recipients=(place[event.recipient],),
                mark=mark_of(event),
                text=text_of(event),
                detail=detail_of(event),
                href=f"/messages/{quote(event.transaction_id, safe='')}" if linked else None,
                dashed=kind_of(event) == UNDER_WAY or event.act in (Act.REPORTED, Act.RETURNED),
                kind=kind_of(event),
                time=_time(event, before),
            )
        )
        before = event.at
    return made


def _time(event: Event, before: datetime | None) -> Time:
    return Time(
        clock=time_of_day(event.at),
        gap=f"+{duration(event.after)}" if event.after else "",
        date=date(event.at) if before is None or date(before) != date(event.at) else "",
    )


def _told(party: Party) -> str:
    if party.dip_id == DIP:
        return ""
    more = len(party.roles) - _ROLES
    named: Sequence[str] = [*party.roles[:_ROLES], *([f"+{more}"] if more > 0 else [])]
    return f"{', '.join(named)} {party.dip_id}".strip()


def _shortened(name: str) -> str:
    """At most two lines of a lifeline's head."""
    if name == DIP_NAME:
        return name
    lines: list[str] = []
    for word in name.split():
        cut = word if len(word) <= _NAME_CHARACTERS else f"{word[: _NAME_CHARACTERS - 1]}…"
        if lines and len(lines[-1]) + 1 + len(cut) <= _NAME_CHARACTERS:
            lines[-1] += f" {cut}"
        else:
            lines.append(cut)
    kept = lines[:_NAME_LINES]
    if len(lines) > _NAME_LINES:
        kept[-1] = f"{kept[-1][: _NAME_CHARACTERS - 1]}…"
    return " ".join(kept)

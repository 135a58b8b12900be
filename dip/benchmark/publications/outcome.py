"""The figures of a run as rows and aims."""

from collections.abc import Sequence
from typing import Final

import msgspec

from dip.benchmark.even import EvenCall
from dip.benchmark.measure import Round, Unaccounted, percentiles_ms
from dip.benchmark.publications.memory import Memory
from dip.benchmark.publications.payloads import MB
from dip.benchmark.publications.plan import GIB, MIB, Found, Plan, Stretch
from dip.benchmark.report import Cell, Report, Target, below

_MODE: Final = "publications"
_WHOLE: Final = "all of it"
_MOST_GROWTH_MB: Final = 60.0
_MOST_P90_MS: Final = 500.0
_MOST_EARLY_S: Final = 1.0
_MOST_FILTER_S: Final = 30.0


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """A run whose books balance. doubled: announcements that came twice. started_mb: memory before any message."""

    found: Found
    messages: Round
    calls: Sequence[EvenCall]
    doubled: int
    memory: Memory
    started_mb: float | None = None
    stretches: Sequence[Stretch]


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """All figures, for JSON. Memory: MB over idle; answer_ms: by stretch of the run."""

    found: Found
    messages: Round
    started_mb: float | None
    idle_mb: float | None
    growth_mb: dict[str, float | None]
    own_growth_mb: dict[str, float | None]
    answer_ms: dict[str, dict[str, float]]
    sent: int
    """Single messages, all of them at all recipients."""
    late_ms: dict[str, float]
    """How long after its time the client sent each; counts in answer_ms."""


def report(plan: Plan, outcome: Outcome | Unaccounted) -> Report:
    """What the command prints."""
    title = (
        f"payloads of {plan.gib:g} GiB, {plan.mib} MiB and {plan.filter_gb:g} GB uploaded, announced to "
        f"{plan.recipients} recipients, read and filtered, while {plan.rate} single IF-021 a second flow to four, live"
    )
    if isinstance(outcome, Unaccounted):
        return Report(mode=_MODE, title=title, plan=plan, unaccounted=[outcome.reason])
    detail = _detail(outcome)
    heads = ("p50", "p90", "p99", "max")
    rows, targets = _rows(plan, outcome, detail), _targets(outcome, detail)
    return Report(mode=_MODE, title=title, plan=plan, heads=heads, rows=rows, targets=targets, detail=detail)


def _detail(outcome: Outcome) -> Detail:
    stretches, memory = outcome.stretches, outcome.memory
    first, last = stretches[0].began, stretches[-1].ended
    everything = [*stretches, Stretch(_WHOLE, first, last)]
    return Detail(
        found=outcome.found,
        messages=outcome.messages,
        started_mb=outcome.started_mb,
        idle_mb=memory.idle_mb,
        growth_mb={one.name: memory.growth_mb(one.began, one.ended) for one in everything},
        own_growth_mb={one.name: memory.own_growth_mb(one.began, one.ended) for one in everything},
        answer_ms={
            one.name: percentiles_ms(answers) for one in everything if (answers := _answers(outcome.calls, one))
        },
        sent=len(outcome.calls),
        late_ms=percentiles_ms([(call.began - call.sent) * 1000 for call in outcome.calls]),
    )


def _answers(calls: Sequence[EvenCall], stretch: Stretch) -> list[float]:
    return [(call.answered - call.sent) * 1000 for call in calls if stretch.began <= call.sent <= stretch.ended]


def _rows(plan: Plan, outcome: Outcome, detail: Detail) -> dict[str, Sequence[Cell]]:
    found, large, shared = outcome.found, plan.gib * GIB / MB, plan.downloads * plan.mib * MIB / MB
    figures: dict[str, Sequence[float]] = {
        "upload over mTLS, MB/s": [large / found.upload_s],
        "  of a bare TLS stream that is hashed and written": [found.upload_floor_s / found.upload_s],
        "  of a copy of the file that is hashed": [found.copy_s / found.upload_s],
        f"all {plan.recipients} recipients told in, s": found.told_s,
        "download whole, MB/s": [large / found.download_s],
        "  of a bare TCP stream": [found.download_floor_s / found.download_s],
        f"{plan.downloads} downloads at once, MB/s": [shared / found.downloads_s[-1]],
        "  of as many bare TCP streams": [found.downloads_floor_s[-1] / found.downloads_s[-1]],
        "  the first and the last were there after, s": [found.downloads_s[0], found.downloads_s[-1]],
        "filter: equal: first row, all early rows, all, s": found.equal_s,
        "filter: range: first row, all early rows, all, s": found.range_s,
    }
    rows: dict[str, Sequence[Cell]] = {name: [round(one, 2) for one in each] for name, each in figures.items()}
    rows |= {f"answer, ms: {name}": list(took.values()) for name, took in detail.answer_ms.items()}
    rows["sent late by the client, ms"] = list(detail.late_ms.values())
    rows["memory before any message, and idle after them, MB"] = [
        one and round(one, 1) for one in (detail.started_mb, detail.idle_mb)
    ]
    for name, grown in detail.growth_mb.items():
        rows[f"  over idle, with and without pages of files: {name}"] = [grown, detail.own_growth_mb[name]]
    rows["messages lost, doubled"] = [f"0, {outcome.messages.duplicates}"]
    rows["announcements lost, doubled"] = [f"0, {outcome.doubled}"]
    return rows


def _targets(outcome: Outcome, detail: Detail) -> list[Target]:
    grown = detail.growth_mb[_WHOLE]
    aims = [below("memory over idle", grown, _MOST_GROWTH_MB, "MB")] if grown is not None else []
    p90_ms = {name: figures["p90"] for name, figures in detail.answer_ms.items()}
    if _WHOLE in p90_ms:
        aims.append(below("messages' p90", p90_ms[_WHOLE], _MOST_P90_MS, "ms"))
        aims.append(below("messages' p90, the worst stretch", max(p90_ms.values()), _MOST_P90_MS, "ms"))
    for name, took in (("equal", outcome.found.equal_s), ("range", outcome.found.range_s)):
        aims.append(below(f"filter: {name}, early rows", round(took[1], 2), _MOST_EARLY_S, "s"))
        aims.append(below(f"filter: {name}, all", took[2], _MOST_FILTER_S, "s"))
    return aims

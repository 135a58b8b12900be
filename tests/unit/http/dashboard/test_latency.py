"""Latency as bars against the lines of 3 and 30 seconds."""

import re

import pytest

from dip.http.portal.dashboard.latency import latency_bars, tone_of_time
from dip.reporting.traffic import Spread


@pytest.mark.requirement("FS-51", "FS-52")
def test_the_bars_say_their_figures_to_who_does_not_see_them() -> None:
    drawn = str(latency_bars(Spread(timed=4, p50_ms=4.5, p90_ms=2999, p99_ms=29_000, most_ms=185_000), "End to end"))
    assert 'role="img"' in drawn
    assert "<title" in drawn
    assert "p50 4.5 ms, p90 3.0 s, p99 29.0 s, max 3 min 5 s; lines at 3 s and 30 s." in drawn
    assert re.findall(r'<rect class="(\w+)"', drawn) == ["good", "good", "waiting", "bad"]


def test_a_longer_time_has_a_longer_bar_and_none_leaves_the_drawing() -> None:
    drawn = str(latency_bars(Spread(timed=4, p50_ms=0.01, p90_ms=10, p99_ms=10_000, most_ms=10_000_000), "All"))
    widths = [float(width) for width in re.findall(r'width="([\d.]+)"', drawn)]
    assert widths == sorted(widths)
    assert widths[0] > 0
    assert widths[-1] <= 250


@pytest.mark.parametrize(
    ("milliseconds", "tone"), [(0, "good"), (3000, "good"), (3001, "waiting"), (30_000, "waiting"), (30_001, "bad")]
)
def test_a_time_is_judged_by_the_two_lines(milliseconds: float, tone: str) -> None:
    assert tone_of_time(milliseconds) == tone

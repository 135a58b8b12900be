"""Charts: what stands where, what is written beside it, and what is told of it in words."""

import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as Tree

import pytest

from dip.http.portal.charts.bars import bars
from dip.http.portal.charts.frame import Series, Threshold, Times
from dip.http.portal.charts.lines import lines, runs
from dip.http.portal.charts.scales import count, linear, logarithmic, milliseconds, time_ticks
from dip.http.portal.charts.sparkline import sparkline
from tests.support.happenings import read_svg

BEGIN = datetime(2026, 3, 21, 18, 7, tzinfo=UTC)
MINUTES = Times(BEGIN, timedelta(minutes=1))
DAY = timedelta(days=1)


def made(*values: float | None, name: str = "Delivered", tone: str = "good") -> Series:
    return Series(name=name, values=values, tone=tone)


def texts(root: Tree.Element, kind: str) -> list[str | None]:
    return [one.text for one in root.iter("text") if (one.get("class") or "").split()[0] == kind]


@pytest.mark.requirement("FS-51")
@pytest.mark.parametrize(
    ("most", "ticks"),
    [
        (0, [0, 0.5, 1]),
        (1, [0, 0.5, 1]),
        (4, [0, 1, 2, 3, 4]),
        (7, [0, 2, 4, 6, 8]),
        (99, [0, 50, 100]),
        (450, [0, 200, 400, 600]),
        (30_000, [0, 10_000, 20_000, 30_000]),
    ],
)
def test_a_scale_goes_by_steps_of_one_two_or_five(most: float, ticks: list[float]) -> None:
    scale = linear(most)
    assert scale.ticks == ticks
    assert (scale.height(0), scale.height(scale.top)) == (0, 1)


@pytest.mark.requirement("FS-51")
def test_counts_have_whole_steps() -> None:
    assert linear(1, whole=True).ticks == [0, 1]
    assert linear(0, whole=True).ticks == [0, 1]


@pytest.mark.requirement("FS-51")
def test_a_logarithmic_scale_goes_by_powers_of_ten_and_what_lies_below_stands_at_its_foot() -> None:
    scale = logarithmic(3, 30_000)
    assert scale.ticks == [1, 10, 100, 1000, 10_000, 100_000]
    assert scale.height(100) == pytest.approx(0.4)
    assert scale.height(0) == 0
    assert logarithmic(10, 10).ticks == [10, 100]


@pytest.mark.requirement("FS-51")
@pytest.mark.parametrize(
    ("begin", "length", "words"),
    [
        (BEGIN, timedelta(minutes=1), ["18:07"]),
        (BEGIN, timedelta(hours=1), ["18:15", "18:30", "18:45", "19:00"]),
        (BEGIN, timedelta(hours=12), ["21:00", "22 Mar", "03:00", "06:00"]),
        (BEGIN, timedelta(days=7), ["22 Mar", "24 Mar", "26 Mar", "28 Mar"]),
        (datetime(2026, 3, 1, tzinfo=UTC), 365 * DAY, ["1 Apr", "1 Jul", "1 Oct", "1 Jan 2027"]),
        (datetime(2026, 3, 1, tzinfo=UTC), 2000 * DAY, ["1 Jan 2028", "1 Jan 2030"]),
    ],
)
def test_times_stand_at_whole_minutes_hours_days_and_months(
    begin: datetime, length: timedelta, words: list[str]
) -> None:
    ticks = time_ticks(begin, begin + length, 4)
    assert [tick.words for tick in ticks] == words
    assert all(0 <= tick.at < 1 for tick in ticks)


@pytest.mark.requirement("FS-51")
def test_values_are_written_in_the_unit_that_fits() -> None:
    assert [count(value) for value in (0, 12_000, 0.5)] == ["0", "12,000", "0.5"]
    times = (0.1, 9, 38, 1000, 1240, 30_000, 100_000, 150_000)
    shown = ["0.1 ms", "9 ms", "38 ms", "1 s", "1.24 s", "30 s", "100 s", "2.5 min"]
    assert [milliseconds(value) for value in times] == shown


@pytest.mark.requirement("FS-51")
def test_a_line_is_broken_where_nothing_was_measured_and_a_point_alone_is_marked() -> None:
    values = (1, 2, None, None, 3, None, 4, 5)
    assert [list(run) for run in runs(values)] == [[0, 1], [4], [6, 7]]
    root = read_svg(lines([made(*values)], label="Latency", times=MINUTES))
    path = next(one.get("d", "") for one in root.iter("path") if one.get("class") == "line good")
    assert path.count("M") == 3
    many = made(*([1.0] * 50), None, 2, None, *([1.0] * 50))
    marks = [one.get("x") for one in read_svg(lines([many], label="Latency", times=MINUTES)).iter("use")]
    assert "50%" in marks
    assert len(marks) < 12


@pytest.mark.requirement("FS-51")
def test_each_bucket_tells_its_time_and_its_values() -> None:
    drawn = lines(
        [made(12, None, name="p50"), made(900, None, name="p99")], label="Latency", times=MINUTES, words=milliseconds
    )
    hits = [one for one in read_svg(drawn).iter("rect") if one.get("class") == "hit"]
    assert [hit.findtext("title") for hit in hits] == [
        "2026-03-21 18:07\np50: 12 ms\np99: 900 ms",
        "2026-03-21 18:08\nnothing measured",
    ]


@pytest.mark.requirement("FS-51")
def test_a_threshold_lies_within_the_chart_whatever_was_measured() -> None:
    thresholds = (Threshold(3000, "within 3 s"), Threshold(30_000, "within 30 s"))
    for is_logarithmic in (True, False):
        for values in ((), (None,), (5.0,), (0.0,)):
            root = read_svg(
                lines(
                    [made(*values)],
                    label="Latency",
                    times=MINUTES,
                    thresholds=thresholds,
                    is_logarithmic=is_logarithmic,
                )
            )
            assert texts(root, "threshold-words") == ["within 3 s", "within 30 s"]
            across = [one for one in root.iter("line") if one.get("class") == "threshold"]
            heights = [float((one.get("y1") or "").rstrip("%")) for one in across]
            assert 9 <= heights[1] < heights[0] < 88


@pytest.mark.requirement("FS-51")
def test_bars_stand_upon_each_other_and_each_has_a_texture_of_its_own() -> None:
    series = [made(30, 0), made(10, 0, name="Rejected", tone="bad")]
    root = read_svg(bars(series, label="Deliveries", times=MINUTES))
    assert texts(root, "value") == ["0", "10", "20", "30", "40"]
    foot, top = [one for one in root.iter("rect") if one.get("x") == "4%"]
    edges = [float((one.get(name) or "").rstrip("%")) for one, name in ((foot, "y"), (top, "y"), (top, "height"))]
    assert edges[1] + edges[2] == pytest.approx(edges[0], abs=0.01)
    assert [one.get("fill") for one in root.iter("g")][:2] == [None, "url(#chart-deliveries-t1)"]
    told = "Delivered: 30 altogether. Rejected: 10 altogether. Most at 2026-03-21 18:07: 40."
    assert root.findtext(".//desc") == told


@pytest.mark.requirement("FS-51", "FS-57")
def test_a_chart_has_a_name_and_a_text_and_escapes_what_others_wrote() -> None:
    name = "<script>&\"'"
    for drawn in (
        lines([made(1, name=name)], label=name, times=MINUTES),
        bars([made(1, name=name)], label=name, times=MINUTES),
        sparkline([1, 2], label=name),
    ):
        assert "<script>" not in drawn
        assert "style=" not in drawn
        root = read_svg(drawn)
        image = next(one for one in root.iter("svg") if one.get("role") == "img")
        ids = {one.get("id"): one for one in root.iter() if one.get("id")}
        assert ids[image.get("aria-labelledby")].text == name
        assert ids[image.get("aria-describedby")].text


@pytest.mark.requirement("FS-51")
@pytest.mark.parametrize("many", [0, 1, 2000])
def test_a_chart_has_any_number_of_buckets(many: int) -> None:
    values = [float(place % 7) for place in range(many)]
    for drawn in (
        lines([made(*values)], label="Latency", times=MINUTES, is_logarithmic=True),
        bars([made(*values)], label="Deliveries", times=MINUTES),
    ):
        assert len(re.findall(r'class="hit"', drawn)) == max(1, many)
    assert sparkline(values, label="An hour")


def test_a_sparkline_tells_its_last_and_its_greatest_value() -> None:
    assert "Last 2, most 5." in sparkline([None, 5, 2], label="An hour")
    assert "Nothing measured." in sparkline([None], label="An hour")
    assert "<circle" not in sparkline([1, None], label="An hour")

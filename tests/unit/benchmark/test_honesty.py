"""A benchmark says nothing where a message is unaccounted for."""

import msgspec
import pytest
import typer

from dip.benchmark import backlog, replay, singles
from dip.benchmark.even import EvenCall
from dip.benchmark.load import Call
from dip.benchmark.measure import Round, Unaccounted, measure, without
from dip.benchmark.receiver import Arrival
from dip.benchmark.receivers import Record
from dip.benchmark.report import Report, above, below
from dip.cli.bench import show

ANNA, BERT = "2200000001", "2200000002"


def call(*references: str, status: int = 201, sent: float = 10.0) -> Call:
    return Call(list(references), sent, sent + 0.004, status)


def arrival(recipient: str, *references: str, at: float = 10.01) -> Arrival:
    return Arrival(recipient, at, list(references))


def measured(calls: list[Call], arrivals: list[Arrival], *recipients: str) -> Round | Unaccounted:
    return measure(calls, arrivals, recipients or (ANNA,), cpu_s=None, memory_mb=None)


def test_a_round_whose_books_balance_has_figures() -> None:
    found = measured([call("a", "b")], [arrival(ANNA, "a"), arrival(ANNA, "b", at=10.03)])
    assert isinstance(found, Round)
    assert found.delivery_ms["max"] == pytest.approx(30.0)
    assert found.duplicates == 0


@pytest.mark.parametrize(
    ("calls", "arrivals", "reason"),
    [
        ([call("a", "b")], [arrival(ANNA, "a")], "1 of 2 messages never reached"),
        ([call("a")], [], "1 of 1 messages never reached"),
        ([call("a")], [arrival(ANNA, "a", "x")], "1 messages that nobody sent"),
        ([call("a"), call("b", status=503)], [arrival(ANNA, "a", "b")], "1 requests were not taken"),
    ],
)
def test_one_message_too_few_or_too_many_and_there_is_no_rate(
    calls: list[Call], arrivals: list[Arrival], reason: str
) -> None:
    found = measured(calls, arrivals)
    assert isinstance(found, Unaccounted)
    assert reason in found.reason


def test_each_recipient_must_have_everything() -> None:
    found = measured([call("a")], [arrival(ANNA, "a")], ANNA, BERT)
    assert isinstance(found, Unaccounted)
    assert BERT in found.reason


def test_what_came_twice_is_counted_once_and_said() -> None:
    found = measured([call("a")], [arrival(ANNA, "a"), arrival(ANNA, "a", at=99.0)])
    assert isinstance(found, Round)
    assert found.duplicates == 1
    assert found.delivery_ms["max"] == pytest.approx(10.0)


def test_the_warm_up_counts_for_nothing() -> None:
    record = Record([arrival(ANNA, "w"), arrival(ANNA, "w2", "a")])
    assert [one.references for one in without({"w", "w2"}, record)] == [["a"]]


def even(reference: str) -> EvenCall:
    return EvenCall([reference], 10.0, 10.004, 202, 10.001)


@pytest.mark.parametrize(("opened", "wrong"), [(0, 0), (1, 1)])
def test_a_message_that_does_not_open_to_what_was_sent_is_unaccounted_for(opened: int, wrong: int) -> None:
    plan = singles.Plan("spec", 1, 1, opens_every=1)
    record = Record([arrival(singles.RECIPIENT, "a")], opened, wrong)
    found = singles.judge(plan, [even("a")], [], record, cpu_s=None, memory_mb=None)
    assert isinstance(found, Unaccounted)


def test_latencies_count_from_when_a_message_was_due() -> None:
    record = Record([arrival(singles.RECIPIENT, "a")])
    found = singles.judge(singles.Plan(), [even("a")], [], record, cpu_s=None, memory_mb=None)
    assert isinstance(found, singles.SinglesResult)
    assert found.messages.delivery_ms["p50"] == pytest.approx(10.0)
    assert found.late_ms["max"] == pytest.approx(1.0)


def page(*transactions: str, replayed: bool = True) -> bytes:
    wrappers = [{"transactionID": one, "replayIndicator": replayed} for one in transactions]
    return msgspec.json.encode([{"payload": {"CommonBlock": {"D0": wrapper}}} for wrapper in wrappers])


def test_a_replay_must_bring_each_message_once_in_order() -> None:
    assert replay.compare(["1", "2", "3"], [page("1", "2"), page("3")]) is None


@pytest.mark.parametrize(
    "pages",
    [
        [page("1", "2")],
        [page("1", "3"), page("2")],
        [page("1", "2"), page("2", "3")],
        [page("1", "2", "3", "4")],
        [page("1", "2", "3", replayed=False)],
    ],
)
def test_a_replay_with_a_message_missing_doubled_strange_or_out_of_order_has_no_rate(pages: list[bytes]) -> None:
    assert isinstance(replay.compare(["1", "2", "3"], pages), Unaccounted)


def test_a_backlog_is_measured_from_the_first_calls_answer() -> None:
    found = backlog.caught_up(["1", "2", "3"], [arrival(ANNA, "1", at=10), arrival(ANNA, "2", "3", "3", at=12)])
    assert found == backlog.CaughtUp(10, 1.0, 1)


@pytest.mark.parametrize("came", [["1", "3"], ["1", "3", "2"], []])
def test_a_backlog_that_comes_short_or_out_of_order_has_no_rate(came: list[str]) -> None:
    arrivals = [arrival(ANNA, one, at=number) for number, one in enumerate(came)]
    assert isinstance(backlog.caught_up(["1", "2", "3"], arrivals), Unaccounted)


def test_no_figure_is_printed_and_the_command_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report(mode="singles", title="", plan={}, rows={"rate": [12345.0]}, unaccounted=["1 message is missing"])
    with pytest.raises(typer.Exit) as ended:
        show(report, None)
    printed = capsys.readouterr()
    assert ended.value.exit_code == 1
    assert printed.out == ""
    assert "1 message is missing" in printed.err
    assert "12345" not in printed.err


def test_a_report_says_what_was_aimed_at_and_whether_it_was_met(capsys: pytest.CaptureFixture[str]) -> None:
    aims = [below("p50", 20.0, 20, "ms"), above("drained", 2001, 2000, "a second")]
    assert [aim.met for aim in aims] == [False, True]
    show(Report(mode="singles", title="", plan={"rate": 5}, targets=aims), 0.5)
    printed = msgspec.json.decode(capsys.readouterr().out)
    assert {"machine", "load_before", "plan", "targets"} <= printed.keys()

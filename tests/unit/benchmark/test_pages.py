"""The benchmark of pages: every route is asked for, its traffic is the same each time, what is amiss has no figure."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from dip.benchmark.pages.addresses import ValuesMissing, addresses, readable
from dip.benchmark.pages.asking import Asked, Times
from dip.benchmark.pages.fates import fate, refused
from dip.benchmark.pages.ground import POWERS, Marks
from dip.benchmark.pages.plan import PAGE_MS, SEARCH_MS, Plan, Way
from dip.benchmark.pages.run import report
from dip.benchmark.pages.traffic import MUCH, SPAN, SUPPLIER, correlation, requests
from dip.benchmark.pages.visitors import FIXED, LISTED, of_marks
from dip.cli.bench_pages import ways
from dip.http.portal.permissions import RULES
from dip.messages.identifiers import DipId
from dip.store.records import Status

pytestmark = pytest.mark.requirement("FS-59")
UNTIL = datetime(2026, 6, 1, 12, 30, tzinfo=UTC)
MARKS = Marks(
    messages=1,
    until=UNTIL,
    transaction="T-1",
    correlation="CI-1",
    reference="S-1",
    mpan=MUCH,
    envelope="E-1",
    middle=7,
    incident=3,
)
VALUES = {**FIXED, **of_marks(MARKS), **dict.fromkeys(LISTED, "1"), "user": "somebody"}
ADMINISTRATOR = frozenset({"administrator"})


def test_every_route_that_is_read_is_asked_for_with_values_for_its_parameters() -> None:
    asked = addresses(readable(ways(), ADMINISTRATOR), VALUES)
    routes = {route.partition(" ")[2] for route in RULES if route.startswith("GET ")} - {"/static"}
    assert {one.name.partition("?")[0].replace("/flows/own", "/flows/{flow}") for one in asked} == routes
    assert not [one.target for one in asked if "{" in one.target]


def test_a_route_with_a_parameter_that_nobody_gave_a_value_is_named() -> None:
    with pytest.raises(ValuesMissing, match=r"/new/\{thing\}: \{thing\}"):
        addresses([Way("/new/{thing}", True, None)], VALUES)


def test_a_companys_user_asks_only_for_what_its_powers_allow() -> None:
    powers = frozenset(POWERS["bench.company"])
    asked = {way.path for way in readable(ways(), powers)}
    assert {"/messages", "/", "/users", "/healthz"} <= asked
    assert asked.isdisjoint({"/activity", "/faults", "/admin/api/mpans/runs"})


def test_searches_by_an_id_have_the_shorter_limit() -> None:
    asked = addresses(readable(ways(), ADMINISTRATOR), VALUES)
    searches = {one.name for one in asked if one.limit_ms == SEARCH_MS}
    assert "/messages?transaction={transaction_id}" in searches
    assert "/admin/api/messages?correlation={correlation_id}" in searches
    assert all("id}" in name or "{reference}" in name or "{mpan}" in name for name in searches)


def test_values_are_written_as_addresses_need_them() -> None:
    (asked,) = addresses([Way("/messages/{transaction_id}", False, None)], {"transaction_id": "a/b c"})
    assert asked.target == "/messages/a%2Fb%20c"


@pytest.mark.parametrize("count", [1, 199, 2_000, 40_001])
def test_traffic_has_as_many_messages_as_were_asked_for_in_order_of_time(count: int) -> None:
    made = requests(count, UNTIL)
    assert sum(len(one.mpans) for one in made) == count
    assert [one.at for one in made] == sorted(one.at for one in made)
    assert all(UNTIL - SPAN <= one.at < UNTIL for one in made)
    assert made == requests(count, UNTIL)


def test_messages_of_a_workflow_share_correlation_id_and_mpan() -> None:
    by_workflow: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for one in requests(20_000, UNTIL):
        if one.workflow:
            by_workflow.setdefault(one.workflow, []).append((one.interface, one.mpans[:1]))
    whole = [steps for steps in by_workflow.values() if steps[0][0] == "IF-031" and len(steps) >= 6]
    assert whole
    assert all(len({mpans for _, mpans in steps}) == 1 for steps in whole)
    assert len(correlation(next(iter(by_workflow)), 99)) <= 60


def test_one_mpan_has_many_messages() -> None:
    counted = Counter(mpan for one in requests(40_000, UNTIL) for mpan in one.mpans)
    assert counted[MUCH] > 200
    assert counted.most_common(1)[0][0] == MUCH


def test_most_messages_arrive_and_some_do_not() -> None:
    requested, size, recipient = 1_000, 100, DipId("2200000001")
    fates = [fate(number, requested, size, recipient) for number in range(requested)]
    lost = Counter(status for one in fates for _, status in one.lost)
    assert lost.keys() == {Status.REJECTED_BY_RECIPIENT, Status.RETRIES_EXHAUSTED, Status.DELIVERY_FAILURE}
    assert 0 < lost.total() < requested * size / 50
    assert [number for number, one in enumerate(fates) if one.waits] == list(range(980, 1_000))
    assert any(one.retried for one in fates)
    assert not fate(999, requested, size, SUPPLIER).waits
    assert sum(map(refused, range(requested))) > 0


def asked(name: str, p90: float, limit_ms: float = PAGE_MS, fault: str = "") -> Asked:
    times = None if fault else Times(first=1.0, p50=p90 / 2, p90=p90, max=p90 * 2)
    return Asked("bench.company", name, limit_ms, False, times=times, fault=fault)


def test_a_page_that_was_not_answered_as_it_should_be_has_no_figures_and_the_run_misses_its_aim() -> None:
    made = report(Plan(), "", [asked("/messages", 20), asked("/queues", 0, fault="answered 500")], 1.0)
    assert made.rows["company /queues"] == ["no figures: answered 500"]
    assert made.rows["company /messages"][:4] == [1.0, 10.0, 20, 40]
    assert [target.met for target in made.targets] == [False, True, True]


def test_pages_and_searches_are_held_to_their_own_limits() -> None:
    made = report(Plan(), "", [asked("/messages", 299), asked("/messages?transaction={}", 51, SEARCH_MS)], 1.0)
    met = {target.name: target.met for target in made.targets}
    assert met["page, the slowest p90"]
    assert not met["search by id, the slowest p90"]
    assert not met["addresses over their limit"]


def test_the_year_that_is_asked_for_lies_within_what_was_counted() -> None:
    assert VALUES["year_ago"] == "2025-06-02T12:30:00+00:00"

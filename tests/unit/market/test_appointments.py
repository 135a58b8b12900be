"""The appointments of a made-up market, as values and as text."""

from collections import Counter, defaultdict
from datetime import date, datetime
from itertools import islice, pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dip.market.files import write_market
from dip.market.making import appointments
from dip.market.parties import parties
from dip.market.plan import Plan, Rates
from tests.unit.market.reading import DATA, METERING, Row, by_mpan, is_valid, rows, service

PLAN = Plan(mpans=20_000, seed=11)
LAST_DAY = "9999"
"""Stands for an open end when dates are compared as text."""


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Row]]:
    """The rows of each MPAN of a market's file."""
    directory = tmp_path_factory.mktemp("market")
    write_market(directory, PLAN, parties(), b"")
    found = list(by_mpan(rows(directory / "mpans.csv.gz")))
    made = dict(found)
    assert len(made) == len(found) == PLAN.mpans, "all rows of an MPAN stand together"
    assert list(made) == sorted(made)
    return made


def by_service(found: list[Row]) -> dict[str, list[Row]]:
    """The rows of an MPAN by the service that they are about."""
    made: defaultdict[str, list[Row]] = defaultdict(list)
    for row in found:
        made[service(row[1])].append(row)
    return made


@pytest.mark.requirement("FS-35")
def test_every_mpan_is_valid_and_of_a_distributor_that_nobody_is(market: dict[str, list[Row]]) -> None:
    assert all(is_valid(mpan) for mpan in market)
    assert {mpan[:2] for mpan in market} == {str(number) for number in range(81, 95)}


@pytest.mark.requirement("FS-35")
def test_every_mpan_has_its_services_and_they_are_of_one_segment(market: dict[str, list[Row]]) -> None:
    segments: Counter[str] = Counter()
    for found in market.values():
        roles = {row[1] for row in found}
        (metering,), (data,) = roles & METERING, roles & DATA
        assert roles - METERING - DATA - {"MDR"} == {"SUP", "REGS", "LDSO"}
        assert (metering, data) in {("MSS", "SDS"), ("MSA", "ADS"), ("UMSO", "UMSDS")}
        assert "MDR" not in roles or metering == "MSS"
        segments[metering] += 1
    assert segments["MSS"] / PLAN.mpans == pytest.approx(0.96, abs=0.01)
    assert segments["MSA"] / PLAN.mpans == pytest.approx(0.035, abs=0.005)
    assert segments["UMSO"] / PLAN.mpans == pytest.approx(0.005, abs=0.002)


@pytest.mark.requirement("FS-35")
def test_a_service_passes_from_hand_to_hand_without_gap_or_overlap(market: dict[str, list[Row]]) -> None:
    for found in market.values():
        first, last = found[0][3], max(row[4] or LAST_DAY for row in found)
        for name, turns in by_service(found).items():
            assert all(starts < (ends or LAST_DAY) for *_, starts, ends in turns)
            assert all(before[4] == after[3] for before, after in pairwise(turns))
            assert all(before[2] != after[2] for before, after in pairwise(turns))
            assert (turns[-1][4] or LAST_DAY) == last
            assert turns[0][3] == first or (name == "MDR" and turns[0][3] > first)
        assert PLAN.first_day.isoformat() <= first < PLAN.until.isoformat()


@pytest.mark.requirement("FS-35")
def test_registration_service_and_distributor_are_the_areas_and_never_change(market: dict[str, list[Row]]) -> None:
    for mpan, found in market.items():
        services = by_service(found)
        ((_, _, registration, *_),) = services["REGS"]
        ((_, _, distributor, *_),) = services["LDSO"]
        number = int(mpan[:2]) - 80
        assert (registration, distributor) == (f"22{1000 + number:08d}", f"25{1000 + number:08d}")


def test_suppliers_have_their_shares_on_the_first_day_and_on_the_last(market: dict[str, list[Row]]) -> None:
    suppliers = [by_service(found)["SUP"] for found in market.values()]
    everybody = parties()
    for place in (0, -1):
        held = Counter(turns[place][2] for turns in suppliers)
        for party, share in everybody.shares("SUP").items():
            assert held[everybody.all[party].dip_id] / PLAN.mpans == pytest.approx(share / 100, abs=0.01)


def test_things_happen_as_often_as_was_asked(market: dict[str, list[Row]]) -> None:
    services = [by_service(found) for found in market.values()]
    changes = sum(len(one["SUP"]) - 1 for one in services)
    assert changes / PLAN.mpans / PLAN.years == pytest.approx(0.2, rel=0.05)
    connected = sum(one["SUP"][0][3] > PLAN.first_day.isoformat() for one in services)
    assert connected / PLAN.mpans == pytest.approx(0.024, rel=0.15)
    assert sum(one["SUP"][-1][4] != "" for one in services) / PLAN.mpans == pytest.approx(0.006, rel=0.3)
    smart = [one for one in services if one["metering"][0][1] == "MSS"]
    with_retriever = [one for one in smart if "MDR" in one]
    assert len(with_retriever) / len(smart) == pytest.approx(0.7, abs=0.02)
    assert any(one["MDR"][0][3] > one["SUP"][0][3] for one in with_retriever)


def test_services_follow_some_changes_of_supplier_and_change_on_their_own_less_often(
    market: dict[str, list[Row]],
) -> None:
    services = [by_service(found) for found in market.values()]
    suppliers = [{row[3] for row in one["SUP"][1:]} for one in services]
    smart = [
        (days, {row[3] for row in one["metering"][1:]})
        for days, one in zip(suppliers, services, strict=True)
        if one["metering"][0][1] == "MSS"
    ]
    following = sum(len(days & changes) for days, changes in smart)
    alone = sum(len(changes - days) for days, changes in smart)
    assert following / sum(len(days) for days, _ in smart) == pytest.approx(0.35, rel=0.1)
    assert alone / len(smart) / PLAN.years == pytest.approx(0.04, rel=0.1)


@pytest.mark.requirement("FS-35")
def test_values_are_the_same_appointments_as_the_text(market: dict[str, list[Row]]) -> None:
    def seconds(day: str) -> int | None:
        local = ZoneInfo("Europe/London")
        return int(datetime.fromisoformat(day).replace(tzinfo=local).timestamp()) if day else None

    for (mpan, made), (text, told) in zip(appointments(PLAN), market.items(), strict=True):
        assert str(mpan) == text
        assert made == [(role, dip_id, seconds(starts), seconds(ends)) for _, role, dip_id, starts, ends in told]


def test_another_seed_makes_another_market() -> None:
    first, same, other = (list(appointments(Plan(mpans=50, seed=seed))) for seed in (7, 7, 8))
    assert first == same
    assert {mpan for mpan, _ in first}.isdisjoint({mpan for mpan, _ in other})


@pytest.mark.requirement("FS-48")
def test_a_whole_country_begins_at_once() -> None:
    made = list(islice(appointments(Plan(mpans=32_000_000)), 100))
    assert len({mpan for mpan, _ in made}) == 100


def test_nothing_happens_where_every_rate_is_zero() -> None:
    rates = Rates(
        supplier_changes=0,
        service_changes=0,
        service_follows=0,
        connections=0,
        disconnections=0,
        retriever_from_the_start=0,
        retriever_later=0,
    )
    for _, made in appointments(Plan(mpans=300, rates=rates)):
        assert len(made) == 5
        assert {(starts, ends) for *_, starts, ends in made} == {(1_704_067_200, None)}


@pytest.mark.parametrize("until", [date(2024, 2, 29), date(2025, 3, 1)])
def test_any_day_can_be_the_last(until: date) -> None:
    plan = Plan(mpans=10, years=1, until=until)
    assert (plan.first_day.month, plan.first_day.day) == ((2, 28) if until.day == 29 else (3, 1))
    assert plan.days()[0] == plan.first_day
    assert plan.days()[-1] < until


@pytest.mark.parametrize("mpans", [1, 13])
def test_a_tiny_market_is_one_too(tmp_path: Path, mpans: int) -> None:
    made = write_market(tmp_path, Plan(mpans=mpans), parties(), b"")
    assert len({row[0] for row in rows(tmp_path / "mpans.csv.gz")}) == mpans == made.mpans

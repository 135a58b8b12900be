"""Faults on demand: whom they concern, how often they strike, what is refused."""

import asyncio

import pytest

from dip.conformance.fault_kinds import KINDS, Group
from dip.conformance.faults import Fault, Faults, Subject
from dip.ground.errors import BadRequest, NotFound, NotPermitted
from tests.support.waiting import settled

ANNA, BERT = "2300000001", "2200000001"
REQUEST = [Subject("IF-031", "[DSApp]")]


def faults(*wanted: Fault, environment: str = "DEV", seed: int = 1, most: int = 10) -> Faults:
    made = Faults(environment=environment, seed=seed, most=most)
    if wanted:
        made.replace(wanted)
    return made


def strikes(made: Faults, times: int, participant: str = ANNA) -> list[bool]:
    return [made.choose(Group.CALL, participant, REQUEST) is not None for _ in range(times)]


def test_a_count_strikes_so_often_and_then_nothing_is_active() -> None:
    made = faults(Fault(id="", kind="drop", count=2))
    assert [made.active, *strikes(made, 4), made.active] == [True, True, True, False, False, False]
    assert [(one.struck, one.spent) for one in made.listed()] == [(2, True)]


def test_a_rate_strikes_its_part_and_the_same_seed_strikes_the_same() -> None:
    first, second, other = (strikes(faults(Fault(id="", kind="drop", rate=0.3), seed=seed), 1000) for seed in (5, 5, 6))
    assert first == second != other
    assert 250 < sum(first) < 350
    assert all(strikes(faults(Fault(id="", kind="drop", rate=1.0)), 20))


def test_the_first_that_concerns_a_call_strikes_it() -> None:
    made = faults(
        Fault(id="", kind="duplicate", count=9),
        Fault(id="", kind="drop", participant=BERT, count=9),
        Fault(id="", kind="delay", channel="IF-021", count=9),
        Fault(id="", kind="not_answered", event="[MSApp]", count=9),
        Fault(id="", kind="time_out", participant=ANNA, channel="IF-031", event="[DSApp]", count=9),
        Fault(id="", kind="server_error", count=9),
    )
    chosen = made.choose(Group.CALL, ANNA, REQUEST)
    assert chosen is not None and chosen.kind == "time_out"
    assert [one.struck for one in made.listed()] == [0, 0, 0, 0, 1, 0]


def test_a_call_with_several_messages_is_struck_for_any_of_them() -> None:
    fault = Fault(id="", kind="duplicate", channel="IF-021", event="[Reading]")
    assert fault.concerns(ANNA, [*REQUEST, Subject("IF-021", "[Reading]")])
    assert not fault.concerns(ANNA, [Subject("IF-021", "[Other]"), Subject("IF-031", "[Reading]")])


def test_each_strike_is_told() -> None:
    told: list[str] = []
    made = Faults(environment="DEV", seed=1, most=1, struck=told.append)
    made.add(Fault(id="", kind="drop", count=1))
    strikes(made, 3)
    assert told == ["drop"]


def test_faults_get_ids_keep_theirs_and_go_one_by_one() -> None:
    made = faults(Fault(id="mine", kind="drop", count=1), Fault(id="", kind="delay", count=1))
    added = made.add(Fault(id="mine", kind="drop", count=1, struck=7))
    ids = [one.id for one in made.listed()]
    assert ids[0] == "mine" and added.id == ids[2] and len(set(ids)) == 3 and added.struck == 0
    made.remove("mine")
    with pytest.raises(NotFound):
        made.remove("mine")
    assert [one.id for one in made.listed()] == ids[1:]


def test_only_so_many_are_kept() -> None:
    made = faults(Fault(id="", kind="drop", count=1), most=1)
    with pytest.raises(BadRequest, match="at most 1"):
        made.add(Fault(id="", kind="drop", count=1))


async def test_a_wait_ends_when_its_fault_is_gone() -> None:
    made = faults(Fault(id="long", kind="delay", count=1, seconds=60))
    (fault,) = made.listed()
    waiting = asyncio.create_task(made.pause(fault))
    await settled()
    assert not waiting.done()
    made.remove("long")
    async with asyncio.timeout(30):
        await waiting
        await made.pause(fault)


def test_in_production_nothing_is_allowed() -> None:
    made = faults(environment="PRD")
    for refused in (
        made.listed,
        made.clear,
        lambda: made.add(Fault(id="", kind="drop", count=1)),
        lambda: made.replace([]),
        lambda: made.remove("any"),
    ):
        with pytest.raises(NotPermitted, match="PRD"):
            refused()
    assert not made.active


def test_every_kind_says_what_it_does_and_what_is_expected() -> None:
    assert all(kind.effect.endswith((".", ").")) and kind.expected.endswith(".") for kind in KINDS.values())

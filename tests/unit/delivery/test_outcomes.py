"""Outcomes that are being committed while the next call goes out: awaited to the last, whatever fails."""

import asyncio

import pytest

from dip.delivery.outcomes import Outcomes
from dip.ground.errors import StoreUnavailable
from tests.support.waiting import settled


async def ending(gate: asyncio.Event, ended: list[int], number: int, *, fails: bool = False) -> None:
    await gate.wait()
    ended.append(number)
    if fails:
        raise StoreUnavailable


@pytest.mark.requirement("FS-59")
async def test_so_many_may_be_under_way_and_the_earliest_is_awaited_first() -> None:
    outcomes, ended = Outcomes(), list[int]()
    gates = [asyncio.Event() for _ in range(3)]
    for number, gate in enumerate(gates):
        outcomes.add(ending(gate, ended, number))
    await outcomes.settled(3)
    waiting = asyncio.create_task(outcomes.settled(2))
    await settled()
    assert not waiting.done()
    gates[0].set()
    await waiting
    assert ended == [0]
    for gate in gates:
        gate.set()
    await outcomes.settled()
    assert ended == [0, 1, 2]


@pytest.mark.requirement("FS-59")
async def test_one_that_fails_is_told_once_the_others_have_ended() -> None:
    outcomes, ended, gate = Outcomes(), list[int](), asyncio.Event()
    gate.set()
    for number in range(3):
        outcomes.add(ending(gate, ended, number, fails=number == 0))
    with pytest.raises(StoreUnavailable):
        await outcomes.settled()
    assert ended == [0, 1, 2]
    await outcomes.settled()

"""The budget: bounded, first come first served, and nothing is lost when a waiting caller goes away."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dip.ground.budget import Budget
from tests.support.waiting import settled


class Users:
    """Callers who hold an amount until they are told to let go."""

    def __init__(self, limit: int) -> None:
        self.budget = Budget(limit)
        self.held: dict[int, int] = {}
        self.order: list[int] = []
        self.gates: dict[int, asyncio.Event] = {}
        self.tasks: dict[int, asyncio.Task[None]] = {}

    def come(self, amount: int) -> int:
        number = len(self.tasks)
        self.gates[number] = asyncio.Event()
        self.tasks[number] = asyncio.ensure_future(self._use(number, amount))
        return number

    async def _use(self, number: int, amount: int) -> None:
        async with self.budget.hold(amount):
            self.order.append(number)
            self.held[number] = amount
            try:
                await self.gates[number].wait()
            finally:
                del self.held[number]

    async def go(self, number: int) -> None:
        self.gates[number].set()
        await settled()


async def test_who_fits_holds_at_once_and_who_does_not_waits() -> None:
    users = Users(10)
    first, second, third = users.come(6), users.come(4), users.come(1)
    await settled()
    assert users.order == [first, second]
    await users.go(second)
    assert users.order == [first, second, third]


async def test_a_small_one_does_not_overtake_a_large_one_that_waits() -> None:
    users = Users(10)
    first, large, small = users.come(6), users.come(8), users.come(1)
    await settled()
    assert users.order == [first]
    await users.go(first)
    assert users.order == [first, large, small]


async def test_more_than_the_whole_budget_counts_as_all_of_it() -> None:
    users = Users(10)
    huge = users.come(1000)
    await settled()
    other = users.come(1)
    await settled()
    assert users.order == [huge]
    await users.go(huge)
    assert users.order == [huge, other]


async def test_one_who_goes_away_while_waiting_lets_the_next_one_in() -> None:
    users = Users(10)
    first, large, small = users.come(6), users.come(8), users.come(4)
    await settled()
    users.tasks[large].cancel()
    await settled()
    assert users.order == [first, small]
    assert users.tasks[large].cancelled()


@pytest.mark.parametrize("cancel_first", [True, False])
async def test_one_who_goes_away_at_the_moment_of_its_turn_gives_it_on(cancel_first: bool) -> None:
    users = Users(10)
    first, second, third = users.come(10), users.come(10), users.come(10)
    await settled()
    actions: list[Callable[[], object]] = [users.tasks[second].cancel, users.gates[first].set]
    for action in actions if cancel_first else reversed(actions):
        action()
    await settled()
    assert users.tasks[second].cancelled()
    assert users.order == [first, third]


async def test_a_task_cancelled_between_its_turn_and_its_start_gives_the_turn_back() -> None:
    budget = Budget(1)
    holder = budget.hold(1)
    await holder.__aenter__()
    waiting = asyncio.ensure_future(budget.hold(1).__aenter__())
    await settled()
    # The turn is given and the task cancelled before the task runs again, then the other way round.
    await holder.__aexit__(None, None, None)
    waiting.cancel()
    await settled()
    assert waiting.cancelled()
    async with asyncio.timeout(1), budget.hold(1):
        pass


@given(
    limit=st.integers(1, 20),
    steps=st.lists(st.tuples(st.sampled_from(["come", "go", "cancel", "both"]), st.integers(0, 25)), max_size=40),
)
def test_whatever_comes_goes_and_is_cancelled_no_more_is_held_than_the_limit_and_all_of_it_comes_back(
    limit: int, steps: list[tuple[str, int]]
) -> None:
    async def run() -> None:
        users = Users(limit)
        for action, value in steps:
            if action == "come":
                users.come(value)
            elif users.tasks:
                number = value % len(users.tasks)
                if action in ("cancel", "both"):
                    users.tasks[number].cancel()
                if action in ("go", "both"):
                    for gate in list(users.gates.values())[: number + 1]:
                        gate.set()
            await settled()
            assert sum(min(amount, limit) for amount in users.held.values()) <= limit
            assert users.order == sorted(users.order)
        for gate in users.gates.values():
            gate.set()
        outcomes = await asyncio.gather(*users.tasks.values(), return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} <= {type(None), asyncio.CancelledError}
        async with asyncio.timeout(1), users.budget.hold(limit):
            pass

    asyncio.run(run())

"""Which orders make a rule."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec
import pytest

from dip.ground.clock import Clock
from dip.ground.errors import BadRequest, Conflict, NotFound
from dip.ground.log import make_log
from dip.ground.settings import Settings
from dip.reporting.alarm_rules import AlarmRules, RuleOrder
from dip.store.alarm_settings import AlarmRule, RuleKind
from dip.store.sqlite import SqliteStore

GOOD = RuleOrder(name="Tight", kind=RuleKind.LATENCY, threshold=3)


@pytest.fixture
async def rules(tmp_path: Path) -> AsyncIterator[AlarmRules]:
    store = SqliteStore(tmp_path, group_limit=10, log=make_log())
    yield AlarmRules(store=store.alarm_settings, settings=Settings(alarm_rule_limit=2), clock=Clock())
    await store.close()


def names(listed: Sequence[AlarmRule]) -> list[str]:
    return [rule.name for rule in listed]


@pytest.mark.requirement("FS-56")
async def test_a_rule_is_added_changed_switched_off_and_removed(rules: AlarmRules) -> None:
    made = await rules.add(GOOD, author="admin")
    assert (made.threshold, made.author, made.in_force) == (3, "admin", True)
    await rules.change(made.id, msgspec.structs.replace(GOOD, name="  Tighter  still "), author="other")
    assert names(rules.listed()) == ["Tighter still"]
    await rules.switch(made.id, in_force=False, author="other")
    assert rules.in_force() == []
    await rules.remove(made.id)
    assert rules.listed() == ()
    with pytest.raises(NotFound):
        await rules.remove(made.id)


async def test_a_name_stands_for_one_rule_and_there_are_not_more_than_allowed(rules: AlarmRules) -> None:
    await rules.add(GOOD, author="admin")
    with pytest.raises(Conflict, match="name"):
        await rules.add(GOOD, author="admin")
    await rules.add(msgspec.structs.replace(GOOD, name="Second"), author="admin")
    with pytest.raises(Conflict, match="no more"):
        await rules.add(msgspec.structs.replace(GOOD, name="Third"), author="admin")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"threshold": 0}, "threshold"),
        ({"threshold": float("nan")}, "threshold"),
        ({"kind": RuleKind.DEAD_LETTERS, "threshold": 1.5}, "whole"),
        ({"recipient": "22000"}, "recipient"),
        ({"channel": "IF 031"}, "channel"),
        ({"kind": RuleKind.ENDPOINT_PAUSED, "channel": "IF-031"}, "channel"),
        ({"period_s": 60.0}, "periodS"),
        ({"kind": RuleKind.THROUGHPUT}, "periodS"),
        ({"kind": RuleKind.THROUGHPUT, "period_s": 1.0}, "periodS"),
    ],
)
async def test_what_is_no_rule_is_refused_by_its_part(rules: AlarmRules, changes: dict[str, object], said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        await rules.add(msgspec.structs.replace(GOOD, **changes), author="admin")

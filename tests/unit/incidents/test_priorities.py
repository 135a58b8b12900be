"""The priority matrix and the targets, as the settings have them."""

from datetime import timedelta

import msgspec
import pytest

from dip.ground.settings import Settings
from dip.reporting.incidents.priorities import priorities_of
from dip.store.incidents import Level


@pytest.mark.requirement("FS-63")
@pytest.mark.parametrize(
    ("impact", "urgency", "priority"),
    [
        (Level.HIGH, Level.HIGH, 1),
        (Level.HIGH, Level.MEDIUM, 2),
        (Level.MEDIUM, Level.HIGH, 2),
        (Level.HIGH, Level.LOW, 3),
        (Level.MEDIUM, Level.MEDIUM, 3),
        (Level.LOW, Level.HIGH, 3),
        (Level.MEDIUM, Level.LOW, 4),
        (Level.LOW, Level.MEDIUM, 4),
        (Level.LOW, Level.LOW, 4),
    ],
)
def test_a_priority_follows_from_impact_and_urgency(impact: Level, urgency: Level, priority: int) -> None:
    assert priorities_of(Settings()).of(impact, urgency) == priority


def test_matrix_and_targets_are_settings() -> None:
    settings = Settings(incident_priorities="1 1 1,2 2 2, 4 4 3", incident_target_minutes="30,60 , 90,120")
    priorities = priorities_of(settings)
    assert priorities.of(Level.HIGH, Level.LOW) == 1
    assert priorities.of(Level.LOW, Level.LOW) == 3
    assert priorities.targets == {number: timedelta(minutes=30 * number) for number in (1, 2, 3, 4)}
    assert [cells for _, cells in priorities.rows] == [[1, 1, 1], [2, 2, 2], [4, 4, 3]]


@pytest.mark.parametrize("matrix", ["", "1 2 3", "1 2 3, 2 3 4, 3 4 5", "1 2 3, 2 3 4, 3 4", "1 2 3; 2 3 4; 3 4 4"])
def test_a_matrix_of_another_form_is_refused(matrix: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"incident_priorities": matrix}, Settings)


@pytest.mark.requirement("FS-64")
def test_major_incidents_are_those_up_to_the_setting() -> None:
    assert [priorities_of(Settings()).is_major(number) for number in (1, 2, 3, 4)] == [True, False, False, False]
    assert priorities_of(Settings(incident_review_priority=2)).is_major(2)
    assert not priorities_of(Settings(incident_review_priority=0)).is_major(1)

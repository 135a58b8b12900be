"""The incident priority matrix, and by when an incident of each priority is to be resolved (7.3)."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

import msgspec

from dip.ground.settings import Settings
from dip.store.incidents import Level

_ORDER: Final = (Level.HIGH, Level.MEDIUM, Level.LOW)
_MINUTE: Final = timedelta(minutes=1)


class Priorities(msgspec.Struct, frozen=True):
    """matrix: the priority, 1 to 4, by impact and urgency. targets: the time to resolve, by priority.

    reviewed_to: incidents of this priority, or one more pressing, are major: they need a review before they are closed.
    told_to: of these, administrators are told by mail.
    """

    matrix: Mapping[tuple[Level, Level], int]
    targets: Mapping[int, timedelta]
    reviewed_to: int
    told_to: int

    def of(self, impact: Level, urgency: Level) -> int:
        """The priority, 1 for the most pressing."""
        return self.matrix[impact, urgency]

    def is_major(self, priority: int) -> bool:
        """Whether an incident of this priority is reviewed before it is closed (7.4.1)."""
        return priority <= self.reviewed_to

    @property
    def rows(self) -> Sequence[tuple[Level, Sequence[int]]]:
        """The matrix as a table: for each impact, from high to low, the priorities by urgency, from high to low."""
        return [(impact, [self.matrix[impact, urgency] for urgency in _ORDER]) for impact in _ORDER]


def priorities_of(settings: Settings) -> Priorities:
    """The matrix of the settings."""
    rows = [[int(cell) for cell in row.split()] for row in settings.incident_priorities.split(",")]
    matrix = {
        (impact, urgency): rows[row][column]
        for row, impact in enumerate(_ORDER)
        for column, urgency in enumerate(_ORDER)
    }
    minutes = [int(part) for part in settings.incident_target_minutes.split(",")]
    return Priorities(
        matrix,
        {priority: length * _MINUTE for priority, length in enumerate(minutes, 1)},
        settings.incident_review_priority,
        settings.incident_mail_priority,
    )

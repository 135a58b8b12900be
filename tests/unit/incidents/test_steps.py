"""The steps of an incident against a model: closed by confirmation, a major one with its review, never reopened."""

from datetime import UTC, date, datetime, timedelta

import hypothesis.strategies as st
import pytest
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from dip.ground.errors import Conflict
from dip.reporting.incidents import steps
from dip.store.incidents import Incident, IncidentState, Level, Review

START = datetime(2026, 3, 21, 19, 5, tzinfo=UTC)
REVIEW = Review(held_on=date(2026, 3, 23), text="What happened", actions=(), author="admin")
WORKED_ON = {IncidentState.OPEN, IncidentState.ASSIGNED, IncidentState.ESCALATED}


def incident() -> Incident:
    return Incident(
        title="No answers",
        description="IF-031 is not answered",
        impact=Level.HIGH,
        urgency=Level.HIGH,
        priority=1,
        raised_by="pat",
        raised_at=START,
        due_at=START + timedelta(hours=1),
        changed_at=START,
    )


class Steps(RuleBasedStateMachine):
    """Every step at every moment; the model knows three facts: whether it is confirmed, reviewed, owned."""

    @initialize(is_major=st.booleans())
    def begin(self, is_major: bool) -> None:
        self.incident, self.is_major = incident(), is_major
        self.is_confirmed = self.is_reviewed = self.is_owned = False

    @property
    def is_closed(self) -> bool:
        return self.is_confirmed and (self.is_reviewed or not self.is_major)

    @property
    def is_resolved(self) -> bool:
        return self.incident.state is IncidentState.RESOLVED

    def may_work(self) -> bool:
        return not self.is_confirmed

    @rule()
    def assign(self) -> None:
        if self.may_work():
            self.incident = steps.assigned(self.incident, "kim")
            self.is_owned = True
            assert self.incident.state is IncidentState.ASSIGNED
        else:
            with pytest.raises(Conflict):
                steps.assigned(self.incident, "kim")

    @rule()
    def escalate(self) -> None:
        if self.may_work():
            self.incident = steps.escalated(self.incident, "network")
            assert (self.incident.state, self.incident.team) == (IncidentState.ESCALATED, "network")
        else:
            with pytest.raises(Conflict):
                steps.escalated(self.incident, "network")

    @rule()
    def resolve(self) -> None:
        if self.may_work() and self.is_owned:
            self.incident = steps.resolved(self.incident, "restarted", "", START)
            assert self.is_resolved
        else:
            with pytest.raises(Conflict):
                steps.resolved(self.incident, "restarted", "", START)

    @rule()
    def deny(self) -> None:
        if self.is_resolved and not self.is_confirmed:
            self.incident = steps.denied(self.incident)
            assert (self.incident.state, self.incident.resolved_at) == (IncidentState.ASSIGNED, None)
        else:
            with pytest.raises(Conflict):
                steps.denied(self.incident)

    @rule()
    def confirm(self) -> None:
        if self.is_resolved and not self.is_confirmed:
            self.incident = steps.confirmed(self.incident, "pat", START, is_major=self.is_major)
            self.is_confirmed = True
        else:
            with pytest.raises(Conflict):
                steps.confirmed(self.incident, "pat", START, is_major=self.is_major)

    @rule()
    def review(self) -> None:
        if self.is_resolved:
            self.incident = steps.reviewed(self.incident, REVIEW, START, is_major=self.is_major)
            self.is_reviewed = True
        else:
            with pytest.raises(Conflict):
                steps.reviewed(self.incident, REVIEW, START, is_major=self.is_major)

    @invariant()
    def closed_by_confirmation_alone(self) -> None:
        if hasattr(self, "incident"):
            assert (self.incident.state is IncidentState.CLOSED) is self.is_closed
            assert (self.incident.closed_at is not None) is self.is_closed
            assert (self.incident.resolved_at is None) is (self.incident.state in WORKED_ON)


TestSteps = pytest.mark.requirement("FS-63")(Steps.TestCase)


@pytest.mark.requirement("FS-63")
def test_what_is_closed_is_refused_with_the_way_out() -> None:
    owned = steps.resolved(steps.assigned(incident(), "kim"), "restarted", "", START)
    closed = steps.confirmed(owned, "pat", START, is_major=False)
    with pytest.raises(Conflict, match=r"never reopened\. Raise a new one that is related"):
        steps.assigned(closed, "kim")

"""The steps of the drill, in the order of a message's life: each with what happens around it."""

from collections.abc import Sequence

import msgspec

from dip.benchmark.drill import scenarios as play
from dip.benchmark.drill.fault import Fault
from dip.benchmark.drill.publishing import REQUESTS
from dip.benchmark.drill.scenarios import Scenario
from dip.ground.steps import Milestone
from dip.store.messages import SET_ASIDE
from dip.store.records import Status


class Step(msgspec.Struct, frozen=True):
    """One line of the drill's table. fault: what is done to the server from within; None: it is done from outside."""

    name: str
    scenario: Scenario
    fault: Fault | None = None


def _around_commit(what: str, of: str, scenario: Scenario, nth: int = 1) -> tuple[Step, Step]:
    return (
        Step(f"before the commit of {what}", scenario, Fault(Milestone.BEFORE_COMMIT, of, nth)),
        Step(f"after the commit of {what}", scenario, Fault(Milestone.AFTER_COMMIT, of, nth)),
    )


def _last(milestone: Milestone) -> Fault:
    """At the last request of an upload."""
    return Fault(milestone, nth=REQUESTS)


def _at(milestone: Milestone, scenario: Scenario, nth: int = 1) -> Step:
    return Step(milestone, scenario, Fault(milestone, nth=nth))


STEPS: Sequence[Step] = (
    _at(Milestone.REQUEST_READ, play.INTAKE, 3),
    _at(Milestone.CHECKED, play.INTAKE, 3),
    *_around_commit("a request", "take in", play.INTAKE, 3),
    _at(Milestone.COMMITTED, play.INTAKE, 3),
    Step("after the answer", play.ANSWERED),
    _at(Milestone.TAKEN_UP, play.INTAKE, 3),
    _at(Milestone.BUILT, play.INTAKE, 3),
    Step("while the recipient has the call", play.CALLED),
    _at(Milestone.SENT, play.INTAKE, 3),
    *_around_commit("arrivals", Status.DELIVERED, play.INTAKE, 3),
    *_around_commit("a failed attempt", Status.RETRYING, play.RETRY),
    *_around_commit("a message set aside", SET_ASIDE, play.SET_ASIDE),
    *_around_commit("a rejection", Status.REJECTED_BY_RECIPIENT, play.REJECTION),
    *_around_commit("a lease", Status.LEASED, play.PULL),
    *_around_commit("an acknowledgement", Status.DELIVERED, play.PULL),
    *_around_commit("a status message", "status messages", play.REPORT),
    *_around_commit("a requeue's step", "requeue", play.REQUEUE),
    *_around_commit("dead letters", Status.RETRIES_EXHAUSTED, play.DEAD_LETTER),
    *_around_commit("the clock", "facts", play.CLOCK),
    *_around_commit("forgetting", "forget", play.RETENTION),
    *_around_commit("an appointment", "appointments", play.APPOINTED, 2),
    *_around_commit("a part of an import", "appointments", play.IMPORT, 3),
    *_around_commit("an upload's beginning", "publications", play.UPLOAD),
    _at(Milestone.UPLOAD_WRITTEN, play.UPLOAD, 2),
    _at(Milestone.UPLOAD_SYNCED, play.UPLOAD, 2),
    *_around_commit("a part of a payload", "publications", play.UPLOAD, 3),
    _at(Milestone.UPLOAD_NOTED, play.UPLOAD, 2),
    Step("the last bytes of a payload written, not synced", play.UPLOAD, _last(Milestone.UPLOAD_WRITTEN)),
    Step("the last bytes of a payload synced, before their commit", play.UPLOAD, _last(Milestone.UPLOAD_SYNCED)),
    *_around_commit("a whole payload", "publications", play.UPLOAD, REQUESTS + 1),
    Step("a whole payload committed, before the answer", play.UPLOAD, _last(Milestone.UPLOAD_NOTED)),
    *_around_commit("an announcement", "take in", play.UPLOAD),
    Step("an announcement committed, before the answer", play.UPLOAD, Fault(Milestone.COMMITTED)),
    Step("killed five times while a payload comes", play.UPLOADS),
    Step("the disk is full", play.FULL),
    Step("the disk is full, then killed", play.FULL_AND_DEAD),
    Step("a request's commit fails", play.FAILING, Fault(Milestone.BEFORE_COMMIT, "take in", 2, "fail", 3)),
    Step("a settlement's commit fails", play.FAILING, Fault(Milestone.BEFORE_COMMIT, Status.DELIVERED, 1, "fail", 2)),
    Step("killed five times at random", play.LOAD),
    Step("the clock jumps", play.JUMPS),
)

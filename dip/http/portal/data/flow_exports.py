"""Business flows as rows of a table, and as records for JSON."""

from collections.abc import Iterable
from typing import Any, Final

from dip.channels.flow import Choice, Flow, MessageStep, Step, Way

STEP_HEAD: Final = (
    "number",
    "when",
    "stage",
    "interface",
    "lane",
    "events",
    "from",
    "to",
    "response",
    "optional",
    "repeats",
)


def step_rows(flow: Flow) -> list[tuple[object, ...]]:
    """The steps of a flow as lines of a table, one for each lane; `when` names the branches that lead there."""
    rows: list[tuple[object, ...]] = []
    for number, (when, step) in enumerate(_walk(flow.steps, ()), 1):
        rows += [
            (
                *(number, " > ".join(when), step.stage, step.interface, way.lane, *_way(way)),
                *(step.response, step.optional, step.repeats),
            )
            for way in step.ways
        ]
    return rows


def flow_record(flow: Flow) -> dict[str, Any]:
    """A flow in the form of its file."""
    return {
        "name": flow.name,
        "title": flow.title,
        "purpose": flow.purpose,
        "source": flow.source,
        "processes": flow.processes,
        "lanes": flow.lanes,
        "linkedBy": [
            {"by": link.by, "interfaces": link.interfaces, "eachLane": link.each_lane, "optional": link.optional}
            for link in flow.links
        ],
        "responses": {
            interface: {"at": ".".join(place.path), "absent": place.absent}
            for interface, place in flow.responses.items()
        },
        "steps": [_step_record(step) for step in flow.steps],
    }


def _walk(steps: Iterable[Step], when: tuple[str, ...]) -> Iterable[tuple[tuple[str, ...], MessageStep]]:
    for step in steps:
        if isinstance(step, Choice):
            for branch in step.branches:
                yield from _walk(branch.steps, (*when, branch.when))
        else:
            yield when, step


def _way(way: Way) -> tuple[str, str, str]:
    return " ".join(code.strip("[]") for code in way.events), " ".join(way.senders), " ".join(way.recipients)


def _step_record(step: Step) -> dict[str, Any]:
    if isinstance(step, Choice):
        return {
            "either": [
                {"when": branch.when, "ends": branch.ends, "steps": [_step_record(one) for one in branch.steps]}
                for branch in step.branches
            ]
        }
    return {
        "stage": step.stage,
        "interface": step.interface,
        "response": step.response,
        "optional": step.optional,
        "repeats": step.repeats,
        "note": step.note,
        "ways": [
            {"lane": way.lane, "events": way.events, "from": way.senders, "to": way.recipients} for way in step.ways
        ],
    }

"""A business flow as a sequence diagram and as Mermaid text."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dip.channels.flow import Branch, Choice, Flow, MessageStep, Step, Way
from dip.channels.registry import Registry
from dip.http.portal.diagram import Arrow, Frame, Lifeline, Row, Section, sequence_diagram
from dip.messages.identifiers import RoleCode


@dataclass(frozen=True, slots=True)
class Party:
    """Who stands at a lifeline: a role, or the roles of the flow that offer one service."""

    name: str
    roles: tuple[RoleCode, ...]


def parties(flow: Flow, registry: Registry) -> list[Party]:
    """Everyone in the flow, in the order of `roles.yaml`; a role that stands there no more comes last."""
    order = {role: number for number, role in enumerate(registry.roles)}
    ways = [way for step in flow.messages() for way in step.ways]
    present = dict.fromkeys(role for way in ways for role in (*way.senders, *way.recipients))
    found: dict[str, list[RoleCode]] = {}
    for role in sorted(present, key=lambda role: order.get(role, len(order))):
        found.setdefault(_party_name(role, registry), []).append(role)
    return [Party(name, tuple(roles)) for name, roles in found.items()]


def drawn(flow: Flow, registry: Registry, lane: str | None = None) -> str:
    """The flow as an `svg` element; of one lane, or of all together."""
    known = parties(flow, registry)
    place = {role: number for number, party in enumerate(known) for role in party.roles}
    lines = [Lifeline(party.name, ", ".join(party.roles)) for party in known]
    return sequence_diagram(f"{flow.title} as a sequence of messages", lines, _rows(flow.steps, place, registry, lane))


def mermaid(flow: Flow, registry: Registry) -> str:
    """The flow as a Mermaid sequence diagram."""
    known = parties(flow, registry)
    named = {role: f"P{number}" for number, party in enumerate(known, 1) for role in party.roles}
    lines = ["sequenceDiagram", f"    title {_plain(flow.title)}"]
    lines += [
        f"    participant P{number} as {_plain(party.name)} ({', '.join(party.roles)})"
        for number, party in enumerate(known, 1)
    ]
    lines += _mermaid_steps(flow.steps, named, "    ")
    return "\n".join([*lines, ""])


def ways_in(step: MessageStep, lane: str | None) -> tuple[Way, ...]:
    """How a step goes in one lane, or in all of them."""
    return tuple(way for way in step.ways if lane is None or way.lane in {None, lane})


def _rows(steps: Iterable[Step], place: dict[RoleCode, int], registry: Registry, lane: str | None) -> tuple[Row, ...]:
    rows: list[Row] = []
    for step in steps:
        if isinstance(step, Choice):
            rows.append(
                Frame(
                    tuple(
                        Section(branch.when, _rows(branch.steps, place, registry, lane), branch.ends)
                        for branch in step.branches
                    )
                )
            )
        elif ways := ways_in(step, lane):
            rows.append(
                Arrow(
                    senders=_places((role for way in ways for role in way.senders), place),
                    recipients=_places((role for way in ways for role in way.recipients), place),
                    mark=step.interface,
                    text=step.stage,
                    detail=detail_of(step, ways),
                    href=f"/data/interfaces/{step.interface}" if registry.find(step.interface) else None,
                    dashed=step.optional,
                )
            )
    return tuple(rows)


def _places(roles: Iterable[RoleCode], place: dict[RoleCode, int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(place[role] for role in roles))


def detail_of(step: MessageStep, ways: Sequence[Way]) -> str:
    """The events of a step, and what else is to say of it, in one line."""
    events = dict.fromkeys(code.strip("[]") for way in ways for code in way.events)
    marks = [
        f"response {step.response}" if step.response else "",
        "optional" if step.optional else "",
        "may come again" if step.repeats else "",
    ]
    return " · ".join([", ".join(events), *filter(None, marks)])


def _mermaid_steps(steps: Iterable[Step], named: dict[RoleCode, str], indent: str) -> list[str]:
    lines: list[str] = []
    for step in steps:
        if isinstance(step, Choice):
            for number, branch in enumerate(step.branches):
                lines.append(f"{indent}{'else' if number else 'alt'} {_guard(branch)}")
                lines += _mermaid_steps(branch.steps, named, indent + "    ")
            lines.append(f"{indent}end")
            continue
        dash = "-->>" if step.optional else "->>"
        for way in step.ways:
            text = _plain(f"{step.interface} {step.stage} ({detail_of(step, [way])})")
            pairs = dict.fromkeys((named[one], named[other]) for one in way.senders for other in way.recipients)
            lines += [f"{indent}{sender}{dash}{recipient}: {text}" for sender, recipient in pairs]
    return lines


def _guard(branch: Branch) -> str:
    return _plain(branch.when) + (" (the flow ends here)" if branch.ends else "")


def _plain(text: str) -> str:
    """Without what Mermaid takes for the end of a statement or an entity."""
    return " ".join(text.replace(";", ",").replace("#", "").split())


def _party_name(role: RoleCode, registry: Registry) -> str:
    known = registry.roles.get(role)
    if known is None:
        return role
    return known.group.capitalize() if known.group else known.name

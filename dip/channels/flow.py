"""A business flow: who tells whom what, in order, with the points where it can go one way or another (figure 15)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from dip.messages.identifiers import EventCode, InterfaceId, RoleCode

LinkMark: TypeAlias = Literal["correlation", "envelope", "transaction", "mpan"]


@dataclass(frozen=True, slots=True)
class Way:
    """How a step goes in one lane. Senders are alternatives, one of them sends; recipients all get it."""

    lane: str | None
    """None: the step is the same in every lane."""
    events: tuple[EventCode, ...]
    senders: tuple[RoleCode, ...]
    recipients: tuple[RoleCode, ...]


@dataclass(frozen=True, slots=True)
class MessageStep:
    """One message. Its stage is reached when it has passed; several steps may reach the same stage."""

    stage: str
    interface: InterfaceId
    ways: tuple[Way, ...]
    response: str | None = None
    """The response code that the message carries; None: any, or none."""
    optional: bool = False
    repeats: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Branch:
    """One way on; the flow is over at its end where `ends`."""

    when: str
    steps: tuple["Step", ...]
    ends: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """A point where exactly one of several branches happens."""

    branches: tuple[Branch, ...]


Step: TypeAlias = MessageStep | Choice


@dataclass(frozen=True, slots=True)
class Link:
    """What ties messages of these channels to one run of the flow; each_lane: a tie of its own for each lane."""

    by: LinkMark
    interfaces: tuple[InterfaceId, ...]
    each_lane: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class ResponsePlace:
    """Where messages of a channel carry their response code; absent: what a message without one means."""

    path: tuple[str, ...]
    """Keys from the payload down, such as CommonBlock, R0, responseCode."""
    absent: str | None = None


@dataclass(frozen=True, slots=True)
class Flow:
    """A business flow. name: of its file, and in addresses."""

    name: str
    title: str
    purpose: str
    source: str
    processes: tuple[str, ...]
    lanes: Mapping[str, str]
    """Titles by name; the same steps run once in each lane, side by side."""
    links: tuple[Link, ...]
    steps: tuple[Step, ...]
    responses: Mapping[InterfaceId, ResponsePlace] = field(default_factory=dict)

    def messages(self) -> Iterator[MessageStep]:
        """Every step that is a message, in the order of the file."""
        return _messages(self.steps)

    def stages(self) -> tuple[str, ...]:
        """What can be reached, in the order of the file: the columns of the flow's report (figure 15)."""
        return tuple(dict.fromkeys(step.stage for step in self.messages()))

    def starts(self) -> tuple[MessageStep, ...]:
        """The steps with which the flow can begin."""
        return tuple(_starts(self.steps)[0])


def _messages(steps: tuple[Step, ...]) -> Iterator[MessageStep]:
    for step in steps:
        if isinstance(step, MessageStep):
            yield step
        else:
            for branch in step.branches:
                yield from _messages(branch.steps)


def _starts(steps: tuple[Step, ...]) -> tuple[list[MessageStep], bool]:
    """The steps that can come first, and whether all of these may be left out."""
    found: list[MessageStep] = []
    for step in steps:
        if isinstance(step, MessageStep):
            found.append(step)
            if not step.optional:
                return found, False
        else:
            branches = [_starts(branch.steps) for branch in step.branches]
            found += [one for first, _ in branches for one in first]
            if not any(is_empty for _, is_empty in branches):
                return found, False
    return found, True

"""Messages put together to runs of a business flow, by the marks that link them (5.11.3, figure 15)."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

import msgspec

from dip.channels.flow import Flow, Link
from dip.messages.identifiers import CorrelationId, EventCode, InterfaceId
from dip.store.trail_records import FlowMessage


class Run(msgspec.Struct, frozen=True):
    """One time that a flow was gone through. messages: in order of receipt; the first start is what it is known by."""

    start: FlowMessage
    messages: tuple[FlowMessage, ...]


def start_kinds(flow: Flow) -> frozenset[tuple[InterfaceId, EventCode]]:
    """The events of channels with which the flow can begin."""
    return frozenset((step.interface, code) for step in flow.starts() for way in step.ways for code in way.events)


def telling_interfaces(flow: Flow) -> frozenset[InterfaceId]:
    """The channels whose messages tell somebody who did not see the start that there is a run."""
    by_mark = {one for link in flow.links if link.by != "mpan" for one in link.interfaces}
    needed = {step.interface for step in flow.messages() if not step.optional}
    first = set(flow.links[0].interfaces) & needed if flow.links else set()
    return frozenset(by_mark | first | {step.interface for step in flow.starts()})


def runs_of(flow: Flow, messages: Iterable[FlowMessage], window: timedelta) -> list[Run]:
    """The runs among some messages, in order of their starts. window: how long an MPAN ties at most."""
    return _Linking(flow, sorted(messages, key=lambda one: one.id), window).runs()


class _Open:
    """A run that is being put together."""

    def __init__(self, start: FlowMessage) -> None:
        self.start = start
        self.messages = [start]

    def has(self, interface: InterfaceId) -> bool:
        return any(one.interface == interface for one in self.messages)

    def shares_correlation(self, message: FlowMessage) -> bool:
        found = message.correlation_id
        return found is not None and any(one.correlation_id == found for one in self.messages)

    def shares_envelope(self, message: FlowMessage) -> bool:
        found = message.envelope_reference
        return found is not None and any(one.envelope_reference == found for one in self.messages)


class _Linking:
    def __init__(self, flow: Flow, messages: Sequence[FlowMessage], window: timedelta) -> None:
        self._messages = messages
        self._window = window
        self._kinds = start_kinds(flow)
        starting = {interface for interface, _ in self._kinds}
        self._links: dict[InterfaceId, list[Link]] = {}
        for link in flow.links:
            for interface in link.interfaces:
                self._links.setdefault(interface, []).append(link)
        self._home = [link for link in flow.links if starting.intersection(link.interfaces)]
        self._open: list[_Open] = []

    def runs(self) -> list[Run]:
        starts = [one for one in self._messages if (one.interface, one.event) in self._kinds]
        for start in starts:
            home = next((run for run in reversed(self._open) if self._goes_on(run, start)), None)
            if home is None:
                self._open.append(_Open(start))
            else:
                home.messages.append(start)
        taken = {one.id for one in starts}
        begun = {one.correlation_id for one in starts}
        rest = [one for one in self._messages if one.id not in taken]
        for claims in (self._claims, self._claims_by_workflow, self._claims_what_came_before):
            left = []
            for message in rest:
                run = next((run for run in reversed(self._open) if claims(run, message, begun)), None)
                if run is None:
                    left.append(message)
                else:
                    run.messages.append(message)
            rest = left
        return [Run(run.start, tuple(sorted(run.messages, key=lambda one: one.id))) for run in self._open]

    def _goes_on(self, run: _Open, start: FlowMessage) -> bool:
        """Whether a start is another one of a run: sent again, or of another channel that may begin it too."""
        links = self._links.get(start.interface, ())
        if any(link.by == "correlation" for link in links) and run.shares_correlation(start):
            return True
        if any(link.by == "envelope" for link in links) and run.shares_envelope(start):
            return True
        return not run.has(start.interface) and self._in_span(run, start) and not self._is_alone(links)

    def _claims(self, run: _Open, message: FlowMessage, begun: set[CorrelationId | None]) -> bool:
        links = self._links.get(message.interface, ())
        if any(link.by == "correlation" for link in links) and run.shares_correlation(message):
            return True
        if any(link.by == "envelope" for link in links) and run.shares_envelope(message):
            return True
        if not self._in_span(run, message) or self._is_alone(links):
            return False
        home = [link for link in links if link in self._home]
        if not home or any(link.by == "mpan" for link in home):
            return True
        # Of a workflow of its own, where the mark may be missing: the MPAN ties it, once.
        return (
            all(link.optional for link in home)
            and message.correlation_id not in begun
            and not run.has(message.interface)
        )

    def _claims_by_workflow(self, run: _Open, message: FlowMessage, begun: set[CorrelationId | None]) -> bool:
        """What belongs to the workflow of a message that came in by the MPAN, such as one lane's appointment."""
        links = self._links.get(message.interface, ())
        return any(link.by == "correlation" for link in links) and run.shares_correlation(message)

    def _claims_what_came_before(self, run: _Open, message: FlowMessage, begun: set[CorrelationId | None]) -> bool:
        """What may come shortly before the start, such as IF-002 with the pending switch."""
        home = [link for link in self._links.get(message.interface, ()) if link in self._home]
        start = run.start
        return (
            any(link.optional for link in home)
            and message.mpan_digest is not None
            and message.mpan_digest == start.mpan_digest
            and message.correlation_id not in begun
            and not run.has(message.interface)
            and timedelta(0) <= start.received_at - message.received_at <= self._window
        )

    def _in_span(self, run: _Open, message: FlowMessage) -> bool:
        """Of the same MPAN, behind the start, in time; the latest run is asked first."""
        start = run.start
        return (
            message.mpan_digest is not None
            and message.mpan_digest == start.mpan_digest
            and message.id > start.id
            and message.received_at - start.received_at <= self._window
        )

    def _is_alone(self, links: Sequence[Link]) -> bool:
        return any(link.by == "transaction" for link in links)

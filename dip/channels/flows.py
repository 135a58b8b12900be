"""The business flows of a catalogue, read from `flows/*.yaml`, with every fault as `file:line:column: reason`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from dip.channels.document import CatalogueFault, Entry, parse
from dip.channels.errors import CatalogueRefused
from dip.channels.flow import Branch, Choice, Flow, Link, LinkMark, MessageStep, ResponsePlace, Step, Way
from dip.channels.flow_references import report_lost_place, report_lost_references
from dip.channels.registry import Registry
from dip.messages.identifiers import EventCode, InterfaceId, RoleCode

_FLOW_KEYS = ("title", "purpose", "source", "processes", "lanes", "linked_by", "responses", "steps")
_STEP_KEYS = ("stage", "interface", "events", "from", "to", "response", "optional", "repeats", "note")
_BY_LANE = ("events", "from", "to")
_BLOCKS = ("CommonBlock", "CustomBlock")
_MARKS = ("correlation", "envelope", "transaction", "mpan")


@dataclass(frozen=True, slots=True)
class Flows:
    """Flows by name, and the titles of business processes by code, as `processes.yaml` has them."""

    flows: Mapping[str, Flow]
    processes: Mapping[str, str]

    def with_interface(self, interface: InterfaceId) -> list[Flow]:
        """The flows in which a message of this channel is a step."""
        return [flow for flow in self.flows.values() if any(step.interface == interface for step in flow.messages())]


def load_flows(directory: Path, registry: Registry | None = None) -> Flows:
    """Read the flows of the catalogue in a directory; one without any is fine.

    With a registry, what flows say of channels, events, roles and responses is compared with it. A server
    reads them without: a channel may go while it runs, and the flow's page then says so.
    Raises CatalogueRefused with every fault of every file.
    """
    faults: list[CatalogueFault] = []
    flows: dict[str, Flow] = {}
    for path in sorted((directory / "flows").glob("*.yaml")):
        entry = _document(path, faults)
        if entry is not None:
            flows[path.stem] = _Reader(registry).flow(path.stem, entry)
    names = directory / "processes.yaml"
    titles = _document(names, faults) if names.exists() else None
    processes = {code: held.text() for code, held in titles.mapping().items()} if titles else {}
    if faults:
        raise CatalogueRefused(faults)
    return Flows(flows, processes)


def _document(path: Path, faults: list[CatalogueFault]) -> Entry | None:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8"
        faults.append(CatalogueFault(str(path), 1, 1, f"can't be read: {reason}"))
        return None
    return parse(text, str(path), faults)


class _Reader:
    """Reads one flow; a faulty part has a stand-in value, and its faults are reported."""

    def __init__(self, registry: Registry | None) -> None:
        self._registry = registry
        self._lanes: Mapping[str, str] = {}

    def flow(self, name: str, entry: Entry) -> Flow:
        fields = entry.fields(_FLOW_KEYS, required=("title", "purpose", "steps"))
        lanes = fields["lanes"].mapping() if "lanes" in fields else {}
        self._lanes = {lane: title.text() for lane, title in lanes.items()}
        made = Flow(
            name=name,
            title=_text(fields, "title"),
            purpose=_text(fields, "purpose"),
            source=_text(fields, "source"),
            processes=tuple(fields["processes"].texts()) if "processes" in fields else (),
            lanes=self._lanes,
            links=tuple(self._link(part) for part in _parts(fields, "linked_by")),
            steps=self._steps(fields.get("steps")),
            responses=self._responses(fields["responses"]) if "responses" in fields else {},
        )
        self._report_lost_links(made, fields)
        self._report_lost_places(made, fields)
        if not made.steps and "steps" in fields:
            fields["steps"].fault("expected at least one step")
        return made

    def _steps(self, entry: Entry | None) -> tuple[Step, ...]:
        parts = entry.entries() if entry else []
        return tuple(self._choice(part) if "either" in part.mapping() else self._message(part) for part in parts)

    def _choice(self, entry: Entry) -> Choice:
        fields = entry.fields(("either",))
        parts = _parts(fields, "either")
        if len(parts) < 2 and "either" in fields:
            fields["either"].fault("expected at least two branches")
        return Choice(tuple(self._branch(part) for part in parts))

    def _branch(self, entry: Entry) -> Branch:
        fields = entry.fields(("when", "ends", "steps"), required=("when", "steps"))
        steps = self._steps(fields.get("steps"))
        return Branch(_text(fields, "when"), steps, "ends" in fields and fields["ends"].flag())

    def _message(self, entry: Entry) -> MessageStep:
        fields = entry.fields(_STEP_KEYS, required=("stage", "interface", *_BY_LANE))
        made = MessageStep(
            stage=_text(fields, "stage"),
            interface=InterfaceId(_text(fields, "interface")),
            ways=self._ways(fields),
            response=fields["response"].text() if "response" in fields else None,
            optional="optional" in fields and fields["optional"].flag(),
            repeats="repeats" in fields and fields["repeats"].flag(),
            note=_text(fields, "note"),
        )
        if self._registry is not None and all(key in fields for key in ("interface", *_BY_LANE)):
            report_lost_references(made, fields, self._registry)
        return made

    def _ways(self, fields: Mapping[str, Entry]) -> tuple[Way, ...]:
        given = {key: self._by_lane(fields[key]) for key in _BY_LANE if key in fields}
        named = {lane for by_lane in given.values() for lane in by_lane if lane is not None}
        lanes: Iterable[str | None] = [lane for lane in self._lanes if lane in named] or [None]
        return tuple(
            Way(
                lane,
                tuple(EventCode(f"[{event}]") for event in _of(given, "events", lane)),
                tuple(RoleCode(role) for role in _of(given, "from", lane)),
                tuple(RoleCode(role) for role in _of(given, "to", lane)),
            )
            for lane in lanes
        )

    def _by_lane(self, entry: Entry) -> dict[str | None, list[str]]:
        """A list for every lane, or a mapping from lanes to lists."""
        if entry.is_list:
            return {None: _some(entry)}
        found: dict[str | None, list[str]] = {}
        for lane, held in entry.mapping().items():
            if lane not in self._lanes:
                held.fault(f"no lane {lane!r}", at_key=True)
            found[lane] = _some(held)
        return found

    def _link(self, entry: Entry) -> Link:
        fields = entry.fields(("by", "interfaces", "each_lane", "optional"), required=("by", "interfaces"))
        return Link(
            by=cast(LinkMark, fields["by"].one_of(_MARKS) if "by" in fields else "mpan"),
            interfaces=tuple(InterfaceId(text) for text in fields["interfaces"].texts())
            if "interfaces" in fields
            else (),
            each_lane="each_lane" in fields and fields["each_lane"].flag(),
            optional="optional" in fields and fields["optional"].flag(),
        )

    def _responses(self, entry: Entry) -> dict[InterfaceId, ResponsePlace]:
        return {InterfaceId(name): self._place(held) for name, held in entry.mapping().items()}

    def _place(self, entry: Entry) -> ResponsePlace:
        fields = entry.fields(("at", "absent"), required=("at",))
        path = _text(fields, "at").split(".")
        if "at" in fields and (path[0] not in _BLOCKS or len(path) < 2 or not all(path)):
            fields["at"].fault("expected a path such as CommonBlock.R0.responseCode")
        return ResponsePlace(tuple(path), fields["absent"].text() if "absent" in fields else None)

    def _report_lost_places(self, flow: Flow, fields: Mapping[str, Entry]) -> None:
        for name, held in fields["responses"].mapping().items() if "responses" in fields else ():
            steps = [step for step in flow.messages() if step.interface == name]
            if not any(step.response for step in steps):
                held.fault(f"no step of this flow asks for a response of {name}", at_key=True)
            elif self._registry is not None and "at" in held.mapping():
                report_lost_place(steps, flow.responses[InterfaceId(name)], held.mapping()["at"], self._registry)

    def _report_lost_links(self, flow: Flow, fields: Mapping[str, Entry]) -> None:
        steps = {step.interface for step in flow.messages()}
        for part in _parts(fields, "linked_by"):
            held = part.mapping().get("interfaces")
            for interface in held.entries() if held and held.is_list else ():
                if interface.text() not in steps:
                    interface.fault(f"no step of this flow is a message of {interface.text()}")


def _text(fields: Mapping[str, Entry], key: str) -> str:
    return fields[key].text() if key in fields else ""


def _parts(fields: Mapping[str, Entry], key: str) -> list[Entry]:
    return fields[key].entries() if key in fields else []


def _some(entry: Entry) -> list[str]:
    texts = entry.texts()
    if entry.is_list and not texts:
        entry.fault("expected at least one")
    return texts


def _of(given: Mapping[str, Mapping[str | None, list[str]]], key: str, lane: str | None) -> list[str]:
    by_lane = given.get(key, {})
    return by_lane.get(lane, by_lane.get(None, []))

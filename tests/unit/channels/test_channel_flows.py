"""Business flows as files: read whole, or refused with every fault where it stands."""

from pathlib import Path
from textwrap import dedent

import pytest

from dip.channels.errors import CatalogueRefused
from dip.channels.flow import Choice, MessageStep
from dip.channels.flows import load_flows
from dip.channels.registry import Registry, load
from dip.ground.assets import asset
from dip.messages.identifiers import InterfaceId

ROOT = Path(__file__).resolve().parents[3]
HEAD = """\
title: Made up
purpose: To show a fault
lanes: {data: Data service, metering: Metering service}
steps:
"""
GOOD = "  - {stage: Asked, interface: IF-031, events: [DSApp], from: [SUP], to: [REGS]}\n"


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load(asset("channels"), specification_items=True)


def written(directory: Path, text: str, name: str = "made.yaml") -> Path:
    folder = directory / "flows"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(dedent(text), encoding="utf-8")
    return directory


def faults(directory: Path, registry: Registry | None = None) -> list[str]:
    with pytest.raises(CatalogueRefused) as refused:
        load_flows(directory, registry)
    return [f"{fault.line}:{fault.column}: {fault.reason}" for fault in refused.value.faults]


@pytest.mark.requirement("FS-46")
def test_the_shipped_flows_fit_the_shipped_catalogue(registry: Registry) -> None:
    flows = load_flows(asset("channels"), registry)
    assert {"acquisition", "de-acquisition", "change-of-service", "metering-activity"} <= flows.flows.keys()
    for flow in flows.flows.values():
        assert set(flow.processes) <= flows.processes.keys()


def test_acquisition_has_its_stages_in_order() -> None:
    steps = load_flows(asset("channels")).flows["acquisition"].messages()
    assert list(dict.fromkeys((step.stage, step.interface, step.response) for step in steps)) == [
        ("Gain confirmed", "IF-001", None),
        ("Registration information provided", "IF-002", None),
        ("Service appointment requested", "IF-031", None),
        ("Service appointment rejected", "IF-032", "R"),
        ("Service appointment lapsed", "IF-032", "L"),
        ("Service appointment lapsed", "IF-035", None),
        ("Service appointment accepted", "IF-032", "A"),
        ("Service appointment with agent", "IF-033", None),
        ("Rejected appointment request", "IF-034", "R"),
        ("Rejected appointment request", "IF-035", None),
        ("Approved appointment", "IF-034", "A"),
        ("Approved appointment", "IF-035", None),
        ("Successful appointment", "IF-036", None),
        ("Successful appointment and read", "IF-041", None),
        ("First HH submission", "IF-021", None),
        ("Failed HH submission", "IF-013", None),
    ]


def test_a_step_goes_its_own_way_in_each_lane(tmp_path: Path) -> None:
    text = (
        "  - {stage: Asked, interface: IF-031, events: {metering: [MSApp], data: [DSApp]}, from: [SUP], to: [REGS]}\n"
    )
    (step,) = load_flows(written(tmp_path, HEAD + text)).flows["made"].steps
    assert isinstance(step, MessageStep)
    assert [(way.lane, way.events, way.senders) for way in step.ways] == [
        ("data", ("[DSApp]",), ("SUP",)),
        ("metering", ("[MSApp]",), ("SUP",)),
    ]


def test_a_branch_may_be_empty_and_may_end_the_flow(tmp_path: Path) -> None:
    text = "  - either:\n      - {when: Yes it is, ends: true, steps: []}\n      - {when: No, steps: []}\n"
    (choice,) = load_flows(written(tmp_path, HEAD + text)).flows["made"].steps
    assert isinstance(choice, Choice)
    assert [(branch.when, branch.ends) for branch in choice.branches] == [("Yes it is", True), ("No", False)]


def test_the_flow_of_the_reference_page_fits_the_shipped_catalogue(tmp_path: Path, registry: Registry) -> None:
    page = (ROOT / "docs" / "reference" / "flows.md").read_text(encoding="utf-8")
    text = page.partition("```yaml\n")[2].partition("```")[0]
    flow = load_flows(written(tmp_path, text), registry).flows["made"]
    assert flow.title == "Change of service" and len(list(flow.messages())) == 2


def test_a_catalogue_without_flows_has_none(tmp_path: Path) -> None:
    flows = load_flows(tmp_path)
    assert (flows.flows, flows.processes) == ({}, {})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("  - {stage: Asked}\n", "5:5: the key 'interface' is missing"),
        ("  - {stag: Asked}\n", "5:6: unknown key 'stag'"),
        (GOOD.replace("[SUP]", "{daat: [SUP]}"), "5:63: no lane 'daat'"),
        (GOOD.replace("[DSApp]", "[]"), "5:47: expected at least one"),
        (GOOD.replace("}", ", optional: maybe}"), "5:91: expected one of false, true, found 'maybe'"),
        ("  - either: [{when: Once, steps: []}]\n", "5:13: expected at least two branches"),
        ("  []\n", "5:3: expected at least one step"),
        (
            GOOD + "linked_by: [{by: name, interfaces: [IF-031]}]\n",
            "6:18: expected one of correlation, envelope, mpan, transaction, found 'name'",
        ),
        (
            GOOD + "responses: {IF-031: {at: R0.responseCode}}\n",
            "6:26: expected a path such as CommonBlock.R0.responseCode",
        ),
        (GOOD + "responses: {IF-032: {absent: A}}\n", "6:21: the key 'at' is missing"),
        (
            GOOD + "responses: {IF-031: {at: CommonBlock.R0.responseCode}}\n",
            "6:13: no step of this flow asks for a response of IF-031",
        ),
        (GOOD + "linked_by: [{by: mpan, interfaces: [IF-021]}]\n", "6:37: no step of this flow is a message of IF-021"),
    ],
)
def test_a_fault_is_told_where_it_stands(tmp_path: Path, text: str, found: str) -> None:
    assert found in faults(written(tmp_path, HEAD + text))


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("IF-031", "IF-999", "5:31: no channel IF-999"),
        ("DSApp", "DSAp", "5:47: IF-031 has no event DSAp"),
        ("[SUP]", "[SUP, MDS]", "5:62: MDS sends none of these events of IF-031"),
        ("[REGS]", "[EES]", "5:73: EES gets none of these events of IF-031"),
        ("}", ", response: A}", "5:91: no message of IF-031 has the response code 'A' here"),
    ],
)
def test_what_a_flow_says_of_the_catalogue_is_compared_with_it(
    tmp_path: Path, registry: Registry, old: str, new: str, found: str
) -> None:
    directory = written(tmp_path, HEAD + GOOD.replace(old, new))
    assert faults(directory, registry) == [found]
    assert load_flows(directory).flows.keys() == {"made"}


def test_the_place_of_a_response_is_compared_with_the_formats(tmp_path: Path, registry: Registry) -> None:
    step = (
        "  - {stage: Answered, interface: IF-034, response: A, events: [DSAppSPResponse], from: [SDS], to: [REGS]}\n"
        "responses: {IF-034: {at: CommonBlock.R0.responseCode}}\n"
    )
    found = faults(written(tmp_path, HEAD + step), registry)
    assert found == ["6:26: no message of IF-034 has CommonBlock.R0.responseCode here"]
    written(tmp_path, HEAD + step.replace("CommonBlock.R0", "CustomBlock.B007"))
    (made,) = load_flows(tmp_path, registry).flows.values()
    assert made.responses[InterfaceId("IF-034")].path == ("CustomBlock", "B007", "responseCode")
    assert made.stages() == ("Answered",) and made.starts() == tuple(made.messages())


def test_all_faults_of_all_files_come_at_once(tmp_path: Path) -> None:
    written(tmp_path, "title: One\n", "one.yaml")
    written(tmp_path, "- two\n", "two.yaml")
    with pytest.raises(CatalogueRefused) as refused:
        load_flows(tmp_path)
    assert {Path(fault.file).name for fault in refused.value.faults} == {"one.yaml", "two.yaml"}

"""Business flows as diagrams and as Mermaid text."""

from xml.etree import ElementTree as Tree

import msgspec
import pytest

from dip.channels.flow import Branch, Choice, Flow, MessageStep, Way
from dip.channels.flows import Flows
from dip.channels.registry import Registry
from dip.http.portal.data.sequence import drawn, mermaid, parties
from dip.messages.identifiers import EventCode, InterfaceId, RoleCode

SUPPLIER, REGISTRATION = (RoleCode("SUP"),), (RoleCode("REGS"),)


def step(interface: str, stage: str, *, optional: bool = False) -> MessageStep:
    way = Way(None, (EventCode("[DSApp]"),), SUPPLIER, REGISTRATION)
    return MessageStep(stage, InterfaceId(interface), (way,), optional=optional)


def flow(*steps: MessageStep | Choice) -> Flow:
    return Flow("made", "Made; up", "", "", (), {}, (), steps)


def texts(svg: str) -> str:
    return " ".join(text for text in Tree.fromstring(svg).itertext())  # noqa: S314


@pytest.mark.requirement("FS-46")
def test_each_message_of_a_flow_is_an_arrow_that_links_its_interface(flows: Flows, registry: Registry) -> None:
    for one in flows.flows.values():
        root = Tree.fromstring(drawn(one, registry))  # noqa: S314
        links = [link.attrib["href"] for link in root.iter("a")]
        assert links == [f"/data/interfaces/{message.interface}" for message in one.messages()]


def test_a_diagram_has_no_script_and_no_style_of_its_own(flows: Flows, registry: Registry) -> None:
    for one in flows.flows.values():
        svg = drawn(one, registry)
        assert "style" not in svg and "script" not in svg and "on" + "click" not in svg


def test_roles_of_one_service_share_a_lifeline(flows: Flows, registry: Registry) -> None:
    names = {party.name: party.roles for party in parties(flows.flows["acquisition"], registry)}
    assert names["Metering service"] == ("MSS", "MSA", "UMSO")
    assert names["Supplier"] == ("SUP",)


def test_one_lane_shows_its_own_events_alone(flows: Flows, registry: Registry) -> None:
    one = flows.flows["change-of-service"]
    both, data = texts(drawn(one, registry)), texts(drawn(one, registry, "data"))
    assert "MSAppInitialResp, DSAppInitialResp" in both
    assert "DSAppInitialResp" in data and "MSAppInitialResp" not in data


def test_an_interface_that_is_gone_has_no_link(registry: Registry) -> None:
    assert "<a " not in drawn(flow(step("IF-999", "Asked")), registry)


def test_what_a_flow_says_cannot_become_markup(registry: Registry) -> None:
    svg = drawn(flow(step("IF-031", "<script>alert(1)</script> & more")), registry)
    assert "<script>" not in svg and "&lt;script&gt;" in svg


def test_alternatives_stand_in_a_frame_with_their_conditions(registry: Registry) -> None:
    choice = Choice((Branch("Yes", (step("IF-031", "Asked"),)), Branch("No", (), ends=True)))
    svg = drawn(flow(choice), registry)
    assert "[Yes]" in svg and "[No] – the flow ends here" in svg
    assert [rect.attrib["class"] for rect in Tree.fromstring(svg).iter("rect")].count("frame") == 1  # noqa: S314


def test_a_drawing_is_as_high_as_what_it_holds(registry: Registry) -> None:
    def height(*steps: MessageStep) -> float:
        return float(Tree.fromstring(drawn(flow(*steps), registry)).attrib["viewBox"].split()[3])  # noqa: S314

    assert height(step("IF-031", "One"), step("IF-031", "Two")) > height(step("IF-031", "One"))


def test_a_flow_as_mermaid_text(registry: Registry) -> None:
    choice = Choice((Branch("Yes", (step("IF-032", "Taken", optional=True),)), Branch("No", (), ends=True)))
    assert mermaid(flow(step("IF-031", "Asked; at once"), choice), registry).splitlines() == [
        "sequenceDiagram",
        "    title Made, up",
        "    participant P1 as Supplier (SUP)",
        "    participant P2 as Registration Service (REGS)",
        "    P1->>P2: IF-031 Asked, at once (DSApp)",
        "    alt Yes",
        "        P1-->>P2: IF-032 Taken (DSApp · optional)",
        "    else No (the flow ends here)",
        "    end",
    ]


def test_a_flow_can_be_written_as_json(flows: Flows) -> None:
    assert all(msgspec.json.encode(one) for one in flows.flows.values())

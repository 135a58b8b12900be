"""Messages become runs of a flow, and runs become rows of stages (5.11.3, figure 15)."""

from datetime import UTC, datetime, timedelta

import pytest

from dip.channels.flow import Flow
from dip.channels.flows import load_flows
from dip.ground.assets import asset
from dip.messages.identifiers import (
    CorrelationId,
    DipId,
    EventCode,
    InterfaceId,
    RoleCode,
    SenderReference,
    TransactionId,
)
from dip.reporting.flow_matrix import FlowRow, RunState, StageState, row_of
from dip.reporting.flow_runs import Run, runs_of, telling_interfaces
from dip.store.trail_records import FlowMessage

WINDOW = timedelta(days=60)
START = datetime(2026, 3, 21, 9, tzinfo=UTC)
MPAN, OTHER = b"a" * 16, b"b" * 16


@pytest.fixture(scope="module")
def flows() -> dict[str, Flow]:
    return dict(load_flows(asset("channels")).flows)


def message(
    number: int,
    kind: str,
    correlation: str | None = None,
    *,
    mpan: bytes | None = MPAN,
    days: float = 0,
    envelope: str | None = None,
    known: bool = True,
) -> FlowMessage:
    interface, _, event = kind.partition(" ")
    return FlowMessage(
        id=number,
        received_at=START + timedelta(days=days, seconds=number),
        interface=InterfaceId(interface),
        event=EventCode(f"[{event}]"),
        sender=DipId("2300000001"),
        sender_role=RoleCode("SUP"),
        reference=SenderReference(f"r{number}"),
        transaction_id=TransactionId(f"t{number}"),
        correlation_id=None if correlation is None else CorrelationId(correlation),
        envelope_reference=envelope,
        mpan_digest=mpan,
        known=known,
    )


def numbers(runs: list[Run]) -> list[list[int]]:
    return [[one.id for one in run.messages] for run in runs]


def lane(row: FlowRow, name: str | None) -> dict[str, StageState]:
    return {cell.stage: cell.state for cell in row.cells if cell.lane == name}


ACQUISITION = (
    message(1, "IF-002 GainMPANInfo", "c2"),
    message(2, "IF-001 ChangeOfSupplier", "c1"),
    message(3, "IF-031 MSApp", "m"),
    message(4, "IF-031 DSApp", "d"),
    message(5, "IF-032 MSAppInitialResp", "m"),
    message(6, "IF-032 DSAppInitialResp", "d"),
    message(7, "IF-033 DSAppSPRequest", "d"),
    message(8, "IF-034 DSAppSPResponse", "d"),
    message(9, "IF-035 DSAppAccepted", "d", mpan=None),
    message(10, "IF-036 DSAppActive", "d"),
    message(11, "IF-021 ActivePower", days=2),
    message(12, "IF-021 ActivePower", days=3),
)
RESPONSES = {5: "R", 6: "A", 8: "A"}


@pytest.mark.requirement("FS-53")
def test_an_acquisition_has_two_lanes_side_by_side(flows: dict[str, Flow]) -> None:
    flow = flows["acquisition"]
    strangers = (message(13, "IF-031 MSApp", "x", mpan=OTHER), message(14, "IF-021 ActivePower", days=90))
    (run,) = runs_of(flow, (*ACQUISITION, *strangers), WINDOW)
    assert numbers([run]) == [list(range(1, 13))]
    row = row_of(flow, run, RESPONSES)
    assert row.lanes == ("metering", "data")
    metering, data, both = lane(row, "metering"), lane(row, "data"), lane(row, None)
    assert metering["Service appointment rejected"] is StageState.REACHED
    assert metering["Service appointment accepted"] is metering["Successful appointment"] is StageState.SKIPPED
    assert data["Service appointment rejected"] is data["Service appointment lapsed"] is StageState.SKIPPED
    assert data["Approved appointment"] is data["Successful appointment"] is StageState.REACHED
    assert both["Gain confirmed"] is both["Registration information provided"] is StageState.REACHED
    assert row.state is RunState.STOPPED


def test_a_lapse_is_told_by_an_event_too(flows: dict[str, Flow]) -> None:
    flow = flows["change-of-service"]
    (run,) = runs_of(flow, [message(1, "IF-031 DSApp", "d"), message(2, "IF-035 DSAppLapsed", "d")], WINDOW)
    row = row_of(flow, run, {})
    assert lane(row, "data")["Service appointment request lapsed"] is StageState.REACHED
    assert row.state is RunState.STOPPED


def test_a_whole_change_of_service_is_complete(flows: dict[str, Flow]) -> None:
    flow = flows["change-of-service"]
    (run,) = runs_of(flow, ACQUISITION[3:4] + ACQUISITION[5:], WINDOW)
    row = row_of(flow, run, RESPONSES)
    assert row.lanes == ("data",) and row.state is RunState.COMPLETE
    assert [cell.again for cell in row.cells if cell.stage == "First HH submission"] == [1]


def test_every_loss_is_a_run_of_its_mpan(flows: dict[str, Flow]) -> None:
    found = runs_of(
        flows["de-acquisition"],
        [
            message(1, "IF-001 ChangeOfSupplier", "c1"),
            message(2, "IF-037 MSDeApp", "x"),
            message(3, "IF-001 ChangeOfSupplier", "c3", days=30),
            message(4, "IF-037 DSDeApp", "y", days=31),
            message(5, "IF-037 DSDeApp", "z", mpan=OTHER),
        ],
        WINDOW,
    )
    assert numbers(found) == [[1, 2], [3, 4]]


def test_works_on_a_meter_are_linked_by_workflow_envelope_and_mpan(flows: dict[str, Flow]) -> None:
    flow = flows["metering-activity"]
    found = runs_of(
        flow,
        [
            message(1, "IF-005 MeterRemoval", "a", envelope="e"),
            message(2, "IF-005 MeterInstall", "b", envelope="e"),
            message(3, "IF-006 MeterRemoval", "a"),
            message(4, "IF-006 MeterInstall", "b"),
            message(5, "IF-041 ReadingRemv"),
            message(6, "IF-007 EnergisationStatusChange", "s", days=1),
            message(7, "IF-008 EnergisationStatusChange", "s", days=1),
            message(8, "IF-007 EnergisationStatusChange", "t", days=2),
        ],
        WINDOW,
    )
    assert numbers(found) == [[1, 2, 3, 4, 5, 6, 7], [8]]
    row = row_of(flow, found[0], {3: "A", 4: "R", 7: "A"})
    assert lane(row, None)["De-energised"] is StageState.REACHED
    alone = row_of(flow, found[1], {})
    assert lane(alone, None)["Metering service updates required"] is StageState.SKIPPED
    assert alone.state is RunState.OPEN


def test_what_a_visitor_does_not_know_is_not_shown(flows: dict[str, Flow]) -> None:
    flow = flows["change-of-service"]
    (run,) = runs_of(
        flow,
        [
            message(1, "IF-031 DSApp", "d", known=False),
            message(2, "IF-033 DSAppSPRequest", "d"),
            message(3, "IF-034 DSAppSPResponse", "d", known=False),
        ],
        WINDOW,
    )
    row = row_of(flow, run, {}, sees_all=False)
    states = lane(row, "data")
    assert states["Service appointment requested"] is StageState.UNSEEN
    assert states["Service appointment sent to agent"] is StageState.REACHED
    assert states["Approved appointment"] is StageState.OPEN
    assert row.started_at == run.messages[1].received_at


@pytest.mark.parametrize(
    ("name", "told_by"),
    [
        ("de-acquisition", {"IF-001", "IF-037"}),
        ("metering-activity", {"IF-005", "IF-006", "IF-007", "IF-008"}),
        ("change-of-service", {f"IF-03{digit}" for digit in range(1, 7)}),
    ],
)
def test_who_did_not_see_the_start_knows_a_run_by_others(flows: dict[str, Flow], name: str, told_by: set[str]) -> None:
    assert telling_interfaces(flows[name]) == told_by

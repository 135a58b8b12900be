"""What users are told of maintenance: each step of a window once, its channels together."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from dip.catalogue.maintenance_mails import MaintenanceStep, compared
from dip.messages.identifiers import InterfaceId
from dip.store.maintenance import MaintenanceTold

START = datetime(2026, 3, 21, 19, 5, tzinfo=UTC)
A, B = InterfaceId("IF-031"), InterfaceId("IF-032")


def told(channel: InterfaceId, *, begun: bool = False, reason: str = "New formats") -> MaintenanceTold:
    return MaintenanceTold(channel=channel, starts=START, ends=START + timedelta(hours=1), reason=reason, begun=begun)


def by_channel(*windows: MaintenanceTold) -> dict[InterfaceId, MaintenanceTold]:
    return {one.channel: one for one in windows}


@pytest.mark.requirement("FS-62")
def test_each_step_is_told_once() -> None:
    announced, begun = told(A), told(A, begun=True)
    changed = replace(announced, ends=None)
    steps = [
        (by_channel(), by_channel(announced), MaintenanceStep.ANNOUNCED),
        (by_channel(), by_channel(begun), MaintenanceStep.BEGUN),
        (by_channel(announced), by_channel(begun), MaintenanceStep.BEGUN),
        (by_channel(announced), by_channel(changed), MaintenanceStep.CHANGED),
        (by_channel(begun), by_channel(replace(begun, ends=None)), MaintenanceStep.CHANGED),
        (by_channel(begun), by_channel(), MaintenanceStep.OVER),
        (by_channel(announced), by_channel(), MaintenanceStep.TAKEN_BACK),
    ]
    for known, present, step in steps:
        assert [one.step for one in compared(known, present)] == [step]
        assert compared(present, present) == []


def test_channels_of_one_window_are_told_together_and_others_apart() -> None:
    news = compared({}, by_channel(told(A), told(B)))
    assert [one.channels for one in news] == [(A, B)]
    apart = compared({}, by_channel(told(A), told(B, reason="Another")))
    assert [one.channels for one in apart] == [(A,), (B,)]

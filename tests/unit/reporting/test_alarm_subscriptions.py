"""Which alarm fits which subscription, and what is sent of it."""

from datetime import UTC, datetime

import msgspec
import pytest

from dip.messages.identifiers import DipId
from dip.reporting.alarm_subscriptions import may_see, wants, webhook_body
from dip.reporting.alarms import AlarmNews, What
from dip.store.alarm_settings import AlarmSubscription, Way
from dip.store.alarms import Alarm, AlarmKind

AT = datetime(2026, 3, 21, 19, 5, tzinfo=UTC)
ALARM = Alarm(kind=AlarmKind.LATENCY, subject="2200000001 IF-031", raised_at=AT, updated_at=AT, detail="late")
ALL = AlarmSubscription(user="a", way=Way.MAIL, target="a@dip.example", made_at=AT)


@pytest.mark.requirement("FS-56")
@pytest.mark.parametrize(
    ("changes", "fits"),
    [
        ({}, True),
        ({"kinds": (AlarmKind.LATENCY, AlarmKind.BALANCE)}, True),
        ({"kinds": (AlarmKind.BALANCE,)}, False),
        ({"channels": ("IF-031",)}, True),
        ({"channels": ("IF-032",)}, False),
        ({"channels": ("2200000001",)}, False),
        ({"about": "2200000001"}, True),
        ({"about": "0800000001"}, False),
        ({"about": "2200000001", "kinds": (AlarmKind.BALANCE,)}, False),
    ],
)
def test_an_alarm_fits_when_every_condition_does(changes: dict[str, object], fits: bool) -> None:
    assert wants(msgspec.structs.replace(ALL, **changes), ALARM) is fits


def test_who_sees_a_participant_sees_its_alarms_alone() -> None:
    assert may_see(None, ALARM)
    assert may_see(frozenset({DipId("2200000001")}), ALARM)
    assert not may_see(frozenset({DipId("0800000001")}), ALARM)
    assert not may_see(frozenset(), ALARM)


def test_a_webhook_is_not_sent_notes_of_those_who_look_after_an_alarm() -> None:
    noted = msgspec.structs.replace(ALARM, acknowledged_at=AT, acknowledged_by="somebody", note="a private note")
    body = webhook_body(AlarmNews(What.OVER, noted), "DEV")
    assert b"private" not in body
    assert b"somebody" not in body
    assert msgspec.json.decode(body)["what"] == "over"

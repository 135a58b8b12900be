import json
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from dip.client import MessagesUnreadable, fresh, interface_of, load_messages
from dip.ground.assets import asset
from tests.unit.client.conftest import message

REFERENCE = r"S-((IF|REP)-)?\d{3}[A-B]?-[0-9a-fA-F]{10}-[A-Z]{3,5}-\d{8}-[a-zA-Z0-9]+"
NOW = datetime(2026, 3, 21, 0, 30, tzinfo=timezone(timedelta(hours=1)))


def test_a_fresh_message_has_a_reference_of_its_own_and_the_time_in_utc() -> None:
    old = message()
    renewed, again = fresh(old, NOW), fresh(old, NOW)
    sender = renewed["payload"]["CommonBlock"]["S1"]
    assert sender["senderTimestamp"] == "2026-03-20T23:30:00+00:00"
    assert re.fullmatch(REFERENCE, sender["senderUniqueReference"])
    assert sender["senderUniqueReference"].startswith("S-IF-036-2200000001-REGS-20260320-")
    assert renewed != again
    assert old == message()


@pytest.mark.parametrize("form", ["array", "object", "bare"])
def test_a_file_holds_one_message_or_several(tmp_path: Path, form: str) -> None:
    content = {"array": [message()], "object": message(), "bare": message()["payload"]}[form]
    file = tmp_path / "message.json"
    file.write_text(json.dumps(content))
    assert load_messages(file) == [message()]


@pytest.mark.parametrize(
    "content",
    ["", "[", "[]", "17", '[{"payload": {}}]', '{"payload": {"CommonBlock": {"S0": {}}}}', "[null]"],
)
def test_a_file_without_a_message_is_named(tmp_path: Path, content: str) -> None:
    file = tmp_path / "message.json"
    file.write_text(content)
    with pytest.raises(MessagesUnreadable, match=r"message\.json"):
        load_messages(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MessagesUnreadable, match=r"nowhere\.json"):
        load_messages(tmp_path / "nowhere.json")


@pytest.mark.parametrize(
    ("name", "interface"),
    [("if-021-activepower", "IF-021"), ("if-031-dsapp", "IF-031"), ("if-909-worked-example", "IF-909")],
)
def test_the_samples_that_ship_can_be_read(name: str, interface: str) -> None:
    [found] = load_messages(asset("data/seed") / "samples" / f"{name}.json")
    assert interface_of(found) == interface

"""The answer to a request: entries and status by profile (5.5.10)."""

from typing import Any

import msgspec
import pytest

from dip.ground.profiles import PROFILES
from dip.intake.answer import Answering, Judged
from dip.intake.refusal import one, permission
from dip.messages.identifiers import CorrelationId, DipId, TransactionId
from dip.store.records import Outcome, Verdict

TEXTS = {"MSG0000": "Success", "MSG1000": "Failed", "MSG1001": "Schema", "MSG1006": "Duplicated", "MSG1009": "Sender"}
AT = "2026-03-21T19:05:00+00:00"
BAD, NOT_ALLOWED = one("MSG1001", "/payload", "x"), permission("MSG1009", "/payload", "x")
IDS = (TransactionId("T-1"), CorrelationId("CI-1"))
NEW, SAME, DIFFERENT = (Outcome(verdict, 1, *IDS) for verdict in (Verdict.NEW, Verdict.SAME, Verdict.DIFFERENT))
LEFT = Outcome(Verdict.LEFT, None, None, None)


def conclude(profile: str, *found: Any) -> tuple[int, list[dict[str, Any]]]:
    judged = [Judged(f"S-{n}", None if isinstance(one_, Outcome) else one_) for n, one_ in enumerate(found)]
    outcomes = [one_ for one_ in found if isinstance(one_, Outcome)]
    status, body = Answering(PROFILES[profile], TEXTS).conclude(judged, outcomes, DipId("2300000001"), AT)
    decoded = msgspec.json.decode(body)
    assert decoded["timestamp"] == AT
    return status, decoded["messageArray"]


@pytest.mark.parametrize(
    ("profile", "found", "status"),
    [
        ("spec", [NEW, NEW], 202),
        ("live", [NEW, NEW], 201),
        ("spec", [NEW, SAME], 202),
        ("spec", [NEW, DIFFERENT], 207),
        ("spec", [NEW, BAD], 207),
        ("spec", [SAME, NOT_ALLOWED], 207),
        ("spec", [BAD, NOT_ALLOWED], 400),
        ("spec", [NOT_ALLOWED, NOT_ALLOWED], 403),
        ("spec", [DIFFERENT, NOT_ALLOWED], 400),
        ("live", [SAME], 400),
        ("live", [LEFT, SAME], 400),
        ("live", [LEFT, BAD], 400),
        ("live", [LEFT, NOT_ALLOWED], 400),
        ("live", [NOT_ALLOWED], 403),
    ],
)
@pytest.mark.requirement("FS-30")
def test_the_status_says_whether_all_some_or_none_were_taken(profile: str, found: list[Any], status: int) -> None:
    assert conclude(profile, *found)[0] == status


@pytest.mark.requirement("FS-14", "FS-30")
def test_each_message_has_its_entry_in_order() -> None:
    _, entries = conclude("spec", BAD, NEW, NOT_ALLOWED, SAME, DIFFERENT)
    assert [entry["senderUniqueReference"] for entry in entries] == ["S-0", "S-1", "S-2", "S-3", "S-4"]
    assert [entry["message"] for entry in entries] == [
        "MSG1001 - Schema",
        "MSG0000 - Success",
        "MSG1009 - Sender",
        "MSG0000 - Success",
        "MSG1006 - Duplicated",
    ]
    assert [entry["transactionID"] for entry in entries] == [None, "T-1", None, "T-1", "T-1"]
    assert [bool(entry["help"]) for entry in entries] == [True, False, True, False, True]

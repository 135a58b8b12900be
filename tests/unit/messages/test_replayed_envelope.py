"""A replayed message: in its own wrapper that says so, or in a new one beside the first (5.5.11)."""

from typing import Any

import msgspec
import pytest
from hypothesis import given

from dip.messages.envelope import Envelope
from tests.unit.messages.test_envelope import BLOCKS, CUSTOM, assembled

AT = "2026-03-22T00:00:00+00:00"
FIRST = {
    "transactionID": "T-1",
    "transactionTimestamp": "2026-03-21T19:05:00+00:00",
    "publicationID": "PUB-031",
    "initialCorrelationID": "CI-1",
    "replayIndicator": False,
    "serviceTicketURL": None,
}
AGAIN = FIRST | {
    "transactionID": "R-T-1",
    "initialCorrelationID": "R-CI-1",
    "transactionTimestamp": AT,
    "replayIndicator": True,
}


@pytest.mark.requirement("FS-32")
@given(blocks=BLOCKS, custom=CUSTOM)
def test_all_but_the_wrapper_stays_as_it_was(blocks: dict[str, Any], custom: dict[str, Any] | None) -> None:
    envelope = assembled(
        {"S0": {"interfaceID": "IF-031"}, **blocks, "S1": {"D0": FIRST | {"transactionID": "T-2"}}}, custom
    )
    new, first = envelope.rewrapped(AT)
    before, after = envelope.content(), new.content()
    assert before["CommonBlock"].pop("D0") == FIRST == msgspec.json.decode(first)
    assert after["CommonBlock"].pop("D0") == AGAIN
    assert after == before
    assert new.custom == envelope.custom
    assert Envelope.unpack(new.pack()) == new


@pytest.mark.parametrize(
    ("header", "edition"), [({"schemaVersion": "011"}, "011"), ({}, None), ({"schemaVersion": 11}, 11)]
)
def test_the_edition_is_the_schema_version(header: dict[str, Any], edition: object) -> None:
    assert assembled({"S0": header}, {}).edition() == edition

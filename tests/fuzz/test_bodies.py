"""Bodies of messages: taken or refused, never anything else; the fast check and the slow one agree."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dip.channels.channel import Channel, Event
from dip.channels.registry import Registry, load
from dip.delivery.answers import Call, entries_of, judge
from dip.ground.assets import asset
from dip.ground.settings import Settings
from dip.intake.body import Blocks, read_body, read_entries, repeats_a_name
from dip.intake.format_check import FormatCheck
from dip.intake.refusal import Refusal, RequestRefused
from dip.messages.identifiers import EventCode, InterfaceId
from tests.fuzz.changes import JSON, broken_bytes, broken_json
from tests.fuzz.conftest import cases
from tests.support.platform import sample

PROFILES = ["spec", "live"]
GOOD = sample("if-031")
BYTES = msgspec.json.encode([GOOD])


def refuses(compact: str) -> bytes:
    raise AssertionError(f"nothing here is encrypted: {compact[:10]}")


@cache
def served(profile: str) -> tuple[Settings, Registry, Channel, Event]:
    settings = msgspec.convert({"profile": profile}, Settings)
    registry = load(asset("channels"), specification_items=settings.switches.specification_items)
    channel = registry.channels[InterfaceId("IF-031")]
    return settings, registry, channel, channel.events[EventCode(GOOD["payload"]["CommonBlock"]["S0"]["eventCode"])]


def slow(profile: str, decrypt: Callable[[str], bytes] = refuses) -> FormatCheck:
    settings, registry, channel, event = served(profile)
    return FormatCheck(settings=settings, channel=channel, event=event, names=registry.names, decrypt=decrypt)


def fast(profile: str, body: bytes) -> bool:
    """Whether the fast check takes it; the form of names folded first, where the profile folds them."""
    settings, _, _, event = served(profile)
    (blocks,) = read_body(body, message_limit=1, nesting_limit=32, folds_names=settings.switches.folds_names)
    if isinstance(blocks, Refusal) or blocks.CustomBlock is msgspec.UNSET:
        return False
    try:
        event.format.decode_common(blocks.CommonBlock)
        event.format.decode_custom(blocks.CustomBlock)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


@pytest.mark.parametrize("profile", PROFILES)
@cases
@given(body=broken_bytes(BYTES) | st.binary(max_size=40))
def test_bytes_are_read_or_refused(profile: str, body: bytes) -> None:
    try:
        read = read_body(body, message_limit=3, nesting_limit=32, folds_names=profile == "live")
    except RequestRefused as refused:
        assert refused.status in (400, 413)
    else:
        assert all(isinstance(one, Blocks | Refusal) for one in read)
    try:
        assert isinstance(slow(profile, lambda compact: b"{}").faults(body), list)
    except RequestRefused as refused:
        assert refused.status in (400, 413)
    try:
        read_entries(body, message_limit=3, nesting_limit=32)
    except RequestRefused as refused:
        assert refused.status in (400, 413)


@pytest.mark.parametrize("profile", PROFILES)
@cases
@given(message=broken_json(GOOD))
def test_the_fast_check_and_the_slow_one_agree(profile: str, message: Any) -> None:
    body = json.dumps([message], ensure_ascii=False).encode("utf-8", "surrogatepass")
    try:
        faults = slow(profile, lambda compact: b"[]").faults(body)
    except RequestRefused:
        faults = None
    if faults is None:
        return
    if fast(profile, body):
        common = message["payload"]["CommonBlock"]
        code = common["S0"]["eventCode"] if "S0" in common else None
        assert not faults or code != served(profile)[3].code, faults
    elif profile == "spec":
        # In the other profile names of another case are folded; then the slow check alone decides.
        assert faults, body


@cases
@given(body=broken_bytes(BYTES))
def test_names_that_stand_twice_are_found_in_whatever_can_be_read(body: bytes) -> None:
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    assert repeats_a_name(body) in (True, False)


ENTRY = {"transactionID": "T", "senderUniqueReference": "R", "message": "MSG0000 - Success", "help": None}
ANSWER = {"messageArray": [ENTRY, {**ENTRY, "message": "MSG1001"}], "responseTimestamp": "2026-03-21T19:05:00Z"}


@cases
@given(
    answer=broken_bytes(json.dumps(ANSWER).encode())
    | broken_json(ANSWER).map(msgspec.json.encode)
    | JSON.map(msgspec.json.encode),
    status=st.sampled_from([200, 201, 202, 204, 207, 400, 404, 500]),
)
def test_whatever_a_recipient_answers_is_judged(answer: bytes, status: int) -> None:
    entries_of(answer)
    assert judge(Call(status, answer), []) == []

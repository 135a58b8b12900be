"""Senders and recipients edited within a definition: nothing else of its text moves."""

import pytest

from dip.catalogue.edits import Edit, Recipient, recipients_edit, senders_edit
from dip.channels.channel import Channel
from dip.channels.registry import build, read
from dip.ground.assets import asset
from dip.messages.identifiers import InterfaceId, RoleCode

HEAD = """\
# Who asks for what (é, 😀).
id: IF-930
template: pattern-a
name: A channel
publication: PUB-930
category: 1
correlation: none
"""
TAIL = """\
events:
  DSApp: {meaning: Appoint a service}
formats:
  DSApp: {custom: [B013?, B071]}   # optional first
"""
MSS, SUP, LDSO = RoleCode("MSS"), RoleCode("SUP"), RoleCode("LDSO")


@pytest.fixture(scope="module")
def shared() -> dict[str, str]:
    """The texts that every channel is read against."""
    return {name: text for name, text in read(asset("channels")).items() if not name.startswith("interfaces/")}


def channel_of(text: str, shared: dict[str, str]) -> Channel:
    texts = {**shared, "interfaces/IF-930.yaml": text}
    return build(texts, asset("channels"), specification_items=True).channels[InterfaceId("IF-930")]


def edited(text: str, edit: Edit, shared: dict[str, str]) -> str:
    """The text after the edit, which must define a channel again."""
    after = edit(text, channel_of(text, shared))
    channel_of(after, shared)
    return after


def definition(senders: str, routing: str, tail: str = TAIL) -> str:
    return f"{HEAD}{senders}{routing}{tail}"


ROUTING = "routing: {primary: [REGS], secondary: [], always: []}\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("senders: [SUP]   # them\n", "senders: [SUP, MSS]   # them\n"),
        ("senders:\n- SUP   # them\n", "senders:\n- SUP\n- MSS   # them\n"),
        ("senders:\n    - SUP\n\n# next\n", "senders:\n    - SUP\n    - MSS\n\n# next\n"),
    ],
    ids=["in brackets", "a line each", "indented"],
)
def test_a_sender_is_added_in_the_style_of_the_list(before: str, after: str, shared: dict[str, str]) -> None:
    text = edited(definition(before, ROUTING), senders_edit([MSS], []), shared)
    assert text == definition(after, ROUTING)


def test_a_sender_is_struck_from_the_channel_and_its_events(shared: dict[str, str]) -> None:
    tail = TAIL.replace("{meaning: Appoint a service}", "{meaning: Appoint a service, senders: [SUP, MSS]}")
    text = edited(definition("senders: [SUP, MSS]\n", ROUTING, tail), senders_edit([], [MSS]), shared)
    assert text == definition("senders: [SUP]\n", ROUTING, tail.replace("[SUP, MSS]", "[SUP]"))


def test_what_is_so_already_changes_no_character(shared: dict[str, str]) -> None:
    text = definition("senders: [ SUP ,MSS ]\n", ROUTING)
    assert edited(text, senders_edit([SUP, MSS], [LDSO]), shared) == text
    assert edited(text, recipients_edit([Recipient(RoleCode("REGS"), "primary")], []), shared) == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (ROUTING, "routing: {primary: [REGS], secondary: [], always: [MSS]}\n"),
        ("routing: {primary: [REGS]}\n", "routing: {primary: [REGS], always: [MSS]}\n"),
        (
            "routing:\n  primary: [REGS]   # named\n  always: ['*']\n",
            "routing:\n  primary: [REGS]\n  always: ['*', MSS]\n",
        ),
    ],
    ids=["every class", "a further class", "a line each"],
)
def test_a_recipient_is_added_to_a_class(before: str, after: str, shared: dict[str, str]) -> None:
    text = edited(definition("senders: [SUP]\n", before), recipients_edit([Recipient(MSS, "always")], []), shared)
    assert text == definition("senders: [SUP]\n", after)


def test_a_recipient_is_added_for_every_event_and_sender(shared: dict[str, str]) -> None:
    tail = TAIL.replace(
        "{meaning: Appoint a service}",
        "{meaning: Appoint a service, routing_by_sender: {SUP: {primary: [LDSO]}}}",
    )
    before = definition("senders: [SUP]\n", ROUTING, tail)
    text = edited(before, recipients_edit([Recipient(MSS, "primary")], []), shared)
    assert "routing: {primary: [REGS, MSS], secondary: [], always: []}" in text
    assert "SUP: {primary: [LDSO, MSS]}" in text
    back = edited(text, recipients_edit([], [Recipient(MSS)]), shared)
    assert back == before


def test_a_recipient_struck_from_one_class_stays_in_the_others(shared: dict[str, str]) -> None:
    before = definition("senders: [SUP]\n", "routing: {primary: [REGS, MSS], secondary: [MSS], always: [MSS]}\n")
    text = edited(before, recipients_edit([], [Recipient(MSS, "secondary")]), shared)
    assert "routing: {primary: [REGS, MSS], secondary: [], always: [MSS]}" in text


def test_what_a_template_says_is_written_into_the_definition(shared: dict[str, str]) -> None:
    template = "pattern: A\narchive_for: P1D\ndead_letter_after: P1D\nversions: ['011']\ncommon: []\n"
    own = {**shared, "templates/small.yaml": template + "senders: [SUP]\nrouting: {primary: [REGS]}\n"}
    text = definition("", "").replace("pattern-a", "small")
    more = edited(text, senders_edit([MSS], []), own)
    assert more == text + "senders: [SUP, MSS]\n"
    routed = edited(text, recipients_edit([Recipient(MSS, "always")], []), own)
    assert routed == text + "routing: {primary: [REGS], secondary: [], always: [MSS]}\n"

"""The envelope: assembled once, packed, unpacked, with another CustomBlock, back to what the sender meant."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dip.messages.envelope import AddressBlock, Envelope, TransactionBlock, TransactionTemplate, array
from dip.messages.identifiers import CorrelationId, DipId, TransactionId

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
BLOCKS = st.dictionaries(
    st.sampled_from(["S0", "S1", "M0", "A0", "D0", "Z9"]) | st.text(max_size=8),
    st.dictionaries(st.text(max_size=5), VALUES, max_size=3),
    max_size=6,
)
CUSTOM = st.none() | st.dictionaries(st.text(max_size=5), VALUES, max_size=3)
WRAPPER = TransactionBlock(
    transaction_id=TransactionId("T-1"),
    timestamp="2026-03-21T19:05:00+00:00",
    publication_id="PUB-031",
    correlation_id=CorrelationId("CI-1"),
)


def assembled(blocks: dict[str, Any], custom: Any | None, primary: list[str] | None = None) -> Envelope:
    return Envelope.assemble(
        {name: msgspec.Raw(msgspec.json.encode(block)) for name, block in blocks.items()},
        AddressBlock(primary=[DipId(one) for one in primary or []], secondary=[], always=[]),
        WRAPPER,
        None if custom is None else msgspec.json.encode(custom),
    )


@pytest.mark.requirement("FS-24")
@given(blocks=BLOCKS, custom=CUSTOM)
def test_the_senders_blocks_stand_unchanged_beside_addressing_and_wrapper(
    blocks: dict[str, Any], custom: dict[str, Any] | None
) -> None:
    envelope = assembled(blocks, custom)
    payload = msgspec.json.decode(envelope.plain)["payload"]
    common = payload["CommonBlock"]
    assert common.pop("D0")["transactionID"] == "T-1"
    assert common.pop("A0") == {"primaryRecipients": [], "secondaryRecipients": [], "always": []}
    assert common == {name: block for name, block in blocks.items() if name not in ("A0", "D0")}
    assert payload.get("CustomBlock") == custom
    assert envelope.custom == (None if custom is None else msgspec.json.encode(custom))


@given(blocks=BLOCKS, custom=CUSTOM)
def test_what_is_packed_comes_out_the_same(blocks: dict[str, Any], custom: dict[str, Any] | None) -> None:
    envelope = assembled(blocks, custom)
    assert Envelope.unpack(envelope.pack()) == envelope
    again = Envelope.of_content(envelope.content())
    assert again.content() == envelope.content()
    assert (again.custom is None) == (custom is None)


@given(blocks=BLOCKS, custom=CUSTOM, jwe=st.text("abc.-_", min_size=1, max_size=30))
def test_another_custom_block_takes_the_place_of_the_first(
    blocks: dict[str, Any], custom: dict[str, Any] | None, jwe: str
) -> None:
    envelope = assembled(blocks, custom)
    payload = msgspec.json.decode(envelope.with_custom(msgspec.json.encode(jwe)))["payload"]
    assert payload["CustomBlock"] == jwe
    assert payload["CommonBlock"] == envelope.content()["CommonBlock"]


@pytest.mark.requirement("FS-14")
@given(blocks=BLOCKS, custom=CUSTOM)
def test_what_the_sender_meant_is_the_same_whatever_the_dip_added(
    blocks: dict[str, Any], custom: dict[str, Any] | None
) -> None:
    first = assembled(blocks, custom)
    later = Envelope.assemble(
        {name: msgspec.Raw(msgspec.json.encode(blocks[name])) for name in reversed(list(blocks))},
        AddressBlock(primary=[], secondary=[DipId("2200000001")], always=[DipId("1800000001")]),
        msgspec.structs.replace(WRAPPER, transaction_id=TransactionId("T-2")),
        None if custom is None else msgspec.json.encode(custom),
    )
    assert first.as_sent() == later.as_sent()


@given(stamp=st.text(max_size=10), publication=st.text(max_size=10), ids=st.lists(st.text(max_size=20), max_size=2))
def test_a_wrapper_filled_into_its_template_is_the_wrapper_written_at_once(
    stamp: str, publication: str, ids: list[str]
) -> None:
    transaction = TransactionId(ids[0] if ids else "T-1")
    correlation = CorrelationId(ids[1]) if len(ids) > 1 else None
    filled = TransactionTemplate.of(stamp, publication).filled(transaction, correlation)
    assert filled == msgspec.json.encode(TransactionBlock(transaction, stamp, publication, correlation))


def test_other_named_recipients_are_another_meaning() -> None:
    assert assembled({}, None, ["2200000001"]).as_sent() != assembled({}, None).as_sent()


@given(st.lists(BLOCKS, max_size=4))
def test_elements_join_to_a_json_array(many: list[dict[str, Any]]) -> None:
    envelopes = [assembled(blocks, None) for blocks in many]
    joined = msgspec.json.decode(array([envelope.plain for envelope in envelopes]))
    assert [element["payload"] for element in joined] == [envelope.content() for envelope in envelopes]

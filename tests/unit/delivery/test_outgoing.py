"""What goes out in one call: how much of the queue, under which headers, to which endpoint."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dip.delivery.endpoint import EndpointKey, endpoint_of, webhook_for
from dip.delivery.outgoing import Bodies, Item, fit, platform_headers, sequences
from dip.ground.settings import Settings
from dip.messages.envelope import Envelope
from dip.messages.identifiers import DipId
from dip.security.signing import content_hash
from dip.store.records import ALL_CHANNELS, STATUS_CHANNEL, Lane, Webhook
from tests.unit.delivery.deliveries import waiting

RECIPIENT = DipId("2200000001")
KEY = EndpointKey(RECIPIENT, "https://a.example/", False)
LANES = {1: Lane(1, RECIPIENT, "IF-031"), 2: Lane(2, RECIPIENT, "IF-036")}


def item(number: int, size: int = 10, *, lane: int = 1, protected: bool = False) -> Item:
    plain = b"x" * size
    return Item(waiting(number, lane=lane, protected=protected), Envelope(plain, 0) if protected else plain)


def hook(channel: str, url: str = KEY.url, count: int | None = None, size: int | None = None) -> Webhook:
    return Webhook(RECIPIENT, channel, url, count, size)


@given(sizes=st.lists(st.integers(1, 3000), min_size=1, max_size=30), limit=st.integers(1, 20_000))
def test_a_call_takes_the_longest_head_of_the_queue_that_fits_and_one_message_at_least(
    sizes: list[int], limit: int
) -> None:
    items = [item(number, size) for number, size in enumerate(sizes, 1)]
    taken = fit(items, limit)
    assert list(taken) == items[: len(taken)]
    body = sum(sizes[: len(taken)]) + len(taken) + 1
    assert len(taken) == 1 or body <= limit
    if len(taken) < len(items):
        assert body + sizes[len(taken)] + 1 > limit


def test_what_encryption_adds_counts_too() -> None:
    plain = [item(number, 9000) for number in (1, 2)]
    encrypted = [item(number, 9000, protected=True) for number in (1, 2)]
    limit = 20_000
    assert len(fit(plain, limit)) == 2
    assert len(fit(encrypted, limit)) == 1


def test_sequences_name_each_channel_once_with_ranges() -> None:
    numbers = [12, 13, 14, 15, 16, 17, 18, 19, 21]
    items = [item(number) for number in numbers] + [item(5, lane=2), item(7, lane=2)]
    assert sequences(items, LANES) == "IF-031=12-19,21; IF-036=5,7"


@given(st.sets(st.integers(1, 60), min_size=1))
def test_a_recipient_can_read_the_numbers_back_from_the_header(numbers: set[int]) -> None:
    value = platform_headers([item(number) for number in numbers], LANES, "SIT")["X-DIP-Sequence"]
    read: list[int] = []
    for part in value.removeprefix("IF-031=").split(","):
        first, _, last = part.partition("-")
        read.extend(range(int(first), int(last or first) + 1))
    assert read == sorted(numbers)


def test_a_channels_own_webhook_comes_before_the_one_for_all_which_never_serves_status_messages() -> None:
    own, every = hook("IF-031", "https://own.example/"), hook(ALL_CHANNELS, "https://all.example/")
    hooks: dict[tuple[str, str], Webhook] = {(one.recipient, one.channel): one for one in (own, every)}
    assert webhook_for(LANES[1], hooks) is own
    assert webhook_for(LANES[2], hooks) is every
    assert webhook_for(Lane(3, RECIPIENT, STATUS_CHANNEL), hooks) is None
    assert webhook_for(Lane(4, DipId("2300000001"), "IF-031"), hooks) is None


@pytest.mark.parametrize(
    ("hooks", "count", "size"),
    [
        ([hook("IF-031")], 100, 1_000_000),
        ([hook("IF-031", count=7, size=20)], 7, 20_000),
        ([hook("IF-031", count=500, size=5000)], 100, 1_000_000),
        ([hook("IF-031", count=7, size=900), hook("IF-036", count=9, size=30)], 7, 30_000),
        ([hook("IF-031"), hook("IF-036", "https://other.example/", count=1)], 100, 1_000_000),
        ([hook("IF-031"), hook(STATUS_CHANNEL, count=1)], 100, 1_000_000),
        ([hook("IF-031"), Webhook(DipId("2300000001"), "IF-031", KEY.url, 1)], 100, 1_000_000),
    ],
)
def test_channels_that_share_an_address_share_the_narrowest_limits(hooks: list[Webhook], count: int, size: int) -> None:
    endpoint = endpoint_of(KEY, hooks, Settings())
    assert (endpoint.max_count, endpoint.max_bytes) == (count, size)


def test_recipients_of_the_same_messages_share_one_encoding() -> None:
    bodies = Bodies(most=2)
    pair = [item(1, 10), item(2, 11)]
    body, digest = bodies.of(pair, None)
    assert digest == content_hash(body)
    assert bodies.of([item(1, 10), item(2, 11)], None)[0] is body
    assert bodies.of([item(2, 11), item(1, 10)], None)[0] != body
    bodies.of([item(3, 10), item(4, 10)], None)
    assert bodies.of(pair, None) == (body, digest)


@pytest.mark.parametrize("change", [{"hidden": '["CustomBlock"]'}, {"protected": 1}, {"replay": 1}])
def test_what_is_not_the_same_for_all_is_encoded_for_each(change: dict[str, Any]) -> None:
    bodies = Bodies()
    pair = [item(1), item(2)]
    shared, _ = bodies.of(pair, None)
    for name, value in change.items():
        setattr(pair[0].waiting, name, value)
    body, digest = bodies.of(pair, None)
    assert digest is None
    assert body is not shared

"""Wrapping the messages of one request: what they share is written once and stays each one's own (5.5.3, 5.5.4)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dip.archive.archive import Archive
from dip.channels.channel import Channel
from dip.channels.examples import example
from dip.channels.registry import Registry, load
from dip.ground.assets import asset
from dip.ground.log import make_log
from dip.intake.check import Checked
from dip.intake.wrap import Wrapped, Wrapper
from dip.messages.identifiers import CorrelationId, DipId, InterfaceId, Mpan, Receipt, RoleCode
from dip.routing.route import Party, RecipientClass, Route, RoutingFault
from dip.security.vault import Vault
from dip.store.sqlite import SqliteStore

NOW = datetime(2026, 3, 21, tzinfo=UTC)
RECEIPT = Receipt.at(NOW)
CHANNELS = ("IF-021", "IF-031", "IF-033")
RECIPIENTS = st.builds(
    Party,
    st.sampled_from([DipId("2300000001"), DipId("2500000001")]),
    st.sampled_from([RoleCode("SUP"), RoleCode("LDSO")]),
    st.sampled_from(RecipientClass),
    st.sampled_from(["named by the sender", "every participant in the role"]),
)
ROUTES = st.builds(
    Route,
    st.lists(RECIPIENTS, max_size=3),
    st.lists(st.builds(RoutingFault, st.sampled_from(["MSG1037", "MSG1038"]), st.sampled_from("ab")), max_size=1),
    st.lists(st.sampled_from(["nobody appointed as MSS", "no participant in role MDS"]), max_size=2),
)
MESSAGES = st.tuples(
    st.sampled_from(CHANNELS),
    st.sampled_from([DipId("1400000001"), DipId("2300000002")]),
    st.sampled_from([RoleCode("SDS"), RoleCode("SUP")]),
    ROUTES,
    st.lists(st.sampled_from([Mpan("2000056535971"), Mpan("2000056535980")]), max_size=2),
    st.sampled_from([None, CorrelationId("CI-20260321-1")]),
)


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load(asset("channels"), specification_items=True)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    made = SqliteStore(tmp_path, group_limit=10, log=make_log())
    yield made
    await made.close()


def checked(channel: Channel, index: int, sender: DipId, role: RoleCode) -> Checked:
    """An example of the channel's first event, as the checks leave it."""
    event = next(iter(channel.events.values()))
    payload = example(event.format.schema())
    payload["CommonBlock"]["S0"]["eventCode"] = event.code
    raw = msgspec.Raw(msgspec.json.encode(payload["CommonBlock"]))
    return Checked(
        index=index,
        channel=channel,
        event=event,
        format=event.format,
        common=event.format.decode_common(raw),
        blocks=msgspec.json.decode(raw, type=dict[str, msgspec.Raw]),
        common_raw=raw,
        custom_raw=msgspec.json.encode(payload["CustomBlock"]) if "CustomBlock" in payload else None,
        sender=sender,
        sender_role=role,
        reference=f"S-{index}",
    )


def shown(wrapped: Wrapped, archive: Archive, vault: Vault) -> dict[str, Any]:
    """All that a wrapped message says, opened."""
    message = wrapped.message
    said = {name: getattr(message, name) for name in message.__struct_fields__ if name != "same_content"}
    said["sealed"] = archive.open(message.transaction_id, message.sealed)
    said["statuses"] = [vault.open(one.sealed, message.transaction_id.encode()) for one in message.statuses]
    return said | {"envelope": wrapped.envelope}


@pytest.mark.requirement("FS-24")
async def test_a_message_is_wrapped_alike_alone_and_among_others(registry: Registry, store: SqliteStore) -> None:
    vault, _ = Vault.opened(bytes(32), [], NOW)
    archive = Archive(store.messages, vault, memory_bytes=0)
    texts = registry.response_codes

    def wrapper() -> Wrapper:
        return Wrapper(archive=archive, vault=vault, texts=texts, protects=True, receipt=RECEIPT)

    @given(st.lists(MESSAGES, min_size=1, max_size=6))
    @settings(max_examples=60)
    def check(messages: list[tuple[Any, ...]]) -> None:
        together = wrapper()
        for index, (name, sender, role, route, mpans, quoted) in enumerate(messages):
            channel = registry.find(InterfaceId(name))
            assert channel is not None
            one = checked(channel, index, sender, role)
            among, alone = (made.wrap(one, route, mpans, quoted, 5) for made in (together, wrapper()))
            assert shown(among, archive, vault) == shown(alone, archive, vault)
            wrapped = among.envelope.content()["CommonBlock"]["D0"]
            assert wrapped["transactionID"] == among.message.transaction_id
            assert wrapped["transactionID"].startswith(f"T-{name}-{sender}-{role}-20260321-")
            assert wrapped["initialCorrelationID"] == among.message.correlation_id
            assert wrapped["publicationID"] == channel.publication

    check()

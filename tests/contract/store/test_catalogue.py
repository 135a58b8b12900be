"""Changes of the catalogue and pauses of channels are kept (5.3, 5.13.5)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from dip.messages.identifiers import InterfaceId
from dip.store.catalogue import CatalogueVersion, ChannelPause
from tests.contract.store.opened import Opened, StoreFactory

AT = datetime(2026, 3, 21, 19, 5, tzinfo=UTC)
NAME = "interfaces/IF-031.yaml"


def version(number: int, text: str | None, name: str = NAME) -> CatalogueVersion:
    return CatalogueVersion(
        name=name, version=number, at=AT, author="admin", text=text, base=number - 1, reason="A trial"
    )


def pause(channel: str, ends: datetime | None = None) -> ChannelPause:
    return ChannelPause(channel=InterfaceId(channel), starts=AT, ends=ends, author="admin", reason="New formats")


async def test_versions_come_back_newest_first_and_the_latest_of_each_part(opened: Opened) -> None:
    store = opened.catalogue
    other = version(1, "other", "interfaces/IF-032.yaml")
    for one in (version(1, "first"), other, version(2, None)):
        await store.add_version(one)
    assert list(store.versions(NAME)) == [version(2, None), version(1, "first")]
    assert list(store.latest_versions()) == [version(2, None), other]
    assert list(store.versions("interfaces/IF-033.yaml")) == []


async def test_a_later_pause_replaces_the_earlier_and_is_forgotten_alone(opened: Opened) -> None:
    store = opened.catalogue
    await store.save_pauses([pause("IF-031")])
    await store.save_pauses([pause("IF-032")])
    await store.save_pauses([pause("IF-031", AT + timedelta(hours=1))])
    assert list(store.pauses()) == [pause("IF-031", AT + timedelta(hours=1)), pause("IF-032")]
    await store.remove_pause(InterfaceId("IF-031"))
    assert list(store.pauses()) == [pause("IF-032")]


async def test_both_are_there_when_the_store_is_opened_again(factory: StoreFactory, tmp_path: Path) -> None:
    async with factory(tmp_path) as opened:
        await opened.catalogue.add_version(version(1, "é\n"))
        await opened.catalogue.save_pauses([pause("IF-031")])
    async with factory(tmp_path) as opened:
        assert list(opened.catalogue.latest_versions()) == [version(1, "é\n")]
        assert list(opened.catalogue.pauses()) == [pause("IF-031")]

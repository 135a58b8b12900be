"""How long payloads stay: by age and by number of versions; what goes is listed, and goes from under nobody (5.6.1)."""

from datetime import timedelta

import pytest

from dip.channels.payloads import PayloadRetention
from dip.ground.clock import microseconds
from dip.store.publication_records import PayloadState, PublicationFilter, VersionFilter
from tests.conftest import Serve
from tests.integration.publications.announcements import announce, announcement, uploaded, uri_of
from tests.support.platform import Platform
from tests.support.waiting import until

DAY = timedelta(days=1)


async def published(platform: Platform, *versions: str) -> None:
    for version in versions:
        await uploaded(platform, version=version)
        result = await announce(platform, announcement(uri_of(platform, version), version=version))
        assert result.all_accepted


async def states(platform: Platform) -> dict[str, str]:
    found = await platform.dip.store.publications.versions("IF-047", "isd.csv", VersionFilter())
    return {payload.version: payload.removed_why or payload.state.value for payload in found}


def files(platform: Platform) -> set[str]:
    return {path.name for path in (platform.dip.directory / "publications").iterdir()}


def retention_of(platform: Platform) -> PayloadRetention:
    channel = next(one for one in platform.dip.registry.value.channels.values() if one.id == "IF-047")
    assert channel.payloads is not None
    return channel.payloads


@pytest.mark.requirement("FS-37", "FS-38")
async def test_what_is_too_old_goes_and_is_listed_but_the_newest_stays(serve: Serve) -> None:
    async with serve() as platform:
        await published(platform, "1", "2")
        clock = platform.dip.duties.business_time
        await clock.advance(retention_of(platform).kept_for - DAY)
        await published(platform, "3")
        assert await states(platform) == {"3": "published", "2": "published", "1": "published"}
        await clock.advance(2 * DAY)
        assert await states(platform) == {"3": "published", "2": "kept for P366D", "1": "kept for P366D"}
        assert len(files(platform)) == 1
        await clock.advance(10 * retention_of(platform).kept_for)
        assert (await states(platform))["3"] == "published"


@pytest.mark.requirement("FS-38")
async def test_only_so_many_versions_of_a_name_stay(serve: Serve) -> None:
    async with serve() as platform:
        await published(platform, *(str(number) for number in range(1, 6)))
        store = platform.dip.store.publications
        long_ago = microseconds(platform.dip.clock.now() - 100 * DAY)
        beyond = store.outlived("IF-047", 2, long_ago, 100)
        versions = {
            payload.id: payload.version for payload in await store.versions("IF-047", "isd.csv", VersionFilter())
        }
        assert [versions[payload] for payload, _ in beyond] == ["1", "2", "3"]
        assert sorted(place for _, place in beyond) == [3, 4, 5]
        assert len(store.outlived("IF-047", 2, long_ago, 1)) == 1


@pytest.mark.requirement("FS-37", "FS-38")
async def test_what_was_removed_is_forgotten_after_the_archive_time_and_its_publication_with_it(serve: Serve) -> None:
    async with serve() as platform:
        await published(platform, "1", "2")
        store, clock = platform.dip.store.publications, platform.dip.duties.business_time
        await clock.advance(retention_of(platform).kept_for + DAY)
        assert set(await states(platform)) == {"1", "2"}
        longest = max(one.archive_for for one in platform.dip.registry.value.channels.values())
        await clock.advance(longest + DAY)
        await clock.advance(DAY)
        assert set(await states(platform)) == {"2"}
        (left,) = await store.publications(PublicationFilter())
        assert [variant.version for variant in left.variants] == ["2"]
        assert store.payload("IF-047", "isd.csv", "1") is None


@pytest.mark.requirement("FS-38")
async def test_an_upload_that_nobody_announced_goes_without_a_trace_but_files_in_use_stay(serve: Serve) -> None:
    async with serve() as platform:
        await uploaded(platform, version="1")
        await uploaded(platform, version="2", is_whole=False)
        settings, clock = platform.dip.settings, platform.dip.duties.business_time
        await clock.advance(timedelta(hours=settings.publication_upload_hours + 1))
        store = platform.dip.store.publications
        assert [payload.version for payload in store.uploads(10)] == ["1"]
        await clock.advance(timedelta(hours=settings.publication_unannounced_hours))
        assert store.uploads(10) == []
        assert files(platform) == set()
        assert await states(platform) == {}


@pytest.mark.requirement("FS-37")
async def test_files_of_nobody_are_taken_away_at_the_next_start(serve: Serve) -> None:
    async with serve() as platform:
        await published(platform, "1")
        left = platform.dip.directory / "publications" / "4711"
        left.write_bytes(b"from an upload that was swept while the server crashed")
    async with serve() as platform:
        assert platform.dip.store.publications.payload("IF-047", "isd.csv", "1") is not None
        found = platform.dip.store.publications.with_files()
        await until(lambda: files(platform) == {str(number) for number in found})
        assert len(found) == 1
        held = platform.dip.store.publications.latest("IF-047", "isd.csv")
        assert held is not None
        assert held.state is PayloadState.PUBLISHED

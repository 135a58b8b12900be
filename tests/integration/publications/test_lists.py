"""What was announced, names and versions, as programs read them without a log-in; and what administrators do."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dip.store.publication_records import PayloadState
from tests.conftest import Serve
from tests.integration.publications.reading import reader
from tests.support.publishing import PUBLISHER, File, Outside, publish, upload
from tests.support.waiting import until

CSV = b"mpan,role\n2000056535971,SUP\n"
NAME = "isd.csv"


def file(version: str = "1.1.1", content: bytes = CSV, name: str = NAME) -> File:
    return File(name=name, content=content, version=version)


@pytest.mark.requirement("FS-37", "FS-57")
async def test_anybody_reads_what_was_announced(serve: Serve, tmp_path: Path) -> None:
    async with serve() as platform, reader(platform) as anybody:
        outside = Outside(uri="https://files.example/isd.zip")
        done = await publish(platform, file(), outside, directory=tmp_path, description="Standing data", version="7")
        found = await anybody.ask("/publications")
        assert found["next"] is None
        (one,) = found["items"]
        assert (one["channel"], one["description"], one["version"]) == ("IF-047", "Standing data", "7")
        assert one["transactionId"] == done.transaction_id
        assert one["sender"] == {"dipId": PUBLISHER, "name": "Central Settlements (seeded)"}
        here, there = one["variants"]
        assert (there["outside"], there["uri"], there["payload"]) == (True, "https://files.example/isd.zip", None)
        assert (here["outside"], here["uri"], here["format"]) == (False, done.uris[0], "CSV")
        payload = here["payload"]
        assert payload["size"] == len(CSV)
        assert payload["sha256"] == hashlib.sha256(CSV).hexdigest()
        assert payload["mediaType"] == "text/csv"
        assert payload["latestUri"] == f"{platform.dip.portal_url}/publications/IF-047/{NAME}/latest"
        for uri in (payload["uri"], payload["latestUri"]):
            async with anybody.session.get(uri) as answer:
                assert await answer.read() == CSV


@pytest.mark.requirement("FS-37")
async def test_what_was_not_announced_is_in_no_list(serve: Serve, tmp_path: Path) -> None:
    async with serve() as platform, reader(platform) as anybody:
        await upload(platform, file(name="secret.csv"), tmp_path)
        assert (await anybody.ask("/publications"))["items"] == []
        assert (await anybody.ask("/publications/IF-047"))["items"] == []
        unknown = await anybody.ask("/publications/IF-047/nothing.csv", 404)
        hidden = await anybody.ask("/publications/IF-047/secret.csv", 404)
        assert hidden == unknown
        await publish(platform, file("1", name="secret.csv"), directory=tmp_path)
        assert [one["version"] for one in (await anybody.ask("/publications/IF-047/secret.csv"))["items"]] == ["1"]


@pytest.mark.requirement("FS-57")
async def test_the_pages_of_a_list_make_the_whole_of_it_newest_first(serve: Serve, tmp_path: Path) -> None:
    async with serve() as platform, reader(platform) as anybody:
        versions = [f"1.{number}" for number in range(5)]
        for version in versions:
            await publish(platform, file(version, CSV + version.encode()), directory=tmp_path, version=version)
        for address, key in (("/publications", "version"), (f"/publications/IF-047/{NAME}", "version")):
            whole = (await anybody.ask(address))["items"]
            assert [one[key] for one in whole] == versions[::-1]
            pages = []
            following = f"{address}?limit=2&form=json"
            while following:
                async with anybody.session.get(following, headers={"Accept": "text/html"}) as answer:
                    page = await answer.json()
                assert len(page["items"]) <= 2
                pages.extend(page["items"])
                following = page["next"]
            assert pages == whole


async def test_the_pages_of_the_names_make_the_whole_of_them(serve: Serve, tmp_path: Path) -> None:
    async with serve() as platform, reader(platform) as anybody:
        names = [f"{letter}.csv" for letter in "bca"]
        await publish(platform, *(file("1", name.encode(), name) for name in names), directory=tmp_path)
        first = await anybody.ask("/publications/IF-047?limit=2")
        second = await anybody.ask(first["next"])
        assert [one["name"] for one in (*first["items"], *second["items"])] == sorted(names)
        assert second["next"] is None
        assert first["kept"] == {"for": "P366D", "versions": 100}
        found = await anybody.ask("/publications/IF-047?text=B.C")
        assert [one["name"] for one in found["items"]] == ["b.csv"]


@pytest.mark.requirement("FS-57")
async def test_publications_are_found_by_channel_text_and_date(serve: Serve, tmp_path: Path) -> None:
    async with serve() as platform, reader(platform) as anybody:
        await publish(platform, file("1"), directory=tmp_path, description="Standing data")
        await publish(platform, Outside(uri="ftp://files.example/x"), directory=tmp_path, description="Market domains")
        day = platform.dip.clock.now().astimezone(UTC)
        today, tomorrow = day.date().isoformat(), (day.date() + timedelta(days=1)).isoformat()
        soon = (day + timedelta(minutes=5)).replace(microsecond=0).isoformat()
        for query, expected in (
            ("", ["Market domains", "Standing data"]),
            ("text=STANDING", ["Standing data"]),
            ("text=isd.c", ["Standing data"]),
            ("text=nothing", []),
            ("channel=IF-047&text=market", ["Market domains"]),
            ("channel=IF-048", []),
            (f"from={tomorrow}", []),
            (f"from=2026-01-01&to={today}", ["Market domains", "Standing data"]),
            (f"to={soon}", ["Market domains", "Standing data"]),
            (f"from={soon}", []),
            ("to=2020-01-01", []),
        ):
            found = (await anybody.ask(f"/publications?{query}"))["items"]
            assert [one["description"] for one in found] == expected, query


@pytest.mark.requirement("FS-57")
async def test_versions_are_found_by_version_and_date_and_whether_they_are_there(serve: Serve, tmp_path: Path) -> None:
    async with serve() as platform, reader(platform) as anybody:
        for version in ("1.1.1", "1.1.2", "1.2", "2.0"):
            done = await publish(platform, file(version, version.encode()), directory=tmp_path, version=version)
        await anybody.order("DELETE", f"/publications/IF-047/{NAME}/1.1.1", body={"why": "A wrong file"})
        address = f"/publications/IF-047/{NAME}"
        today = platform.dip.clock.now().astimezone(UTC).date()
        for query, expected in (
            ("", ["2.0", "1.2", "1.1.2", "1.1.1"]),
            ("version=1.1.2", ["1.1.2"]),
            ("version=1.1*", ["1.1.2", "1.1.1"]),
            ("version=*", ["2.0", "1.2", "1.1.2", "1.1.1"]),
            ("version=9*", []),
            ("removed=no", ["2.0", "1.2", "1.1.2"]),
            ("removed=yes&version=1.1*", ["1.1.2", "1.1.1"]),
            (f"from={today}", ["2.0", "1.2", "1.1.2", "1.1.1"]),
            (f"from={today + timedelta(days=1)}", []),
            (f"to={today - timedelta(days=1)}", []),
        ):
            found = (await anybody.ask(f"{address}?{query}"))["items"]
            assert [one["version"] for one in found] == expected, query
        newest, *_, oldest = (await anybody.ask(address))["items"]
        assert newest["transactionId"] == done.transaction_id
        assert newest["issued"] == "2026-03-21T00:00:00+00:00"
        assert newest["variantName"] == "Industry standing data"
        assert newest["sender"]["dipId"] == PUBLISHER
        assert newest["removed"] is None
        assert oldest["removed"]["why"] == "A wrong file"
        assert datetime.fromisoformat(oldest["removed"]["at"]) <= platform.dip.clock.now()
        removed = (await anybody.ask("/publications/IF-047"))["removed"]
        assert [(one["version"], one["removed"]["why"]) for one in removed] == [("1.1.1", "A wrong file")]
        (listed,) = (await anybody.ask("/publications/IF-047"))["items"]
        assert (listed["versions"], listed["latest"]["version"]) == (3, "2.0")


@pytest.mark.parametrize("address", ["/publications/IF-031", "/publications/nothing", "/publications/IF-031/x"])
async def test_a_channel_without_publications_is_refused_with_those_that_have_them(serve: Serve, address: str) -> None:
    async with serve() as platform, reader(platform) as anybody:
        problem = await anybody.ask(address, 404)
        assert "IF-047, IF-048, IF-049" in problem["detail"]


async def test_every_wrong_parameter_is_told_at_once(serve: Serve) -> None:
    async with serve() as platform, reader(platform) as anybody:
        for address, names in (
            ("/publications?limit=0&from=x&to=2026-13-01&before=-1&channel=IF-031&colour=red", 6),
            ("/publications/IF-047?limit=1001&limit=2&after=" + "x" * 101, 3),
            ("/publications?form=xml", 1),
            ("/publications?text=" + "x" * 101, 1),
        ):
            problem = await anybody.ask(address, 400)
            assert problem["detail"].count("expected") == names, problem
        # What a form leaves empty was not asked.
        await anybody.ask("/publications?limit=&text=&from=&to=&channel=&before=")


@pytest.mark.requirement("FS-57")
async def test_an_administrator_sees_uploads_and_gives_one_up(serve: Serve, tmp_path: Path) -> None:
    async with serve() as platform, reader(platform) as administrator:
        await upload(platform, file(), tmp_path)
        (one,) = (await administrator.order("GET", "/publications/uploads"))["items"]
        assert (one["name"], one["state"]) == (NAME, "whole")
        assert (one["received"], one["size"]) == (len(CSV), len(CSV))
        assert one["sender"]["dipId"] == PUBLISHER
        left = datetime.fromisoformat(one["expiresAt"]) - datetime.fromisoformat(one["changedAt"])
        assert left == timedelta(hours=platform.dip.settings.publication_unannounced_hours)
        await administrator.order("DELETE", f"/publications/uploads/{one['upload']}", 204)
        assert (await administrator.order("GET", "/publications/uploads"))["items"] == []
        await administrator.order("DELETE", f"/publications/uploads/{one['upload']}", 404)
        assert list((platform.dip.directory / "publications").iterdir()) == []


@pytest.mark.requirement("FS-57")
async def test_an_administrator_removes_a_payload_once_and_says_why(serve: Serve, tmp_path: Path) -> None:
    async with serve() as platform, reader(platform) as administrator:
        await publish(platform, file(), directory=tmp_path)
        await upload(platform, file("2"), tmp_path)
        address = f"/publications/IF-047/{NAME}"
        for body in ({}, {"why": ""}, {"why": "  "}, {"why": "a\0b"}, {"why": "x" * 201}, {"why": "x", "how": "y"}):
            await administrator.order("DELETE", f"{address}/1.1.1", 400, body)
        await administrator.order("DELETE", f"{address}/2", 404, {"why": "not published"})
        await administrator.order("DELETE", f"{address}/3", 404, {"why": "not there"})
        gone = await administrator.order("DELETE", f"{address}/1.1.1", 200, {"why": "A wrong file"})
        assert gone["removed"]["why"] == "A wrong file"
        await administrator.order("DELETE", f"{address}/1.1.1", 409, {"why": "again"})
        found = platform.dip.store.publications.payload("IF-047", NAME, "1.1.1")
        assert found is not None and found.state is PayloadState.REMOVED
        problem = await administrator.ask(f"{address}/1.1.1", 410)
        assert "A wrong file" in problem["detail"]
        items = (await administrator.order("GET", "/publications?channel=IF-047&limit=1"))["items"]
        assert items[0]["variants"][0]["payload"]["removed"]["why"] == "A wrong file"


async def test_the_activity_log_keeps_no_copy_of_a_public_list(serve: Serve, tmp_path: Path) -> None:
    async with serve() as platform, reader(platform) as anybody:
        await publish(platform, file(), directory=tmp_path, description="Not to be copied")
        await anybody.ask("/publications?text=copied")

        async def recorded() -> str:
            found = str(await anybody.order("GET", "/activity?path=/publications"))
            return found if "text=copied" in found else ""

        assert "Not to be copied" not in await until(recorded)

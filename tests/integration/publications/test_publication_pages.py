"""The pages of publications: for everybody without a log-in, and what administrators find on them besides."""

import re
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from dip.store.publication_records import PayloadState
from tests.conftest import Serve
from tests.integration.publications.reading import reader
from tests.support.publishing import File, Outside, publish, upload

CSV = b"mpan,role\n2000056535971,SUP\n"
NAME = "isd.csv"
FILE = File(name=NAME, content=CSV, label="<Standing> data", description="Tables that suppliers want")


@pytest.mark.requirement("FS-37", "FS-57")
async def test_a_page_shows_what_was_announced_with_a_way_to_log_in(serve: Serve, tmp_path: Path) -> None:
    async with serve() as platform, reader(platform) as anybody:
        good, bad = Outside(uri="https://files.example/isd.zip"), Outside(uri="javascript:alert(1)")
        done = await publish(platform, FILE, good, bad, directory=tmp_path, description="Standing data")
        page = await anybody.page("/publications")
        assert "Standing data" in page and "&lt;Standing&gt; data" in page
        assert f'href="/publications/IF-047/{NAME}/1.1.1" download' in page
        assert done.uris[0] in page and done.files[0].sha256 in page
        assert f'title="{len(CSV)} bytes">{len(CSV)} bytes' in page
        assert '<a href="https://files.example/isd.zip" rel="noopener noreferrer">' in page
        assert "javascript:alert(1)" in page and 'href="javascript' not in page
        assert 'href="/login?next=/publications"' in page
        assert "Uploads under way" not in page and "<script" not in page and "Log out" not in page


async def test_program_and_browser_may_ask_for_the_other_form(serve: Serve) -> None:
    async with serve() as platform, reader(platform) as anybody:
        async with anybody.session.get("/publications?form=html") as answer:
            assert answer.content_type == "text/html"
        async with anybody.session.get("/publications?form=json", headers={"Accept": "text/html"}) as answer:
            assert answer.content_type == "application/json"


async def test_a_page_shows_a_wrong_search_again_with_what_is_wrong(serve: Serve, tmp_path: Path) -> None:
    async with serve() as platform, reader(platform) as anybody:
        await publish(platform, FILE, directory=tmp_path)
        for path in ("/publications", "/publications/IF-047", f"/publications/IF-047/{NAME}"):
            page = await anybody.page(f"{path}?limit=0", 400)
            assert 'role="alert">limit: expected a whole number from 1 to 1000.' in page
        assert "To the publications" in await anybody.page("/publications/IF-031", 404)


@pytest.mark.requirement("FS-57")
async def test_the_versions_of_a_name_say_which_is_the_latest_and_which_was_removed(
    serve: Serve, tmp_path: Path
) -> None:
    async with serve() as platform, reader(platform) as anybody:
        for version in ("1", "2", "3"):
            file = File(name=NAME, content=CSV + version.encode(), version=version, label="Standing data")
            done = await publish(platform, file, directory=tmp_path, version=version)
        await anybody.order("DELETE", f"/publications/IF-047/{NAME}/3", body={"why": "Too early"})
        page = await anybody.page(f"/publications/IF-047/{NAME}")
        assert [re.sub("<[^>]+>", "", one) for one in re.findall(r'<h2 id="v\d+">(.*?)</h2>', page)] == [
            "3 Standing data",
            "2 Standing data latest",
            "1 Standing data",
        ]
        assert ": Too early" in page
        assert done.transaction_id in page and "/messages/" not in page
        assert "Remove it" not in page
        assert f"{platform.dip.portal_url}/publications/IF-047/{NAME}/latest" in page
        channel = await anybody.page("/publications/IF-047")
        assert "Removed lately" in channel and f'href="/publications/IF-047/{NAME}/2" download' in channel


@pytest.mark.requirement("FS-57")
async def test_the_form_of_a_filter_leads_to_the_payload_with_what_was_filled_in(serve: Serve, tmp_path: Path) -> None:
    async with serve() as platform, reader(platform) as anybody:
        await publish(platform, FILE, directory=tmp_path)
        address = f"/publications/IF-047/{NAME}/1.1.1"
        assert f'action="{address}/filter"' in await anybody.page(f"/publications/IF-047/{NAME}")
        for given, wanted in (
            ({"columns": "", "column": "", "operator": "eq", "value": "", "limit": "", "form": ""}, []),
            (
                {"columns": "a, 5%", "limit": "5", "form": "json"},
                [("limit", "5"), ("form", "json"), ("columns", "a,5%25")],
            ),
            ({"column": "role", "operator": "ne", "value": "SUP+ &"}, [("where", "role:ne:SUP+ &")]),
            # A colon in the name of a column is no end of it.
            ({"column": "a:b", "value": "c:d"}, [("where", "a%3Ab:eq:c:d")]),
        ):
            async with anybody.session.get(f"{address}/filter", params=given, allow_redirects=False) as answer:
                assert answer.status == 303
                path, _, query = answer.headers["Location"].partition("?")
                assert (path, parse_qsl(query)) == (address, wanted)
        assert "column: expected" in (await anybody.ask(f"{address}/filter?value=1", 400))["detail"]


@pytest.mark.requirement("FS-57")
async def test_an_administrator_gives_up_an_upload_and_removes_a_payload_on_the_pages(
    serve: Serve, tmp_path: Path
) -> None:
    async with serve() as platform, reader(platform) as administrator:
        await publish(platform, FILE, directory=tmp_path)
        await upload(platform, File(name="next.csv", content=CSV), tmp_path)
        page = await administrator.page("/publications", as_administrator=True)
        found = re.search(r'name="upload" value="([^"]+)"', page)
        assert found is not None and "next.csv" in page
        assert await administrator.send("/publications", upload=found[1]) == (
            303,
            "/publications?done=given-up#uploads",
        )
        page = await administrator.page("/publications?done=given-up", as_administrator=True)
        assert "The upload was given up." in page and "next.csv" not in page
        path = f"/publications/IF-047/{NAME}"
        assert "Remove it" in await administrator.page(path, as_administrator=True)
        assert (await administrator.send(path, version="1.1.1", why=""))[0] == 400
        assert await administrator.send(path, version="1.1.1", why="A wrong file") == (303, f"{path}?done=removed")
        payload = platform.dip.store.publications.payload("IF-047", NAME, "1.1.1")
        assert payload is not None and payload.state is PayloadState.REMOVED
        assert "Remove it" not in await administrator.page(path, as_administrator=True)


async def test_the_log_in_page_leads_strangers_to_what_is_open(serve: Serve) -> None:
    async with serve() as platform, reader(platform) as anybody:
        assert '<a href="/publications">' in await anybody.page("/login")

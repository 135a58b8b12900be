"""Imports and pulls by the forms of the portal (FS-35, FS-57)."""

import gzip
import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.conftest import Serve
from tests.integration.portal.test_channel_pages import hidden
from tests.integration.pulls.pulls import QUICK, SERVICE_1, ended, mpan, serving, two_rows, written
from tests.support.browser import OWN_PASSWORD
from tests.support.platform import Platform

pytestmark = pytest.mark.requirement("FS-35", "FS-57")
ROW = f"{mpan(1)},SUP,2300000001,2024-01-01,\n".encode()
BAD = f"{mpan(2)},SUP,2399999999,2024-01-01,\n".encode()


class Person:
    """The administrator at a browser."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session
        self.token = ""

    async def page(self, path: str) -> str:
        async with self.session.get(path) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.text()

    async def send(self, path: str, **fields: str) -> tuple[int, str]:
        """A form; the status and the page, or where it leads."""
        data = {"form_token": self.token, **fields}
        async with self.session.post(path, data=data, allow_redirects=False) as answer:
            return answer.status, answer.headers.get("Location") or await answer.text()

    async def upload(self, content: bytes | None, token: str | None = None, **fields: str) -> tuple[int, str]:
        """The form of an import, with its fields in their order."""
        form = aiohttp.FormData()
        form.add_field("form_token", self.token if token is None else token)
        for name, text in fields.items():
            form.add_field(name, text)
        # Where nobody chose a file, browsers send one without a name.
        form.add_field(
            "file", io.BytesIO(content or b""), filename="rows.csv" if content else "", content_type="text/csv"
        )
        form.add_field("do", "import")
        async with self.session.post("/mpans/imports", data=form, allow_redirects=False) as answer:
            return answer.status, answer.headers.get("Location") or await answer.text()


@asynccontextmanager
async def administrator(platform: Platform) -> AsyncIterator[Person]:
    """Logged in, with a password of its own."""
    jar = aiohttp.CookieJar(unsafe=True)
    headers = {"Accept": "text/html"}
    async with aiohttp.ClientSession(platform.dip.portal_url, headers=headers, cookie_jar=jar) as session:
        person = Person(session)
        given = (platform.dip.directory / "admin.password").read_text().split()[-1]
        await person.send("/login", name="admin", password=given)
        person.token = hidden(await person.page("/account/password"), "form_token")
        await person.send("/account/password", old=given, new=OWN_PASSWORD, again=OWN_PASSWORD)
        person.token = hidden(await person.page("/mpans/runs"), "form_token")
        yield person


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
async def test_a_file_is_imported_by_a_form_and_its_rejected_rows_are_shown(
    serve: Serve, pack: Callable[[bytes], bytes]
) -> None:
    async with serve(**QUICK) as platform, administrator(platform) as person:
        status, there = await person.upload(pack(ROW + BAD), run="by-form", from_line="")
        assert (status, there) == (303, "/mpans/runs/by-form?done=1")
        page = await person.page(there)
        assert 'role="status"' in page and "1 row accepted, 1 rejected" in page
        assert mpan(2) in page and "2399999999" in page
        assert 'href="/mpans/runs/by-form"' in await person.page("/mpans/runs")


async def test_an_import_without_a_name_gets_one(serve: Serve) -> None:
    async with serve(**QUICK) as platform, administrator(platform) as person:
        status, there = await person.upload(ROW, run="", from_line="")
        assert status == 303 and there.startswith("/mpans/runs/import-")


async def test_a_file_larger_than_any_other_form_may_be_is_streamed(serve: Serve) -> None:
    rows = b"".join(f"{1_500_000_000_000 + n},SUP,2300000001,2024-01-01,\n".encode() for n in range(40_000))
    assert len(rows) > 1024 * 1024
    async with serve(**QUICK) as platform, administrator(platform) as person:
        status, there = await person.upload(rows, run="many")
        assert status == 303
        assert "40,000 rows accepted" in await person.page(there)


@pytest.mark.parametrize(
    ("content", "fields", "status", "words"),
    [
        (b'{"no": "csv"}', {"run": "mine"}, 400, "Choose the file again"),
        (None, {"run": "mine"}, 400, "file: choose one"),
        (ROW, {"run": "not a name"}, 400, "run is 1 to 100"),
        (ROW, {"run": "mine", "from_line": "7"}, 409, "goes on at line"),
        (ROW, {"run": "", "from_line": "7"}, 400, "expected run beside it"),
        (ROW, {"run": "x" * 5000}, 400, "at most 4096 bytes"),
    ],
)
async def test_an_import_that_is_refused_keeps_what_was_typed(
    serve: Serve, content: bytes | None, fields: dict[str, str], status: int, words: str
) -> None:
    async with serve(**QUICK) as platform, administrator(platform) as person:
        said, page = await person.upload(content, **fields)
        assert said == status and words in page and 'id="wrong-file"' in page
        if len(fields["run"]) < 100:
            assert f'name="run" value="{fields["run"]}"' in page


async def test_the_form_of_another_log_in_imports_nothing(serve: Serve) -> None:
    async with serve(**QUICK) as platform, administrator(platform) as person:
        assert (await person.upload(ROW, token="of another log-in", run="mine"))[0] == 403
        data = aiohttp.FormData()
        data.add_field("file", ROW, filename="rows.csv")
        data.add_field("form_token", person.token)
        async with person.session.post("/mpans/imports", data=data) as answer:
            assert answer.status == 400
        async with person.session.post("/mpans/imports", data=ROW) as answer:
            assert answer.status == 400
        assert "No file was imported yet" in await person.page("/mpans/runs")


async def test_a_pull_is_begun_and_stopped_by_forms(serve: Serve, tmp_path: Path) -> None:
    file = written(tmp_path / "1.csv", two_rows(range(15)))
    async with serve(**QUICK) as platform, administrator(platform) as person:
        async with serving(platform, SERVICE_1, file, delay_s=3600) as url:
            status, there = await person.send("/mpans/runs", do="pull", service=SERVICE_1, url=url, since="2024-01-01")
            assert (status, there) == (303, "/mpans/runs?done=pull")
            page = await person.page(there)
            assert "The pull has begun" in page and "Stop the pull from" in page
            assert (await person.send("/mpans/runs", do="pull", service=SERVICE_1, url=url))[0] == 409
            status, there = await person.send("/mpans/runs", do="stop", service=SERVICE_1)
            assert status == 303
        assert ">stopped<" in await person.page(there)
        await ended(platform)


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"do": "pull"}, 400, "registration_services names none"),
        ({"do": "pull", "url": "https://localhost/"}, 400, "choose the one"),
        ({"do": "pull", "service": SERVICE_1, "url": "ftp://localhost/"}, 400, "ftp://localhost/"),
        ({"do": "stop", "service": SERVICE_1}, 404, "Nothing is being pulled"),
        ({"do": "dance"}, 400, "expected pull or stop"),
    ],
)
async def test_a_pull_that_is_refused_says_why(serve: Serve, fields: dict[str, str], status: int, words: str) -> None:
    async with serve(**QUICK) as platform, administrator(platform) as person:
        said, page = await person.send("/mpans/runs", **fields)
        assert said == status and words in page and "Nothing was begun" in page

"""The pages of the channels: changed in a form, checked, seen as a difference, saved, undone, paused (5.3, 5.13.5)."""

import re

import pytest

from dip.ground.assets import asset
from tests.integration.portal.conftest import Portal

SHIPPED = (asset("channels") / "interfaces" / "IF-031.yaml").read_text(encoding="utf-8")
CHANGED = SHIPPED.replace("category: 2", "category: 1")


def hidden(page: str, name: str) -> str:
    """The value of the first hidden field of that name."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, name
    return found.group(1)


class Visit:
    """Somebody who is logged in and sends the forms of a page."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.token = ""

    async def open(self, path: str) -> str:
        page = await self.portal.page(path)
        self.token = hidden(page, "form_token")
        return page

    async def send(self, path: str, status: int, **fields: str) -> str:
        """Send a form; the page that answers, or where it leads."""
        answer = await self.portal.client.post(
            path,
            data={"form_token": self.token, **fields},
            headers={"Accept": "text/html"},
            allow_redirects=False,
        )
        assert answer.status == status, (await answer.text(), self.portal.log.getvalue())
        return answer.headers["Location"] if status == 303 else await answer.text()

    async def save(self, path: str, text: str, base: str = "0") -> str:
        """Check a definition, look at what changes, and save it."""
        seen = await self.send(path, 200, definition=text, base=base, action="check")
        return await self.send(
            path, 303, definition=text, base=base, reason="A trial", checked=hidden(seen, "checked"), action="save"
        )


@pytest.fixture
async def visit(portal: Portal) -> Visit:
    await portal.log_in()
    return Visit(portal)


async def test_the_list_shows_every_channel(visit: Visit) -> None:
    page = await visit.open("/channels")
    assert 'href="/channels/IF-031"' in page and "Request to Appoint Service Provider" in page


@pytest.mark.requirement("FS-11")
async def test_a_change_is_shown_as_a_difference_before_it_is_saved(visit: Visit) -> None:
    await visit.open("/channels/IF-031")
    seen = await visit.send("/channels/IF-031", 200, definition=CHANGED, base="0", action="check")
    assert '<span class="removed">-category: 2' in seen and '<span class="added">+category: 1' in seen
    assert (await visit.portal.ask("channels/IF-031"))["category"] == 2
    assert await visit.save("/channels/IF-031", CHANGED) == "/channels/IF-031?saved=1"
    page = await visit.open("/channels/IF-031?saved=1")
    assert "Saved: version 1 is served." in page and "A trial" in page
    assert (await visit.portal.ask("channels/IF-031"))["category"] == 1


async def test_what_was_not_seen_as_a_difference_is_not_saved(visit: Visit) -> None:
    await visit.open("/channels/IF-031")
    seen = await visit.send("/channels/IF-031", 200, definition=CHANGED, base="0", action="check")
    other = SHIPPED.replace("category: 2", "category: 3")
    page = await visit.send(
        "/channels/IF-031", 200, definition=other, base="0", checked=hidden(seen, "checked"), action="save"
    )
    assert '<span class="added">+category: 3' in page
    assert (await visit.portal.ask("channels/IF-031"))["version"] == 0


async def test_faults_are_shown_beside_the_text_that_has_them(visit: Visit) -> None:
    await visit.open("/channels/IF-031")
    faulty = SHIPPED.replace("category: 2", "category: 9").replace("[SUP]", "[SUP, NOBODY]")
    page = await visit.send("/channels/IF-031", 400, definition=faulty, base="0", action="check")
    assert "the definition has 2 faults" in page
    assert "no security category 9" in page and "<code>category: 9</code>" in page
    assert "category: 9\n" in page.partition("<textarea")[2]


async def test_lines_of_a_browser_end_as_those_of_the_file(visit: Visit) -> None:
    await visit.open("/channels/IF-031")
    page = await visit.send("/channels/IF-031", 200, definition=SHIPPED.replace("\n", "\r\n"), base="0", action="check")
    assert "says what is served already" in page


async def test_a_change_made_meanwhile_is_not_overwritten(visit: Visit) -> None:
    await visit.open("/channels/IF-031")
    await visit.save("/channels/IF-031", CHANGED)
    other = SHIPPED + "# mine\n"
    seen = await visit.send("/channels/IF-031", 200, definition=other, base="0", action="check")
    page = await visit.send(
        "/channels/IF-031", 409, definition=other, base="0", checked=hidden(seen, "checked"), action="save"
    )
    assert "was changed meanwhile" in page and "# mine" in page


@pytest.mark.requirement("FS-11")
async def test_a_version_is_seen_and_undone(visit: Visit) -> None:
    await visit.open("/channels/IF-031")
    await visit.save("/channels/IF-031", CHANGED)
    page = await visit.open("/channels/IF-031/versions/1")
    assert '<span class="added">+category: 1' in page and "says the same" not in page
    page = await visit.open("/channels/IF-031/versions/0")
    assert '<span class="added">+category: 2' in page
    assert await visit.send("/channels/IF-031/undo", 303, version="0") == "/channels/IF-031?saved=2"
    assert (await visit.portal.ask("channels/IF-031"))["category"] == 2
    assert "says the same" in await visit.open("/channels/IF-031/versions/0")
    await visit.portal.page("/channels/IF-031/versions/9", 404)


@pytest.mark.requirement("FS-11")
async def test_a_channel_is_added_and_removed_in_forms(visit: Visit) -> None:
    draft = await visit.open("/channels/new")
    text = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", draft, re.DOTALL)
    assert text is not None
    new = text.group(1).replace("&#39;", "'").replace("999", "930")
    assert await visit.save("/channels/new", new) == "/channels/IF-930?saved=1"
    again = await visit.send("/channels/new", 409, definition=new, base="0", action="check")
    assert "There is a channel IF-930 already" in again
    gone = await visit.send("/channels/IF-930/remove", 303, base="1", reason="Over")
    assert gone == "/channels?removed=IF-930"
    assert "IF-930 was removed." in await visit.open(gone)
    assert "Removed." in await visit.open("/channels/IF-930")
    assert await visit.save("/channels/new", new) == "/channels/IF-930?saved=3"


@pytest.mark.parametrize("text", ["", "name: no id\n", "id: nothing\n"])
async def test_a_new_channel_needs_an_id(visit: Visit, text: str) -> None:
    await visit.open("/channels/new")
    page = await visit.send("/channels/new", 400, definition=text, base="0", action="check")
    assert "The id of a channel is like IF-031" in page


@pytest.mark.requirement("FS-11")
async def test_roles_are_added_and_struck_in_a_form(visit: Visit) -> None:
    await visit.open("/channels/IF-031")
    await visit.send("/channels/IF-031/roles", 303, role="MSS", place="senders", action="add")
    await visit.send("/channels/IF-031/roles", 303, role="MDS", place="always", action="add")
    found = await visit.portal.ask("channels/IF-031")
    assert (found["senders"], found["recipients"]) == (["MSS", "SUP"], ["MDS", "REGS"])
    await visit.send("/channels/IF-031/roles", 303, role="MDS", place="always", action="strike")
    assert (await visit.portal.ask("channels/IF-031"))["recipients"] == ["REGS"]
    await visit.send("/channels/IF-031/roles", 400, role="MDS", place="elsewhere", action="add")


@pytest.mark.requirement("FS-62")
async def test_a_pause_is_set_in_a_form_and_stands_on_every_page(visit: Visit) -> None:
    await visit.open("/channels/IF-031")
    await visit.send("/channels/IF-031/pause", 303, until="2026-03-21T21:00", reason="New <formats>")
    banner = "is under maintenance\n   until"
    for path in ("/messages", "/channels", "/channels/IF-031", "/login"):
        page = re.sub(r"\s+", " ", await visit.portal.page(path))
        assert re.sub(r"\s+", " ", banner) in page and "New &lt;formats&gt;" in page, path
    published = await (await visit.portal.client.get("/maintenance.json")).json()
    assert [one["until"] for one in published["items"]] == ["2026-03-21T21:00:00Z"]
    await visit.send("/channels/IF-031/resume", 303)
    assert "under maintenance" not in await visit.portal.page("/messages")


async def test_a_form_without_the_log_ins_token_changes_nothing(visit: Visit) -> None:
    await visit.open("/channels/IF-031")
    visit.token = "guessed"
    for path in ("", "/undo", "/remove", "/roles", "/pause", "/resume"):
        await visit.send(f"/channels/IF-031{path}", 403, version="0", base="0", reason="x")
    assert (await visit.portal.ask("channels/IF-031"))["version"] == 0


@pytest.mark.parametrize("path", ["/channels/IF-777", "/channels/%3Cb%3E", "/channels/IF-031/versions/x"])
async def test_what_there_never_was_is_not_found(visit: Visit, path: str) -> None:
    await visit.portal.page(path, 404)

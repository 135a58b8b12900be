"""Every page that a person can open: whole, quiet, and for everybody, on a telephone and on a wall, light and dark.

The pages are those of the portal's rules. A new route fails here until `tests.browser.places` says where to look.
"""

import re
from typing import Final, Literal

import pytest
from playwright.async_api import BrowserContext, Page, ViewportSize

from dip.http.portal.permissions import API, RULES
from tests.browser.places import BEFORE_LOG_IN, FILES, PLACES, REFUSED
from tests.browser.world import World
from tests.support.accessibility import axe_faults, heading_faults, too_wide, unseen_focus
from tests.support.browser import Complaints, keep_picture

ONE_LOOP: Final = pytest.mark.asyncio(loop_scope="module")

ROUTES: Final = [
    route.removeprefix("GET ") for route in RULES if route.startswith("GET ") and not route.startswith(f"GET {API}/")
]
NOT_ASKED: Final = frozenset({"/static", "/dashboard/events"})
"""Files that are not asked for whole: a folder, and one that never ends."""
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
NOT_OURS: Final[dict[str, tuple[str, ...]]] = {"/docs": ("#swagger-ui",)}
"""What other people made and we only show: Swagger UI."""


def test_every_route_is_a_page_with_a_place_or_a_file() -> None:
    routes = set(ROUTES) - set(BEFORE_LOG_IN)
    assert routes - set(PLACES) - FILES == set(), "say in tests/browser/places.py where they are looked at"
    assert (set(PLACES) | FILES) - routes == set(), "routes that are gone"
    assert set(PLACES) & FILES == set()


def name_of(place: str) -> str:
    """A place as the name of a file."""
    return re.sub(r"[^a-z0-9]+", "-", place.lower()).strip("-") or "overview"


def whole(place: str, faults: list[str]) -> None:
    """Fail with everything that is wrong with a page."""
    assert not faults, "\n".join([place, *faults])


async def looked_at(page: Page, place: str) -> list[str]:
    """What is wrong with the page that is open, in every width and scheme; pictures of it are kept."""
    faults = await heading_faults(page)
    if not re.search(r"\S · Reference DIP DEV$", await page.title()):
        faults.append(f"the title {await page.title()!r}")
    if await page.locator("html").get_attribute("lang") != "en-GB":
        faults.append("no language")
    for width in (390, 1440):
        await page.set_viewport_size(ViewportSize(width=width, height=900))
        faults += [f"wider than {width}: {one}" for one in await too_wide(page)]
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            # A telephone has the same colours in another order: axe looks there once, and at the order alone.
            if width == 1440 or scheme == "light":
                found = await axe_faults(page, NOT_OURS.get(place, ()), colours=width == 1440)
                faults += [f"{width} {scheme}: {one}" for one in found]
            await keep_picture(page, name_of(place), width, scheme)
    return faults + [f"no focus to be seen: {one}" for one in await unseen_focus(page)]


@ONE_LOOP
@pytest.mark.requirement("FS-57")
@pytest.mark.parametrize("place", [place for route in ROUTES for place in PLACES.get(route, ())])
async def test_a_page_is_for_everybody(world: World, administrator: BrowserContext, place: str) -> None:
    page = await administrator.new_page()
    complaints = Complaints(page)
    answer = await page.goto(world.address(place), wait_until="load")
    assert answer is not None and answer.status == 200, place
    assert answer.headers["content-type"].startswith("text/html")
    faults = await looked_at(page, place)
    await page.close()
    whole(place, faults + complaints.heard)


@ONE_LOOP
@pytest.mark.requirement("FS-57")
@pytest.mark.parametrize("place", REFUSED)
async def test_a_refusal_is_a_page_for_everybody(world: World, administrator: BrowserContext, place: str) -> None:
    page = await administrator.new_page()
    complaints = Complaints(page, but=(REFUSED[place],))
    answer = await page.goto(world.address(place))
    assert answer is not None and answer.status == REFUSED[place]
    faults = await looked_at(page, place)
    await page.close()
    whole(place, faults + complaints.heard)


@ONE_LOOP
@pytest.mark.requirement("FS-57")
@pytest.mark.parametrize("place", BEFORE_LOG_IN)
async def test_a_stranger_meets_a_page_for_everybody(world: World, administrator: BrowserContext, place: str) -> None:
    assert administrator.browser is not None
    context = await administrator.browser.new_context()
    page = await context.new_page()
    complaints = Complaints(page)
    await page.goto(world.address(place))
    faults = await looked_at(page, place)
    await context.close()
    whole(place, faults + complaints.heard)


@ONE_LOOP
@pytest.mark.parametrize("route", sorted(FILES - NOT_ASKED))
async def test_a_file_is_no_page(world: World, administrator: BrowserContext, route: str) -> None:
    """What is not looked at as a page is none."""
    if route.startswith("/diagrams/"):
        route = f"{route}?correlation={{correlation}}"
    named = {"interface": "IF-031", "flow": "acquisition", "channel": "IF-047", "name": "isd.csv", "version": "1.1.1"}
    place = re.sub(r"\{(\w+)\}", lambda found: named.get(found[1], found[0]), route)
    answer = await administrator.request.get(world.address(place), headers={"Accept": "text/html"})
    assert answer.ok, place
    attached = answer.headers.get("content-disposition", "").startswith("attachment")
    assert attached or not answer.headers["content-type"].startswith("text/html"), place

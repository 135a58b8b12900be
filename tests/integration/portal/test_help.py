"""The help: open to everybody, and complete."""

import re
from urllib.parse import quote

import pytest
from aiohttp.web import AbstractResource
from markupsafe import escape

from dip.channels.registry import Registry
from dip.ground.assets import asset
from dip.ground.clock import microseconds
from dip.http.portal.help.problem_codes import problem_codes
from dip.http.portal.help.texts import HelpTexts, read_help
from dip.http.portal.navigation import sections
from dip.http.portal.permissions import RULES
from dip.http.problems import STATUSES
from dip.reporting.verdicts import RULES as VERDICT_RULES
from dip.store.records import NewStatus
from tests.integration.portal import traffic
from tests.integration.portal.conftest import START, Portal

AT = microseconds(START)
NO_PAGES = {
    *("/healthz", "/metrics", "/crl", "/static", "/dashboard/events"),
    "/publications/{channel}/{name}/{version}",
}


@pytest.fixture(scope="module")
def texts() -> HelpTexts:
    return read_help(asset("data/help"), asset("docs/glossary.md"))


def pages_of(portal: Portal) -> set[str]:
    """Every address of the portal that answers a page: no call, no file."""
    found = set()
    for route in portal.client.app.router.routes():
        assert isinstance(route.resource, AbstractResource)
        path = route.resource.canonical
        is_file = re.search(r"\.(json|csv|pem|mmd|svg|zip|html)$", path)
        if route.method == "GET" and not path.startswith("/admin/") and not is_file and path not in NO_PAGES:
            found.add(path)
    return found


@pytest.mark.requirement("FS-57")
async def test_every_page_of_the_portal_has_its_help(portal: Portal, texts: HelpTexts) -> None:
    helped = [route for page in texts.pages.values() for route in page.routes]
    assert len(helped) == len(set(helped)), "an address stands in two texts"
    assert pages_of(portal) - set(helped) == set(), "pages that data/help/pages.yaml lacks"
    assert set(helped) - pages_of(portal) == set(), "texts of pages that are gone"


@pytest.mark.requirement("FS-57")
async def test_the_help_on_each_page_needs_no_log_in_and_says_who_may(portal: Portal, texts: HelpTexts) -> None:
    for name, page in texts.pages.items():
        shown = await portal.page(f"/help/pages/{name}")
        assert f"<h1>{page.title}</h1>" in shown
        assert "Who may see it" in shown
    users = await portal.page("/help/pages/users")
    assert "Users with one of these powers: administrator, support, company-users." in users


@pytest.mark.requirement("FS-57")
async def test_the_first_page_lists_every_page_of_the_navigation(portal: Portal, texts: HelpTexts) -> None:
    shown = await portal.page("/help")
    by_route = {route: name for name, page in texts.pages.items() for route in page.routes}
    for pages in sections().values():
        for path in pages:
            assert f'href="/help/pages/{by_route[path]}"' in shown
    assert shown.count('href="/help/pages/') == len(texts.pages)
    for title in ("Send by API", "Receive by webhook", "Pull", "Stream"):
        assert title in shown
    assert 'href="/users" class="unbroken"' not in shown, "who is not logged in is led to no page of others"
    await portal.log_in()
    assert 'href="/users" class="unbroken"' in await portal.page("/help")


@pytest.mark.requirement("FS-57")
async def test_every_response_code_has_a_page_with_words_of_its_own(
    portal: Portal, texts: HelpTexts, registry: Registry
) -> None:
    listed = await portal.page("/help/codes")
    assert set(texts.codes) == set(registry.response_codes)
    for code, label in registry.response_codes.items():
        text = texts.codes[code]
        for said in (text.means, text.do):
            assert len(said) >= 8 and said.endswith(".")
            assert said.casefold().rstrip(".") != label.casefold().rstrip(".")
        assert f'href="/help/codes/{code}"' in listed
        shown = await portal.page(f"/help/codes/{code}")
        assert "What to do" in shown and "Who says it" in shown
        if code.startswith("MSG") and code != "MSG0000":
            assert text.example and "Help field, for example" in shown


async def test_no_two_codes_of_a_group_mean_the_same(texts: HelpTexts) -> None:
    meanings = [text.means for text in texts.codes.values()]
    assert len(meanings) == len(set(meanings))


@pytest.mark.requirement("FS-57")
async def test_every_problem_code_of_the_server_has_a_page(portal: Portal) -> None:
    listed = await portal.page("/help/codes")
    problems = problem_codes()
    assert {"not_found", "not_permitted", "conflict", "method_not_allowed"} <= set(problems)
    for code, problem in problems.items():
        assert f'href="/help/codes/{code}"' in listed
        shown = await portal.page(f"/help/codes/{code}")
        assert f"<dd>{problem.status}</dd>" in shown
        assert all(problem.meanings)
        assert STATUSES.get(code, problem.status) == problem.status


@pytest.mark.parametrize("path", ["/help/codes/MSG9876", "/help/codes/nothing", "/help/pages/nothing", "/help/nothing"])
async def test_what_there_is_not_is_not_found(portal: Portal, path: str) -> None:
    assert "There is no" in await portal.page(path, 404)


@pytest.mark.requirement("FS-57")
@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("MSG1038", "/help/codes/MSG1038"),
        ("dead LETTER", "/help/pages/dead-letters"),
        ("correlation", "/help/words#correlation-id"),
        ("lease acknowledge", "/help#ways"),
        ("not_permitted", "/help/codes/not_permitted"),
    ],
)
async def test_a_search_goes_over_all_texts(portal: Portal, text: str, link: str) -> None:
    assert f'<a href="{link}">' in await portal.page(f"/help?text={quote(text)}")


async def test_a_search_that_finds_nothing_says_so_and_shows_what_was_asked_as_text(portal: Portal) -> None:
    shown = await portal.page("/help?text=%3Cscript%3Enothing")
    assert "Nothing fits" in shown
    assert "<script>" not in shown
    long = await portal.page(f"/help?text={'x' * 5000}")
    assert "x" * 201 not in long


async def test_a_search_that_finds_much_shows_a_part_and_says_how_much(portal: Portal) -> None:
    shown = await portal.page("/help?text=the")
    assert "the first 50 of them" in shown
    assert shown.count("<li>") == 50


@pytest.mark.requirement("FS-57")
async def test_the_words_are_those_of_the_glossary(portal: Portal, texts: HelpTexts) -> None:
    shown = await portal.page("/help/words")
    assert len(texts.terms) == (asset("docs/glossary.md")).read_text(encoding="utf-8").count("\n## ")
    for term in texts.terms:
        assert f'<div id="{term.anchor}"><dt>{term.name}</dt>' in shown
    assert "`" not in shown
    assert "<code>[DSApp]</code>" in shown


@pytest.mark.requirement("FS-57")
async def test_each_page_leads_to_its_help(portal: Portal, texts: HelpTexts) -> None:
    await portal.log_in()
    for name, page in texts.pages.items():
        if "{" not in page.path and not page.path.startswith("/help"):
            shown = await portal.page(page.path)
            assert f'class="page-help" href="/help/pages/{name}"' in shown, name
            assert '<span class="visually-hidden">Help on this page</span>' in shown


async def test_a_form_that_is_shown_again_leads_to_the_help_of_its_page(portal: Portal) -> None:
    answer = await portal.client.post("/login", data={"name": "nobody", "password": "wrong"})
    assert 'href="/help/pages/log-in"' in await answer.text()


@pytest.mark.requirement("FS-57")
async def test_the_codes_on_the_page_of_a_message_lead_to_their_help(portal: Portal) -> None:
    told = NewStatus(traffic.SUPPLIER, "RCP1061", b"sealed", origin=traffic.REGISTRATION)
    sent = traffic.message(1, AT, (traffic.REGISTRATION, "REGS", "primary"), statuses=(told,))
    await traffic.arrive(portal.store.messages, AT, sent)
    await portal.log_in()
    shown = await portal.page(f"/messages/{sent.transaction_id}")
    assert '<a href="/help/codes/RCP1061">RCP1061</a>' in shown


@pytest.mark.requirement("FS-57")
async def test_a_refusal_on_a_page_leads_to_its_code_and_a_problem_document_stays_as_it_is(portal: Portal) -> None:
    await portal.log_in()
    shown = await portal.page("/messages/nothing", 404)
    assert '<a href="/help/codes/not_found">not_found</a>' in shown
    assert set(await portal.ask("messages/nothing", 404)) == {"title", "status", "code", "detail"}


def test_the_help_is_open() -> None:
    assert all(RULES[f"GET {path}"].is_open for path in ("/help", "/help/words", "/help/codes", "/help/codes/{code}"))


@pytest.mark.requirement("FS-55", "FS-57")
async def test_every_rule_of_verdicts_has_its_place_and_is_found(portal: Portal) -> None:
    shown = await portal.page("/help/verdicts")
    for number, rule in VERDICT_RULES.items():
        assert f'<tr id="{number}">' in shown
        assert escape(rule.remedy) in shown
    assert 'href="/help/verdicts#V07"' in await portal.page("/help?text=V07")

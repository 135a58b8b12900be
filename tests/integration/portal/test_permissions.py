"""Every page and call has a rule, and the guard goes by it."""

import re

import pytest
from aiohttp.web import AbstractResource

from dip.http.portal.permissions import RULES, Rule
from dip.http.portal.powers import Power, Visitor
from tests.integration.portal.conftest import TOKEN, Portal
from tests.integration.portal.people import OURS, THEIRS, Meet, add_user, with_companies

READING = ("GET", "HEAD")
OF_COMPANIES = (Power.COMPANY_USERS, Power.COMPANY_CERTIFICATES, Power.COMPANY_MESSAGES, Power.READ_ONLY)


def routes_of(portal: Portal) -> set[str]:
    application = portal.client.app
    found = set()
    for route in application.router.routes():
        assert isinstance(route.resource, AbstractResource)
        if route.method != "HEAD":
            found.add(f"{route.method} {route.resource.canonical}")
    return found


def address(route: str) -> tuple[str, str]:
    """A request to a route: names in its path are filled with what there isn't."""
    method, _, path = route.partition(" ")
    return method, "/static/dip.css" if path == "/static" else re.sub(r"\{\w+\}", "nothing", path)


async def test_every_route_has_a_rule_and_every_rule_a_route(portal: Portal) -> None:
    routes = routes_of(portal)
    assert routes - set(RULES) == set(), "routes without a rule are refused to everybody"
    assert set(RULES) - routes == set(), "rules of routes that are gone"


@pytest.mark.requirement("FS-67")
async def test_nobody_unknown_passes_but_where_it_is_open(portal: Portal, meet: Meet) -> None:
    anonymous = await meet()
    for route, rule in RULES.items():
        answer = await anonymous.ask(*address(route))
        assert (answer.status == 401) is not rule.is_open, (route, answer.status)


@pytest.mark.requirement("FS-58")
@pytest.mark.requirement("FS-67")
@pytest.mark.parametrize(
    ("power", "company"),
    [(power, company) for power in Power for company in (None, THEIRS) if company is None or power in OF_COMPANIES],
)
async def test_each_power_opens_its_routes_and_no_other(
    portal: Portal, meet: Meet, power: Power, company: str | None
) -> None:
    with_companies(portal)
    await add_user(portal, "tester", power, company=company)
    person = await meet("tester")
    visitor = Visitor(name="tester", form_token="", powers=frozenset({power}))
    person.form_token = "of another log-in"
    for route, rule in RULES.items():
        method, path = address(route)
        if rule.is_open or route == "POST /logout":
            continue
        answer = await person.ask(method, path)
        # What is told live has no end.
        is_live = answer.content_type == "text/event-stream"
        said = "" if is_live else await answer.text()
        answer.close()
        refused = answer.status == 403 and "one of these powers" in said
        assert refused is not rule.allows(visitor), (route, answer.status, said[:300])
        if method not in READING and not refused:
            # It was allowed to come as far as the form's own token, which is wrong: nothing was changed.
            assert answer.status == 403
            assert "not of your present log-in" in said, (route, answer.status)


@pytest.mark.requirement("FS-67")
async def test_a_reader_and_support_change_nothing(portal: Portal) -> None:
    told = {"POST /admin/api/alarm-subscriptions", "DELETE /admin/api/alarm-subscriptions/{subscription_id}"}
    told |= {"POST /admin/api/alarm-subscriptions/{subscription_id}/test", "POST /alarms/subscriptions"}
    own = {"POST /logout", "POST /account/password", "POST /account/certificate"} | told
    own |= {"POST /account/mail", "POST /view-as"}
    own |= {route for route in RULES if route.partition(" ")[2].startswith(("/views", "/admin/api/views"))}
    # Anybody raises an incident and speaks about its own; support is the service desk, which manages them.
    own |= {route for route in RULES if route.partition(" ")[2].startswith(("/incidents", "/admin/api/incidents"))}
    for power in (Power.SUPPORT, Power.READ_ONLY):
        visitor = Visitor(name="", form_token="", powers=frozenset({power}))
        changing = {
            route
            for route, rule in RULES.items()
            if not route.startswith(READING) and not rule.is_open and rule.allows(visitor)
        }
        assert changing <= own


def test_an_administrator_may_do_everything() -> None:
    visitor = Visitor(name="", form_token="", powers=frozenset({Power.ADMINISTRATOR}))
    assert all(rule.allows(visitor) for rule in RULES.values())


def test_a_rule_without_powers_takes_any_log_in() -> None:
    visitor = Visitor(name="", form_token="", powers=frozenset())
    assert Rule().allows(visitor)
    assert not Rule().allows(None)


async def test_what_leads_nowhere_is_not_found_for_everybody(portal: Portal, meet: Meet) -> None:
    anonymous = await meet()
    assert (await anonymous.ask("GET", "/nothing")).status == 404
    assert (await anonymous.ask("PUT", "/messages")).status == 405


@pytest.mark.requirement("FS-67")
async def test_a_page_shows_only_where_its_visitor_may_go(portal: Portal, meet: Meet) -> None:
    with_companies(portal)
    await add_user(portal, "reader", Power.COMPANY_CERTIFICATES, company=OURS)
    person = await meet("reader")
    page = await (await person.ask("GET", "/", accept="text/html")).text()
    assert 'href="/messages"' not in page
    assert 'href="/users"' not in page
    assert 'href="/certificates"' in page or 'href="/participants"' in page
    refused = await person.ask("GET", "/messages", accept="text/html")
    assert refused.status == 403
    assert "company-messages" in await refused.text()


async def test_buttons_are_shown_to_those_alone_who_may_press_them(portal: Portal, meet: Meet) -> None:
    with_companies(portal)
    await add_user(portal, "reader", Power.READ_ONLY)
    person = await meet("reader")
    head = ('action="/logout"', 'action="/view-as"')
    for path in ("/replay", "/clock", "/channels/IF-031", "/endpoints", "/dead-letters"):
        page = await (await person.ask("GET", path, accept="text/html")).text()
        forms = re.findall(r'<form[^>]*method="post"[^>]*>', page)
        forms = [form for form in forms if not any(action in form for action in head)]
        buttons = re.findall(r'<button type="submit"[^>]*>', page)
        assert not [form for form in forms if "/endpoints/" not in form], path
        assert not [button for button in buttons if 'name="do"' in button], path


@pytest.mark.requirement("FS-67")
async def test_the_token_is_everything(portal: Portal) -> None:
    answer = await portal.client.get("/admin/api/users", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status == 200

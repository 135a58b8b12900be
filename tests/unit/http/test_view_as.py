"""Whoever views the portal as a participant never has more than before, and never more than that participant's user."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dip.ground.current import Current
from dip.http.portal.message_content import may_see_content
from dip.http.portal.permissions import RULES
from dip.http.portal.powers import Power, Visitor
from dip.http.portal.scope import COMPANY_POWERS
from dip.http.portal.view_addresses import check_view_address, in_words, page_of
from dip.http.portal.view_as import ViewAs, narrowed
from dip.messages.identifiers import DipId, RoleCode
from dip.participants.participant import Participant
from dip.participants.registry import Participants

SINCE = datetime(2026, 3, 21, tzinfo=UTC)
POWERS = st.frozensets(st.sampled_from(Power))
COMPANIES = st.sampled_from(("", "09000001"))


def participant(dip_id: str = "2300000001", name: str = "Ember Supply", company: str = "09000001") -> Participant:
    return Participant(DipId(dip_id), "EMEB", name, (RoleCode("SUP"),), "", SINCE, company=company)


def of_the_dip(powers: frozenset[Power]) -> Visitor:
    return Visitor(name="pat", form_token="token", powers=powers)


@pytest.mark.requirement("FS-57", "FS-58")
@given(powers=POWERS, company=COMPANIES)
def test_no_rule_opens_to_who_views_as_a_participant_that_was_closed_before(
    powers: frozenset[Power], company: str
) -> None:
    before = of_the_dip(powers)
    seen = narrowed(before, participant(company=company))
    users = Visitor(name="user", form_token="token", powers=COMPANY_POWERS, dip_ids=seen.dip_ids, company=seen.company)
    for route, rule in RULES.items():
        if rule.allows(seen):
            assert rule.allows(before), route
            assert rule.allows(users), route
    assert not may_see_content(seen) or may_see_content(before)
    assert Power.ADMINISTRATOR not in seen.powers


@given(powers=POWERS, asked=st.lists(st.sampled_from(Power)))
def test_no_question_for_powers_is_answered_yes_that_was_no_before(
    powers: frozenset[Power], asked: list[Power]
) -> None:
    before = of_the_dip(powers)
    assert not narrowed(before, participant()).has(*asked) or before.has(*asked)


@given(powers=POWERS, company=COMPANIES)
def test_one_participant_is_seen_and_nobody_is_the_dip_any_more(powers: frozenset[Power], company: str) -> None:
    seen = narrowed(of_the_dip(powers), participant(company=company))
    assert seen.dip_ids == frozenset({DipId("2300000001")})
    assert seen.company == company and seen.company is not None
    assert (seen.name, seen.viewed_as) == ("pat", "2300000001")


@given(powers=POWERS)
def test_another_participant_is_chosen_from_ones_own_powers_again(powers: frozenset[Power]) -> None:
    before = of_the_dip(powers)
    first = narrowed(before, participant())
    second = narrowed(first, participant("2300000002", "Flint Energy", "09000002"))
    assert second == narrowed(before, participant("2300000002", "Flint Energy", "09000002"))


@pytest.mark.parametrize(
    ("power", "gets"),
    [
        (Power.ADMINISTRATOR, set(COMPANY_POWERS)),
        (Power.OPERATIONS, {Power.COMPANY_MESSAGES, Power.READ_ONLY}),
        (Power.CERTIFICATES, {Power.COMPANY_CERTIFICATES, Power.READ_ONLY}),
        (Power.PARTICIPANTS, {Power.COMPANY_USERS, Power.READ_ONLY}),
        (Power.SUPPORT, {Power.READ_ONLY}),
        (Power.READ_ONLY, {Power.READ_ONLY}),
    ],
)
def test_each_rank_has_the_companys_powers_of_its_kind(power: Power, gets: set[Power]) -> None:
    assert narrowed(of_the_dip(frozenset({power})), participant()).powers == gets


def test_where_there_is_no_company_its_users_are_not_managed() -> None:
    seen = narrowed(of_the_dip(frozenset({Power.ADMINISTRATOR})), participant(company=""))
    assert not seen.has(Power.COMPANY_USERS)


def test_only_the_dips_own_people_with_a_session_may_and_never_in_production() -> None:
    known = Current(Participants([participant()], []))
    view_as, production = (ViewAs(participants=known, environment=name) for name in ("DEV", "PRD"))
    pat = of_the_dip(frozenset({Power.SUPPORT}))
    assert view_as.may(pat) and not production.may(pat)
    assert view_as.may(narrowed(pat, participant()))
    assert not view_as.may(None)
    assert not view_as.may(Visitor(name="admin.token", form_token=None, powers=frozenset(Power)))
    company = Visitor(name="kim", form_token="t", powers=COMPANY_POWERS, dip_ids=frozenset(), company="09000001")
    assert not view_as.may(company)
    assert not view_as.may(Visitor(name="new", form_token="t", powers=frozenset(Power), must_change=True))


def test_participants_are_found_by_what_they_are_called() -> None:
    known = [participant(), participant("2300000002", "Ember Supply North"), participant("0000000001", "DIP")]
    view_as = ViewAs(participants=Current(Participants(known, [])), environment="DEV")

    def ids(text: str) -> list[str]:
        return [one.dip_id for one in view_as.found(text, 10)]

    assert ids("2300000002") == ["2300000002"]
    assert ids("ember supply") == ["2300000001"]
    assert ids("supply") == ["2300000001", "2300000002"]
    assert ids("0000000001") == ids("nobody") == ids("") == []


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/messages?a=1",
        "//evil.example/messages",
        "/\\evil.example",
        "messages?a=1",
        "/admin/api/messages?mpan=2000056535971",
        "/login?next=/",
        "/views?done=add",
        "/view-as?participant=x",
        "/messages\n?a=1",
        "/messagesandmore?a=1",
        "",
    ],
)
def test_what_is_no_page_that_one_can_go_to_is_not_kept(address: str) -> None:
    with pytest.raises(Exception, match="expected a page"):
        check_view_address(address)


def test_a_view_is_told_in_words() -> None:
    assert in_words("/messages?channel=IF-031&sender=") == ("Messages", [("channel", "IF-031")])
    assert page_of("/flows/change-of-service") == "Flows"
    assert check_view_address("/mpans/2000056535971?channel=IF-021")

"""The pages of MPANs: the look-up with its reasons, the history as a timeline, and the addressing of a message."""

import re

import pytest

from dip.appointments.changes import Change, Kind, amend
from dip.appointments.history import OPEN, Knowledge
from dip.appointments.packing import pack
from dip.ground.clock import microseconds
from dip.http.portal.powers import Power
from dip.messages.identifiers import DipId, RoleCode
from dip.store.appointments import AppointmentUpdate, UpdateResult
from dip.store.records import NewUpdate
from tests.integration.portal import traffic
from tests.integration.portal.conftest import START, Portal
from tests.integration.portal.people import OURS, THEIRS, Meet, add_user, with_companies

MPAN = "2000056535971"
AT = microseconds(START)
DAY = 86_400
NOW = AT // 1_000_000


async def appoint(portal: Portal, at: int, *changes: Change, message: int | None = None) -> None:
    """Add appointments that become known at a microsecond."""
    store = portal.store.appointments
    history = amend(store.history(int(MPAN)), changes, Knowledge(at, message)).history
    await store.save([(int(MPAN), pack(history, store.holders))])


def held(role: str, dip_id: str, starts: int = 0, ends: int = OPEN) -> Change:
    """An appointment; seconds."""
    return Change(Kind.APPOINT, starts, (RoleCode(role),), RoleCode(role), DipId(dip_id), ends)


@pytest.fixture
async def known(portal: Portal) -> Portal:
    """A former supplier until ten days ago, then another; first it was thought that it would be twenty days ago."""
    former, new = held("SUP", traffic.FORMER_SUPPLIER), held("SUP", traffic.SUPPLIER, NOW - 20 * DAY)
    await appoint(portal, AT - 9 * DAY * 10**6, former, new, held("REGS", traffic.REGISTRATION))
    moved = Change(Kind.MOVE, NOW - 10 * DAY, (RoleCode("SUP"),), RoleCode("SUP"), traffic.SUPPLIER)
    await appoint(portal, AT - 2 * DAY * 10**6, moved)
    await portal.log_in()
    return portal


@pytest.mark.requirement("FS-35")
async def test_the_search_leads_to_the_page_of_the_mpan(known: Portal) -> None:
    answer = await known.client.get("/mpans?mpan=20%2000056535971", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, f"/mpans/{MPAN}")
    assert "thirteen digits" in await known.page("/mpans?mpan=12", 400)


@pytest.mark.requirement("FS-21", "FS-35")
async def test_the_page_says_who_gets_it_and_draws_the_history(known: Portal) -> None:
    text = await known.page(f"/mpans/{MPAN}?channel=IF-021&at=2026-03-20")
    assert "Flint Energy" in text and "Ember Supply" in text
    assert text.count('<svg class="timeline"') == 1
    assert "style=" not in text
    assert "looked up by MPAN: SUP" in text
    assert "ended 2026-03-11T19:05:00+00:00, before the day asked for" in text
    assert "What was thought before" in text


@pytest.mark.requirement("FS-21", "FS-35")
async def test_what_was_thought_at_another_time_can_be_asked(known: Portal) -> None:
    asked = "channel=IF-021&at=2026-03-05"
    now = await known.ask(f"mpans/{MPAN}?{asked}")
    (supplier,) = [one for one in now["recipients"] if one["role"] == "SUP"]
    assert (supplier["dipId"], supplier["class"]) == (traffic.FORMER_SUPPLIER, "secondary")
    assert supplier["rule"]["group"] == ["SUP"]
    assert supplier["row"]["effectiveTo"] == "2026-03-11T19:05:00+00:00"
    replaced = [one["why"] for one in now["nearMisses"] if one["dipId"] == traffic.SUPPLIER]
    assert any("was replaced" in why for why in replaced), replaced
    assert {one["replacedAt"] for one in now["appointments"]} == {None}
    assert {one["replacedAt"] for one in now["replaced"]} == {"2026-03-19T19:05:00+00:00"}
    then = await known.ask(f"mpans/{MPAN}?{asked}&known_at=2026-03-15T00:00:00%2B00:00")
    (supplier,) = [one for one in then["recipients"] if one["role"] == "SUP"]
    assert supplier["dipId"] == traffic.SUPPLIER
    before = await known.ask(f"mpans/{MPAN}?{asked}&known_at=2026-03-01")
    assert before["appointments"] == []
    assert any("became known" in one["why"] for one in before["nearMisses"])
    page = await known.page(f"/mpans/{MPAN}?{asked}&known_at=2026-03-15T00:00:00%2B00:00")
    assert "As it was thought to be" in page


@pytest.mark.requirement("FS-35")
async def test_a_question_that_can_not_be_answered_is_told_beside_the_history(known: Portal) -> None:
    for query in ("channel=IF-999", "at=yesterday", "channel=IF-021&event=Nothing", "event=DSApp", "known_at=12"):
        text = await known.page(f"/mpans/{MPAN}?{query}", 400)
        assert 'class="notice bad"' in text and "<svg" in text
    assert "thirteen digits" in await known.page("/mpans/12", 400)


@pytest.mark.requirement("FS-35", "FS-50")
async def test_a_company_sees_what_stands_of_the_mpans_that_it_is_responsible_for(known: Portal, meet: Meet) -> None:
    with_companies(known)
    await add_user(known, "ours", Power.COMPANY_MESSAGES, company=OURS)
    await add_user(known, "theirs", Power.READ_ONLY, company=THEIRS)
    ours, theirs = await meet("ours"), await meet("theirs")
    answer = await ours.client.get(f"/mpans/{MPAN}", headers={"Accept": "text/html"})
    text = await answer.text()
    assert answer.status == 200
    assert "What was thought before" not in text
    assert 'name="known_at"' not in text
    found = await ours.get(f"/admin/api/mpans/{MPAN}?channel=IF-021&at=2026-03-05")
    assert found["replaced"] == []
    assert not any("replaced" in one["why"] for one in found["nearMisses"])
    answer = await ours.client.get(f"/admin/api/mpans/{MPAN}?known_at=2026-03-15")
    assert answer.status == 403
    answer = await ours.client.get("/mpans/updates")
    assert answer.status == 403
    other = await theirs.client.get("/mpans/2000401060285", headers={"Accept": "text/html"})
    assert other.status == 404


async def failed(portal: Portal, *, by: DipId = traffic.SUPPLIER) -> str:
    """A message whose update could not be applied; its transaction id."""
    messages = portal.store.messages
    sent = traffic.message(7, AT, (traffic.REGISTRATION, "REGS", "primary"), sender=by)
    end = Change(Kind.END, NOW, (RoleCode("SDS"),), party=traffic.DATA_SERVICE)
    sent.update = NewUpdate((int(MPAN),), (end,))
    await traffic.arrive(messages, AT, sent)
    (update,) = portal.store.appointments.waiting_updates(0, 10)
    why = f"{traffic.DATA_SERVICE} is not appointed as SDS, so nothing ends"
    await portal.store.appointments.save([], results=[UpdateResult(update.message, AT + 5000, why)])
    return sent.transaction_id


@pytest.mark.requirement("FS-35")
async def test_an_update_that_could_not_be_applied_is_shown_tried_again_and_given_up(known: Portal) -> None:
    transaction_id = await failed(known)
    listed = await known.ask("mpans/updates?state=failed")
    assert (listed["waiting"], listed["failed"], listed["next"]) == (0, 1, None)
    assert listed["items"][0]["transactionId"] == transaction_id
    assert MPAN not in str(listed)
    await known.ask("mpans/updates?state=lost", 400)
    text = await known.page("/mpans/updates")
    assert "so nothing ends" in text
    assert MPAN not in text
    token = re.search(r'name="form_token" value="([^"]+)"', text)
    assert token is not None
    for action in ("retry", "give-up"):
        order = {"form_token": token[1], "do": f"{action} {transaction_id}"}
        answer = await known.client.post("/mpans/updates", data=order, allow_redirects=False)
        assert answer.headers["Location"] == f"/mpans/updates?done={action}"
        if action == "retry":
            assert known.updates.waiting == 1
            assert (await known.ask("mpans/updates"))["waiting"] == 1
            update: AppointmentUpdate = known.store.appointments.waiting_updates(0, 10)[0]
            await known.store.appointments.save([], results=[UpdateResult(update.message, AT + 9000, "again")])
    assert (await known.ask("mpans/updates"))["failed"] == 0
    answer = await known.client.post(
        "/mpans/updates", data={"form_token": token[1], "do": f"give-up {transaction_id}"}, allow_redirects=False
    )
    assert answer.headers["Location"] == "/mpans/updates?done=gone"


@pytest.mark.requirement("FS-17", "FS-35")
async def test_the_message_page_tells_what_became_of_it_in_the_mpan_table(known: Portal, meet: Meet) -> None:
    transaction_id = await failed(known)
    text = (await known.page(f"/messages/{transaction_id}")).partition("<h3>MPAN table</h3>")[2]
    assert "Exception" in text
    assert "so nothing ends" in text
    with_companies(known)
    await add_user(known, "theirs", Power.COMPANY_MESSAGES, company=THEIRS)
    answer = await (await meet("theirs")).client.get(f"/messages/{transaction_id}", headers={"Accept": "text/html"})
    shown = await answer.text()
    assert answer.status == 200
    assert "Exception" in shown
    assert "so nothing ends" not in shown
    assert "Addressing</h2>" not in shown

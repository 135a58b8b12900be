"""What somebody notes beside an alarm is for its own people; and an incident is raised from where one reads of it."""

import html
import re

import pytest

from dip.http.portal.powers import Power
from dip.store.alarms import Alarm, AlarmKind
from tests.integration.portal import traffic
from tests.integration.portal.conftest import START, Portal
from tests.integration.portal.people import THEIRS, Meet, add_user, with_companies

NOTE = "their line is bad"


async def noted(portal: Portal, by: str) -> None:
    """An alarm about their participant that somebody looks after."""
    alarm = Alarm(
        kind=AlarmKind.DEAD_LETTERS,
        subject=f"{traffic.REGISTRATION} IF-031",
        raised_at=START,
        updated_at=START,
        detail="x",
        acknowledged_at=START,
        acknowledged_by=by,
        note=NOTE,
    )
    await portal.store.alarms.save([alarm])


@pytest.mark.requirement("FS-56")
@pytest.mark.parametrize(("by", "is_seen"), [("staff", False), ("colleague", True), ("nobody-any-more", False)])
async def test_a_note_is_read_by_its_own_people(portal: Portal, meet: Meet, by: str, is_seen: bool) -> None:
    with_companies(portal)
    await add_user(portal, "staff", Power.OPERATIONS)
    await add_user(portal, "colleague", Power.COMPANY_MESSAGES, company=THEIRS)
    await add_user(portal, "theirs", Power.READ_ONLY, company=THEIRS)
    await noted(portal, by)
    theirs, staff = await meet("theirs"), await meet("staff")
    page = await (await theirs.ask("GET", "/alarms?state=", accept="text/html")).text()
    (one,) = (await theirs.get("/admin/api/alarms"))["items"]
    assert by in page and one["acknowledgedBy"] == by
    assert (NOTE in page, one["note"]) == (is_seen, NOTE if is_seen else "")
    assert NOTE in await (await staff.ask("GET", "/alarms?state=", accept="text/html")).text()
    assert (await staff.get("/admin/api/alarms"))["items"][0]["note"] == NOTE


@pytest.mark.requirement("FS-60")
async def test_an_incident_is_raised_from_an_alarm(portal: Portal) -> None:
    await portal.log_in()
    alarm = Alarm(
        kind=AlarmKind.DEAD_LETTERS,
        subject=f"{traffic.REGISTRATION} IF-031",
        raised_at=START,
        updated_at=START,
        detail="x",
    )
    await portal.store.alarms.save([alarm])
    found = re.search(r'href="(/incidents/new\?[^"]+)"', await portal.page("/alarms"))
    assert found is not None
    form = await portal.page(html.unescape(found[1]))
    assert 'name="alarm" value="1"' in form and f'value="{traffic.REGISTRATION}" selected' in form
    assert 'value="Alarm: ' in form

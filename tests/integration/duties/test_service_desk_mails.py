"""Mails about incidents and maintenance: to whom they concern, once for each step."""

from datetime import UTC, datetime, timedelta

import pytest

from dip.http.portal.powers import Power
from dip.store.users import User
from tests.conftest import Serve
from tests.integration.duties.desk import desk
from tests.integration.duties.mail_server import MailServer
from tests.support.platform import Platform
from tests.support.waiting import until

NEW = {"title": "No answers", "description": "Nothing of this text is sent", "impact": "high", "urgency": "high"}


async def user(platform: Platform, name: str, *powers: Power) -> str:
    """A user who nobody logs in as; the address."""
    address = f"{name}@mail.example"
    made = User(name=name, password_hash="none", powers=powers, made_at=datetime.now(UTC), author="test")
    await platform.dip.store.users.save_user(made)
    await platform.dip.store.user_addresses.save(name, address)
    return address


def subjects(mails: MailServer) -> list[str]:
    return [one.subject for one in mails.mails]


def from_now(**length: float) -> str:
    return (datetime.now(UTC) + timedelta(**length)).isoformat()


@pytest.mark.requirement("FS-62")
async def test_users_are_told_once_of_each_step_of_a_window(serve: Serve) -> None:
    async with MailServer() as mails, serve(mail_host="127.0.0.1", mail_port=mails.port) as platform:
        to = {await user(platform, name, Power.READ_ONLY) for name in ("pat", "kim")}
        async with desk(platform) as office:
            window = {"channels": ["IF-031", "IF-032"], "reason": "New formats"}
            await office.do("maintenance", {**window, "from": from_now(hours=1), "until": from_now(hours=2)})
            await office.do("clock", {"advance": "PT1S"})
            await until(lambda: len(mails.mails) == 1)
            assert subjects(mails) == ["[DIP DEV] maintenance announced: IF-031, IF-032"]
            assert set(mails.mails[0].to) == to
            assert "@mail.example" not in str(mails.mails[0].message["To"])
            await office.do("channels/IF-032/pause", {"reason": "Later", "from": from_now(hours=5)})
            await office.do("clock", {"advance": "PT1S"})
            await until(lambda: len(mails.mails) == 2)
            await office.do("clock", {"advance": "PT1H"})
            await until(lambda: len(mails.mails) == 3)
            await office.do("clock", {"advance": "PT1H"})
            await office.delete("channels/IF-032/pause", 204)
            await office.do("clock", {"advance": "PT1S"})
            await until(lambda: len(mails.mails) == 5)
            assert subjects(mails)[1:] == [
                "[DIP DEV] maintenance changed: IF-032",
                "[DIP DEV] maintenance has begun: IF-031",
                "[DIP DEV] maintenance is over: IF-031",
                "[DIP DEV] maintenance taken back: IF-032",
            ]


@pytest.mark.requirement("FS-62")
async def test_what_was_told_is_not_told_again_after_a_start(serve: Serve) -> None:
    async with MailServer() as mails:
        given = {"mail_host": "127.0.0.1", "mail_port": mails.port}
        async with serve(**given) as platform, desk(platform) as office:
            await user(platform, "pat", Power.READ_ONLY)
            await office.do("channels/IF-031/pause", {"reason": "New formats"})
            await office.do("clock", {"advance": "PT1S"})
            await until(lambda: len(mails.mails) == 1)
        async with serve(**given) as platform, desk(platform) as office:
            await office.delete("channels/IF-031/pause", 204)
            await office.do("clock", {"advance": "PT1S"})
            await until(lambda: len(mails.mails) == 2)
            assert subjects(mails)[1] == "[DIP DEV] maintenance is over: IF-031"


@pytest.mark.requirement("FS-64")
async def test_a_major_incident_is_told_to_the_service_desk_and_what_is_published_to_everybody(serve: Serve) -> None:
    given = {"mail_host": "127.0.0.1", "alarm_mail_to": "duty@mail.example"}
    async with MailServer() as mails, serve(mail_port=mails.port, **given) as platform, desk(platform) as office:
        admin = await user(platform, "kim", Power.OPERATIONS)
        other = await user(platform, "pat", Power.READ_ONLY)
        minor = await office.do("incidents", {**NEW, "impact": "low"}, 201)
        major = await office.do("incidents", NEW, 201)
        assert (minor["priority"], major["priority"]) == (3, 1)
        await until(lambda: len(mails.mails) == 1)
        (told,) = mails.mails
        assert set(told.to) == {admin, "duty@mail.example"}
        assert "raised: incident" in subjects(mails)[0]
        assert NEW["description"] not in told.text
        await office.patch(f"incidents/{major['number']}", {"notice": "We are working on it."})
        await until(lambda: len(mails.mails) == 2)
        assert set(mails.mails[1].to) == {admin, other}
        assert "We are working on it." in mails.mails[1].text


@pytest.mark.requirement("FS-63")
async def test_the_one_who_raised_an_incident_is_told_what_becomes_of_it(serve: Serve) -> None:
    async with MailServer() as mails, serve(mail_host="127.0.0.1", mail_port=mails.port) as platform:
        address = await user(platform, "pat", Power.READ_ONLY)
        store = platform.dip.store.incidents
        async with desk(platform) as office:
            made = await office.do("incidents", {**NEW, "impact": "low"}, 201)
            # As if pat had raised it.
            await platform.dip.store.writer.ask(
                lambda connection: connection.execute("UPDATE incident SET raised_by = 'pat'").rowcount
            )
            number = made["number"]
            await office.patch(f"incidents/{number}", {"owner": "kim"})
            await until(lambda: len(mails.mails) == 1)
            await office.do(f"incidents/{number}/resolve", {"resolution": "Restarted"})
            await until(lambda: len(mails.mails) == 2)
            assert [one.to for one in mails.mails] == [[address], [address]]
            assert "resolved, please confirm" in subjects(mails)[1]
            incident = store.one(number)
            assert incident is not None and incident.raised_by == "pat"

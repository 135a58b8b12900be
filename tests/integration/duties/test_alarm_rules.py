"""Rules raise alarms and clear them; users are told by mail, webhook and page; somebody acknowledges (FS-56)."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from dip.messages.identifiers import DipId
from dip.store.alarms import AlarmKind
from tests.conftest import Serve
from tests.integration.delivery.conftest import REGISTRATION, Receive, endpoint_of, send
from tests.integration.delivery.receiver import status
from tests.integration.duties.desk import Desk, desk
from tests.integration.duties.mail_server import MailServer
from tests.integration.duties.told import Told
from tests.support.platform import Platform
from tests.support.waiting import until

QUIET = {"dead_letter_sweep_s": 3600.0, "retention_sweep_s": 3600.0, "balance_check_s": 3600.0}
STILL = {**QUIET, "alarm_check_s": 3600.0}
SUBJECT = f"{REGISTRATION} IF-031"


async def rule(office: Desk, kind: str, threshold: float, **more: Any) -> int:
    made = await office.do("alarm-rules", {"name": f"my {kind}", "kind": kind, "threshold": threshold, **more}, 201)
    return int(made["id"])


async def by_rules(office: Desk, state: str = "open") -> list[tuple[str, str, str]]:
    found = (await office.ask(f"alarms?state={state}"))["items"]
    return [(one["kind"], one["subject"], one["rule"]) for one in found if one["rule"]]


class Person:
    """A user of the portal, logged in."""

    def __init__(self, session: aiohttp.ClientSession, form_token: str) -> None:
        self.session = session
        self.form_token = form_token

    async def do(self, path: str, order: Any = None, status: int = 200) -> Any:
        headers = {"X-Form-Token": self.form_token}
        async with self.session.post(f"/admin/api/{path}", json=order, headers=headers) as answer:
            assert answer.status == status, await answer.text()
            return await answer.json(content_type=None)

    async def page(self, path: str) -> str:
        async with self.session.get(path, headers={"Accept": "text/html"}) as answer:
            return await answer.text()


@asynccontextmanager
async def user(platform: Platform, office: Desk, name: str, **order: Any) -> AsyncIterator[Person]:
    """A new user who has changed the first password."""
    made = await office.do("users", {"name": name, **order}, 201)
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(platform.dip.portal_url, cookie_jar=jar) as session:
        await session.post("/login", data={"name": name, "password": made["password"]})
        fields = {"old": made["password"], "new": "a long new password", "again": "a long new password"}
        await session.post("/account/password", data={"form_token": await _token(session), **fields})
        yield Person(session, await _token(session))


async def _token(session: aiohttp.ClientSession) -> str:
    async with session.get("/account/password", headers={"Accept": "text/html"}) as answer:
        found = re.search(r'name="form_token" value="([^"]+)"', await answer.text())
        assert found is not None
        return found[1]


@pytest.mark.requirement("FS-56")
async def test_a_rule_on_the_age_of_a_queue_raises_an_alarm_and_ends_with_it(serve: Serve) -> None:
    async with serve(**STILL) as platform, desk(platform) as office:
        number = await rule(office, "queue_age", 600, channel="IF-031")
        await rule(office, "latency", 600, name="of another", channel="IF-032")
        await send(platform)
        await office.do("clock", {"advance": "PT5M"})
        assert await by_rules(office) == []
        await office.do("clock", {"advance": "PT6M"})
        assert await by_rules(office) == [("queue_age", SUBJECT, "my queue_age")]
        await platform.dip.duties.watchman.look()
        assert platform.log.getvalue().count('"alarm_raised"') == 1
        await office.delete(f"alarm-rules/{number}", 204)
        await platform.dip.duties.watchman.look()
        assert await by_rules(office) == []
        assert await by_rules(office, "cleared") == [("queue_age", SUBJECT, "my queue_age")]


@pytest.mark.requirement("FS-56")
async def test_a_rule_on_dead_letters_begins_at_its_number(serve: Serve) -> None:
    async with serve(**STILL) as platform, desk(platform) as office:
        await rule(office, "dead_letters", 2, recipient=REGISTRATION)
        await send(platform, 2)
        await office.do("clock", {"advance": "P14D"})
        assert await by_rules(office) == [("dead_letters", SUBJECT, "my dead_letters")]
        (first, _) = (one["id"] for one in (await office.ask("dead-letters"))["items"])
        await office.do(f"dead-letters/{first}/withdraw")
        await platform.dip.duties.watchman.look()
        assert await by_rules(office) == []


@pytest.mark.requirement("FS-56")
async def test_too_few_messages_in_a_period_raise_an_alarm_until_there_are_enough(serve: Serve) -> None:
    async with serve(**STILL) as platform, desk(platform) as office:
        await rule(office, "throughput", 2, periodS=3600, channel="IF-031")
        await platform.dip.duties.watchman.look()
        await send(platform, 2)
        await office.do("clock", {"advance": "PT1H"})
        assert await by_rules(office) == []
        await send(platform)
        await office.do("clock", {"advance": "PT1H"})
        assert await by_rules(office) == [("throughput", "everybody IF-031", "my throughput")]
        (alarm,) = (await office.ask("alarms?kind=throughput"))["items"]
        assert alarm["detail"] == "1 message in 3600 s; the rule expects 2."
        await send(platform, 2)
        await platform.dip.duties.watchman.look()
        await office.do("clock", {"advance": "PT1H"})
        assert await by_rules(office) == []


@pytest.mark.requirement("FS-56")
async def test_a_rule_on_paused_endpoints_waits_its_seconds(serve: Serve, receive: Receive) -> None:
    async with serve(retry_first_s=0.01, pause_after_failures=2, **STILL) as platform, desk(platform) as office:
        await rule(office, "endpoint_paused", 600)
        await receive(platform, answering=status(503))
        await send(platform)
        await until(lambda: any(state.paused for state in platform.dip.dispatcher.endpoints()))
        await platform.dip.duties.watchman.look()
        assert await by_rules(office) == []
        await office.do("clock", {"advance": "PT11M"})
        ((kind, subject, _),) = await by_rules(office)
        assert (kind, subject) == ("endpoint_paused", f"{REGISTRATION} {endpoint_of(platform).id}")


@pytest.mark.requirement("FS-56")
async def test_a_rule_on_certificates_looks_at_one_participant(serve: Serve) -> None:
    async with serve(**STILL) as platform, desk(platform) as office:
        await rule(office, "certificate_expires", 3650, recipient=REGISTRATION)
        await platform.dip.duties.watchman.look()
        assert await by_rules(office) == [
            ("certificate_expires", f"{REGISTRATION} certificates", "my certificate_expires")
        ]


@pytest.mark.requirement("FS-56")
async def test_a_user_is_told_by_webhook_and_mail_and_tries_both(serve: Serve) -> None:
    async with MailServer() as mail_server:
        mail = {"mail_host": "127.0.0.1", "mail_port": mail_server.port}
        async with serve(alarm_webhook_first_wait_s=0.001, **mail, **STILL) as platform, desk(platform) as office:
            async with (
                Told(platform.credentials(REGISTRATION), refusing=2) as told,
                user(platform, office, "watcher", powers=["support"]) as watcher,
            ):
                order = {"way": "webhook", "target": told.url, "kinds": ["latency"], "channels": ["IF-031"]}
                hook = await watcher.do("alarm-subscriptions", order, 201)
                post = await watcher.do("alarm-subscriptions", {"way": "mail", "target": "me@dip.example"}, 201)
                alarms = platform.dip.duties.alarms
                alarms.raised(AlarmKind.LATENCY, SUBJECT, "late")
                alarms.raised(AlarmKind.LATENCY, SUBJECT, "later")
                alarms.raised(AlarmKind.LATENCY, f"{REGISTRATION} IF-032", "late")
                alarms.cleared(AlarmKind.LATENCY, SUBJECT)
                await until(lambda: len(told.bodies) == 2)
                assert [(one["what"], one["subject"]) for one in told.bodies] == [
                    ("raised", SUBJECT),
                    ("over", SUBJECT),
                ]
                assert told.refused == 2
                await until(lambda: len(mail_server.mails) == 3)
                assert {tuple(one.to) for one in mail_server.mails} == {("me@dip.example",)}
                for made in (hook, post):
                    await watcher.do(f"alarm-subscriptions/{made['id']}/test")
                await until(lambda: len(told.bodies) == 3 and len(mail_server.mails) == 4)
                assert told.bodies[-1]["what"] == "test"
                assert "test: messages late" in mail_server.mails[-1].subject
                assert told.url not in platform.log.getvalue()


@pytest.mark.requirement("FS-50", "FS-56")
async def test_a_participants_user_is_told_of_its_own_participants_alone(serve: Serve) -> None:
    async with serve(**STILL) as platform, desk(platform) as office:
        participant = platform.dip.participants.value.get(DipId(REGISTRATION))
        assert participant is not None
        company = {"powers": ["company-messages"], "company": participant.company, "dipIds": [REGISTRATION]}
        async with (
            Told(platform.credentials(REGISTRATION)) as told,
            user(platform, office, "theirs", **company) as theirs,
        ):
            other = next(one.dip_id for one in platform.dip.participants.value if one.dip_id != REGISTRATION)
            refused = {"way": "webhook", "target": told.url, "about": other}
            assert (await theirs.do("alarm-subscriptions", refused, 404))["code"] == "not_found"
            await theirs.do("alarm-subscriptions", {"way": "webhook", "target": told.url}, 201)
            alarms = platform.dip.duties.alarms
            alarms.raised(AlarmKind.LATENCY, f"{other} IF-031", "late")
            alarms.raised(AlarmKind.BALANCE, "the whole", "wrong")
            alarms.raised(AlarmKind.LATENCY, SUBJECT, "late")
            await until(lambda: told.bodies)
            assert [one["subject"] for one in told.bodies] == [SUBJECT]
            page = await theirs.page("/alarms")
            assert SUBJECT in page
            assert other not in page
            assert ">1 alarm<" in page
            found = {one["subject"]: one["id"] for one in (await office.ask("alarms"))["items"]}
            await theirs.do(f"alarms/{found[f'{other} IF-031']}/acknowledge", {}, 404)
            await theirs.do("alarm-rules", {"name": "x", "kind": "latency", "threshold": 1}, 403)
            await theirs.do("alarm-subscriptions", {"way": "page", "kinds": ["balance"]}, 201)
            assert "open-alarms" not in await theirs.page("/alarms")
            # One who has gone is told nothing more, and what was wanted goes too.
            await office.delete("users/theirs", 204)
            alarms.cleared(AlarmKind.LATENCY, SUBJECT)
        assert platform.dip.store.alarm_settings.subscriptions() == []


@pytest.mark.requirement("FS-56")
async def test_reminders_go_out_until_somebody_acknowledges(serve: Serve) -> None:
    async with MailServer() as mail_server:
        mail = {"mail_host": "127.0.0.1", "mail_port": mail_server.port, "alarm_mail_to": "ops@dip.example"}
        async with serve(alarm_queue_age_s=7200.0, **mail, **STILL) as platform, desk(platform) as office:
            await send(platform)
            await office.do("clock", {"advance": "PT3H"})
            await office.do("clock", {"advance": "PT24H"})
            await until(lambda: len(mail_server.mails) == 2)
            assert [one.subject.split()[2] for one in mail_server.mails] == ["ALARM:", "still:"]
            (alarm,) = (await office.ask("alarms?state=open"))["items"]
            path = f"alarms/{alarm['id']}/acknowledge"
            done = await office.do(path, {"note": "their fetcher is down; they know"})
            assert (done["acknowledgedBy"], done["note"][:5]) == ("admin.token", "their")
            assert (await office.do(path, {}, 409))["code"] == "conflict"
            page = await office.page("/alarms")
            assert "their fetcher is down" in page
            assert "admin.token" in page
            await office.do("clock", {"advance": "PT72H"})
            (waiting,) = (await office.ask(f"dead-letters?recipient={REGISTRATION}"))["items"] or (None,)
            assert waiting is None
            platform.dip.duties.alarms.only(AlarmKind.QUEUE_AGE, {})
            await until(lambda: len(mail_server.mails) == 3)
            assert mail_server.mails[-1].subject.split()[2] == "over:"
            await office.do(path, {}, 404)
        async with serve(**STILL) as platform, desk(platform) as office:
            (alarm,) = (await office.ask("alarms?state=cleared"))["items"]
            assert alarm["note"] == "their fetcher is down; they know"


@pytest.mark.requirement("FS-56")
async def test_alarms_of_rules_and_acknowledgements_survive_a_restart(serve: Serve) -> None:
    async with serve(**STILL) as platform, desk(platform) as office:
        await rule(office, "queue_age", 60)
        await send(platform)
        await office.do("clock", {"advance": "PT2M"})
        (alarm,) = (await office.ask("alarms?state=open"))["items"]
        await office.do(f"alarms/{alarm['id']}/acknowledge")
    async with serve(**STILL) as platform, desk(platform) as office:
        await platform.dip.duties.watchman.look()
        assert '"alarm_raised"' not in platform.log.getvalue()
        (alarm,) = (await office.ask("alarms?state=open"))["items"]
        assert (alarm["rule"], alarm["acknowledgedBy"]) == ("my queue_age", "admin.token")


@pytest.mark.requirement("FS-56")
async def test_forms_add_switch_and_remove_rules_and_subscriptions(serve: Serve) -> None:
    async with serve(**STILL) as platform, desk(platform) as office:
        fields = {"name": "<Tight>", "kind": "throughput", "threshold": "5", "period": "600", "channel": "IF-031"}
        page = await office.send_form("/alarms/rules", do="add", **fields)
        assert "&lt;Tight&gt;" in page
        assert "fewer than" in page
        (made,) = (await office.ask("alarm-rules"))["items"]
        number = str(made["id"])
        assert "Switch on" in await office.send_form("/alarms/rules", do="off", rule=number)
        assert "expected a number" in await office.send_form("/alarms/rules", do="add", name="x", kind="latency")
        await office.send_form("/alarms/rules", do="remove", rule=number)
        assert (await office.ask("alarm-rules"))["items"] == []
        assert "is no user" in await office.send_form("/alarms/subscriptions", do="add", way="page")
        async with user(platform, office, "watcher", powers=["support"]) as watcher:
            for order, code in (
                ({"way": "mail", "target": "a@b.example, c@d.example"}, "bad_request"),
                ({"way": "webhook", "target": "https://10.0.0.1/"}, "webhook_refused"),
                ({"way": "webhook", "target": "ftp://a.example/"}, "webhook_refused"),
                ({"way": "page", "target": "x"}, "bad_request"),
            ):
                assert (await watcher.do("alarm-subscriptions", order, 400))["code"] == code
            sent = {"form_token": watcher.form_token, "do": "add", "way": "page", "kinds": "latency", "target": ""}
            async with watcher.session.post("/alarms/subscriptions", data=sent) as answer:
                assert "You are told from now on" in await answer.text()
            assert "In the head of each page" in await watcher.page("/alarms/subscriptions")
            mine = platform.dip.store.alarm_settings.subscriptions()
            assert [(one.user, one.way) for one in mine] == [("watcher", "page")]
            await watcher.do(f"alarm-subscriptions/{mine[0].id}/test", None, 409)


async def test_alarms_are_found_by_kind_and_participant_and_kept_by_number(serve: Serve) -> None:
    async with serve(**STILL) as platform, desk(platform) as office:
        alarms = platform.dip.duties.alarms
        alarms.raised(AlarmKind.CENTRAL_FEED, "goes on", "x")
        for number in range(150):
            alarms.raised(AlarmKind.LATENCY, f"{REGISTRATION} {number}", "x")
            alarms.cleared(AlarmKind.LATENCY, f"{REGISTRATION} {number}")
        page = await office.page("/alarms?state=cleared&kind=latency")
        older = re.search(r'href="([^"]+)" rel="next"', page)
        assert older is not None
        assert page.count('id="alarm-') == 50
        assert (await office.page(older[1].replace("&amp;", "&"))).count('id="alarm-') == 50
        assert len((await office.ask(f"alarms?recipient={REGISTRATION}"))["items"]) == 150
        assert (await office.ask("alarms?recipient=0000000000"))["items"] == []
        assert (await office.ask("alarms?kind=none", 400))["code"] == "bad_request"
    async with serve(alarm_kept_most=100, **STILL) as platform, desk(platform) as office:
        await office.do("clock", {"advance": "PT1S"})
        left = (await office.ask("alarms"))["items"]
        assert len(left) <= 101
        assert "central_feed" in {one["kind"] for one in left}

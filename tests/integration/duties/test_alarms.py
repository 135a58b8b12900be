"""Alarms: raised when something is wrong, told once, cleared when it is over (FS-56)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from dip.ground.log import make_log
from dip.ground.mail import Mailer
from dip.ground.settings import Settings
from dip.store.alarms import AlarmKind
from tests.conftest import Serve
from tests.integration.delivery.conftest import REGISTRATION, Receive, endpoint_of, send
from tests.integration.delivery.receiver import entries, status
from tests.integration.duties.desk import Desk, desk, metrics
from tests.integration.duties.mail_server import MailServer
from tests.support.queues import lanes_waiting
from tests.support.waiting import until

QUIET = {"dead_letter_sweep_s": 3600.0, "retention_sweep_s": 3600.0, "balance_check_s": 3600.0}
STILL = {**QUIET, "alarm_check_s": 3600.0}
SUBJECT = f"{REGISTRATION} IF-031"


async def kinds(office: Desk, state: str = "open") -> list[tuple[str, str]]:
    """Kind and subject of the alarms that go on, or that are over."""
    return [(one["kind"], one["subject"]) for one in (await office.ask(f"alarms?state={state}"))["items"]]


@pytest.mark.requirement("FS-28", "FS-56")
async def test_dead_letters_raise_an_alarm_until_the_last_one_is_dealt_with(serve: Serve) -> None:
    async with serve(**STILL) as platform, desk(platform) as office:
        await send(platform, 2)
        await office.do("clock", {"advance": "P14D"})
        assert await kinds(office) == [("dead_letters", SUBJECT)]
        first, second = (one["id"] for one in (await office.ask("dead-letters"))["items"])
        await office.do(f"dead-letters/{first}/withdraw")
        await platform.dip.duties.watchman.look()
        (alarm,) = (await office.ask("alarms"))["items"]
        assert (alarm["detail"][:13], alarm["clearedAt"]) == ("1 dead letter", None)
        await office.do(f"dead-letters/{second}/withdraw")
        await platform.dip.duties.watchman.look()
        assert await kinds(office) == []
        assert await kinds(office, "cleared") == [("dead_letters", SUBJECT)]


@pytest.mark.requirement("FS-56")
async def test_messages_that_are_late_at_an_endpoint_in_service_raise_an_alarm(serve: Serve, receive: Receive) -> None:
    async with serve(alarm_latency_s=60.0, **STILL) as platform, desk(platform) as office:
        webhook = await receive(platform, answering=status(503))
        await send(platform)
        await webhook.called()
        await platform.dip.duties.watchman.look()
        assert await kinds(office) == []
        await office.do("clock", {"advance": "PT2M"})
        assert await kinds(office) == [("latency", SUBJECT)]
        webhook.answering = entries
        platform.dip.dispatcher.try_now(endpoint_of(platform).id)
        await until(lambda: not lanes_waiting(platform.dip.store.messages))
        await platform.dip.duties.watchman.look()
        assert await kinds(office) == []


@pytest.mark.requirement("FS-56")
async def test_a_queue_that_nobody_fetches_raises_an_alarm_by_its_age_alone(serve: Serve) -> None:
    async with serve(alarm_queue_age_s=7200.0, **STILL) as platform, desk(platform) as office:
        await send(platform)
        await office.do("clock", {"advance": "PT1H"})
        assert await kinds(office) == []
        await office.do("clock", {"advance": "PT2H"})
        assert await kinds(office) == [("queue_age", SUBJECT)]
        page = await office.page("/")
        assert "old messages in a queue" in page
        assert SUBJECT in page


@pytest.mark.requirement("FS-56")
async def test_a_paused_endpoint_raises_an_alarm_and_mails_whom_it_names(serve: Serve, receive: Receive) -> None:
    async with MailServer() as mail_server:
        mail = {"mail_host": "127.0.0.1", "mail_port": mail_server.port, "alarm_mail_to": "ops@dip.example, "}
        async with serve(retry_first_s=0.01, pause_after_failures=2, **mail, **STILL) as platform:
            async with desk(platform) as office:
                webhook = await receive(platform, answering=status(503))
                dispatcher = platform.dip.dispatcher
                setting = dispatcher.setting(endpoint_of(platform).id)
                await dispatcher.change(msgspec.structs.replace(setting, told=("owner@registration.example",)))
                await send(platform)
                await until(lambda: len(mail_server.mails) == 1)
                (alarm,) = (await office.ask("alarms?state=open"))["items"]
                assert alarm["kind"] == "endpoint_paused"
                assert alarm["subject"].startswith(REGISTRATION)
                (mail_sent,) = mail_server.mails
                assert mail_sent.to == ["ops@dip.example", "owner@registration.example"]
                assert mail_sent.subject.startswith("[DIP DEV] ALARM: endpoint paused")
                webhook.answering = entries
                await until(lambda: len(mail_server.mails) == 2)
                assert "over: endpoint paused" in mail_server.mails[1].subject
                assert await kinds(office) == []


async def test_an_alarm_is_told_once_and_survives_a_restart(serve: Serve) -> None:
    async with serve(**STILL) as platform, desk(platform) as office:
        await send(platform)
        await office.do("clock", {"advance": "P14D"})
        await platform.dip.duties.watchman.look()
        platform.dip.duties.alarms.raised(AlarmKind.ENDPOINT_PAUSED, "an endpoint", "failed")
        assert len(await kinds(office)) == 2
        assert platform.log.getvalue().count('"alarm_raised"') == 2
    async with serve(**STILL) as platform, desk(platform) as office:
        await platform.dip.duties.watchman.look()
        assert await kinds(office) == [("dead_letters", SUBJECT)]
        assert await kinds(office, "cleared") == [("endpoint_paused", "an endpoint")]
        assert '"alarm_raised"' not in platform.log.getvalue()
        figures = await metrics(platform)
        assert 'dip_alarms_open{kind="dead_letters"} 1.0' in figures
        assert 'dip_alarms_open{kind="endpoint_paused"} 0.0' in figures


async def test_alarms_are_paged_and_forgotten_after_their_time(serve: Serve) -> None:
    async with serve(alarm_kept_days=2, **STILL) as platform, desk(platform) as office:
        alarms = platform.dip.duties.alarms
        for number in range(5):
            alarms.raised(AlarmKind.LATENCY, f"lane {number % 2}", str(number))
            alarms.cleared(AlarmKind.LATENCY, f"lane {number % 2}")
        first = await office.ask("alarms?limit=3")
        second = await office.ask(f"alarms?limit=3&next={first['next']}")
        assert [one["detail"] for one in first["items"] + second["items"]] == ["4", "3", "2", "1", "0"]
        assert second["next"] is None
        assert (await office.ask("alarms?state=loud", 400))["code"] == "bad_request"
        await office.do("clock", {"advance": "P3D"})
        assert (await office.ask("alarms"))["items"] == []


@pytest.mark.parametrize(("refusing", "arrives"), [(0, True), (2, True), (3, False)])
async def test_a_mail_is_tried_a_few_times(refusing: int, arrives: bool) -> None:
    async with MailServer(refusing) as mail_server, _mailing(mail_server.port) as mailer:
        mailer.send(["one@dip.example", "two@dip.example", "one@dip.example"], "What\r\nBcc: x@dip.example", "Text")
        if arrives:
            await until(lambda: mail_server.mails)
            (mail,) = mail_server.mails
            assert mail.to == ["one@dip.example", "two@dip.example"]
            assert (mail.subject, mail.text.strip()) == ("What Bcc: x@dip.example", "Text")
        else:
            await until(lambda: mail_server.refused == 3)
            assert mail_server.mails == []


async def test_without_a_mail_server_nothing_waits_and_with_one_not_without_bound() -> None:
    off = Mailer(settings=Settings(), log=make_log())
    full = Mailer(settings=Settings(mail_host="127.0.0.1"), log=make_log())
    for _ in range(1000):
        off.send(["one@dip.example"], "subject", "text")
        full.send(["one@dip.example"], "subject", "text")
    assert off._waiting.qsize() == 0
    assert full._waiting.qsize() == 200


@asynccontextmanager
async def _mailing(port: int) -> AsyncIterator[Mailer]:
    settings = Settings(mail_host="127.0.0.1", mail_port=port, mail_from="dip@dip.example", mail_timeout_s=2)
    mailer = Mailer(settings=settings, log=make_log(), waits_s=(0.01, 0.01))
    task = asyncio.create_task(mailer.run())
    yield mailer
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

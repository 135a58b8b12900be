"""Certificates that come to their end: who is told, and when it is over (8.4, 5.11.4)."""

from datetime import UTC, datetime, timedelta

import pytest

from dip.ground.clock import Clock
from dip.ground.errors import SetupRefused
from dip.ground.given_settings import read_settings
from dip.ground.settings import Settings
from tests.conftest import Serve
from tests.integration.duties.desk import Desk, desk, metrics
from tests.integration.duties.mail_server import MailServer
from tests.support.waiting import until

SUPPLIER = "2300000001"
QUIET = {"dead_letter_sweep_s": 3600.0, "retention_sweep_s": 3600.0, "balance_check_s": 3600.0}
CHECKED = {**QUIET, "alarm_check_s": 0.05}


class Wall(Clock):
    """A clock whose wall time a test moves."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead = timedelta(0)

    def wall(self) -> datetime:
        return datetime.now(UTC) + self.ahead


async def about(office: Desk, holder: str = SUPPLIER) -> dict[str, str]:
    """The detail of each open alarm about a holder's certificates, by kind and subject."""
    found = (await office.ask("alarms?state=open"))["items"]
    return {f"{one['kind']}: {one['subject']}": one["detail"] for one in found if one["subject"].startswith(holder)}


@pytest.mark.requirement("FS-56", "FS-68")
async def test_somebody_is_told_thirty_days_before_then_seven_and_when_it_is_too_late(serve: Serve) -> None:
    clock = Wall()
    async with serve(clock=clock, **CHECKED) as platform, desk(platform) as office:
        clock.ahead = timedelta(days=334)
        assert await about(office) == {}
        clock.ahead = timedelta(days=336)
        soon = f"certificate_expires: {SUPPLIER} within 30 days"
        found = await until(lambda: about(office))
        assert list(found) == [soon]
        assert all(use in found[soon] for use in ("tls", "signing", "encryption", "dip-encryption"))
        clock.ahead = timedelta(days=359)
        sooner = f"certificate_expires: {SUPPLIER} within 7 days"

        async def both() -> bool:
            return set(await about(office)) == {soon, sooner}

        await until(both)
        clock.ahead = timedelta(days=366)

        async def expired() -> bool:
            return f"certificate_expired: {SUPPLIER}" in await about(office)

        await until(expired)
        left = [line for line in await metrics(platform) if line.startswith('dip_certificate_days_left{use="tls"}')]
        assert -2 < float(left[0].rpartition(" ")[2]) < 0
        assert SUPPLIER not in "".join(line for line in await metrics(platform) if "certificate" in line)
        await office.do(f"participants/{SUPPLIER}/certificates/renew", {}, 201)

        async def over() -> bool:
            return await about(office) == {}

        await until(over)


@pytest.mark.requirement("FS-56", "FS-68")
async def test_a_warning_is_mailed_once_and_its_end_as_well(serve: Serve) -> None:
    clock = Wall()
    async with MailServer() as mail_server:
        mail = {"mail_host": "127.0.0.1", "mail_port": mail_server.port, "alarm_mail_to": "ops@dip.example"}
        async with serve(clock=clock, certificate_warning_days="10", **mail, **CHECKED) as platform:
            async with desk(platform) as office:
                clock.ahead = timedelta(days=360)

                def subjects() -> list[str]:
                    return [one.subject for one in mail_server.mails if f"{SUPPLIER} within" in one.subject]

                await until(subjects)
                assert subjects() == [f"[DIP DEV] ALARM: certificates expire soon, {SUPPLIER} within 10 days"]
                await office.do(f"participants/{SUPPLIER}/certificates/renew", {}, 201)
                await until(lambda: len(subjects()) == 2)
                assert "over: certificates expire soon" in subjects()[1]


@pytest.mark.requirement("FS-68")
async def test_the_dips_own_are_watched_as_well(serve: Serve) -> None:
    clock = Wall()
    async with serve(clock=clock, **CHECKED) as platform, desk(platform) as office:
        clock.ahead = timedelta(days=340)
        (detail,) = (await until(lambda: about(office, "0000000001 within"))).values()
        assert "tls" in detail
        assert "signing" in detail
        await office.do("platform/certificates", {"use": "tls"}, 201)

        async def signing_alone() -> bool:
            (left,) = (await about(office, "0000000001 within")).values()
            return "tls" not in left and "signing" in left

        await until(signing_alone)


def test_the_days_of_warning_are_numbers_the_longest_first() -> None:
    assert Settings(certificate_warning_days=" 3,60, 14 ").certificate_warnings == (
        timedelta(days=60),
        timedelta(days=14),
        timedelta(days=3),
    )
    with pytest.raises(SetupRefused, match="certificate_warning_days"):
        read_settings({}, {"DIP_CERTIFICATE_WARNING_DAYS": "soon"})

"""GET and POST /companyDetails: the central feed says who takes part, in which roles (FS-03, FS-40)."""

from datetime import timedelta
from typing import Any

import pytest

from dip.messages.timestamps import wire_time
from tests.conftest import Serve
from tests.integration.duties.desk import desk
from tests.integration.onboarding.feed import ISD, company, dip_id_of, look, market, tell
from tests.integration.routing.traffic import addressed, made_up, recipients
from tests.support.platform import changed, sample
from tests.support.waiting import until

REGISTRATION = "2200000001"
SUPPLIER = "2300000001"


@pytest.mark.requirement("FS-40", "FS-03")
async def test_who_is_told_of_takes_part_at_once_and_sends_and_receives(serve: Serve) -> None:
    async with serve() as platform:
        said = await tell(platform, company("10000001", market("NEWS", "SUP"), market("NEWR", "REGS", "LDSO")))
        assert "2 joined: 2300000003, 2200000003" in said
        assert await dip_id_of(platform, "NEWS") == "2300000003"
        registration = await platform.listener("2200000003", "IF-031")
        message = changed(sample("if-031"), "CommonBlock.S1.senderDIPID", "2300000003")
        message = changed(message, "CommonBlock.A0", addressed("2200000003"))
        client = await platform.client("2300000003")
        result = await client.send("IF-031", [message])
        assert result.all_accepted, result
        received = await registration.next(5)
        assert received.transaction_id == result.accepted[0].transaction_id
        again = await tell(platform, company("10000001", market("NEWS", "SUP"), market("NEWR", "REGS", "LDSO")))
        assert "nothing changed" in again


@pytest.mark.requirement("FS-40")
async def test_what_was_told_survives_a_restart(serve: Serve) -> None:
    async with serve() as platform:
        await tell(platform, company("10000001", market("NEWS", {"DIPRoleCode": "SUP", "marketRoleCode": "X"})))
        before = await look(platform, "?companyNumber=10000001")
    async with serve() as platform:
        assert await look(platform, "?companyNumber=10000001") == before
        (one,) = before
        assert one["companyName"] == "Company 10000001"
        assert one["marketParticipants"][0]["marketRoles"] == [
            {"DIPRoleCode": "SUP", "marketRoleCode": "X", "effectiveFrom": None, "effectiveTo": None}
        ]
        client = await platform.client("2300000003")
        assert (await client.send("IF-031", [_own(sample("if-031"))])).all_accepted


def _own(message: dict[str, Any]) -> dict[str, Any]:
    return changed(message, "CommonBlock.S1.senderDIPID", "2300000003")


@pytest.mark.requirement("FS-40")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?MPID=EMEB", ["2300000001"]),
        ("?DIPRoleCode=REGS", ["2200000001", "2200000002"]),
        ("?companyNumber=09000001&MPID=EMEB&DIPRoleCode=SUP", ["2300000001"]),
    ],
)
async def test_companies_are_found_by_each_of_their_marks(serve: Serve, query: str, found: list[str]) -> None:
    async with serve() as platform:
        companies = await look(platform, query)
        assert [one["DIPID"] for each in companies for one in each["marketParticipants"]] == found


@pytest.mark.requirement("FS-40")
@pytest.mark.parametrize(
    "query", ["?companyNumber=99999999", "?MPID=ZZZZ", "?MPID=EMEB&DIPRoleCode=REGS", "?marketRoleCode=X"]
)
async def test_a_company_that_nobody_knows_is_not_found(serve: Serve, query: str) -> None:
    async with serve() as platform:
        await look(platform, query, 404)
        await look(platform, "?colour=red", 400)


@pytest.mark.requirement("FS-40")
async def test_only_the_role_of_the_setting_may_call(serve: Serve) -> None:
    async with serve() as platform:
        for status, caller in ((403, SUPPLIER), (200, ISD)):
            await look(platform, "?MPID=EMEB", status, caller)
        await tell(platform, company("10000001"), 403, SUPPLIER)
    async with serve(company_details_roles="SUP, VAS") as platform:
        await look(platform, "?MPID=EMEB", 403)
        await tell(platform, company("10000001"), 201, SUPPLIER)


@pytest.mark.requirement("FS-40")
@pytest.mark.parametrize(
    ("said", "places"),
    [
        (7, ["/: expected an object, found 7"]),
        ({}, ["/companyNumber", "/companyName"]),
        ([company("1"), company("not a number!")], ["/1/companyNumber"]),
        (company("1", market("short", "SUP")), ["/marketParticipants/0/MPID"]),
        (company("1", market("ABCD", "KING", "DIP")), ["marketRoles/0/DIPRoleCode", "marketRoles/1/DIPRoleCode"]),
        (company("1", market("ABCD", "SUP", DIPID="0000000001")), ["/marketParticipants/0/DIPID"]),
        (company("1", market("ABCD", "SUP", DIPID="../../etc")), ["/marketParticipants/0/DIPID"]),
        (company("1", market("ABCD", "SUP", DIPID="2300000001")), ["/marketParticipants/0/DIPID"]),
        (company("1", market("EMEB", "SUP")), ["/marketParticipants/0/MPID"]),
        (company("1", market("ABCD", "SUP"), market("ABCD", "SUP")), ["/marketParticipants/1/MPID"]),
        (company("1", market("ABCD", "SUP", "SUP")), ["each DIPRoleCode once"]),
        (company("1", market("ABCD", {"DIPRoleCode": "SUP", "effectiveFrom": "soon"})), ["/effectiveFrom"]),
        (
            company(
                "1", market("ABCD", {"DIPRoleCode": "SUP", "effectiveFrom": "2026-02-01", "effectiveTo": "2026-01-01"})
            ),
            ["/effectiveTo"],
        ),
        ({**company("1"), "colour": "red"}, ["/colour"]),
        ({**company("1"), "complete": "yes", "marketParticipants": {}}, ["/complete", "/marketParticipants"]),
        (company("1", market("NONE")), ["/marketParticipants/0/MPID"]),
    ],
)
async def test_what_can_not_be_so_is_refused_with_every_place_and_nothing_of_it_is_done(
    serve: Serve, said: Any, places: list[str]
) -> None:
    async with serve() as platform:
        before = list(platform.dip.participants.value)
        help_text = await tell(platform, said, 400)
        assert all(place in help_text for place in places), help_text
        assert list(platform.dip.participants.value) == before


@pytest.mark.requirement("FS-40")
async def test_a_body_that_is_no_json_too_large_or_too_deep_is_refused(serve: Serve) -> None:
    async with serve(company_details_limit_bytes=2048) as platform:
        client = await platform.client(ISD)
        for body, status in ((b"{", 400), (b"\xff", 400), (b"[" * 2000, 400), (b" " * 4096, 413)):
            assert (await client.call("POST", "/companyDetails", body)).status == status
        await look(platform, "?MPID=EMEB")


@pytest.mark.requirement("FS-40")
async def test_roles_begin_and_end_on_their_dates_of_business_time(serve: Serve) -> None:
    async with serve() as platform, desk(platform) as office:
        now = platform.dip.clock.now()
        soon, later = wire_time(now + timedelta(hours=1)), wire_time(now + timedelta(hours=2))
        role = {"DIPRoleCode": "SUP", "effectiveFrom": soon, "effectiveTo": later}
        await tell(platform, company("10000001", market("NEWS", role)))

        def roles() -> list[str]:
            found = platform.dip.participants.value.get(new)
            assert found is not None
            return [*found.roles, *(["left"] if found.left_at else [])]

        new: Any = await dip_id_of(platform, "NEWS")
        assert roles() == []
        await office.do("clock", {"advance": "PT61M"})
        await until(lambda: roles() == ["SUP"])
        await office.do("clock", {"advance": "PT60M"})
        await until(lambda: roles() == ["left"])


@pytest.mark.requirement("FS-40")
async def test_whoever_a_whole_statement_does_not_name_leaves_and_comes_back_under_the_same_id(serve: Serve) -> None:
    async with serve() as platform:
        both = company("10000001", market("NEWS", "SUP"), market("NEWR", "REGS"), complete=True)
        await tell(platform, both)
        old = await platform.client("2300000003")
        said = await tell(platform, company("10000001", market("NEWR", "REGS"), complete=True))
        assert "1 left: 2300000003" in said
        answer = await old.call("GET", "/dip-channel/IF-001/messages/2300000003")
        assert answer.status == 403
        assert b"revoked" in answer.body
        part = await tell(platform, company("10000001"))
        assert "nothing changed" in part
        assert "1 joined: 2300000003" in await tell(platform, both)
        back = await platform.client("2300000003")
        assert (await back.send("IF-031", [_own(sample("if-031"))])).all_accepted
        assert (await old.call("GET", "/dip-channel/IF-001/messages/2300000003")).status == 403


@pytest.mark.requirement("FS-40", "FS-03")
async def test_another_role_brings_its_channels_and_a_revoked_one_takes_them(serve: Serve) -> None:
    async with serve(profile="live") as platform:
        message = made_up(platform, "IF-062", "[MDRStartResponse]", "1600000001", "MDR", A0=addressed("1400000002"))
        assert await recipients(platform, message) == ["1400000002"]
        await tell(platform, company("09000010", market("PLVR", "ADS")))
        client = await platform.client("1600000001")
        other = made_up(platform, "IF-062", "[MDRStartResponse]", "1600000001", "MDR", A0=addressed("1400000002"))
        refused = await client.send("IF-062", [other])
        assert "MSG1032" in str(refused.entries[0].message)
        await tell(platform, company("09000010", market("PLVR", "ADS", "SDS")))
        again = made_up(platform, "IF-062", "[MDRStartResponse]", "1600000001", "MDR", A0=addressed("1400000002"))
        assert await recipients(platform, again) == ["1400000002"]

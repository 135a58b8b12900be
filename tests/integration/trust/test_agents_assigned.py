"""Agents are assigned and withdrawn: by the administration API, the portal's page and the command line."""

import asyncio
import re

import aiohttp
import pytest
from argon2 import PasswordHasher

from dip.cli import main
from dip.ground.assets import asset
from dip.messages.identifiers import DipId
from dip.store.users import User
from tests.conftest import Serve
from tests.integration.trust.agency import (
    AGENT,
    OTHER_SUPPLIER,
    REGISTRATION,
    SUPPLIER,
    codes,
    give_role,
    office,
    request_of,
)
from tests.support.platform import Platform
from tests.support.process import finished

SECOND_AGENT = "2100000001"
PASSWORD = "correct horse battery staple"


@pytest.mark.requirement("FS-42")
async def test_what_was_assigned_and_withdrawn_by_whom_and_when_is_kept_across_a_restart(serve: Serve) -> None:
    async with serve() as platform, office(platform) as acting:
        made = await acting.assign(SUPPLIER, "SUP")
        again = await acting.assign(SUPPLIER, "SUP", status=200)
        assert again == made
        assert (made["participant"], made["agent"], made["role"], made["encrypts"]) == (SUPPLIER, AGENT, "SUP", False)
        assert (made["assignedBy"], made["withdrawnAt"], made["withdrawnBy"]) == ("admin.token", None, None)
        await acting.assign(SUPPLIER, "SUP", encrypts=True)
        await acting.assign(OTHER_SUPPLIER, "SUP")
        await acting.withdraw(OTHER_SUPPLIER, "SUP")
    async with serve() as platform, office(platform) as acting:
        listed = await acting.desk.ask(f"participants/{SUPPLIER}/agents")
        assert [(one["encrypts"], one["withdrawnBy"]) for one in listed["items"]] == [
            (True, None),
            (False, "admin.token"),
        ]
        principals = (await acting.desk.ask(f"participants/{AGENT}/principals"))["items"]
        assert [(one["participant"], one["withdrawnAt"] is None) for one in principals] == [
            (SUPPLIER, True),
            (OTHER_SUPPLIER, False),
            (SUPPLIER, False),
        ]
        assert (await (await acting.client(SUPPLIER)).send("IF-031", [request_of(SUPPLIER)])).all_accepted


@pytest.mark.requirement("FS-42")
async def test_what_can_not_be_assigned_is_refused_with_the_reason(serve: Serve) -> None:
    async with serve() as platform:
        await give_role(platform, SECOND_AGENT, "DCP")
        await give_role(platform, SUPPLIER, "MDR")
    async with serve() as platform, office(platform) as acting:
        for principal, role, agent, status, reason in (
            (SUPPLIER, "REGS", AGENT, 400, "that can be assigned: SUP, MDR"),
            (SUPPLIER, "SUP", OTHER_SUPPLIER, 400, "with the role DCP"),
            (SUPPLIER, "SUP", "9900000001", 400, "with the role DCP"),
            ("0000000001", "DIP", AGENT, 400, "Nobody acts for the DIP"),
            (AGENT, "DCP", SECOND_AGENT, 400, "can be assigned: none"),
            (SECOND_AGENT, "MRS", SECOND_AGENT, 400, "another participant"),
            ("9900000001", "SUP", AGENT, 404, "No participant"),
        ):
            assert reason in (await acting.assign(principal, role, agent=agent, status=status))["detail"]
        await acting.assign(SUPPLIER, "SUP", encrypts=True)
        taken = await acting.assign(SUPPLIER, "SUP", agent=SECOND_AGENT, status=409)
        assert f"{AGENT} acts for {SUPPLIER} as SUP already" in taken["detail"]
        other = await acting.assign(SUPPLIER, "MDR", agent=SECOND_AGENT, encrypts=True, status=409)
        assert "encrypted to one agent alone" in other["detail"]
        await acting.assign(SUPPLIER, "MDR", agent=SECOND_AGENT)
        await acting.withdraw(SUPPLIER, "MDR", status=404)
        await acting.withdraw(REGISTRATION, status=404)
        await acting.withdraw("9900000001", status=404)
        unread = await acting.desk.do(f"participants/{SUPPLIER}/agents", {"agent": AGENT}, status=400)
        assert "role" in unread["detail"]


@pytest.mark.requirement("FS-42")
async def test_the_pages_show_agents_and_participants_and_change_them(serve: Serve) -> None:
    async with serve() as platform, office(platform) as acting:
        before = await acting.desk.page(f"/participants/{SUPPLIER}/agents")
        assert "It acts for itself in every role." in before
        assert f'value="{AGENT}"' in before
        path = f"/participants/{SUPPLIER}/agents"
        done = await acting.desk.send_form(path, do="assign", agent=AGENT, role="SUP", encrypts="1")
        assert "The agent acts from now on." in done
        assert "by admin.token" in done
        assert SUPPLIER in await acting.desk.page(f"/participants/{AGENT}/agents")
        refused = await acting.desk.send_form(path, do="assign", agent=REGISTRATION, role="SUP")
        assert "expected the DIP id of another participant" in refused
        gone = await acting.desk.send_form(path, do="withdraw", agent=AGENT, role="SUP")
        assert "The agent was withdrawn." in gone
        assert platform.dip.participants.value.agencies.of_agent(DipId(AGENT)) == ()


async def add_user(platform: Platform, name: str, *powers: str, dip_id: str = SUPPLIER) -> None:
    """A user of the company of a participant."""
    participants = platform.dip.participants.value
    company = next(one.company for one in participants if one.dip_id == dip_id)
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    made = platform.dip.clock.wall()
    user = User(
        name=name, password_hash=cheap.hash(PASSWORD), powers=powers, company=company, made_at=made, author="test"
    )
    await platform.dip.store.users.save_user(user)


async def order(platform: Platform, name: str, principal: str) -> int:
    """The status of what a user gets who logs in and assigns the agent."""
    async with aiohttp.ClientSession(platform.dip.portal_url, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        async with session.post("/login", data={"name": name, "password": PASSWORD}) as answer:
            page = await answer.text()
        token = re.search(r'name="form_token" value="([^"]+)"', page)
        assert token is not None, page
        async with session.post(
            f"/admin/api/participants/{principal}/agents",
            json={"agent": AGENT, "role": "SUP"},
            headers={"X-Form-Token": token[1]},
        ) as answer:
            return answer.status


@pytest.mark.requirement("FS-42", "FS-57")
@pytest.mark.parametrize(
    ("power", "principal", "status"),
    [
        ("company-users", SUPPLIER, 201),
        ("company-messages", SUPPLIER, 201),
        ("company-certificates", SUPPLIER, 403),
        ("read-only", SUPPLIER, 403),
        ("company-users", OTHER_SUPPLIER, 404),
    ],
)
async def test_a_companys_users_assign_for_their_own_participants_alone(
    serve: Serve, power: str, principal: str, status: int
) -> None:
    async with serve() as platform:
        await add_user(platform, "somebody", power)
        assert await order(platform, "somebody", principal) == status


async def run(platform: Platform, *words: str) -> int:
    """A command beside the platform's data directory; how it ends."""
    try:
        await asyncio.to_thread(main, [*words, "--data", str(platform.dip.directory)])
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


@pytest.mark.requirement("FS-42")
async def test_the_command_assigns_lists_and_withdraws(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    async with serve() as platform, office(platform) as acting:
        agent = await acting.client(SUPPLIER)
        assert await run(platform, "agents", "assign", SUPPLIER, AGENT, "--role", "SUP") == 0
        assert (await agent.send("IF-031", [request_of(SUPPLIER)])).all_accepted
        assert await run(platform, "agents", "list", AGENT) == 0
        assert f'"participant":"{SUPPLIER}","role":"SUP","agent":"{AGENT}"' in capsys.readouterr().out
        assert await run(platform, "agents", "withdraw", SUPPLIER, AGENT) == 0
        assert codes(await agent.send("IF-031", [request_of(SUPPLIER)])) == (403, ["MSG1009"])
        assert await run(platform, "agents", "withdraw", SUPPLIER, AGENT) == 1
        assert "does not act for" in capsys.readouterr().err


@pytest.mark.requirement("FS-42")
async def test_send_and_listen_act_for_a_participant(serve: Serve) -> None:
    async with serve() as platform, office(platform) as acting:
        (file,) = (asset("data/seed") / "samples").glob("if-031*.json")
        data = ("--data", platform.dip.directory)
        sending = ("send", str(file), "--as", AGENT, "--for", SUPPLIER, *data)
        receiving = ("--as", AGENT, "--for", REGISTRATION, "--channel", "IF-031", "--once", "1", *data)
        refused = await finished(*sending)
        assert (refused.code, "MSG1009" in refused.stdout) == (1, True)
        await acting.assign(SUPPLIER, "SUP")
        # The participant's key stands in the same directory, the agent's does so too: both open.
        for encrypts, how in ((False, ("listen", "--pull")), (True, ("listen",))):
            await acting.assign(REGISTRATION, "REGS", encrypts=encrypts)
            assert (await finished(*sending)).code == 0
            received = await finished(*how, *receiving)
            assert received.code == 0, received
            assert '"IF-031"' in received.stdout

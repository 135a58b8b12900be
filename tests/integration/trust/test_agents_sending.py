"""An agent sends for participants, and only what was assigned to it (5.7.1; contract, Messages)."""

from typing import Any

import msgspec
import pytest

from tests.conftest import Serve
from tests.integration.trust.agency import (
    AGENT,
    OTHER_SUPPLIER,
    PROVIDER,
    REGISTRATION,
    SUPPLIER,
    codes,
    give_role,
    office,
    raw,
    request_of,
)
from tests.support.platform import changed

PROFILES = pytest.mark.parametrize("profile", ["spec", "live"])
_S1 = "/0/payload/CommonBlock/S1"


@pytest.mark.requirement("FS-42")
@PROFILES
async def test_an_agent_sends_for_a_participant_and_the_journal_says_so(serve: Serve, profile: str) -> None:
    async with serve(profile=profile) as platform, office(platform) as acting:
        registration = await acting.receiver(REGISTRATION)
        await acting.assign(SUPPLIER, "SUP")
        agent = await acting.client(SUPPLIER)
        result = await agent.send("IF-031", [request_of(SUPPLIER)])
        assert result.all_accepted, result
        (entry,) = result.entries
        assert (entry.recipient_id, entry.connection_provider_id) == (SUPPLIER, AGENT)
        (element,) = (await registration.called()).elements
        sender = element["payload"]["CommonBlock"]["S1"]
        assert (sender["senderDIPID"], sender["DIPConnectionProviderID"]) == (SUPPLIER, AGENT)
        ((reference, transaction, _),) = result.accepted
        detail = await acting.desk.ask(f"messages/{transaction}")
        assert (detail["sender"], detail["evidence"]["party"]) == (SUPPLIER, AGENT)
        assert [row["agent"] for row in detail["journal"][:2]] == [AGENT, AGENT]
        assert f"{AGENT} for {SUPPLIER}" in await acting.desk.page(f"/messages/{transaction}")
        record = await agent.call("GET", f"/dip-channel/IF-031/deliveryStatus/{SUPPLIER}/{reference}")
        inbound = msgspec.json.decode(record.body)["JournalEntries"][0]
        assert f"{AGENT} for {SUPPLIER}" in inbound["Message"]
        other = await platform.client(REGISTRATION)
        seen = await other.call("GET", f"/dip-channel/IF-031/deliveryStatus/{REGISTRATION}/{reference}")
        assert seen.status == 200
        assert AGENT not in seen.body.decode()
        itself = await (await platform.client(SUPPLIER)).send("IF-031", [request_of(SUPPLIER)])
        assert itself.all_accepted
        assert itself.entries[0].connection_provider_id is None


@pytest.mark.requirement("FS-42")
@pytest.mark.parametrize("signs_as", [AGENT, SUPPLIER])
@pytest.mark.parametrize("encrypts_as", [AGENT, SUPPLIER])
async def test_an_agent_signs_and_encrypts_with_its_own_keys_or_the_participants(
    serve: Serve, signs_as: str, encrypts_as: str
) -> None:
    async with serve() as platform, office(platform) as acting:
        await acting.assign(SUPPLIER, "SUP")
        credentials = msgspec.structs.replace(
            acting.credentials(signs_as=signs_as), encryptor=platform.credentials(encrypts_as).encryptor
        )
        agent = await acting.client(SUPPLIER, credentials)
        assert (await agent.send("IF-031", [request_of(SUPPLIER)])).all_accepted
        (seen,) = (await (await platform.client(REGISTRATION)).pull("IF-031")).messages
        assert seen.custom


@pytest.mark.requirement("FS-42")
@pytest.mark.parametrize("encrypts_as", [AGENT, SUPPLIER])
async def test_an_agent_has_the_form_of_a_participants_message_checked(serve: Serve, encrypts_as: str) -> None:
    async with serve() as platform, office(platform) as acting:
        agent = await platform.client(AGENT)
        message = request_of(SUPPLIER)
        block = msgspec.json.encode(message["payload"]["CustomBlock"])
        message["payload"]["CustomBlock"] = platform.credentials(encrypts_as).encryptor.encrypt(block)
        checked = await agent.call("POST", "/validate/IF-031/DSApp", raw(message))
        assert checked.status == (201 if encrypts_as == AGENT else 400)
        await acting.assign(SUPPLIER, "SUP")
        checked = await agent.call("POST", "/validate/IF-031/DSApp", raw(message))
        assert (checked.status, checked.body) == (201, b'"Message OK"')


@pytest.mark.requirement("FS-42")
async def test_the_participants_connection_may_carry_its_agents_signature(serve: Serve) -> None:
    async with serve() as platform, office(platform) as acting:
        own = platform.credentials(SUPPLIER)
        mixed = msgspec.structs.replace(own, signer=platform.credentials(AGENT).signer)
        supplier = await acting.client(SUPPLIER, mixed)
        assert codes(await supplier.send("IF-031", [request_of(SUPPLIER)])) == (403, ["MSG1000"])
        await acting.assign(SUPPLIER, "SUP")
        assert (await supplier.send("IF-031", [request_of(SUPPLIER)])).all_accepted


@pytest.mark.requirement("FS-42")
@PROFILES
async def test_nobody_sends_for_another_without_an_assignment_and_not_after_it_was_withdrawn(
    serve: Serve, profile: str
) -> None:
    async with serve(profile=profile) as platform, office(platform) as acting:
        agent = await acting.client(SUPPLIER)
        result = await agent.send("IF-031", [request_of(SUPPLIER)])
        assert codes(result) == (403, ["MSG1009"])
        assert f"{_S1}/senderDIPID" in (result.entries[0].help or "")
        await acting.assign(SUPPLIER, "SUP")
        assert (await agent.send("IF-031", [request_of(SUPPLIER)])).all_accepted
        await acting.withdraw(SUPPLIER)
        assert codes(await agent.send("IF-031", [request_of(SUPPLIER)])) == (403, ["MSG1009"])
        await acting.assign(SUPPLIER, "SUP")
        assert (await agent.send("IF-031", [request_of(SUPPLIER)])).all_accepted


@pytest.mark.requirement("FS-42")
@pytest.mark.parametrize(
    ("provider", "status", "code"),
    [(None, 403, "MSG1011"), (SUPPLIER, 403, "MSG1011"), ("1000000002", 403, "MSG1011"), (AGENT, 201, "MSG0000")],
)
async def test_an_agent_names_itself_as_the_connection_provider(
    serve: Serve, provider: Any, status: int, code: str
) -> None:
    async with serve(profile="live") as platform, office(platform) as acting:
        await acting.assign(SUPPLIER, "SUP")
        agent = await acting.client(SUPPLIER)
        result = await agent.send("IF-031", raw(changed(request_of(SUPPLIER), PROVIDER, provider)))
        assert codes(result) == (status, [code])
        (entry,) = result.entries
        assert (entry.recipient_id, entry.connection_provider_id) == (SUPPLIER, AGENT)
        if status == 403:
            assert f"{_S1}/DIPConnectionProviderID" in (entry.help or "")
            assert f"{AGENT}, which connects for {SUPPLIER}" in (entry.help or "")


@pytest.mark.requirement("FS-42")
async def test_a_role_that_was_not_assigned_is_refused_and_the_assigned_ones_are_named(serve: Serve) -> None:
    async with serve() as platform:
        await give_role(platform, SUPPLIER, "MDR")
    async with serve() as platform, office(platform) as acting:
        agent = await acting.client(SUPPLIER)
        await acting.assign(SUPPLIER, "MDR")
        result = await agent.send("IF-031", [request_of(SUPPLIER)])
        assert codes(result) == (403, ["MSG1010"])
        assert f"a role in which {AGENT} acts for {SUPPLIER}: MDR" in (result.entries[0].help or "")
        await acting.assign(SUPPLIER, "SUP")
        assert (await agent.send("IF-031", [request_of(SUPPLIER)])).all_accepted
        await acting.withdraw(SUPPLIER, "SUP")
        assert codes(await agent.send("IF-031", [request_of(SUPPLIER)])) == (403, ["MSG1010"])


@pytest.mark.requirement("FS-42")
async def test_one_agent_sends_for_many_in_one_call_and_nobody_else_slips_in(serve: Serve) -> None:
    async with serve() as platform, office(platform) as acting:
        await acting.assign(SUPPLIER, "SUP")
        await acting.assign(OTHER_SUPPLIER, "SUP")
        agent = await acting.client(SUPPLIER)
        stranger = request_of(REGISTRATION, "REGS")
        result = await agent.send("IF-031", [request_of(SUPPLIER), stranger, request_of(OTHER_SUPPLIER)])
        assert codes(result) == (207, ["MSG0000", "MSG1009", "MSG0000"])
        assert [(one.recipient_id, one.connection_provider_id) for one in result.entries] == [
            (SUPPLIER, AGENT),
            (AGENT, None),
            (OTHER_SUPPLIER, AGENT),
        ]


@pytest.mark.requirement("FS-42")
async def test_the_limit_of_calls_is_the_agents_not_the_participants(serve: Serve) -> None:
    async with serve(messages_a_second=1) as platform, office(platform) as acting:
        await acting.assign(SUPPLIER, "SUP")
        agent = await acting.client(SUPPLIER)
        assert (await agent.send("IF-031", [request_of(SUPPLIER), request_of(SUPPLIER)])).all_accepted
        assert (await agent.send("IF-031", [request_of(SUPPLIER)])).status == 429
        assert (await (await platform.client(SUPPLIER)).send("IF-031", [request_of(SUPPLIER)])).all_accepted

"""Each kind of failure has its verdict: on the message's page and in the API; of refused calls in the activity log."""

import re
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from dip.client import ParticipantClient
from dip.security.signing import Signer
from tests.conftest import Serve
from tests.integration.delivery.conftest import REGISTRATION, SUPPLIER, Receive, send, state_of
from tests.integration.delivery.fault_desk import QUICK, switch_on
from tests.integration.delivery.receiver import Incoming, entries, in_turn, status, taken
from tests.integration.routing.traffic import UNKNOWN_MPAN
from tests.integration.verdicts.desk import Desk, office
from tests.support.platform import ENCRYPTED, changed, sample
from tests.support.waiting import until

DEAD_PORT = "https://localhost:9/messages"


def said(verdicts: list[Any]) -> list[tuple[str, str]]:
    return [(one["rule"], one["side"]) for one in verdicts]


async def judged(desk: Desk, transaction: str) -> list[Any]:
    """The verdicts, once there are some."""
    found = await until(lambda: desk.verdicts(transaction))
    assert isinstance(found, list)
    return found


async def refused(desk: Desk, path: str = "/dip-channel/IF-031") -> tuple[str, str]:
    """The page of the last call that was refused, and that of the list."""
    found = await until(lambda: desk.recorded(f"path={path}&status=4"))
    return await desk.page(f"/activity/{found[0]['number']}"), await desk.page("/activity")


@pytest.mark.requirement("FS-55")
async def test_a_dead_port_is_the_recipients_fault(serve: Serve) -> None:
    async with serve(**QUICK) as platform, office(platform) as desk:
        await (await platform.client(REGISTRATION)).configure_webhook("IF-031", DEAD_PORT)
        (sent,) = await send(platform)
        (found,) = await judged(desk, sent.transaction_id)
        assert (found["rule"], found["side"], found["party"]) == ("V27", "recipient", REGISTRATION)
        assert found["evidence"]["note"].startswith("connection failed")
        assert (found["evidence"]["url"], found["evidence"]["status"], found["isFinal"]) == (DEAD_PORT, None, False)
        text = await desk.page(f"/messages/{sent.transaction_id}")
        assert "nothing listens at that port" in text.partition('class="branches"')[2]
        assert "Most likely" in text.partition("At a glance")[0]


@pytest.mark.requirement("FS-55")
async def test_attempts_that_failed_keep_their_verdict_when_a_later_one_succeeds(
    serve: Serve, receive: Receive
) -> None:
    async with serve(**QUICK) as platform, office(platform) as desk:
        await receive(platform, answering=in_turn(status(500), status(500), status(503), taken))
        (sent,) = await send(platform)

        async def arrived() -> bool:
            return await state_of(platform, sent.transaction_id) == "delivered"

        await until(arrived)
        found = await desk.verdicts(sent.transaction_id)
        assert said(found) == [("V38", "recipient"), ("V38", "recipient")]
        assert [(one["evidence"]["status"], one["evidence"]["times"]) for one in found] == [(500, 2), (503, 1)]
        assert not any(one["isFinal"] for one in found)
        text = await desk.page(f"/messages/{sent.transaction_id}")
        assert "It was tried again since" in text
        assert "within 3 s" in text


@pytest.mark.requirement("FS-55", "FS-29")
@pytest.mark.parametrize(
    ("code", "rule", "side"),
    [("REG1021", "V19", "sender"), ("RCP1061", "V18", "set-up"), ("RCP9999", "V20", "recipient")],
)
async def test_a_rejection_is_judged_by_its_code(
    serve: Serve, receive: Receive, code: str, rule: str, side: str
) -> None:
    def answer(incoming: Incoming) -> Any:
        return entries(incoming, code=207, refused=dict.fromkeys(incoming.transactions, f"{code} - No"))

    async with serve(**QUICK) as platform, office(platform) as desk:
        await receive(platform, answering=answer)
        (sent,) = await send(platform)
        (found,) = await judged(desk, sent.transaction_id)
        assert (found["rule"], found["side"], found["isFinal"]) == (rule, side, True)
        assert (found["evidence"]["code"], found["evidence"]["status"]) == (code, 207)
        text = await desk.page(f"/messages/{sent.transaction_id}")
        assert rule in text.partition('class="branches"')[2].partition("Status message")[0]
        assert "1 status message" in text.partition("Error return")[2]
        assert REGISTRATION in text.partition("At a glance")[0]


@pytest.mark.requirement("FS-55")
async def test_an_mpan_that_nobody_is_appointed_for_is_the_set_ups_fault(serve: Serve) -> None:
    async with serve(**QUICK) as platform, office(platform) as desk:
        message = changed(sample("if-021"), "CommonBlock.M0.MPANCore", UNKNOWN_MPAN)
        result = await (await platform.client("1400000001")).send("IF-021", [message])
        (sent,) = result.accepted
        found = await judged(desk, sent.transaction_id)
        assert ("V07", "set-up") in said(found)
        assert {one["step"] for one in found} == {"Addressing"}
        assert "know nobody for it" in await desk.page(f"/messages/{sent.transaction_id}")


@pytest.mark.requirement("FS-55", "FS-34")
async def test_a_fault_on_demand_is_the_platforms_on_purpose(serve: Serve, receive: Receive) -> None:
    async with serve(**QUICK) as platform, office(platform) as desk:
        await switch_on(platform, {"kind": "drop_delivery", "participant": REGISTRATION})
        await receive(platform)
        (sent,) = await send(platform)
        found = await judged(desk, sent.transaction_id)
        assert (found[0]["rule"], found[0]["side"], found[0]["onPurpose"]) == ("V01", "platform", True)
        assert "on purpose" in await desk.page(f"/messages/{sent.transaction_id}")


@pytest.mark.requirement("FS-55")
async def test_a_dead_letter_that_nobody_ever_tried_is_the_set_ups_fault(serve: Serve) -> None:
    async with serve(**QUICK) as platform, office(platform) as desk:
        (idle,) = await send(platform)
        await desk.move_clock("P14D")
        (found,) = await judged(desk, idle.transaction_id)
        assert (found["rule"], found["side"], found["isFinal"]) == ("V24", "set-up", True)
        text = await desk.page(f"/messages/{idle.transaction_id}")
        assert "written, 1 recipient" in text
        assert "Most likely" in text


@pytest.mark.requirement("FS-55")
async def test_a_dead_letter_is_judged_as_its_last_attempt(serve: Serve, receive: Receive) -> None:
    async with serve(**QUICK) as platform, office(platform) as desk:
        await receive(platform, answering=status(503))
        (sent,) = await send(platform)
        await judged(desk, sent.transaction_id)
        await desk.move_clock("P14D")
        found = await desk.verdicts(sent.transaction_id)
        assert {one["rule"] for one in found} == {"V38"}
        assert found[-1]["isFinal"]


@pytest.mark.requirement("FS-55", "FS-45")
async def test_a_refused_role_is_the_senders_fault_in_the_activity_log(serve: Serve) -> None:
    async with serve() as platform, office(platform) as desk:
        client = await platform.client(SUPPLIER)
        wrong = changed(sample("if-031"), "CommonBlock.S1.senderRoleID", "REGS")
        result = await client.send("IF-031", [wrong])
        assert not result.all_accepted
        page, listed = await refused(desk)
        assert "the sender" in page
        assert re.search(r'Rule <a href="/help/verdicts#V\d\d">', page)
        assert 'sender, <a href="/help/verdicts#V' in listed


@pytest.mark.requirement("FS-55", "FS-45")
@pytest.mark.parametrize(("signing", "rule"), [("SUPPLIER", "V06"), ("REGISTRATION", "V12")])
async def test_a_refused_signature_is_the_senders_fault_in_the_activity_log(
    serve: Serve, signing: str, rule: str
) -> None:
    """Signed with somebody else's key, under the own certificate or under that of the key."""
    async with serve() as platform, office(platform) as desk:
        own, other = platform.credentials(SUPPLIER), platform.credentials(REGISTRATION)
        shown = own if signing == "SUPPLIER" else other
        key = load_pem_private_key((other.folder / "signing.key").read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
        signer = Signer(key, (shown.folder / "signing.pem").read_bytes())
        mixed = msgspec.structs.replace(own, signer=signer)
        async with ParticipantClient(mixed, platform.dip.api_url, profile="spec", encrypted=ENCRYPTED) as client:
            answer = await client.call("POST", "/dip-channel/IF-031", msgspec.json.encode([sample("if-031")]))
        assert answer.status in (401, 403)
        page, listed = await refused(desk)
        assert "the sender" in page
        assert f'Rule <a href="/help/verdicts#{rule}">{rule}</a>' in page
        assert f'sender, <a href="/help/verdicts#{rule}">' in listed


@pytest.mark.requirement("FS-55")
async def test_a_message_without_a_failure_has_no_verdict_and_grey_steps(serve: Serve, receive: Receive) -> None:
    async with serve() as platform, office(platform) as desk:
        await receive(platform)
        (sent,) = await send(platform)

        async def arrived() -> bool:
            return await state_of(platform, sent.transaction_id) == "delivered"

        await until(arrived)
        assert await desk.verdicts(sent.transaction_id) == []
        text = await desk.page(f"/messages/{sent.transaction_id}")
        assert "Most likely" not in text
        glance = text.partition("At a glance")[2].partition("Path of the message")[0]
        assert glance.count("not activated") == 2
        assert glance.count('<li class="none">') == 2
        assert "Header and payload" in text

"""Faults on demand in messages: a recipient that checks finds each of them, and the archive stays right."""

import csv

import msgspec
import pytest

from dip.conformance.fault_kinds import KINDS, Group
from dip.conformance.spoiling import SPOILS, UNKNOWN_DIP_ID
from dip.ground.assets import asset
from tests.conftest import Serve
from tests.integration.delivery.checker import GOOD, Checker
from tests.integration.delivery.conftest import REGISTRATION, SUPPLIER, Receive, journal_of, send, state_of
from tests.integration.delivery.fault_desk import QUICK, notes, struck, switch_on
from tests.integration.delivery.receiver import Incoming, Receiver, in_turn, status, taken
from tests.support.platform import Platform
from tests.support.waiting import until

CONTENT = [kind.name for kind in KINDS.values() if kind.group is Group.CONTENT]
ENCRYPTED = "encrypted_to_another_key"


def seeded_mpans() -> set[str]:
    with (asset("data/seed") / "mpans.csv").open() as file:
        return {row["mpan"] for row in csv.DictReader(file)}


async def checking(platform: Platform, receive: Receive, **limits: int) -> tuple[Checker, Receiver]:
    checker = Checker(platform, REGISTRATION, seeded_mpans())
    receiver = await receive(platform, answering=checker.answer, **limits)
    checker.url = receiver.url()
    return checker, receiver


def test_each_fault_of_content_has_its_way_of_spoiling_and_a_code() -> None:
    assert set(CONTENT) == {*SPOILS, ENCRYPTED}
    assert all(KINDS[name].code for name in CONTENT)


@pytest.mark.requirement("FS-29", "FS-34")
@pytest.mark.parametrize("profile", ["spec", "live"])
async def test_a_recipient_that_checks_finds_every_fault_by_its_code(
    serve: Serve, receive: Receive, profile: str
) -> None:
    found_here = [name for name in CONTENT if name != ENCRYPTED or profile == "spec"]
    async with serve(profile=profile) as platform:
        supplier = await platform.listener(SUPPLIER, "statusmessage")
        checker, _ = await checking(platform, receive, max_message_count=7)
        await switch_on(platform, *({"kind": name, "participant": REGISTRATION} for name in CONTENT))
        sent = await send(platform, len(found_here) + 2)
        await until(lambda: len(checker.codes) == len(sent))
        expected = [KINDS[name].code for name in found_here]
        assert dict(zip(found_here, checker.codes, strict=False)) == dict(zip(found_here, expected, strict=True))
        assert checker.codes[len(expected) :] == [GOOD, GOOD]
        told = [await supplier.next(5) for _ in expected]
        assert sorted(str(one.item["message"])[:7] for one in told) == sorted(expected)
        assert {one.transaction_id for one in told} == {one.transaction_id for one in sent[: len(expected)]}

        async def taken() -> bool:
            return await state_of(platform, sent[-1].transaction_id) == "delivered"

        await until(taken)
        assert await struck(platform) == {name: int(name in found_here) for name in CONTENT}
        assert "wrong_version, reference_missing" in " ".join(await notes(platform))


@pytest.mark.requirement("FS-28", "FS-34")
async def test_what_is_sent_again_is_right_for_the_archive_was_never_touched(serve: Serve, receive: Receive) -> None:
    async with serve(**QUICK) as platform:
        registration = await receive(platform, answering=in_turn(status(503), taken))
        await switch_on(platform, {"kind": "wrong_sender"})
        ((reference, transaction, _),) = await send(platform)
        await registration.called(2)
        senders = [call.elements[0]["payload"]["CommonBlock"]["S1"]["senderDIPID"] for call in registration.calls]
        assert senders == [UNKNOWN_DIP_ID, SUPPLIER] and registration.references == [reference] * 2
        await until(lambda: _delivered(platform, transaction))
        assert await journal_of(platform, transaction) == ["Retrying", "Delivered"]


async def test_only_the_named_recipient_gets_the_fault_and_hidden_items_stay_hidden(
    serve: Serve, receive: Receive
) -> None:
    async with serve() as platform:
        supplier = await receive(platform, SUPPLIER, "IF-021")
        distributor = await receive(platform, "2500000001", "IF-021")
        await switch_on(platform, {"kind": "wrong_publication", "participant": SUPPLIER, "channel": "if-021"})
        await send(platform, 1, "if-021", "1400000001")

        def publication(call: Incoming) -> str:
            return str(call.elements[0]["payload"]["CommonBlock"]["D0"]["publicationID"])

        assert publication(await supplier.called()) == "PUB-000"
        assert publication(await distributor.called()) == "PUB-021"


async def test_a_spoiled_message_lacks_what_its_recipient_may_not_see(serve: Serve, receive: Receive) -> None:
    async with serve() as platform:
        other = await receive(platform, SUPPLIER, "IF-909")
        await switch_on(platform, {"kind": "unexpected_replay", "rate": 1})
        await send(platform, 1, "if-909", "1200000001")
        (element,) = (await other.called()).elements
        assert element["payload"]["CommonBlock"]["D0"]["replayIndicator"] is True
        custom = msgspec.json.decode(other.credentials.decryptor.decrypt(element["payload"]["CustomBlock"]))
        assert b"meteringServiceID" not in msgspec.json.encode(custom)


async def test_a_part_of_the_messages_is_struck_in_each_call(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live") as platform:
        sent = await send(platform, 40)
        await switch_on(platform, {"kind": "unknown_mpan", "rate": 0.5, "event": "[DSApp]"})
        checker, _ = await checking(platform, receive)
        await until(lambda: len(checker.codes) == len(sent))
        spoiled = checker.codes.count("RCP1061")
        assert 8 < spoiled < 32 and checker.codes.count(GOOD) == 40 - spoiled
        assert await struck(platform) == {"unknown_mpan": spoiled}


async def test_the_event_of_another_message_is_left_alone(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live") as platform:
        await switch_on(platform, {"kind": "unknown_mpan", "rate": 1, "event": "MSApp"})
        checker, registration = await checking(platform, receive)
        await send(platform)
        await registration.called()
        assert checker.codes == [GOOD]


async def _delivered(platform: Platform, transaction: str) -> bool:
    return await state_of(platform, transaction) == "delivered"

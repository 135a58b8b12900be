"""Replay: what a recipient was sent comes again, in the answer, page by page (5.5.11)."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dip.ground.clock import Clock
from dip.messages.identifiers import DipId, InterfaceId, RoleCode
from dip.participants.registry import Participants
from dip.security.signing import SignedHeaders, verify
from tests.conftest import Serve
from tests.integration.channels.changed_catalogue import copied_catalogue
from tests.integration.delivery.conftest import Receive, state_of
from tests.integration.replay.asking import (
    ALL,
    CHANNEL,
    REGISTRATION,
    SUPPLIER,
    TOKEN,
    ask,
    elements,
    help_of,
    minute_by_minute,
    references,
    send,
)
from tests.support.platform import Platform, changed, sample
from tests.support.queues import lanes_waiting
from tests.support.waiting import until

OTHER_REGISTRATION = "2200000002"
RULES: dict[str, tuple[dict[str, tuple[str, int]], list[int]]] = {
    "start by id": ({"transactionIDFrom": ("id", 2)}, [2, 3, 4]),
    "start by time": ({"datetimeFrom": ("time", 2)}, [2, 3, 4]),
    "both starts, the id is earlier": (
        {"transactionIDFrom": ("id", 1), "datetimeFrom": ("time", 3)},
        [1, 2, 3, 4],
    ),
    "both starts, the time is earlier": (
        {"transactionIDFrom": ("id", 3), "datetimeFrom": ("time", 1)},
        [1, 2, 3, 4],
    ),
    "end by id": ({"transactionIDTo": ("id", 2)}, [0, 1, 2]),
    "end by time": ({"datetimeTo": ("time", 2)}, [0, 1, 2]),
    "both ends, the id is later": ({"transactionIDTo": ("id", 3), "datetimeTo": ("time", 1)}, [0, 1, 2, 3]),
    "both ends, the time is later": ({"transactionIDTo": ("id", 1), "datetimeTo": ("time", 3)}, [0, 1, 2, 3]),
    "start by id, end by time": ({"transactionIDFrom": ("id", 1), "datetimeTo": ("time", 3)}, [1, 2, 3]),
    "start by time, end by id": ({"datetimeFrom": ("time", 1), "transactionIDTo": ("id", 3)}, [1, 2, 3]),
    "one message by id": ({"transactionIDFrom": ("id", 2), "transactionIDTo": ("id", 2)}, [2]),
    "one message by time": ({"datetimeFrom": ("time", 2), "datetimeTo": ("time", 2)}, [2]),
    "the end before the start": ({"transactionIDFrom": ("id", 3), "transactionIDTo": ("id", 1)}, []),
    "open at both ends": ({}, [0, 1, 2, 3, 4]),
}


@pytest.mark.requirement("FS-32")
async def test_the_earlier_start_and_the_later_end_count_and_an_open_end_is_now(serve: Serve) -> None:
    clock = Clock()
    async with serve(clock=clock) as platform:
        sent, times = await minute_by_minute(platform, clock, 5)
        found = {}
        for name, (bounds, _) in RULES.items():
            values = {
                key: sent[index].transaction_id if kind == "id" else times[index]
                for key, (kind, index) in bounds.items()
            }
            answer = await ask(platform, ALL | values)
            assert answer.status == 200, answer.body
            found[name] = references(answer)
        expected = {name: [sent[index].reference for index in indexes] for name, (_, indexes) in RULES.items()}
        assert found == expected


@pytest.mark.requirement("FS-32")
async def test_the_live_profile_knows_the_times_and_not_the_transactions(serve: Serve) -> None:
    clock = Clock()
    async with serve(profile="live", clock=clock) as platform:
        sent, times = await minute_by_minute(platform, clock, 3)
        assert references(await ask(platform, ALL | {"datetimeFrom": times[1]})) == [one.reference for one in sent[1:]]
        refused = await ask(platform, ALL | {"transactionIDFrom": sent[1].transaction_id})
        assert refused.status == 400 and "/transactionIDFrom" in help_of(refused)
        folded = {key.upper(): value for key, value in (ALL | {"datetimeTo": times[1]}).items()}
        assert references(await ask(platform, folded)) == [one.reference for one in sent[:2]]


@pytest.mark.requirement("FS-32")
async def test_in_spec_a_replay_has_a_new_wrapper_and_the_first_beside_it(serve: Serve, receive: Receive) -> None:
    async with serve() as platform:
        registration = await receive(platform)
        (sent,) = await send(platform)
        (first,) = (await registration.called()).elements
        (again,) = elements(await ask(platform))
        wrapper = again["payload"]["CommonBlock"]["D0"]
        original = first["payload"]["CommonBlock"]["D0"]
        assert set(again) == {"payload", "originalTransaction"}
        assert again["originalTransaction"] == original
        assert original["replayIndicator"] is False and original["transactionID"] == sent.transaction_id
        assert wrapper == original | {
            "transactionID": f"R-{sent.transaction_id}",
            "initialCorrelationID": f"R-{sent.correlation_id}",
            "replayIndicator": True,
            "transactionTimestamp": wrapper["transactionTimestamp"],
        }
        assert len(wrapper["transactionID"]) <= 65 and len(wrapper["initialCorrelationID"]) <= 60
        opened = registration.credentials.opened
        assert isinstance(again["payload"]["CustomBlock"], str), "it travels encrypted, as it did the first time"
        assert opened(again)["payload"]["CustomBlock"] == opened(first)["payload"]["CustomBlock"]
        del again["payload"]["CommonBlock"]["D0"], first["payload"]["CommonBlock"]["D0"]
        assert again["payload"]["CommonBlock"] == first["payload"]["CommonBlock"]


@pytest.mark.requirement("FS-32")
async def test_in_live_a_replay_is_the_message_itself_and_says_so(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live") as platform:
        registration = await receive(platform)
        await send(platform)
        (first,) = (await registration.called()).elements
        (again,) = elements(await ask(platform))
        assert again == changed(first, "CommonBlock.D0.replayIndicator", True)


@pytest.mark.requirement("FS-32")
async def test_a_message_that_was_never_delivered_is_replayed_and_stays_where_it_is(serve: Serve) -> None:
    async with serve() as platform:
        (sent,) = await send(platform)
        assert references(await ask(platform)) == [sent.reference]
        assert await state_of(platform, sent.transaction_id) == "waiting"


@pytest.mark.requirement("FS-17", "FS-32")
async def test_pages_follow_each_other_to_the_end_that_was_when_the_first_was_asked_for(serve: Serve) -> None:
    async with serve(replay_message_count=2) as platform:
        sent = await send(platform, 6)
        pages: list[list[str]] = []
        token: str | None = None
        while True:
            answer = await ask(platform, token=token)
            pages.append(references(answer))
            if len(pages) == 1:
                await send(platform)
            token = answer.headers.get(TOKEN)
            assert answer.status == (200 if token is None else 206)
            if token is None:
                break
        expected = [one.reference for one in sent]
        assert pages == [expected[0:2], expected[2:4], expected[4:6]]


@pytest.mark.requirement("FS-32")
async def test_a_page_is_bounded_in_size_and_a_larger_message_comes_alone(serve: Serve) -> None:
    async with serve(profile="live", replay_payload_kb=1) as platform:
        sent = await send(platform, 3)
        client = await platform.client(REGISTRATION)
        found = [message async for message in client.replay(CHANNEL)]
        assert [one["payload"]["CommonBlock"]["S1"]["senderUniqueReference"] for one in found] == [
            one.reference for one in sent
        ]
        assert len(references(await ask(platform))) == 1


@pytest.mark.requirement("FS-32")
async def test_a_search_that_looks_at_much_and_finds_nothing_says_where_to_go_on(serve: Serve) -> None:
    async with serve(replay_rows_read=100) as platform:
        sent = await send(platform, 600)
        answer = await ask(platform, ALL | {"version": "999"})
        assert answer.status == 206 and elements(answer) == []
        client = await platform.client(REGISTRATION)
        assert [one async for one in client.replay(CHANNEL, version="999")] == []
        assert len([one async for one in client.replay(CHANNEL)]) == len(sent)


@pytest.mark.requirement("FS-32", "FS-49")
async def test_a_token_serves_the_request_that_it_was_given_for_alone(serve: Serve) -> None:
    async with serve(replay_message_count=1) as platform:
        await send(platform, 3)
        token = (await ask(platform)).headers[TOKEN]
        later = ALL | {"datetimeFrom": "2020-01-01T00:00:00+00:00"}
        for refused in (
            await ask(platform, later, token=token),
            await ask(platform, token=token, dip_id=OTHER_REGISTRATION),
            await ask(platform, token=token, channel="IF-909"),
            await ask(platform, token="x" + token[1:]),
            await ask(platform, token="no token"),
        ):
            assert refused.status == 400 and TOKEN in help_of(refused)
        spaced = msgspec.json.format(msgspec.json.encode(ALL))
        assert (await ask(platform, spaced, token=token)).status == 206


async def test_a_token_outlives_a_restart(serve: Serve) -> None:
    async with serve(replay_message_count=1) as platform:
        sent = await send(platform, 2)
        token = (await ask(platform)).headers[TOKEN]
    async with serve(replay_message_count=1) as platform:
        assert references(await ask(platform, token=token)) == [sent[1].reference]


@pytest.mark.requirement("FS-32", "FS-49")
async def test_nobody_reads_what_others_were_sent(serve: Serve) -> None:
    async with serve() as platform:
        (sent,) = await send(platform)
        refused = await ask(platform, dip_id=OTHER_REGISTRATION, of=REGISTRATION)
        assert refused.status == 403
        assert elements(await ask(platform, dip_id=OTHER_REGISTRATION)) == []
        named = ALL | {"transactionIDs": [sent.transaction_id]}
        unknown = ALL | {"transactionIDs": [sent.transaction_id[:-1] + "0"]}
        theirs, nobodys = [await ask(platform, one, dip_id=OTHER_REGISTRATION) for one in (named, unknown)]
        assert theirs.status == nobodys.status == 400
        assert help_of(theirs) == help_of(nobodys)
        assert "/transactionIDs/0" in help_of(theirs)


@pytest.mark.requirement("FS-32", "FS-26")
async def test_what_was_hidden_is_hidden_again_even_if_the_catalogue_has_changed(serve: Serve, tmp_path: Path) -> None:
    hidden = "obfuscation:\n  REGS: [CustomBlock.B071.contractReferenceDataService, CommonBlock.D0.serviceTicketURL]\n"
    catalogue = copied_catalogue(tmp_path / "channels", IF_031=hidden)
    async with serve(channels=catalogue) as platform:
        await send(platform)
    async with serve() as platform:
        (again,) = elements(await ask(platform))
        block = platform.credentials(REGISTRATION).opened(again)["payload"]["CustomBlock"]["B071"]
        assert "contractReferenceDataService" not in block
        assert "serviceTicketURL" not in again["payload"]["CommonBlock"]["D0"]
        assert "serviceTicketURL" not in again["originalTransaction"]


@pytest.mark.requirement("FS-32")
async def test_who_lost_its_role_still_reads_what_it_was_entitled_to(serve: Serve) -> None:
    async with serve() as platform:
        (sent,) = await send(platform)
        parties = platform.dip.store.parties
        without = [
            msgspec.structs.replace(one, roles=(RoleCode("LDSO"),)) if one.dip_id == REGISTRATION else one
            for one in parties.participants()
        ]
        platform.dip.participants.value = Participants(without, parties.certificates())
        assert references(await ask(platform)) == [sent.reference]


@pytest.mark.requirement("FS-32", "FS-27")
async def test_what_has_outlived_its_archive_time_is_absent(serve: Serve, receive: Receive) -> None:
    clock = Clock()
    async with serve(clock=clock, retention_sweep_s=0.05) as platform:
        await receive(platform)
        (gone,) = await send(platform)
        await until(lambda: not lanes_waiting(platform.dip.store.messages))
        clock.advance(platform.dip.registry.value.channels[InterfaceId(CHANNEL)].archive_for + timedelta(days=1))
        await until(lambda: _is_forgotten(platform, gone.transaction_id))
        (kept,) = await send(platform)
        assert references(await ask(platform)) == [kept.reference]
        assert (await ask(platform, ALL | {"transactionIDs": [gone.transaction_id]})).status == 400


async def _is_forgotten(platform: Platform, transaction: str) -> bool:
    return await platform.dip.store.pages.message(transaction) is None


@pytest.mark.requirement("FS-32")
async def test_messages_are_chosen_by_event_mpan_version_and_transaction(serve: Serve) -> None:
    async with serve() as platform:
        first = await send(platform, 2)
        client = await platform.client(SUPPLIER)
        result = await client.send(CHANNEL, [_other_mpan(sample("if-031"))])
        assert result.all_accepted, result.entries
        other = result.accepted[0]
        common = sample("if-031")["payload"]["CommonBlock"]
        mpan, version = common["M0"]["MPANCore"], common["S0"]["schemaVersion"]
        code = common["S0"]["eventCode"]
        ours = [one.reference for one in first]
        everything = [*ours, other.reference]
        absent = next(one for one in platform.dip.registry.value.channels[InterfaceId(CHANNEL)].events if one != code)
        for condition, expected in (
            ({"eventCode": code}, everything),
            ({"eventCode": code.strip("[]")}, everything),
            ({"eventCode": absent}, []),
            ({"MPAN": mpan}, ours),
            ({"MPAN": OTHER_MPAN}, [other.reference]),
            ({"MPAN": "1098765432108"}, []),
            ({"version": version}, everything),
            ({"version": "999"}, []),
            ({"transactionIDs": [other.transaction_id, first[0].transaction_id]}, [ours[0], other.reference]),
            ({"transactionIDs": [f"R-{first[1].transaction_id}"], "MPAN": mpan}, [ours[1]]),
            ({"transactionIDs": [first[1].transaction_id], "MPAN": OTHER_MPAN}, []),
        ):
            answer = await ask(platform, ALL | condition)
            assert (answer.status, references(answer)) == (200, expected), condition


OTHER_MPAN = "2000401060285"


def _other_mpan(message: dict[str, Any]) -> dict[str, Any]:
    return changed(message, "CommonBlock.M0.MPANCore", OTHER_MPAN)


@pytest.mark.requirement("FS-32", "FS-18", "FS-07")
async def test_an_answer_is_signed_for_its_call_and_the_call_is_kept_as_evidence(serve: Serve) -> None:
    async with serve() as platform:
        await send(platform, 2)
        mpan = sample("if-031")["payload"]["CommonBlock"]["M0"]["MPANCore"]
        answer = await ask(platform, ALL | {"MPAN": mpan})
        url = f"{platform.dip.api_url}/dip-channel/{CHANNEL}/replay/{REGISTRATION}"
        verify(
            SignedHeaders.of(answer.headers),
            method="POST",
            urls=(url,),
            body=answer.body,
            public_key=platform.credentials(REGISTRATION).dip_signing_key,
            allow_empty_braces=False,
        )
        rows = await platform.dip.store.writer.ask(
            lambda connection: connection.execute(
                "SELECT party, direction, url, status, note FROM exchange WHERE url LIKE '%/replay/%'"
            ).fetchall()
        )
        ((party, direction, kept, status, note),) = rows
        assert (party, direction, kept, status) == (REGISTRATION, "in", url, 200)
        assert note.startswith("replayed 2; ") and answer.headers["X-DIP-Content-Hash"] in note
        assert mpan not in platform.log.getvalue()


async def test_a_channel_under_maintenance_hands_nothing_out(serve: Serve) -> None:
    async with serve() as platform:
        await send(platform)
        pauses = platform.dip.pauses
        await pauses.begin(InterfaceId(CHANNEL), starts=None, ends=None, author="a test", reason="New formats")
        answer = await ask(platform)
        assert answer.status == 503 and "Retry-After" in answer.headers
        await pauses.end(InterfaceId(CHANNEL))
        assert (await ask(platform)).status == 200


async def test_who_was_never_sent_anything_gets_an_empty_array(serve: Serve) -> None:
    async with serve() as platform:
        answer = await ask(platform, dip_id=OTHER_REGISTRATION)
        assert (answer.status, answer.body) == (200, b"[]")
        unknown = await ask(platform, channel="IF-999")
        assert unknown.status == 404 and DipId(REGISTRATION) not in help_of(unknown)

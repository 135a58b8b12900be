"""The administration API, reading."""

import pytest

from dip.ground.clock import microseconds
from dip.store.records import NewStatus, Status
from tests.integration.portal import traffic
from tests.integration.portal.conftest import START, Mark, Portal

AT = microseconds(START)
MPAN = "2000056535971"
TO_REGISTRATION = (traffic.REGISTRATION, "REGS", "primary")


@pytest.mark.requirement("FS-54")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [3, 2, 1]),
        ("channel=IF-031", [2, 1]),
        ("sender=2200000001", [3]),
        ("sender=2300000001&channel=IF-031", [2, 1]),
        ("sender=2300000001&channel=IF-032", []),
        (f"mpan={MPAN}", [3, 1]),
        (f"mpan={MPAN}&channel=IF-031", [1]),
        ("reference=S-IF-031-2300000001-SUP-20260321-00000002", [2]),
        ("reference=S-IF-031-2300000001-SUP-20260321-00000002&sender=2200000001", []),
        ("correlation=CI-20260321-00000000000000000000000000", [3, 2, 1]),
        ("correlation=CI-20260321-00000000000000000000000000&sender=2200000001", [3]),
        ("transaction=T-IF-031-2300000001-SUP-20260321-00000000000000000000000001", [1]),
        (f"transaction=T-IF-031-2300000001-SUP-20260321-00000000000000000000000002&mpan={MPAN}", []),
        ("limit=2", [3, 2]),
        ("next=3&limit=1", [2]),
    ],
)
async def test_messages_are_found_by_each_of_their_marks(portal: Portal, query: str, found: list[int]) -> None:
    digest = Mark().digest(MPAN)
    await traffic.arrive(
        portal.store.messages,
        AT,
        traffic.message(1, AT, TO_REGISTRATION, digest=digest),
        traffic.message(2, AT, TO_REGISTRATION),
    )
    answer = traffic.message(
        3,
        AT,
        (traffic.SUPPLIER, "SUP", "primary"),
        interface="IF-032",
        event="[DSAppInitialResp]",
        sender=traffic.REGISTRATION,
        role="REGS",
        digest=digest,
    )
    await traffic.arrive(portal.store.messages, AT, answer)
    page = await portal.ask(f"messages?{query}")
    assert [item["id"] for item in page["items"]] == found


async def test_a_list_is_paged_by_key_to_its_end(portal: Portal) -> None:
    new = [traffic.message(number, AT, TO_REGISTRATION) for number in range(1, 6)]
    await traffic.arrive(portal.store.messages, AT, *new)
    seen, following = [], ""
    while True:
        page = await portal.ask(f"messages?limit=2{following}")
        seen += [item["transactionId"] for item in page["items"]]
        if page["next"] is None:
            break
        following = f"&next={page['next']}"
    assert seen == [message.transaction_id for message in reversed(new)]


async def test_a_message_in_a_list_counts_its_deliveries(portal: Portal) -> None:
    await traffic.arrive(
        portal.store.messages,
        AT,
        traffic.message(1, AT, TO_REGISTRATION, statuses=(NewStatus(traffic.SUPPLIER, "MSG1033", b"sealed"),)),
    )
    (item,) = (await portal.ask("messages"))["items"]
    assert item["deliveries"] == {"waiting": 1}
    assert item["statusMessages"] == 1
    assert item["receivedAt"] == "2026-03-21T19:05:00Z"
    assert (item["sender"], item["senderRole"]) == ("2300000001", "SUP")


@pytest.mark.requirement("FS-18", "FS-55")
async def test_one_message_is_shown_with_its_evidence_and_journal(portal: Portal) -> None:
    sent = traffic.message(1, AT, TO_REGISTRATION)
    await traffic.arrive(portal.store.messages, AT, sent)
    await traffic.call(
        portal.store.messages,
        AT + 50_000,
        traffic.REGISTRATION,
        "IF-031",
        Status.REJECTED_BY_RECIPIENT,
        returned=NewStatus(traffic.SUPPLIER, "MSG1012", b"sealed"),
    )
    found = await portal.ask(f"messages/{sent.transaction_id}")
    assert found["evidence"]["status"] == 202
    assert found["evidence"]["url"].endswith("/dip-channel/IF-031")
    assert [row["stage"] for row in found["journal"]] == ["Inbound", "Addressing", "Outbound"]
    assert found["journal"][0]["url"] is None
    assert found["journal"][2]["callStatus"] == 201
    assert found["deliveries"][0]["state"] == "rejected"
    assert found["deliveries"][0]["settledAt"].startswith("2026-03-21T19:05:00.05")
    assert len(found["deliveries"]) == 1
    (status,) = found["statusMessages"]
    assert (status["code"], status["recipient"], status["state"]) == ("MSG1012", "2300000001", "waiting")
    assert found["archived"] is True


async def test_queues_are_those_in_which_something_waits(portal: Portal) -> None:
    messages = portal.store.messages
    assert (await portal.ask("queues"))["items"] == []
    await traffic.arrive(messages, AT, traffic.message(1, AT, TO_REGISTRATION))
    await traffic.arrive(messages, AT + 5_000_000, traffic.message(2, AT + 5_000_000, TO_REGISTRATION))
    found = await portal.ask("queues")
    assert found["items"] == [
        {
            "recipient": "2200000001",
            "channel": "IF-031",
            "waiting": 2,
            "setAside": 0,
            "oldest": "2026-03-21T19:05:00Z",
            "leased": 0,
            "dead": 0,
        }
    ]
    (endpoint,) = found["endpoints"]
    assert (endpoint["url"], endpoint["channels"], endpoint["paused"]) == ("https://localhost:9443/", ["IF-031"], False)
    for _ in range(2):
        await traffic.call(
            messages,
            AT,
            traffic.REGISTRATION,
            "IF-031",
            Status.DELIVERED,
        )
    assert (await portal.ask("queues"))["items"] == []


async def test_participants_are_shown_without_their_keys(portal: Portal) -> None:
    everyone = await portal.ask("participants")
    assert everyone["items"][0]["dipId"] == "1400000001"
    assert "digest-of-the-key" not in str(everyone)
    one = await portal.ask("participants/2300000001")
    assert (one["name"], one["roles"], one["certificates"]) == ("Ember Supply", ["SUP"], [])


async def test_a_channel_is_shown_with_its_events_and_times(portal: Portal) -> None:
    assert "IF-031" in {item["id"] for item in (await portal.ask("channels"))["items"]}
    found = await portal.ask("channels/IF-031")
    assert found["deadLetterAfter"] == "P14D"
    assert found["events"] == ["[DSApp]", "[MSApp]"]
    assert found["eventDetails"][0]["routing"]["SUP"]["primary"] == ["REGS"]
    assert found["eventDetails"][0]["correlation"] == {"SUP": "create"}


async def test_a_look_up_takes_channel_and_time(portal: Portal) -> None:
    found = await portal.ask(f"mpans/{MPAN}?channel=IF-031&at=2026-01-01T00:00:00+01:00")
    assert (found["mpan"], found["channel"], found["at"]) == (MPAN, "IF-031", "2025-12-31T23:00:00+00:00")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("messages/T-1", 404, "not_found"),
        ("messages?limit=1001", 400, "bad_request"),
        ("messages?mpan=1", 400, "bad_request"),
        ("participants/9999999999", 404, "not_found"),
        ("channels/IF-999", 404, "not_found"),
        ("mpans/123", 400, "bad_request"),
        (f"mpans/{MPAN}?channel=IF-999", 400, "bad_request"),
        (f"mpans/{MPAN}?at=yesterday", 400, "bad_request"),
        (f"mpans/{MPAN}?at=2026-01-01T00:00:00", 400, "bad_request"),
    ],
)
async def test_a_question_that_has_no_answer_gets_a_problem(portal: Portal, path: str, status: int, code: str) -> None:
    found = await portal.ask(path, status)
    assert (found["status"], found["code"]) == (status, code)


async def test_a_method_that_an_address_does_not_take_is_refused(portal: Portal) -> None:
    answer = await portal.client.put("/admin/api/queues")
    assert answer.status == 405
    assert answer.headers["Allow"] == "GET,HEAD"

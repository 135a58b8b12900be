"""Dead letters: given up at the channel's time, told to their senders, listed, requeued, withdrawn, exported."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest

from dip.store.records import STATUS_CHANNEL
from tests.conftest import Serve
from tests.integration.delivery.conftest import (
    REGISTRATION,
    SUPPLIER,
    Receive,
    endpoint_of,
    journal_of,
    send,
    state_of,
)
from tests.integration.delivery.receiver import entries, status
from tests.integration.duties.desk import desk
from tests.support.platform import sample
from tests.support.waiting import until

QUIET = {"dead_letter_sweep_s": 3600.0, "retention_sweep_s": 3600.0, "alarm_check_s": 3600.0}


@pytest.mark.requirement("FS-16", "FS-28")
async def test_what_nobody_fetched_in_fourteen_days_is_dead_and_its_sender_told(serve: Serve, receive: Receive) -> None:
    async with serve(**QUIET) as platform, desk(platform) as office:
        sender = await receive(platform, SUPPLIER, STATUS_CHANNEL)
        (accepted,) = await send(platform)
        await office.do("clock", {"advance": "P13DT23H"})
        assert await state_of(platform, accepted.transaction_id) == "waiting"
        assert (await office.ask("dead-letters"))["items"] == []
        await office.do("clock", {"advance": "PT1H"})
        assert await state_of(platform, accepted.transaction_id) == "dead"
        (told,) = (await sender.called()).elements
        assert told["transactionID"] == accepted.transaction_id
        assert told["message"].startswith("MSG1000")
        assert f"Not delivered to {REGISTRATION} within 14 days" in told["help"]
        assert "requeued" in told["help"]
        (found,) = (await office.ask("dead-letters"))["items"]
        assert found["transactionId"] == accepted.transaction_id
        assert (found["interface"], found["event"], found["channel"]) == ("IF-031", "[DSApp]", "IF-031")
        assert (found["sender"], found["recipient"], found["attempts"]) == (SUPPLIER, REGISTRATION, 0)
        assert (found["reason"], found["correlationId"]) == ("RetriesExhausted", accepted.correlation_id)
        assert found["reference"] == told["senderUniqueReference"]
        assert found["deadSince"] > found["queuedAt"]
        assert await office.ask(f"dead-letters/{found['id']}") == found


@pytest.mark.requirement("FS-28")
async def test_the_background_sweep_gives_up_by_itself(serve: Serve) -> None:
    async with serve(dead_letter_sweep_s=0.02) as platform:
        (accepted,) = await send(platform)
        platform.dip.clock.advance(timedelta(days=15))
        await until(lambda: _is(platform, accepted.transaction_id, "dead"))


@pytest.mark.requirement("FS-28")
async def test_many_are_given_up_in_the_order_in_which_they_fell_due(serve: Serve) -> None:
    async with serve(**QUIET) as platform, desk(platform) as office:
        first = [one.transaction_id for one in await send(platform, 300)]
        await office.do("clock", {"advance": "PT1M"})
        second = [one.transaction_id for one in await send(platform, 300)]
        await office.do("clock", {"advance": "P14D"})
        rows = await platform.dip.store.writer.ask(
            lambda connection: connection.execute(
                "SELECT m.transaction_id FROM journal_entry j JOIN message m ON m.id = j.message "
                "WHERE j.status = 'RetriesExhausted' ORDER BY j.exchange, j.number"
            ).fetchall()
        )
        assert [row[0] for row in rows] == first + second
        assert (await office.ask("dead-letters?limit=1000"))["items"][0]["transactionId"] == second[-1]


@pytest.mark.requirement("FS-28")
async def test_lanes_are_merged_by_when_each_message_fell_due(serve: Serve) -> None:
    async with serve(**QUIET) as platform, desk(platform) as office:
        sent = []
        for name in ("if-031", "if-021", "if-031", "if-021"):
            sent += [one.transaction_id for one in await send(platform, name=name, sender=_sender_of(name))]
        await office.do("clock", {"advance": "P14D"})
        rows = await platform.dip.store.writer.ask(
            lambda connection: connection.execute(
                "SELECT m.transaction_id FROM journal_entry j JOIN message m ON m.id = j.message "
                "WHERE j.status = 'RetriesExhausted' ORDER BY j.exchange, j.number"
            ).fetchall()
        )
        assert list(dict.fromkeys(row[0] for row in rows)) == sent


@pytest.mark.requirement("FS-16", "FS-28")
async def test_what_died_while_its_endpoint_was_paused_by_hand_is_not_sent_afterwards(
    serve: Serve, receive: Receive
) -> None:
    async with serve(**QUIET) as platform, desk(platform) as office:
        webhook = await receive(platform)
        (before,) = await send(platform)
        await until(lambda: _is(platform, before.transaction_id, "delivered"))
        await office.do(f"endpoints/{endpoint_of(platform).id}/pause")
        late = [one.transaction_id for one in await send(platform, 3)]
        await office.do("clock", {"advance": "P14D"})
        assert [await state_of(platform, one) for one in late] == ["dead", "dead", "dead"]
        await office.do(f"endpoints/{endpoint_of(platform).id}/resume")
        (after,) = await send(platform)
        await until(lambda: _is(platform, after.transaction_id, "delivered"))
        sent = [one for call in webhook.calls for one in call.transactions]
        assert sent == [before.transaction_id, after.transaction_id]


@pytest.mark.requirement("FS-28", "FS-32")
async def test_a_requeued_dead_letter_goes_out_with_its_ids_as_a_replay(serve: Serve, receive: Receive) -> None:
    async with serve(**QUIET) as platform, desk(platform) as office:
        (accepted,) = await send(platform)
        await office.do("clock", {"advance": "P14D"})
        (found,) = (await office.ask("dead-letters"))["items"]
        webhook = await receive(platform)
        done = await office.do(f"dead-letters/{found['id']}/requeue")
        assert done["id"] == found["id"]
        (element,) = (await webhook.called()).elements
        block = element["payload"]["CommonBlock"]
        assert block["D0"]["transactionID"] == accepted.transaction_id
        assert block["D0"]["replayIndicator"] is True
        await until(lambda: _is(platform, accepted.transaction_id, "delivered"))
        assert (await journal_of(platform, accepted.transaction_id))[-2:] == ["Requeued", "Delivered"]
        assert (await office.ask("dead-letters"))["items"] == []
        gone = await office.do(f"dead-letters/{found['id']}/requeue", status=409)
        assert gone["code"] == "conflict"
        await office.ask(f"dead-letters/{found['id']}", 404)


@pytest.mark.requirement("FS-28")
async def test_a_requeued_dead_letter_has_its_whole_time_again(serve: Serve) -> None:
    async with serve(**QUIET) as platform, desk(platform) as office:
        (accepted,) = await send(platform)
        await office.do("clock", {"advance": "P14D"})
        (found,) = (await office.ask("dead-letters"))["items"]
        await office.do(f"dead-letters/{found['id']}/requeue")
        (younger,) = await send(platform)
        await office.do("clock", {"advance": "P13DT23H"})
        assert await office.states(accepted.transaction_id) == {REGISTRATION: "waiting"}
        await office.do("clock", {"advance": "PT1H"})
        assert await office.states(accepted.transaction_id) == {REGISTRATION: "dead"}
        assert await office.states(younger.transaction_id) == {REGISTRATION: "dead"}


@pytest.mark.requirement("FS-28")
async def test_a_withdrawn_dead_letter_is_for_nobody_any_more(serve: Serve, receive: Receive) -> None:
    async with serve(**QUIET) as platform, desk(platform) as office:
        (accepted,) = await send(platform)
        await office.do("clock", {"advance": "P14D"})
        (found,) = (await office.ask("dead-letters"))["items"]
        await office.do(f"dead-letters/{found['id']}/withdraw")
        assert await state_of(platform, accepted.transaction_id) == "withdrawn"
        assert (await journal_of(platform, accepted.transaction_id))[-1] == "Withdrawn"
        await office.do(f"dead-letters/{found['id']}/withdraw", status=409)
        await office.do(f"dead-letters/{found['id']}/requeue", status=409)
        webhook = await receive(platform)
        await send(platform)
        assert len((await webhook.called()).elements) == 1


@pytest.mark.requirement("FS-28")
async def test_an_answer_that_is_not_retried_makes_a_dead_letter_at_once(serve: Serve, receive: Receive) -> None:
    async with serve(**QUIET) as platform, desk(platform) as office:
        await receive(platform, answering=status(410))
        (accepted,) = await send(platform)
        await until(lambda: _is(platform, accepted.transaction_id, "dead"))
        (found,) = (await office.ask("dead-letters?reason=DeliveryFailure"))["items"]
        assert (found["reason"], found["attempts"]) == ("DeliveryFailure", 1)
        assert found["detail"]
        assert (await office.ask("dead-letters?reason=RetriesExhausted"))["items"] == []


async def test_dead_letters_are_found_by_each_of_their_marks(serve: Serve) -> None:
    async with serve(**QUIET) as platform, desk(platform) as office:
        await send(platform, 5)
        await office.do("clock", {"advance": "P14D"})
        at = (await office.ask("dead-letters"))["items"][0]["deadSince"]
        for query, count in (
            (f"recipient={REGISTRATION}", 5),
            ("recipient=2200000002", 0),
            ("channel=IF-031", 5),
            ("channel=IF-032", 0),
            ("channel=statusmessage", 0),
            (f"sender={SUPPLIER}", 5),
            (f"sender={REGISTRATION}", 0),
            (f"from={at}", 5),
            (f"to={at}", 0),
            (f"recipient={REGISTRATION}&channel=IF-031&sender={SUPPLIER}&reason=RetriesExhausted", 5),
        ):
            assert len((await office.ask(f"dead-letters?{query}"))["items"]) == count, query
        for query in ("reason=Delivered", "from=yesterday", "limit=1001", "next=x"):
            assert (await office.ask(f"dead-letters?{query}", 400))["code"] == "bad_request"
        seen, following = [], ""
        while True:
            page = await office.ask(f"dead-letters?limit=2{following}")
            seen += [one["id"] for one in page["items"]]
            if page["next"] is None:
                break
            following = f"&next={page['next']}"
        assert seen == sorted(seen, reverse=True)
        assert len(seen) == 5
        await office.ask("dead-letters/999999", 404)
        await office.do("dead-letters/999999/requeue", status=404)
        await office.do("dead-letters/one/requeue", status=404)


async def test_all_that_fit_are_requeued_in_order_up_to_a_limit(serve: Serve, receive: Receive) -> None:
    async with serve(dead_letter_requeue_limit=300, **QUIET) as platform, desk(platform) as office:
        sent = await send(platform, 400)
        await office.do("clock", {"advance": "P14D"})
        none = await office.do("dead-letters/requeue", {"channel": "IF-032"})
        assert none == {"requeued": 0, "more": False}
        assert await office.do("dead-letters/requeue", {"recipient": REGISTRATION}) == {"requeued": 300, "more": True}
        assert await office.do("dead-letters/requeue", {}) == {"requeued": 100, "more": False}
        webhook = await receive(platform)
        await webhook.received(400)
        transactions = [one for call in webhook.calls for one in call.transactions]
        assert transactions == [one.transaction_id for one in sent]
        for order in ({"recipient": 1}, {"nobody": "x"}, {"reason": "Delivered"}, {"from": "2026-03-21T00:00:00"}):
            await office.do("dead-letters/requeue", order, status=400)


async def test_a_dead_letter_that_waits_again_goes_to_a_queue_that_was_read_already(
    serve: Serve, receive: Receive
) -> None:
    async with serve(**QUIET) as platform, desk(platform) as office:
        webhook = await receive(platform, answering=status(410))
        (old,) = await send(platform)
        await until(lambda: _is(platform, old.transaction_id, "dead"))
        webhook.answering = entries
        (new,) = await send(platform)
        await until(lambda: _is(platform, new.transaction_id, "delivered"))
        (found,) = (await office.ask("dead-letters"))["items"]
        await office.do(f"dead-letters/{found['id']}/requeue")
        await until(lambda: _is(platform, old.transaction_id, "delivered"))


async def test_the_export_has_a_line_for_each(serve: Serve) -> None:
    async with serve(**QUIET) as platform, desk(platform) as office:
        await send(platform, 3)
        await office.do("clock", {"advance": "P14D"})
        lines = list(csv.DictReader(io.StringIO(await office.text(f"dead-letters.csv?recipient={REGISTRATION}"))))
        items = (await office.ask("dead-letters"))["items"]
        assert [line["transactionId"] for line in lines] == [one["transactionId"] for one in items]
        assert set(lines[0]) == set(items[0])
        nobody = await office.text("dead-letters.csv?recipient=2200000002")
        assert len(nobody.splitlines()) == 1


async def test_a_status_message_is_given_up_too_and_told_to_nobody(serve: Serve, receive: Receive) -> None:
    async with serve(status_dead_letter_days=2, **QUIET) as platform, desk(platform) as office:
        (accepted,) = await send(platform)
        await office.do("clock", {"advance": "P14D"})
        await office.do("clock", {"advance": "P1DT23H"})
        assert len((await office.ask("dead-letters"))["items"]) == 1
        await office.do("clock", {"advance": "PT1H"})
        found = (await office.ask("dead-letters?channel=statusmessage"))["items"]
        assert [(one["recipient"], one["transactionId"]) for one in found] == [(SUPPLIER, accepted.transaction_id)]
        await office.do("clock", {"advance": "P30D"})
        assert len((await office.ask("dead-letters"))["items"]) == 2
        sender = await receive(platform, SUPPLIER, STATUS_CHANNEL)
        await office.do(f"dead-letters/{found[0]['id']}/requeue")
        await sender.called()


async def test_a_failing_endpoint_does_not_get_what_was_given_up_meanwhile(serve: Serve, receive: Receive) -> None:
    async with serve(retry_first_s=60.0, retry_jitter=0.0, **QUIET) as platform, desk(platform) as office:
        webhook = await receive(platform, answering=status(503), max_message_count=1)
        old = await send(platform, 3)
        await webhook.called(1)
        await office.do("clock", {"advance": "P14D"})
        assert {(await office.states(one.transaction_id))[REGISTRATION] for one in old} == {"dead"}
        count = len(webhook.calls)
        webhook.answering = entries
        platform.dip.dispatcher.try_now(endpoint_of(platform).id)
        (new,) = await send(platform)
        await until(lambda: _is(platform, new.transaction_id, "delivered"))
        later = [one for call in webhook.calls[count:] for one in call.transactions]
        assert later == [new.transaction_id]


async def test_the_page_lists_requeues_and_withdraws(serve: Serve, receive: Receive) -> None:
    async with serve(**QUIET) as platform, desk(platform) as office:
        assert "No dead letter" in await office.page("/dead-letters")
        first, second, third = await send(platform, 3)
        await office.do("clock", {"advance": "P14D"})
        page = await office.page("/dead-letters")
        assert page.count("/messages/T-") == 3
        assert "not delivered within 14 days" in page
        assert "No dead letter fits" in await office.page("/dead-letters?channel=IF-032")
        assert "Dead letters that fit" in await office.page("/dead-letters?channel=IF-031")
        await office.page("/dead-letters?from=x", 400)
        numbers = {one["transactionId"]: one["id"] for one in (await office.ask("dead-letters"))["items"]}
        said = await office.send_form("/dead-letters", do=f"withdraw {numbers[first.transaction_id]}")
        assert "1 dead letter moved" in said
        said = await office.send_form("/dead-letters", do=f"withdraw {numbers[first.transaction_id]}")
        assert "not a dead letter any more" in said
        await office.send_form("/dead-letters", do=f"requeue {numbers[second.transaction_id]}")
        assert "1 dead letter moved" in await office.send_form("/dead-letters", do="requeue-all", channel="IF-031")
        assert await state_of(platform, first.transaction_id) == "withdrawn"
        assert await state_of(platform, second.transaction_id) == "waiting"
        assert await state_of(platform, third.transaction_id) == "waiting"


@pytest.mark.requirement("FS-31")
async def test_the_page_of_queues_shows_how_deep_and_how_old_they_are(serve: Serve, receive: Receive) -> None:
    async with serve(**QUIET) as platform, desk(platform) as office:
        assert "Nothing waits" in await office.page("/queues")
        await send(platform, 2)
        page = await office.page("/queues")
        assert "no webhook" in page
        assert "<strong>2</strong>" in page
        await office.do("clock", {"advance": "P14D"})
        await send(platform)
        (queue,) = [one for one in (await office.ask("queues"))["items"] if one["recipient"] == REGISTRATION]
        assert (queue["waiting"], queue["leased"], queue["dead"], queue["setAside"]) == (1, 0, 2, 0)


async def _is(platform: Any, transaction: str, state: str) -> bool:
    return await state_of(platform, transaction) == state


def _sender_of(name: str) -> str:
    return str(sample(name)["payload"]["CommonBlock"]["S1"]["senderDIPID"])

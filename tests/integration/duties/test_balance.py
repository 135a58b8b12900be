"""The balance: it holds while everything happens, and names what is wrong where somebody tampers with the store."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dip.messages.identifiers import DipId
from dip.store.database import database_file
from dip.store.records import STATUS_CHANNEL, DeliveryState
from tests.conftest import Serve
from tests.integration.delivery.conftest import REGISTRATION, SUPPLIER, Receive, send, state_of
from tests.integration.delivery.receiver import Incoming, entries, status
from tests.integration.duties.desk import Desk, desk, metrics
from tests.support.platform import Platform, changed, sample
from tests.support.queues import lanes_waiting
from tests.support.waiting import until

QUIET = {"dead_letter_sweep_s": 3600.0, "retention_sweep_s": 3600.0, "balance_check_s": 3600.0}
STATES = [state.value for state in DeliveryState]


def line(sheet: Any, recipient: str, channel: str = "IF-031") -> dict[str, int]:
    """What is not nothing of one participant and channel."""
    (found,) = (one for one in sheet["items"] if (one["recipient"], one["channel"]) == (recipient, channel))
    assert found["accepted"] == sum(found[state] for state in STATES) or not found["balanced"]
    return {name: found[name] for name in ("accepted", *STATES) if found[name]}


@pytest.mark.requirement("FS-48")
async def test_every_state_is_counted_as_the_journal_tells_it(serve: Serve, receive: Receive) -> None:
    async with serve(balance_step=3, **QUIET) as platform, desk(platform) as office:
        empty = await office.ask("balance")
        assert (empty["items"], empty["balanced"], empty["withoutRecipient"]) == ([], True, 0)
        bad: set[str] = set()
        webhook = await receive(platform, answering=lambda call: entries(call, refused=dict.fromkeys(bad, "MSG1012")))
        await send(platform, 5)
        await webhook.received(5)
        webhook.answering = _refusing
        (rejected,) = await send(platform)
        await until(lambda: _is(platform, rejected.transaction_id, "rejected"))
        webhook.answering = status(410)
        dead = await send(platform, 2)
        await until(lambda: _is(platform, dead[1].transaction_id, "dead"))
        await (await platform.client(REGISTRATION)).remove_webhook("IF-031")
        await until(lambda: not platform.dip.dispatcher.serves(DipId(REGISTRATION), "IF-031"))
        await send(platform, 4)
        numbers = {one["transactionId"]: one["id"] for one in (await office.ask("dead-letters"))["items"]}
        await office.do(f"dead-letters/{numbers[dead[0].transaction_id]}/withdraw")
        sheet = await office.ask("balance")
        assert line(sheet, REGISTRATION) == {
            "accepted": 12,
            "waiting": 4,
            "delivered": 5,
            "rejected": 1,
            "dead": 1,
            "withdrawn": 1,
        }
        assert line(sheet, SUPPLIER, STATUS_CHANNEL) == {"accepted": 3, "waiting": 3}
        assert (sheet["balanced"], sheet["unbalanced"]) == (True, [])
        await office.do(f"dead-letters/{numbers[dead[1].transaction_id]}/requeue")
        again = await office.ask("balance")
        assert line(again, REGISTRATION)["waiting"] == 5
        assert again["balanced"]
        assert again["at"] > sheet["at"]
        assert again["tookS"] >= 0


@pytest.mark.requirement("FS-48")
async def test_messages_for_nobody_are_counted_apart(serve: Serve) -> None:
    async with serve(**QUIET) as platform, desk(platform) as office:
        client = await platform.client(SUPPLIER)
        lost = changed(sample("if-031"), "CommonBlock.M0.mpanCore", "1900000000017")
        await client.send("IF-031", [lost, sample("if-031")])
        sheet = await office.ask("balance")
        found = await office.ask("messages")
        without = sum(1 for one in found["items"] if not one["deliveries"])
        assert sheet["withoutRecipient"] == without
        assert sheet["balanced"]


@pytest.mark.requirement("FS-32", "FS-48")
async def test_what_is_queued_again_is_accepted_again(serve: Serve, receive: Receive) -> None:
    async with serve(**QUIET) as platform, desk(platform) as office:
        webhook = await receive(platform)
        await send(platform, 3)
        await webhook.received(3)
        await until(lambda: not lanes_waiting(platform.dip.store.messages))
        order = {"recipient": REGISTRATION, "channel": "IF-031"}
        await office.do("requeues", order, status=202)
        await webhook.received(6)
        await until(lambda: _balanced(office, {"accepted": 6, "delivered": 6}))


async def test_what_is_handed_out_is_counted_apart(serve: Serve) -> None:
    async with serve(**QUIET) as platform, desk(platform) as office:
        await send(platform, 3)
        client = await platform.client(REGISTRATION)
        await client.pull("IF-031", most=2)
        sheet = await office.ask("balance")
        assert (line(sheet, REGISTRATION), sheet["balanced"]) == ({"accepted": 3, "leased": 2, "waiting": 1}, True)
        (queue,) = (await office.ask("queues"))["items"]
        assert (queue["waiting"], queue["leased"]) == (1, 2)


async def test_what_retention_forgets_leaves_both_sides(serve: Serve, receive: Receive) -> None:
    async with serve(**QUIET) as platform, desk(platform) as office:
        webhook = await receive(platform)
        await send(platform, 3)
        await webhook.received(3)
        await until(lambda: not lanes_waiting(platform.dip.store.messages))
        assert line(await office.ask("balance"), REGISTRATION)["accepted"] == 3
        longest = max(one.archive_for for one in platform.dip.registry.value.channels.values())
        await office.do("clock", {"advance": f"P{longest.days + 1}D"})
        sheet = await office.ask("balance")
        assert (sheet["items"], sheet["balanced"]) == ([], True)


Tamper = Callable[[sqlite3.Connection, int], object]


def statement(sql: str) -> Tamper:
    return lambda connection, delivery: connection.execute(sql, {"id": delivery})


def doubled(connection: sqlite3.Connection, delivery: int) -> None:
    connection.execute(
        "INSERT INTO delivery (message, lane, sequence, queued_at) "
        "SELECT message, lane, 999, queued_at FROM delivery WHERE id = ?",
        (delivery,),
    )


def lost_journal(connection: sqlite3.Connection, delivery: int) -> None:
    connection.execute("DELETE FROM journal_entry WHERE delivery = ?", (delivery,))


@pytest.mark.requirement("FS-48")
@pytest.mark.parametrize(
    ("outcome", "tamper", "reason"),
    [
        ("waiting", statement("DELETE FROM delivery WHERE id = :id"), "missing"),
        ("delivered", statement("DELETE FROM delivery WHERE id = :id"), "missing"),
        ("waiting", doubled, "too often"),
        ("delivered", doubled, "too often"),
        ("waiting", statement("UPDATE delivery SET state = 'delivered' WHERE id = :id"), "another state"),
        ("waiting", statement("UPDATE delivery SET state = 'dead' WHERE id = :id"), "another state"),
        ("delivered", statement("UPDATE delivery SET state = 'waiting' WHERE id = :id"), "another state"),
        ("delivered", statement("UPDATE delivery SET state = 'withdrawn' WHERE id = :id"), "another state"),
        ("dead", statement("UPDATE delivery SET state = 'waiting' WHERE id = :id"), "another state"),
        ("dead", statement("UPDATE delivery SET state = 'delivered' WHERE id = :id"), "another state"),
        ("dead", lost_journal, "another state"),
        ("rejected", statement("UPDATE delivery SET state = 'delivered' WHERE id = :id"), "another state"),
        ("rejected", statement("DELETE FROM delivery WHERE id = :id"), "missing"),
        ("waiting", statement("UPDATE delivery SET lane = lane + 1 WHERE id = :id"), "missing"),
    ],
)
async def test_tampering_is_found_and_named(
    serve: Serve, receive: Receive, outcome: str, tamper: Tamper, reason: str
) -> None:
    async with serve(**QUIET) as platform, desk(platform) as office:
        sent = await send(platform, 3)
        # Another lane exists, too.
        await send(platform, name="if-021", sender=sample("if-021")["payload"]["CommonBlock"]["S1"]["senderDIPID"])
        answering = {"delivered": entries, "dead": status(410), "rejected": _refusing}
        if outcome in answering:
            await receive(platform, answering=answering[outcome])
            await until(lambda: _is(platform, sent[1].transaction_id, outcome))
        assert (await office.ask("balance"))["balanced"]
        _tamper(platform.dip.directory, sent[1].transaction_id, tamper)
        sheet = await office.ask("balance")
        assert not sheet["balanced"]
        named = {(one["transactionId"], one["recipient"], one["channel"]): one["reason"] for one in sheet["unbalanced"]}
        assert reason in named[sent[1].transaction_id, REGISTRATION, "IF-031"]
        assert {transaction for transaction, _, _ in named} == {sent[1].transaction_id}
        (alarm,) = (await office.ask("alarms?state=open"))["items"]
        assert (alarm["kind"], sent[1].transaction_id in alarm["detail"]) == ("balance", True)
        home = await office.page("/balance")
        assert sent[1].transaction_id in home


@pytest.mark.requirement("FS-48", "FS-56")
async def test_the_continuous_check_raises_the_alarm_and_lets_it_go(serve: Serve) -> None:
    async with serve(**{**QUIET, "balance_check_s": 0.02}) as platform, desk(platform) as office:
        sent = await send(platform, 3)
        await until(lambda: platform.dip.duties.balance.last)
        _tamper(
            platform.dip.directory,
            sent[2].transaction_id,
            statement("UPDATE delivery SET state = 'dead' WHERE id = :id"),
        )
        await until(lambda: _alarmed(office, sent[2].transaction_id))
        repair = "UPDATE delivery SET state = 'waiting' WHERE id = :id"
        _tamper(platform.dip.directory, sent[2].transaction_id, statement(repair))
        await until(lambda: _calm(office))
        (alarm,) = (await office.ask("alarms?state=cleared"))["items"]
        assert alarm["clearedAt"] is not None


async def test_its_page_shows_the_balance_and_its_time(serve: Serve) -> None:
    async with serve(**QUIET) as platform, desk(platform) as office:
        await send(platform, 2)
        await office.ask("balance")
        page = await office.page("/balance")
        assert "Everything that was accepted is accounted for." in page
        assert "Counted from the journal at" in page
        figures = await metrics(platform)
        assert "dip_unbalanced_deliveries 0.0" in figures
        assert 'dip_deliveries_held{state="waiting"} 2.0' in figures


def _tamper(directory: Path, transaction: str, tamper: Tamper) -> None:
    """Change the database from outside, as a fault of ours would."""
    connection = sqlite3.connect(database_file(directory), timeout=10)
    with connection:
        (delivery,) = connection.execute(
            "SELECT d.id FROM delivery d JOIN message m ON m.id = d.message JOIN lane l ON l.id = d.lane "
            "WHERE m.transaction_id = ? AND l.recipient = ? AND d.status_message IS NULL",
            (transaction, REGISTRATION),
        ).fetchone()
        tamper(connection, delivery)
    connection.close()


def _refusing(call: Incoming) -> Any:
    return entries(call, refused=dict.fromkeys(call.transactions, "MSG1012 - refused"))


async def _is(platform: Platform, transaction: str, state: str) -> bool:
    return await state_of(platform, transaction) == state


async def _balanced(office: Desk, expected: dict[str, int]) -> bool:
    sheet = await office.ask("balance")
    assert sheet["balanced"], sheet
    return line(sheet, REGISTRATION) == expected


async def _alarmed(office: Desk, transaction: str) -> bool:
    return any(transaction in one["detail"] for one in (await office.ask("alarms?state=open"))["items"])


async def _calm(office: Desk) -> bool:
    return not (await office.ask("alarms?state=open"))["items"]

"""Bodies of replay and requeue that must be refused, each with its pointer and with what was expected."""

from typing import Any

import msgspec
import pytest

from tests.conftest import Serve
from tests.integration.replay.asking import ALL, PLENTY, ask, help_of, send
from tests.support.platform import Platform

MPAN = "2000056535971"
LONG = "x" * 101
MESSAGES: dict[str, tuple[Any, str]] = {
    "nothing": (b"", "expected a JSON object"),
    "no JSON": (b"{", "expected a JSON object"),
    "not UTF-8": (b'{"\xff": 1}', "expected a JSON object"),
    "too deep": (b"[" * 30_000, "expected a JSON object"),
    "an array": ([], "expected a JSON object"),
    "no keys": ({}, "/datetimeFrom: expected this key"),
    "a key is missing": ({key: None for key in ALL if key != "MPAN"}, "/MPAN: expected this key"),
    "an unknown key": (ALL | {"mpanCore": None}, "/mpanCore: expected no such key"),
    "a key of status messages": (ALL | {"senderUniqueReference": "S-1"}, "/senderUniqueReference"),
    "no time": (ALL | {"datetimeFrom": "yesterday"}, "/datetimeFrom: expected null or a time of 25"),
    "a time without offset": (ALL | {"datetimeFrom": "2026-03-21T19:05:00"}, "/datetimeFrom"),
    "a time in milliseconds": (ALL | {"datetimeTo": "2026-03-21T19:05:00.000Z"}, "/datetimeTo"),
    "a day that is none": (ALL | {"datetimeTo": "2026-02-30T19:05:00+00:00"}, "/datetimeTo"),
    "a number for a time": (ALL | {"datetimeTo": 20260321}, "/datetimeTo"),
    "the end before the start": (
        ALL | {"datetimeFrom": "2026-03-21T19:05:00+00:00", "datetimeTo": "2026-03-20T19:05:00+00:00"},
        "/datetimeTo: expected a time that is not before datetimeFrom",
    ),
    "an event of another channel": (ALL | {"eventCode": "[EnergisationStatusChange]"}, "/eventCode: expected null or"),
    "an event without name": (ALL | {"eventCode": ""}, "/eventCode"),
    "an event as a number": (ALL | {"eventCode": 1}, "/eventCode"),
    "a short MPAN": (ALL | {"MPAN": MPAN[:12]}, "/MPAN: expected null or thirteen digits"),
    "an MPAN with letters": (ALL | {"MPAN": "20000565359x1"}, "/MPAN"),
    "an MPAN in other digits": (ALL | {"MPAN": "²000056535971"}, "/MPAN"),
    "an MPAN as a number": (ALL | {"MPAN": int(MPAN)}, "/MPAN"),
    "a version as a number": (ALL | {"version": 11}, "/version"),
    "a version too long": (ALL | {"version": LONG}, "/version"),
    "no transactions": (ALL | {"transactionIDs": []}, "/transactionIDs: expected an array of 1 to 100"),
    "null transactions": (ALL | {"transactionIDs": None}, "/transactionIDs"),
    "too many transactions": (ALL | {"transactionIDs": ["T"] * 101}, "/transactionIDs"),
    "a transaction as a number": (ALL | {"transactionIDs": ["T", 1]}, "/transactionIDs/1"),
    "a transaction that nobody had": (ALL | {"transactionIDs": ["T-1"]}, "/transactionIDs/0: expected a transaction"),
    "a first transaction that nobody had": (ALL | {"transactionIDFrom": "T-1"}, "/transactionIDFrom: expected a trans"),
    "a last transaction that nobody had": (ALL | {"transactionIDTo": "T-1"}, "/transactionIDTo: expected a trans"),
    "a first transaction as a number": (ALL | {"transactionIDFrom": 1}, "/transactionIDFrom"),
}
STATUSES: dict[str, tuple[Any, str]] = {
    "no keys": ({}, "/datetimeFrom: expected this key"),
    "a time is null": (PLENTY | {"datetimeFrom": None}, "/datetimeFrom: expected a time of 25"),
    "a time is missing": ({"datetimeFrom": PLENTY["datetimeFrom"]}, "/datetimeTo: expected this key"),
    "the end before the start": (
        {"datetimeFrom": PLENTY["datetimeTo"], "datetimeTo": PLENTY["datetimeFrom"]},
        "/datetimeTo",
    ),
    "a key of messages": (PLENTY | {"eventCode": None}, "/eventCode: expected no such key"),
    "a list of transactions": (PLENTY | {"transactionIDs": ["T-1"]}, "/transactionIDs: expected no such key"),
    "a transaction as a number": (PLENTY | {"transactionID": 1}, "/transactionID"),
    "an empty reference": (PLENTY | {"senderUniqueReference": ""}, "/senderUniqueReference"),
    "a correlation id as a list": (PLENTY | {"correlationID": []}, "/correlationID"),
}


async def refusals(platform: Platform, cases: dict[str, tuple[Any, str]], channel: str) -> dict[str, str]:
    """The cases that were not refused as they should be, by each of the two calls."""
    wrong = {}
    for name, (body, expected) in cases.items():
        for verb in ("replay", "requeue"):
            answer = await ask(platform, body, verb=verb, channel=channel)
            if answer.status != 400 or expected not in help_of(answer) or MPAN[:12] in help_of(answer):
                wrong[f"{name}, {verb}"] = f"{answer.status} {answer.body!r}"
    return wrong


@pytest.mark.requirement("FS-32")
async def test_a_request_for_messages_that_has_faults_is_refused(serve: Serve) -> None:
    async with serve() as platform:
        await send(platform)
        assert await refusals(platform, MESSAGES, "IF-031") == {}
        assert (await platform.dip.store.writer.ask(_requeues)) == 0


@pytest.mark.requirement("FS-32", "FS-29")
async def test_a_request_for_status_messages_that_has_faults_is_refused(serve: Serve) -> None:
    async with serve() as platform:
        assert await refusals(platform, STATUSES, "statusmessage") == {}


async def test_every_fault_is_named(serve: Serve) -> None:
    async with serve() as platform:
        body = ALL | {"datetimeFrom": "x", "MPAN": "1", "other": 1, "eventCode": "[None]"}
        said = help_of(await ask(platform, body))
        assert all(key in said for key in ("/other", "/datetimeFrom", "/MPAN", "/eventCode"))


async def test_a_time_at_the_end_of_the_calendar_is_a_time(serve: Serve) -> None:
    async with serve() as platform:
        (sent,) = await send(platform)
        body = ALL | {"datetimeFrom": "0001-01-01T00:00:00+14:00", "datetimeTo": "9999-12-31T23:59:59-14:00"}
        answer = await ask(platform, body)
        assert answer.status == 200 and sent.reference.encode() in answer.body


async def test_a_body_of_any_size_is_not_read_to_its_end(serve: Serve) -> None:
    async with serve() as platform:
        answer = await ask(platform, msgspec.json.encode(ALL | {"version": "x" * 70_000}))
        assert answer.status == 413


def _requeues(connection: Any) -> int:
    found: int = connection.execute("SELECT count(*) FROM requeue").fetchone()[0]
    return found

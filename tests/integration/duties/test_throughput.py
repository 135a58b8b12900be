"""What passes is counted in its commit, by minute, hour and day (5.11.1, 5.11.2)."""

import json
from collections.abc import Sequence
from typing import Any

import aiohttp
import pytest

from dip.client.received import Received
from dip.store.throughput import SPANS
from tests.conftest import Serve
from tests.support.platform import Platform, changed, sample
from tests.support.waiting import until

SUPPLIER, REGISTRATION = "2300000001", "2200000001"


async def report(platform: Platform, **query: str) -> dict[str, Any]:
    token = (platform.dip.directory / "admin.token").read_text().strip()
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
        async with session.get(f"{platform.dip.portal_url}/admin/api/throughput", params=query) as answer:
            body = await answer.text()
            assert answer.status == 200, body
            found: dict[str, Any] = {"csv": body} if query.get("form") == "csv" else json.loads(body)
            return found


def counts(found: dict[str, Any]) -> dict[str, int]:
    made: dict[str, int] = {}
    for item in found["items"]:
        made[item["outcome"]] = made.get(item["outcome"], 0) + item["count"]
    return made


@pytest.mark.requirement("FS-51", "FS-52")
async def test_what_is_taken_and_delivered_is_counted_with_its_times(serve: Serve) -> None:
    async with serve() as platform:
        listener = await platform.listener(REGISTRATION)
        client = await platform.client(SUPPLIER)
        for _ in range(3):
            assert (await client.send("IF-031", [sample("if-031")])).all_accepted
            await listener.next()
        await until(lambda: _delivered(platform, 3))
        sent = await report(platform, by="channel,party")
        assert counts(sent) == {"taken": 3, "delivered": 3}
        assert {(item["channel"], item["party"]) for item in sent["items"]} == {("IF-031", SUPPLIER)}
        got = await report(platform, recipient=REGISTRATION)
        assert counts(got) == {"delivered": 3}
        for item in (*sent["items"], *got["items"]):
            assert item["timed"] == item["count"]
            assert 0 <= item["leastMs"] <= item["p50Ms"] <= item["p90Ms"] <= item["p99Ms"] <= item["mostMs"]
            assert item["leastMs"] <= item["averageMs"] <= item["mostMs"]
        assert counts(await report(platform, channel="IF-001")) == {}
        assert counts(await report(platform, recipient=SUPPLIER)) == {}
        between = await report(platform, sender=SUPPLIER, recipient=REGISTRATION, by="party")
        assert between["side"] == "pair"
        assert [(item["party"], item["count"]) for item in between["items"]] == [(f"{SUPPLIER} {REGISTRATION}", 3)]
        for half in ({"side": "pair", "sender": SUPPLIER}, {"side": "sender", "recipient": REGISTRATION}):
            assert counts(await report(platform, **half)) == {"delivered": 3}
        assert counts(await report(platform, sender=REGISTRATION, recipient=SUPPLIER)) == {}


async def _delivered(platform: Platform, count: int) -> bool:
    return counts(await report(platform, side="recipient")).get("delivered") == count


async def _rejects(received: Sequence[Received]) -> Sequence[str]:
    return ["RCP1061"] * len(received)


@pytest.mark.requirement("FS-51")
async def test_rejections_and_repeats_are_counted_once_and_each_span_agrees(serve: Serve) -> None:
    async with serve() as platform:
        told = await platform.listener(SUPPLIER, "statusmessage")
        await platform.listener(REGISTRATION, handler=_rejects)
        client = await platform.client(SUPPLIER)
        message = sample("if-031")
        await client.send("IF-031", [message])
        await client.send("IF-031", [message])
        await client.send("IF-031", [changed(message, "CommonBlock.S1.environmentTag", "PRD")])
        await until(lambda: _rejected(platform))
        for bucket in ("PT1M", "PT1H", "P1D"):
            found = await report(platform, bucket=bucket, outcome="taken,rejected,refused")
            assert counts(found) == {"taken": 1, "rejected": 1, "refused": 1}
            assert found["bucket"] == bucket
        await told.next()
        status = {"channel": "statusmessage", "by": "party"}
        await until(lambda: _told(platform, status))
        assert (await report(platform, **status))["items"] == [], "a status message is of nobody's sending"
        text = (await report(platform, form="csv"))["csv"]
        assert text.splitlines()[0].startswith("at,channel,party,outcome,count")
        assert len(text.splitlines()) >= 3
    assert len(SPANS) == 3


async def _told(platform: Platform, status: dict[str, str]) -> bool:
    found = await report(platform, side="recipient", **status)
    return [(item["party"], item["outcome"]) for item in found["items"]] == [(SUPPLIER, "delivered")]


async def _rejected(platform: Platform) -> bool:
    return counts(await report(platform)).get("rejected") == 1


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"bucket": "PT90S"}, "whole minutes"),
        ({"bucket": "soon"}, "bucket"),
        ({"outcome": "lost"}, "outcome: expected taken"),
        ({"from": "2026-01-02", "to": "2026-01-01"}, "after from"),
        ({"from": "2020-01-01", "to": "2026-01-01", "bucket": "PT1M"}, "at most 2000 buckets"),
        ({"size": "1"}, "no such parameter"),
    ],
)
@pytest.mark.requirement("FS-51")
async def test_what_can_not_be_asked_is_refused_in_words(serve: Serve, query: dict[str, str], said: str) -> None:
    async with serve() as platform:
        token = (platform.dip.directory / "admin.token").read_text().strip()
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
            async with session.get(f"{platform.dip.portal_url}/admin/api/throughput", params=query) as answer:
                assert answer.status == 400
                assert said in (await answer.json())["detail"]

"""On no route of the participants' port does a participant get, or change, what is others' (FS-50)."""

import ssl
from typing import Any

import aiohttp
import msgspec
import pytest

from dip.client import Answer
from dip.http.description.routes import routes_of
from tests.integration.scope.api_calls import EVERYTHING, TABLE, Call
from tests.integration.scope.callers import folded
from tests.integration.scope.world import CHANNEL, OURS, PARTNER, THEIRS, World

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.requirement("FS-50")]

STATE = (
    "SELECT recipient, channel, url FROM webhook WHERE recipient <> :ours ORDER BY 1, 2, 3",
    "SELECT d.* FROM delivery d JOIN lane l ON l.id = d.lane WHERE l.recipient <> :ours ORDER BY d.id",
    "SELECT * FROM lane WHERE recipient <> :ours ORDER BY id",
    "SELECT * FROM requeue WHERE recipient <> :ours ORDER BY id",
    "SELECT * FROM payload ORDER BY id",
    "SELECT count(*) FROM message WHERE sender <> :ours",
    "SELECT count(*) FROM status_message",
)


async def state(world: World) -> dict[str, Any]:
    """What stands in the store of others."""

    def read(connection: Any) -> dict[str, Any]:
        return {
            query: [tuple(row) for row in connection.execute(query, {"ours": OURS} if ":ours" in query else {})]
            for query in STATE
        }

    found: dict[str, Any] = await world.platform.dip.store.writer.ask(read)
    return found


def leaked(world: World, call: Call, answer: Answer) -> list[str]:
    said = folded(answer.body.decode("utf-8", "replace") + str(dict(answer.headers)))
    asked = folded(f"{call.path} {call.body.decode()} {dict(call.headers)}")
    return [what for what, text in world.secrets.items() if folded(text) in said and folded(text) not in asked]


@pytest.fixture(scope="module")
def world(others: World) -> World:
    return others


async def continuation(world: World) -> str:
    """A token with which they would go on reading a replay of theirs."""
    client = await world.platform.client(THEIRS)
    answer = await client.call("POST", f"/dip-channel/{CHANNEL}/replay/{THEIRS}", msgspec.json.encode(EVERYTHING))
    assert answer.status in (200, 206)
    return answer.headers.get("X-Continuation-Token", "vqx")


async def test_every_route_stands_in_the_table(world: World) -> None:
    routes = {one.key for one in routes_of(world.platform.dip.applications[0])}
    assert routes - set(TABLE) == set(), "say in api_calls.py how these are asked"
    assert set(TABLE) - routes == set(), "these routes are gone"


async def test_a_participant_gets_and_changes_nothing_of_others(world: World) -> None:
    world.names["continuation"] = await continuation(world)
    client, wrong, before = await world.platform.client(OURS), [], await state(world)
    for route, made in TABLE.items():
        method = route.partition(" ")[0]
        for call in made(world):
            answer = await client.call(method, call.path, call.body, headers=call.headers)
            where = f"{method} {call.path} {call.body[:200].decode()}: {answer.status}"
            wrong += [f"{where}, shows {what}" for what in leaked(world, call, answer)]
            if answer.status >= 500 or (answer.status < 400 and not call.is_ours):
                wrong.append(f"{where} {answer.body[:200].decode()}")
        after = await state(world)
        wrong += [
            f"{route} changed {query}: {before[query]} {after[query]}"
            for query in STATE
            if before[query] != after[query]
        ]
        before = after
    assert not wrong, "\n".join(wrong)


async def test_those_whose_it_is_get_it(world: World) -> None:
    seen: set[str] = set()
    for party in (THEIRS, PARTNER):
        client = await world.platform.client(party)
        for channel in (CHANNEL, "IF-031"):
            for path, body in (
                (f"replay/{party}", msgspec.json.encode(EVERYTHING)),
                (f"deliveryStatus/{party}/{world.names['reference']}", b""),
                (f"requeueStatus/{party}", b""),
                # What waits for them; they have no webhook there.
                *([(f"messages/{party}", b"")] if (party, channel) == (PARTNER, "IF-031") else []),
            ):
                path = f"/dip-channel/{channel}/{path}"
                answer = await client.call("POST" if body else "GET", path, body)
                assert answer.status < 300, (path, answer.body)
                seen.update(leaked(world, Call(path=path), answer))
    assert {"transaction 1", "transaction 3", "mpan", "reference 1", "correlation", "requeue"} <= seen


async def test_nobody_gets_in_without_a_certificate(world: World) -> None:
    trusted = ssl.create_default_context(cafile=str(world.platform.dip.directory / "ca.pem"))
    wrong: list[str] = []
    async with aiohttp.ClientSession(
        world.platform.dip.api_url, connector=aiohttp.TCPConnector(ssl=trusted), trust_env=False
    ) as session:
        for route, made in TABLE.items():
            method = route.partition(" ")[0]
            for call in made(world):
                try:
                    async with session.request(method, call.path, data=call.body, headers=call.headers) as answer:
                        if answer.status not in (401, 403):
                            wrong.append(f"{method} {call.path}: {answer.status}")
                except aiohttp.ClientError:
                    continue
    assert not wrong, "\n".join(wrong)

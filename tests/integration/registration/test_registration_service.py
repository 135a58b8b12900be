"""The reference registration service, from outside over mTLS, held against the shipped description."""

import base64
import gzip
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import jsonschema_rs
import msgspec
import pytest
import yaml

from dip.ground.clock import Clock
from dip.messages.registration_page import CURSOR_CHARACTERS, MOST_MPANS, USUAL_MPANS, RegistrationPage
from dip.messages.registration_page import RegistrationProblem as Problem
from dip.messages.timestamps import wire_time
from dip.security.pki import Authority
from tests.integration.registration.conftest import HEAD, Environment, Serve, mpan, rows

DESCRIPTION: dict[str, Any] = yaml.safe_load(
    (Path(__file__).resolve().parents[3] / "docs" / "reference" / "registration-api.yaml").read_text(encoding="utf-8")
)
OPERATION = DESCRIPTION["paths"]["/appointments"]["get"]
pytestmark = pytest.mark.requirement("FS-35")


def without_words(node: Any) -> Any:
    """A schema without titles and descriptions."""
    if isinstance(node, dict):
        words = {name for name in ("description", "title") if isinstance(node.get(name), str)}
        return {name: without_words(part) for name, part in node.items() if name not in words}
    return [without_words(part) for part in node] if isinstance(node, list) else node


def described(status: int) -> dict[str, Any]:
    """The response of the description for a status."""
    found: dict[str, Any] = OPERATION["responses"].get(str(status)) or OPERATION["responses"]["default"]
    if "$ref" in found:
        found = DESCRIPTION["components"]["responses"][found["$ref"].rpartition("/")[2]]
    return found


async def get(session: aiohttp.ClientSession, url: str, **query: str) -> tuple[int, Any, Any]:
    """Status, headers and JSON of an answer, which must be as the description says."""
    headers = {"Accept-Encoding": query.pop("encoding", "identity")}
    async with session.get(f"{url}/appointments", params=query, headers=headers) as answer:
        body = await answer.read()
    if answer.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    said = msgspec.json.decode(body)
    response = described(answer.status)
    ((media, content),) = response["content"].items()
    assert answer.content_type == media
    jsonschema_rs.validator_for({**content["schema"], "components": DESCRIPTION["components"]}).validate(said)
    for name, header in response.get("headers", {}).items():
        assert not header.get("required") or name in answer.headers
    return answer.status, answer.headers, said


async def everything(session: aiohttp.ClientSession, url: str, **query: str) -> list[dict[str, Any]]:
    """Every page of a pull."""
    _, _, page = await get(session, url, **query)
    pages = [page]
    while page["next"]:
        _, _, page = await get(session, url, **{**query, "cursor": page["next"]})
        pages.append(page)
    return pages


def told(pages: list[dict[str, Any]]) -> list[str]:
    return [one["mpan"] for page in pages for one in page["mpans"]]


def test_the_description_has_the_schemas_of_the_structs() -> None:
    _, schemas = msgspec.json.schema_components([RegistrationPage, Problem], ref_template="#/components/schemas/{name}")
    assert without_words(DESCRIPTION["components"]["schemas"]) == without_words(schemas)


def test_the_description_has_the_bounds_of_the_server() -> None:
    parameters = {one["name"]: one["schema"] for one in OPERATION["parameters"]}
    assert parameters["limit"] == {"type": "integer", "minimum": 1, "maximum": MOST_MPANS, "default": USUAL_MPANS}
    assert parameters["cursor"]["maxLength"] == CURSOR_CHARACTERS


def test_the_example_of_the_description_is_a_page() -> None:
    example = OPERATION["responses"]["200"]["content"]["application/json"]["example"]
    assert msgspec.convert(example, RegistrationPage).mpans[0].appointments[0].effective_to == "2026-01-01"


@pytest.mark.parametrize("name", ["plain.csv", "packed.csv.gz"])
@pytest.mark.parametrize("limit", ["1", "100", "256", "257", "10000"])
async def test_pages_hold_every_mpan_once_in_order(
    environment: Environment, serve: Serve, session: aiohttp.ClientSession, name: str, limit: str
) -> None:
    count = 40 if limit == "1" else 700
    async with serve(environment.file(name, rows(0, count))) as service:
        pages = await everything(session, service.url, limit=limit)
    assert told(pages) == [mpan(number) for number in range(count)]
    assert all(len(page["mpans"]) == int(limit) for page in pages[:-1])
    assert len({page["asOf"] for page in pages}) == 1
    assert pages[0]["mpans"][0]["appointments"] == [
        {"role": "SUP", "dipId": "2300000001", "effectiveFrom": "2024-01-01", "effectiveTo": None},
        {"role": "MSS", "dipId": "2300000001", "effectiveFrom": "2024-01-01", "effectiveTo": "2025-01-01"},
    ]


async def test_a_page_has_a_thousand_mpans_where_nobody_says_how_many(
    environment: Environment, serve: Serve, session: aiohttp.ClientSession
) -> None:
    async with serve(environment.file("usual.csv", rows(0, 1001))) as service:
        pages = await everything(session, service.url)
    assert [len(page["mpans"]) for page in pages] == [1000, 1]


async def test_an_empty_file_is_one_empty_page(
    environment: Environment, serve: Serve, session: aiohttp.ClientSession
) -> None:
    async with serve(environment.file("empty.csv", HEAD)) as service:
        _, _, page = await get(session, service.url)
    assert (page["mpans"], page["next"]) == ([], None)


async def test_the_same_cursor_gives_the_same_page_also_after_a_restart(
    environment: Environment, serve: Serve, session: aiohttp.ClientSession
) -> None:
    path = environment.file("again.csv", rows(0, 30))
    async with serve(path) as service:
        _, _, first = await get(session, service.url, limit="10")
        _, _, second = await get(session, service.url, limit="10", cursor=first["next"])
        _, _, again = await get(session, service.url, limit="10", cursor=first["next"])
    assert again == second
    async with serve(path) as service:
        _, _, later = await get(session, service.url, limit="10", cursor=first["next"])
    assert later["mpans"] == second["mpans"]


async def test_a_cursor_holds_no_mpan(environment: Environment, serve: Serve, session: aiohttp.ClientSession) -> None:
    async with serve(environment.file("cursor.csv", rows(0, 30))) as service:
        _, _, page = await get(session, service.url, limit="10")
    plain = base64.urlsafe_b64decode(page["next"] + "==")
    assert mpan(9).encode() not in plain and mpan(10).encode() not in plain


async def test_what_several_files_say_of_an_mpan_is_told_together(
    environment: Environment, serve: Serve, session: aiohttp.ClientSession
) -> None:
    other = HEAD + f"{mpan(5)},SUP,2300000002,2020-01-01,2024-01-01\n{mpan(900)},SUP,2300000002,2020-01-01,\n"
    paths = environment.file("one.csv", rows(0, 600)), environment.file("two.csv.gz", other)
    async with serve(*paths) as service:
        pages = await everything(session, service.url, limit="50")
    assert told(pages) == [*(mpan(number) for number in range(600)), mpan(900)]
    assert [one["dipId"] for one in pages[0]["mpans"][5]["appointments"]] == ["2300000001", "2300000001", "2300000002"]


async def test_since_tells_of_files_recorded_then_or_later_alone_with_all_that_is_known(
    environment: Environment, serve: Serve, session: aiohttp.ClientSession
) -> None:
    then = datetime(2026, 3, 21, 19, 5, tzinfo=UTC)
    old = environment.file("old.csv", rows(0, 700), then.timestamp() - 1)
    text = HEAD + "".join(f"{mpan(number)},LDSO,2500000001,2026-01-01,\n" for number in (3, 300, 650, 900))
    new = environment.file("new.csv", text, then.timestamp())
    async with serve(old, new) as service:
        pages = await everything(session, service.url, since=wire_time(then), limit="3")
        assert told(pages) == [mpan(number) for number in (3, 300, 650, 900)]
        assert {one["role"] for one in pages[0]["mpans"][1]["appointments"]} == {"SUP", "MSS", "LDSO"}
        local = await everything(session, service.url, since="2026-03-21T21:05:01+02:00")
        assert told(local) == []


REFUSED = [
    ({"limit": "0"}, "bad_limit"),
    ({"limit": "10001"}, "bad_limit"),
    ({"limit": "ten"}, "bad_limit"),
    ({"limit": "١"}, "bad_limit"),
    ({"cursor": ""}, "bad_cursor"),
    ({"cursor": "!"}, "bad_cursor"),
    ({"cursor": "é"}, "bad_cursor"),
    ({"cursor": "e30"}, "bad_cursor"),
    ({"cursor": "A" * 600}, "bad_cursor"),
    ({"since": "2026-03-21"}, "bad_since"),
    ({"since": "2026-03-21T19:05:00 00:00"}, "bad_since"),
    ({"colour": "red"}, "bad_parameter"),
]


@pytest.mark.parametrize(("query", "code"), REFUSED, ids=str)
async def test_a_call_that_is_wrong_is_refused_in_words(
    environment: Environment, serve: Serve, session: aiohttp.ClientSession, query: dict[str, str], code: str
) -> None:
    async with serve(environment.file("refused.csv", rows(0, 3))) as service:
        status, _, said = await get(session, service.url, **query)
    assert (status, said["code"], said["status"]) == (400, code, 400)


async def test_a_parameter_twice_is_refused(
    environment: Environment, serve: Serve, session: aiohttp.ClientSession
) -> None:
    async with serve(environment.file("twice.csv", rows(0, 3))) as service:
        async with session.get(f"{service.url}/appointments?limit=1&limit=2") as answer:
            assert (answer.status, (await answer.json(content_type=None))["code"]) == (400, "bad_parameter")


async def test_a_cursor_beyond_the_files_or_with_another_since_is_refused(
    environment: Environment, serve: Serve, session: aiohttp.ClientSession
) -> None:
    async with serve(environment.file("beyond.csv", rows(0, 30))) as service:
        _, _, page = await get(session, service.url, limit="10")
        snapshot, since, _ = msgspec.json.decode(base64.urlsafe_b64decode(page["next"] + "=="))
        for passed in ([31], [-1], [1, 1]):
            forged = base64.urlsafe_b64encode(msgspec.json.encode([snapshot, since, passed])).decode().rstrip("=")
            status, _, said = await get(session, service.url, cursor=forged)
            assert (status, said["code"]) == (400, "bad_cursor")
        status, _, said = await get(session, service.url, cursor=page["next"], since="2026-03-21T19:05:00+00:00")
    assert (status, said["code"]) == (400, "bad_since")


async def test_a_cursor_of_other_files_is_too_old(
    environment: Environment, serve: Serve, session: aiohttp.ClientSession
) -> None:
    async with serve(environment.file("before.csv", rows(0, 30))) as service:
        _, _, page = await get(session, service.url, limit="10")
    async with serve(environment.file("before.csv", rows(0, 31))) as service:
        status, _, said = await get(session, service.url, limit="10", cursor=page["next"])
    assert (status, said["code"]) == (410, "cursor_too_old")


async def test_a_page_comes_packed_where_gzip_is_accepted(
    environment: Environment, serve: Serve, session: aiohttp.ClientSession
) -> None:
    async with serve(environment.file("packed.csv", rows(0, 300))) as service:
        answers = {
            accepted: await get(session, service.url, encoding=accepted)
            for accepted in ("gzip", "br;q=1, GZIP;q=0.5", "*", "identity", "gzip;q=0", "br")
        }
    packed = [accepted for accepted, (_, headers, _) in answers.items() if "Content-Encoding" in headers]
    assert packed == ["gzip", "br;q=1, GZIP;q=0.5", "*"]
    assert len({msgspec.json.encode(said) for _, _, said in answers.values()}) == 1


async def test_every_fault_on_demand_strikes_each_nth_call(
    environment: Environment, serve: Serve, session: aiohttp.ClientSession
) -> None:
    path = environment.file("faulty.csv", rows(0, 3))
    async with serve(path, faults=["503:every=2", "429:every=3,retry-after=5"], delay_s=0.001) as service:
        answers = [await get(session, service.url) for _ in range(6)]
    assert [status for status, _, _ in answers] == [200, 503, 429, 503, 200, 503]
    assert [headers.get("Retry-After") for _, headers, _ in answers[1:3]] == ["1", "5"]


async def test_a_participant_is_told_that_the_dip_alone_is_answered(environment: Environment, serve: Serve) -> None:
    connector = aiohttp.TCPConnector(ssl=environment.calling("2300000001"))
    async with serve(environment.file("alone.csv", rows(0, 3))) as service:
        async with aiohttp.ClientSession(connector=connector) as participant:
            status, _, said = await get(participant, service.url)
    assert (status, said["code"]) == (403, "not_the_dip")


@pytest.mark.parametrize("who", ["nobody", "stranger"])
async def test_who_has_no_certificate_of_the_environment_gets_no_answer(
    environment: Environment, serve: Serve, who: str
) -> None:
    if who == "nobody":
        context = ssl.create_default_context(cadata=environment.authority.root_pem.decode())
    else:
        context = environment.calling(authority=Authority.create("DEV", Clock().wall()))
    async with serve(environment.file("shut.csv", rows(0, 3))) as service:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as caller:
            with pytest.raises(aiohttp.ClientError):
                await caller.get(f"{service.url}/appointments")


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/", 404), ("POST", "/appointments", 405), ("HEAD", "/appointments", 405)]
)
async def test_any_other_call_is_refused(
    environment: Environment, serve: Serve, session: aiohttp.ClientSession, method: str, path: str, status: int
) -> None:
    async with serve(environment.file("other.csv", rows(0, 3))) as service:
        async with session.request(method, f"{service.url}{path}") as answer:
            assert answer.status == status
            assert answer.content_type == "application/problem+json"

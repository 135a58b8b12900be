"""On no route of the portal does anybody see, or change, what is others': generated over all routes (FS-50)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
import pytest

from dip.http.description.routes import routes_of
from dip.http.portal.permissions import RULES
from tests.integration.scope.asking import QUERIES, Ask, Row, asks_of, filled
from tests.integration.scope.callers import Caller, Said, folded
from tests.integration.scope.changing_routes import CHANGING, READ_BACK, READ_BACK_BY_ADMINISTRATOR
from tests.integration.scope.reading_routes import READING
from tests.integration.scope.world import World

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.requirement("FS-50")]

TABLE: Mapping[str, Row] = {**READING, **CHANGING}
CALLERS = ("us", "forger", "reader", "stranger")


async def queries_of(world: World) -> Mapping[str, Sequence[str]]:
    """The names that each call of the administration API reads, as the running server describes them."""
    described = await world.administrator.json("/openapi.json")
    return {
        f"{method.upper()} {path}": [one["name"] for one in held.get("parameters", ()) if one.get("in") == "query"]
        for path, methods in described["paths"].items()
        for method, held in methods.items()
        if isinstance(held, dict)
    }


async def asks(world: World, table: Mapping[str, Row], *, with_queries: bool = False) -> Sequence[Ask]:
    """Every request of a table; the queries of what is read only where they are asked for."""
    read = await queries_of(world) if with_queries else {}
    return [
        ask
        for route, row in table.items()
        for ask in asks_of(route, row, world, row.query.split() or read.get(route, ()) if with_queries else ())
    ]


def leaked(world: World, ask: Ask, said: Said) -> list[str]:
    """What stands in an answer that the asker neither may see nor said itself."""
    asked = folded(f"{ask.path} {msgspec.json.encode(ask.order or '').decode()} {ask.form or ''}")
    return [what for what, text in world.secrets.items() if said.holds(text) and folded(text) not in asked]


def wrong_with(world: World, caller: Caller, ask: Ask, said: Said) -> Iterator[str]:
    for what in leaked(world, ask, said):
        yield f"{caller.name}: {ask}: {said.status}, shows {what}"
    if ask.names_theirs and not said.is_refused:
        yield f"{caller.name}: {ask}: {said.status}, is not refused"
    if said.status >= 500:
        yield f"{caller.name}: {ask}: {said.status}"


async def test_every_route_and_every_query_stands_in_the_table(others: World) -> None:
    portal = {one.key.removesuffix("/{file}") for one in routes_of(others.platform.dip.applications[1])}
    assert portal - set(TABLE) == set(), "say in reading_routes.py or changing_routes.py how these are asked"
    assert set(TABLE) - portal == set(), "these routes are gone"
    assert portal == set(RULES)
    read = await queries_of(others)
    unknown = {name for route in READING for name in read.get(route, ())} - set(QUERIES)
    assert unknown == set(), "say in asking.py what these names of queries are asked with"


@pytest.mark.parametrize("name", CALLERS)
async def test_nobody_else_sees_it(others: World, name: str) -> None:
    caller: Caller = getattr(others, name)
    wrong: list[str] = []
    # Whom a reader sees is decided as for everybody of its company.
    for ask in await asks(others, READING, with_queries=name == "us"):
        said = await caller.ask("GET", ask.path, accept=ask.accept)
        wrong += wrong_with(others, caller, ask, said)
    assert not wrong, "\n".join(wrong)


async def seen_by(world: World, caller: Caller) -> set[str]:
    found: set[str] = set()
    for ask in await asks(world, READING):
        found.update(leaked(world, ask, await caller.ask("GET", ask.path, accept=ask.accept)))
    return found


async def test_the_administrator_sees_all_of_it_and_its_owners_their_own(others: World) -> None:
    assert set(others.secrets) - others.unseen - await seen_by(others, others.administrator) == set()
    assert others.theirs - await seen_by(others, others.them) == set()


async def state(world: World) -> dict[str, Any]:
    """How the affairs of others stand."""
    found: dict[str, Any] = {}
    for caller, paths in ((world.them, READ_BACK), (world.administrator, READ_BACK_BY_ADMINISTRATOR)):
        for path in filled(paths, world.names):
            said = await caller.json(path)
            # A look-up says when it was made.
            found[path] = said.get("appointments", said)
    return found


@pytest.mark.parametrize("name", CALLERS)
async def test_nobody_else_changes_it(others: World, name: str) -> None:
    caller: Caller = getattr(others, name)
    wrong: list[str] = []
    before = await state(others)
    for route, row in CHANGING.items():
        for ask in asks_of(route, row, others, ()):
            said = await caller.ask(ask.method, ask.path, order=ask.order, form=ask.form, accept=ask.accept)
            wrong += wrong_with(others, caller, ask, said)
        if name == "us":
            after = await state(others)
            wrong += [f"{route} changed {path}" for path in before if before[path] != after[path]]
            before = after
    after = await state(others)
    wrong += [f"{path} was changed" for path in before if before[path] != after[path]]
    assert not wrong, "\n".join(wrong)


def odd(path: str) -> Iterator[str]:
    """The same address, spelt so that something might take it for another one."""
    head, _, last = path.rpartition("/")
    yield f"{path}/"
    yield f"/{path}"
    yield f"{head}//{last}"
    yield f"{head}/./{last}"
    yield f"{head}/%2e/{last}"
    yield f"/static/..{path}"
    yield f"/static/%2e%2e{path}"
    yield f"/publications/%2e%2e{path}"
    yield f"/%2e%2e{path}"
    yield f"{head}/{last.upper()}"
    yield f"{head}/{last.lower()}"
    yield f"{head}/{last[:-1]}%{ord(last[-1]):02x}"
    yield f"{head}%2f{last}"
    yield f"{path}%00"
    yield f"{path}%20"
    yield f"{path};x"
    yield path.upper()
    yield path.replace("/admin/api", "/ADMIN/API")


@pytest.mark.parametrize("name", ["us", "stranger"])
async def test_no_head_part_or_spelling_of_an_address_shows_it(others: World, name: str) -> None:
    caller: Caller = getattr(others, name)
    wrong: list[str] = []
    for ask in await asks(others, READING):
        if "?" in ask.path:
            continue
        for said in (
            await caller.ask("HEAD", ask.path, accept=ask.accept),
            await caller.ask("GET", ask.path, accept=ask.accept, headers={"Range": "bytes=0-5000"}),
            await caller.ask("GET", ask.path, accept="*/*", headers={"Accept-Encoding": "gzip"}),
        ):
            wrong += wrong_with(others, caller, ask, said)
        for path in odd(ask.path) if ask.names_theirs else ():
            said = await caller.ask("GET", path, accept=ask.accept)
            wrong += wrong_with(others, caller, msgspec.structs.replace(ask, path=path), said)
    assert not wrong, "\n".join(wrong)


async def test_who_asks_for_the_head_gets_nothing_else(others: World) -> None:
    for ask in await asks(others, READING):
        if "?" not in ask.path:
            said = await others.administrator.ask("HEAD", ask.path, accept=ask.accept)
            assert (said.status < 500, said.body) == (True, b""), (ask, said)


async def test_what_is_others_is_as_unknown_as_what_there_is_not(others: World) -> None:
    wrong: list[str] = []
    for ask in await asks(others, TABLE):
        # Of an incident that is published everybody knows.
        is_known = f"/incidents/{others.names['published']}" in ask.path
        if not ask.unknown or "?" in ask.path or is_known:
            continue
        answers = [
            await others.us.ask(ask.method, path, order=ask.order, form=ask.form, accept="application/json")
            for path in (ask.path, ask.unknown)
        ]
        found, nothing = [(one.status, _detail(one)) for one in answers]
        if found != nothing:
            wrong.append(f"{ask}: {found}, and of nothing {nothing}")
    assert not wrong, "\n".join(wrong)


def _detail(said: Said) -> Any:
    """What a refusal says, where it says something."""
    try:
        return msgspec.json.decode(said.body).get("detail")
    except (msgspec.DecodeError, AttributeError):
        return None

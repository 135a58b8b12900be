"""The directory that the pages are read from: made by a first start, filled, and furnished by calls of the server."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import aiohttp
import msgspec

from dip.benchmark.pages.filling import GROUP, Filler
from dip.benchmark.pages.surroundings import Numbers, surround
from dip.benchmark.pages.traffic import COMPANY, SUPPLIER, Request, correlation, requests
from dip.benchmark.processes import Child
from dip.benchmark.stage import Stage, stage
from dip.ground.log import make_log
from dip.messages.identifiers import CorrelationId, DipId, Mpan
from dip.security.master_key import MasterKeyFile
from dip.security.vault import Vault
from dip.store.page_records import MessageFilter
from dip.store.sqlite import SqliteStore

PROFILE: Final = "live"
CHANNEL: Final = "IF-047"
PAYLOAD: Final = "areas.csv"
VERSION: Final = "1.0.0"
POWERS: Final[dict[str, tuple[str, ...]]] = {
    "bench.administrator": ("administrator",),
    "bench.company": ("company-users", "company-certificates", "company-messages"),
}
"""Who looks at the pages, and with which powers; the second one works for a company."""
_MARK: Final = "filled.json"
_NOBODY: Final = "https://127.0.0.1:9/"
"""The discard port, where nobody listens."""
_PUBLISHER: Final = DipId("2700000001")
_SERVED: Final = "IF-041"
_ROWS: Final = 2_000
_CALL_S: Final = 60.0
_REFUSED: Final = 400


class Marks(msgspec.Struct, frozen=True):
    """What stands in a filled directory: ids to search for, of the middle of the archive.

    messages: how many were put in; until: the end of the month that they are spread over. correlation, mpan: of
    a workflow of SUPPLIER; middle: the number of a message; envelope: a reference that few messages have.
    """

    messages: int
    until: datetime
    transaction: str
    correlation: str
    reference: str
    mpan: Mpan
    envelope: str
    middle: int
    incident: int


class NotFilled(Exception):
    """A directory can't be used for the pages."""


async def filled(directory: Path, messages: int, say: Callable[[str], None], made: Callable[[int, int], None]) -> Marks:
    """Fill a data directory, where it is not yet. Raises NotFilled where it is otherwise, or something was refused."""
    known = _known(directory, messages)
    if known is not None:
        return known
    say("a first start")
    async with stage(PROFILE, directory):
        pass
    until = datetime.now(UTC)
    sent = requests(messages, until)
    store = SqliteStore(directory, group_limit=GROUP, log=make_log())
    try:
        vault, new = Vault.opened(MasterKeyFile(directory / "master.key").read(), store.platform.data_keys(), until)
        await store.platform.add_data_keys(new)
        say("messages")
        await Filler(store, vault).fill(sent, made)
        say("the activity log, alarms, incidents")
        incident = await surround(store, vault, Numbers.beside(messages), until, made)
        found = await _marks(store, sent, until, incident)
    finally:
        await store.close()
    say("publication, users, endpoint")
    async with stage(PROFILE, directory) as standing:
        await _furnish(standing)
    (directory.parent / _MARK).write_bytes(msgspec.json.encode(found))
    return found


def _known(directory: Path, messages: int) -> Marks | None:
    """What stands in a directory that was filled before; None where there is none. Raises NotFilled."""
    mark = directory.parent / _MARK
    if not mark.exists():
        if directory.exists():
            raise NotFilled(f"{directory.parent} was not filled to its end; remove it, or name another directory")
        return None
    found = msgspec.json.decode(mark.read_bytes(), type=Marks)
    if found.messages != messages:
        raise NotFilled(f"{directory.parent} was filled with {found.messages:,} messages, not {messages:,}")
    return found


def administration(directory: Path) -> aiohttp.ClientSession:
    """A session with the administration token."""
    token = (directory / "admin.token").read_text("utf-8")
    return aiohttp.ClientSession(
        headers={"Authorization": f"Bearer {token}"}, timeout=aiohttp.ClientTimeout(total=_CALL_S)
    )


async def _marks(store: SqliteStore, sent: Sequence[Request], until: datetime, incident: int) -> Marks:
    """Ids of the middle, as the store has them."""
    middle = len(sent) // 2
    one = next(
        request
        for request in sent[middle:]
        if request.workflow and request.interface == "IF-031" and request.sender.dip_id == SUPPLIER
    )
    envelope = next(request.envelope for request in sent[middle:] if request.envelope)
    linked = correlation(one.workflow, 0)
    rows = await store.pages.messages(MessageFilter(correlation_id=CorrelationId(linked)))
    return Marks(
        messages=sum(len(request.mpans) for request in sent),
        until=until,
        transaction=rows[-1].transaction_id,
        correlation=linked,
        reference=rows[-1].reference,
        mpan=one.mpans[0],
        envelope=envelope,
        middle=rows[-1].id,
        incident=incident,
    )


async def _furnish(standing: Stage) -> None:
    """A publication, users, an endpoint, a set of wrong certificates, an import of appointments. Raises NotFilled."""
    await standing.post_to(_SERVED, {SUPPLIER: _NOBODY})
    await _publish(standing)
    async with administration(standing.directory) as session:
        calls = f"{standing.portal}/admin/api"
        for name, powers in POWERS.items():
            company = COMPANY if "administrator" not in powers else None
            await _post(session, f"{calls}/users", {"name": name, "powers": powers, "company": company})
        await _post(session, f"{calls}/participants/{SUPPLIER}/drills", {})
        rows = "mpan,role,dip_id,effective_from,effective_to\n1900000000000,SUP,2300000001,2024-01-01,\n"
        await _post(session, f"{calls}/mpans", rows, "text/csv")


async def _publish(standing: Stage) -> None:
    file = standing.directory.parent / PAYLOAD
    rows = (f"{number},_{'ABCDEFGHJKLMNP'[number % 14]},{number / 7:.3f}\n" for number in range(_ROWS))
    file.write_text("row,area,kwh\n" + "".join(rows), "utf-8")
    log = standing.directory.parent / "publish.log"
    child = await Child.start(
        *("-m", "dip", "publish", str(file), f"--as={_PUBLISHER}", f"--channel={CHANNEL}"),
        *("--description=Areas", f"--version={VERSION}", f"--data={standing.directory}"),
        errors=log,
    )
    if await child.ended(_CALL_S):
        raise NotFilled(f"nothing was published: {log.read_text('utf-8')[-500:]}")


async def _post(session: aiohttp.ClientSession, url: str, body: object, media: str = "application/json") -> None:
    data = body if isinstance(body, str) else msgspec.json.encode(body)
    async with session.post(url, data=data, headers={"Content-Type": media}) as response:
        if response.status >= _REFUSED:
            raise NotFilled(f"{url} was answered {response.status}: {(await response.text())[:300]}")

"""The administrator's desk for pulls, and registration services under the platform's own certificates."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from aiohttp import web

from dip.ground.clock import Clock
from dip.simulation.appointment_files import AppointmentFile, AppointmentFiles
from dip.simulation.registration_faults import RegistrationFault, RegistrationFaults
from dip.simulation.registration_service import RegistrationService, service_tls
from tests.integration.registration.conftest import HEAD
from tests.support.platform import Platform
from tests.support.waiting import until

SERVICE_1, SERVICE_2 = "2200000001", "2200000002"
QUICK = {"registration_retry_first_s": 0.001, "registration_retry_longest_s": 0.002, "registration_page_mpans": 10}
Row = tuple[str, str, str, str, str]


def mpan(number: int) -> str:
    """The nth invented MPAN."""
    return f"{2_000_000_000_000 + number * 7:013}"


def two_rows(numbers: Iterable[int]) -> list[Row]:
    """A supplier and a metering service for each of some MPANs."""
    return [
        (mpan(number), role, holder, "2024-01-01", "")
        for number in numbers
        for role, holder in (("SUP", "2300000001"), ("MSS", "1200000001"))
    ]


def written(path: Path, rows: Iterable[Sequence[str]]) -> Path:
    """A file of these rows."""
    path.write_text(HEAD + "".join(f"{','.join(row)}\n" for row in rows))
    return path


class Said(msgspec.Struct, frozen=True):
    """An answer of the administration API."""

    status: int
    body: Any


async def ask(platform: Platform, method: str, path: str = "pulls", content: Any = None) -> Said:
    """A call below `/admin/api/mpans/`."""
    token = (platform.dip.directory / "admin.token").read_text().strip()
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(platform.dip.portal_url, headers=headers, trust_env=False) as session:
        async with session.request(
            method, f"/admin/api/mpans{'' if path.startswith('?') else '/'}{path}", json=content
        ) as answer:
            return Said(answer.status, msgspec.json.decode(await answer.read()))


async def order(platform: Platform, since: str | None = None, **services: str) -> None:
    """Order pulls: `s2200000001=url`."""
    named = {name.removeprefix("s"): url for name, url in services.items()}
    said = await ask(platform, "POST", content={"services": named, "since": since})
    assert said.status == 202, said.body


async def pulls(platform: Platform) -> dict[str, Any]:
    """The newest pull of each service."""
    said = await ask(platform, "GET")
    return {one["service"]: one for one in reversed(said.body["items"])}


async def ended(platform: Platform, service: str = SERVICE_1) -> dict[str, Any]:
    """The newest pull of a service when it has ended."""

    async def found() -> Any:
        one = (await pulls(platform))[service]
        return one if one["state"] != "running" else None

    view: dict[str, Any] = await until(found)
    return view


@asynccontextmanager
async def serving(
    platform: Platform, service: str, *paths: Path, faults: Sequence[str] = (), **options: Any
) -> AsyncIterator[str]:
    """A registration service over files, in this process, under its own certificate; its address."""
    files = AppointmentFiles([AppointmentFile(path) for path in paths])
    tls, environment = service_tls(platform.dip.directory / "participants" / service)
    chosen = RegistrationFaults([RegistrationFault.read(one) for one in faults])
    async with AsyncExitStack() as stack:
        stack.callback(files.close)
        made = RegistrationService(files, tls, environment=environment, clock=Clock(), faults=chosen, **options)
        yield (await stack.enter_async_context(made)).url


@asynccontextmanager
async def answering(
    platform: Platform, service: str, answer: Callable[[web.Request], web.Response | Any]
) -> AsyncIterator[str]:
    """A registration service that answers as a test likes; its address."""

    async def handler(request: web.Request) -> web.Response:
        said = answer(request)
        return said if isinstance(said, web.Response) else web.json_response(said)

    application = web.Application()
    application.router.add_get("/appointments", handler)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        tls, _ = service_tls(platform.dip.directory / "participants" / service)
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        yield f"https://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def page(rows: Iterable[Row], following: str | None = None, as_of: str = "2026-03-21T19:05:00+00:00") -> dict[str, Any]:
    """A page of the registration API."""
    held: dict[str, list[dict[str, Any]]] = {}
    for number, role, holder, starts, ends in rows:
        stated = {"role": role, "dipId": holder, "effectiveFrom": starts, "effectiveTo": ends or None}
        held.setdefault(number, []).append(stated)
    mpans = [{"mpan": number, "appointments": stated} for number, stated in held.items()]
    return {"asOf": as_of, "mpans": mpans, "next": following}

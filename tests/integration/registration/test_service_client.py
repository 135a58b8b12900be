"""The DIP's side of the registration API: every page once, patience with what passes, clear words for what does not."""

import asyncio
import gzip
import io
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from aiohttp import web
from cryptography import x509

from dip.ground.clock import Clock
from dip.ground.log import make_log
from dip.ground.settings import Settings
from dip.messages.identifiers import DipId
from dip.registration.errors import RegistrationCursorTooOld, RegistrationServiceFailed
from dip.registration.service_client import PulledPage, RegistrationServiceClient
from dip.security.certificates import der_fingerprint, fingerprint
from dip.security.pki import Authority
from dip.simulation.registration_service import service_tls
from tests.integration.registration.conftest import SERVICE, Environment, Serve, mpan, rows

pytestmark = pytest.mark.requirement("FS-35")
PATIENT = Settings(registration_retry_first_s=0.001, registration_retry_longest_s=0.002, registration_attempts=3)
AS_OF = "2026-03-21T19:05:00+00:00"
Handler = Callable[[web.Request], Any]


class Caller:
    """The DIP as it calls one service; what its clients log is kept."""

    def __init__(self, environment: Environment) -> None:
        self.log = io.StringIO()
        self._environment = environment

    def client(self, url: str, settings: Settings = PATIENT, **changed: Any) -> RegistrationServiceClient:
        options: dict[str, Any] = {"tls": self._environment.calling(), "refusal": lambda der: "", **changed}
        return RegistrationServiceClient(DipId(SERVICE), url, settings=settings, log=make_log(self.log), **options)

    async def pull(self, url: str, settings: Settings = PATIENT, **asked: Any) -> list[PulledPage]:
        """Every page."""
        tls = {name: asked.pop(name) for name in ("tls", "refusal") if name in asked}
        async with self.client(url, settings, **tls) as client:
            return [page async for page in client.pages(**asked)]


@pytest.fixture
def caller(environment: Environment) -> Caller:
    return Caller(environment)


def told(pages: list[PulledPage]) -> list[str]:
    return [one.mpan for pulled in pages for one in pulled.page.mpans]


def body(*mpans: str, following: str | None = None, **changed: Any) -> bytes:
    held = [{"mpan": one, "appointments": []} for one in mpans]
    return msgspec.json.encode({"asOf": AS_OF, "mpans": held, "next": following} | changed)


def answer(content: bytes, **options: Any) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=content, **{"content_type": "application/json", **options})

    return handler


@asynccontextmanager
async def stand_in(environment: Environment, handler: Handler) -> AsyncIterator[str]:
    """A registration service that answers as it likes."""
    application = web.Application()
    application.router.add_get("/base/appointments", handler)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=service_tls(environment.folder)[0]).start()
        yield f"https://127.0.0.1:{runner.addresses[0][1]}/base/"
    finally:
        await runner.cleanup()


async def test_a_pull_gets_every_mpan_once(environment: Environment, serve: Serve, caller: Caller) -> None:
    async with serve(environment.file("pull.csv.gz", rows(0, 700))) as service:
        pages = await caller.pull(service.url, limit=150)
    assert told(pages) == [mpan(number) for number in range(700)]
    assert [len(pulled.page.mpans) for pulled in pages] == [150, 150, 150, 150, 100]
    assert [pulled.cursor for pulled in pages] == [None, *(pulled.page.next for pulled in pages[:-1])]
    appointment = pages[0].page.mpans[0].appointments[1]
    assert (appointment.role, appointment.dip_id) == ("MSS", "2300000001")
    assert (appointment.effective_from, appointment.effective_to) == ("2024-01-01", "2025-01-01")


async def test_a_pull_goes_on_where_it_stopped(environment: Environment, serve: Serve, caller: Caller) -> None:
    path = environment.file("resumed.csv", rows(0, 100))
    async with serve(path) as service:
        async with caller.client(service.url) as client:
            pages = client.pages(limit=30)
            begun = [await anext(pages), await anext(pages)]
            await pages.aclose()
    async with serve(path) as service:
        rest = await caller.pull(service.url, limit=30, cursor=begun[-1].page.next)
    assert told([*begun, *rest]) == [mpan(number) for number in range(100)]


async def test_the_setting_says_how_many_mpans_are_asked_for(
    environment: Environment, serve: Serve, caller: Caller
) -> None:
    async with serve(environment.file("few.csv", rows(0, 5))) as service:
        pages = await caller.pull(service.url, Settings(registration_page_mpans=2))
    assert [len(pulled.page.mpans) for pulled in pages] == [2, 2, 1]


async def test_a_pull_since_a_time_asks_for_that_time_on_every_page(
    environment: Environment, serve: Serve, caller: Caller
) -> None:
    then = datetime(2026, 3, 21, 19, 5, 0, 900_000, tzinfo=UTC)
    old = environment.file("since-old.csv", rows(0, 50), then.timestamp() - 2)
    new = environment.file("since-new.csv", rows(10, 15), then.timestamp())
    async with serve(old, new) as service:
        assert told(await caller.pull(service.url, since=then, limit=2)) == [mpan(one) for one in range(10, 15)]


@pytest.mark.parametrize("fault", ["503:every=2,retry-after=0", "429:every=3", "500:every=2", "cut:every=2"])
async def test_a_pull_outlasts_faults_that_pass(
    environment: Environment, serve: Serve, caller: Caller, fault: str
) -> None:
    async with serve(environment.file("patient.csv", rows(0, 50)), faults=[fault]) as service:
        pages = await caller.pull(service.url, limit=10)
    assert told(pages) == [mpan(number) for number in range(50)]
    logged = [msgspec.json.decode(line) for line in caller.log.getvalue().splitlines()]
    assert {line["event"] for line in logged} == {"registration_call_failed"}
    assert logged[0]["service"] == SERVICE and "200000000" not in caller.log.getvalue()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("503:every=1,retry-after=0", "it answered 503 (fault_on_demand) (call 3 of 3)"),
        ("cut:every=1", "(call 3 of 3)"),
        ("404:every=1", "it answered 404 (fault_on_demand)"),
        ("bad-json:every=1", "page 1 has not the form of a page"),
    ],
)
async def test_a_pull_ends_with_the_service_and_what_was_wrong(
    environment: Environment, serve: Serve, caller: Caller, fault: str, reason: str
) -> None:
    async with serve(environment.file("failing.csv", rows(0, 5)), faults=[fault]) as service:
        with pytest.raises(RegistrationServiceFailed) as refused:
            await caller.pull(service.url)
    assert reason in refused.value.message
    assert f"{SERVICE} at {service.url}/appointments" in refused.value.message


async def test_a_cursor_that_is_too_old_is_told_apart(environment: Environment, serve: Serve, caller: Caller) -> None:
    async with serve(environment.file("changing.csv", rows(0, 50))) as service:
        async with caller.client(service.url) as client:
            first = await anext(client.pages(limit=10))
    async with serve(environment.file("changing.csv", rows(0, 60))) as service:
        with pytest.raises(RegistrationCursorTooOld, match="begin again"):
            await caller.pull(service.url, cursor=first.page.next)


MPANS = mpan(1), mpan(2), mpan(3)
BAD_PAGES = [
    (answer(body(MPANS[1], MPANS[0])), "page 1: $.mpans[1] does not come after"),
    (answer(body(MPANS[0], MPANS[0])), "page 1: $.mpans[1] does not come after"),
    (answer(body(MPANS[0], following="again")), "page 2: $.mpans[0] does not come after"),
    (answer(body(following="more")), "page 1 is empty and says that there are more"),
    (answer(body(*MPANS, *map(mpan, range(4, 9)))), "page 1 holds 8 MPANs where 5 were asked for"),
    (answer(body("123")), "$.mpans[0].mpan"),
    (answer(body(asOf="2026-03-21T19:05:00 00:00")), "asOf is no time"),
    (answer(body(MPANS[0], mpans=None)), "$.mpans"),
    (answer(b"[]"), "has not the form of a page"),
    (answer(b'{"asOf": "\xff"}'), "has not the form of a page"),
    (answer(body(), content_type="text/html"), "not application/json"),
    (answer(body(), headers={"Content-Encoding": "br"}), "packed in a way"),
    (answer(body(), headers={"Content-Encoding": "gzip"}), "page 1 is no gzip"),
    (answer(gzip.compress(body())[:-4], headers={"Content-Encoding": "gzip"}), "page 1 is no gzip"),
    (answer(gzip.compress(b" " * 10_000), headers={"Content-Encoding": "gzip"}), "more than 2048 bytes when"),
    (answer(b" " * 10_000), "a page has more than 2048 bytes"),
    (answer(b"", status=302, headers={"Location": "/base/appointments"}), "it answered 302"),
    (answer(b'{"title":"","status":400,"code":"2000000000007","detail":""}', status=400), "it answered 400."),
]


@pytest.mark.parametrize(("handler", "reason"), BAD_PAGES, ids=[reason for _, reason in BAD_PAGES])
async def test_a_page_that_is_none_ends_the_pull_and_no_mpan_is_told(
    environment: Environment, caller: Caller, handler: Handler, reason: str
) -> None:
    settings = msgspec.structs.replace(PATIENT, registration_page_limit_bytes=2048)
    async with stand_in(environment, handler) as url:
        with pytest.raises(RegistrationServiceFailed) as refused:
            await caller.pull(url, settings, limit=5)
    assert reason in refused.value.message
    assert not [one for one in MPANS if one in refused.value.message]


async def test_what_the_form_does_not_name_is_let_through(environment: Environment, caller: Caller) -> None:
    async with stand_in(environment, answer(body(MPANS[0], later={"added": 1}))) as url:
        assert told(await caller.pull(url)) == [MPANS[0]]


async def test_a_service_that_does_not_answer_is_given_up_in_time(environment: Environment, caller: Caller) -> None:
    settings = msgspec.structs.replace(PATIENT, registration_timeout_s=0.2, registration_attempts=2)
    over = asyncio.Event()

    async def silent(request: web.Request) -> web.Response:
        await over.wait()
        return web.Response()

    async with stand_in(environment, silent) as url:
        with pytest.raises(RegistrationServiceFailed, match=r"no answer within 0.2 s \(call 2 of 2\)"):
            await caller.pull(url, settings)
        over.set()


async def test_a_port_where_nobody_listens_is_called_again_and_given_up(
    environment: Environment, caller: Caller
) -> None:
    async with stand_in(environment, answer(body())) as url:
        pass
    with pytest.raises(RegistrationServiceFailed, match=r"no connection.*call 3 of 3"):
        await caller.pull(url)
    assert caller.log.getvalue().count("registration_call_failed") == 2


async def test_nothing_is_sent_to_whose_certificate_is_not_that_of_the_service(
    environment: Environment, caller: Caller
) -> None:
    calls: list[str] = []
    seen: list[str] = []

    async def counted(request: web.Request) -> web.Response:
        calls.append(request.path)
        return web.Response(body=body(), content_type="application/json")

    def refusal(der: bytes) -> str:
        seen.append(der_fingerprint(der))
        return "its server certificate is of somebody else"

    async with stand_in(environment, counted) as url:
        with pytest.raises(RegistrationServiceFailed, match="of somebody else"):
            await caller.pull(url, refusal=refusal)
    leaf = x509.load_pem_x509_certificate((environment.folder / "tls.pem").read_bytes())
    assert (calls, seen) == ([], [fingerprint(leaf)])


async def test_the_certificate_is_looked_at_before_each_call(environment: Environment, caller: Caller) -> None:
    verdicts = iter(["", "it was revoked"])

    async with stand_in(environment, answer(body(MPANS[0], following="two"))) as url:
        with pytest.raises(RegistrationServiceFailed, match="it was revoked"):
            await caller.pull(url, refusal=lambda der: next(verdicts))


@pytest.mark.parametrize("who", ["unknown to the DIP", "participant"])
async def test_tls_that_fails_is_told_at_once(environment: Environment, serve: Serve, caller: Caller, who: str) -> None:
    if who == "unknown to the DIP":
        elsewhere = Authority.create("DEV", Clock().wall())
        tls, reason = ssl.create_default_context(cadata=elsewhere.root_pem.decode()), "TLS failed"
    else:
        tls, reason = environment.calling("2300000001"), r"403 \(not_the_dip\)"
    async with serve(environment.file("tls.csv", rows(0, 5))) as service:
        with pytest.raises(RegistrationServiceFailed, match=reason):
            await caller.pull(service.url, tls=tls)
    assert caller.log.getvalue() == ""


async def test_a_service_that_trusts_another_root_is_given_up_with_a_hint(
    environment: Environment, serve: Serve, caller: Caller
) -> None:
    elsewhere = environment.calling(authority=Authority.create("DEV", Clock().wall()))
    async with serve(environment.file("root.csv", rows(0, 5))) as service:
        with pytest.raises(RegistrationServiceFailed, match=r"TLS failed|another root"):
            await caller.pull(service.url, tls=elsewhere)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:1",
        "https://",
        "https://me:secret@localhost",
        "https://localhost?a=b",
        "https://localhost:x",
        "",
    ],
)
def test_an_address_that_is_none_of_a_service_is_refused(caller: Caller, url: str) -> None:
    with pytest.raises(RegistrationServiceFailed, match="expected an https address"):
        caller.client(url)

"""Delivery alone over a real store: what intake does is done by the test, wake by wake."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web
from cryptography.hazmat.primitives.serialization import Encoding

from dip.archive.archive import Archive
from dip.delivery.caller import WebhookCaller
from dip.delivery.contents import Contents
from dip.delivery.dispatcher import Dispatcher
from dip.delivery.fetching import Fetching
from dip.delivery.ledger import Ledger
from dip.delivery.postman import Postman
from dip.delivery.returns import Returns
from dip.delivery.worker import Worker
from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.log import Log, make_log
from dip.ground.settings import Settings
from dip.messages.envelope import Envelope
from dip.messages.identifiers import InterfaceId
from dip.participants.registry import Participants
from dip.reporting.metrics import Metrics
from dip.security.keys import new_rsa_key, to_pem
from dip.security.pki import Authority, CertificateUse
from dip.security.signing import Signer
from dip.security.tls import TlsIdentity, client_context
from dip.security.vault import Vault
from dip.store.records import Taken, Webhook
from dip.store.sqlite import SqliteStore
from tests.contract.store.records import ANNA, arrival, message

IF_031, IF_032 = InterfaceId("IF-031"), InterfaceId("IF-032")


class Bench:
    """A dispatcher, its store, and a webhook without TLS that keeps the references it gets."""

    def __init__(self, store: SqliteStore, archive: Archive, dispatcher: Dispatcher, postman: Postman) -> None:
        self.store = store
        self.postman = postman
        self.dispatcher = dispatcher
        self.calls: list[list[str]] = []
        self.answer = b""
        self.url = ""
        self.urls: list[str] = []
        """The address of each call."""
        self.held: set[str] = set()
        """Channels that are held now."""
        self.statuses: list[int] = []
        """What the next calls are answered; then 202."""
        self.open = asyncio.Event()
        """Calls hang while it is cleared."""
        self.open.set()
        self.arrived = asyncio.Event()
        """Set by each call as it comes."""
        self._archive = archive

    async def take(self, request: web.Request) -> web.Response:
        """The webhook."""
        body: list[dict[str, Any]] = msgspec.json.decode(await request.read())
        self.calls.append([element["payload"]["CommonBlock"]["reference"] for element in body])
        self.urls.append(str(request.url))
        self.arrived.set()
        await self.open.wait()
        return web.Response(status=self.statuses.pop(0) if self.statuses else 202, body=self.answer)

    @property
    def references(self) -> list[str]:
        """What the webhook got, in order."""
        return [reference for call in self.calls for reference in call]

    async def commit(self, reference: str, channel: InterfaceId = IF_031) -> Taken:
        """Commit a message to ANNA and tell nobody."""
        new = message(reference, ANNA, interface=channel)
        content = Envelope.of_content({"CommonBlock": {"reference": reference}, "CustomBlock": {}})
        new.sealed = self._archive.seal(content, new.transaction_id)
        return await self.store.messages.take_in(arrival(new))

    @asynccontextmanager
    async def fetching(self, **changes: Any) -> AsyncIterator[Fetching]:
        """Pull and stream over the same lanes; changes: parts of the postman that differ."""

        def wake_again(lanes: Iterable[int]) -> None:
            made.arrivals.wake(lanes)

        made = Fetching(
            postman=msgspec.structs.replace(self.postman, **changes),
            dispatcher=self.dispatcher,
            archive=self._archive,
            texts={"MSG0000": "Success", "MSG1000": "Message Processing Failed"},
            wake_again=wake_again,
        )
        task = asyncio.create_task(made.run())
        try:
            yield made
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def use(self, *channels: InterfaceId) -> None:
        """Have ANNA's channels posted to the webhook."""
        for channel in channels:
            await self.dispatcher.set_webhook(Webhook(ANNA, channel, self.url))


@asynccontextmanager
async def bench(directory: Path, *, log: Log | None = None, **settings: Any) -> AsyncIterator[Bench]:
    """Delivery over a store in the directory; settings as keyword arguments."""
    clock, log, chosen = Clock(), log or make_log(), Settings(**settings)
    authority, key, now = Authority.create("DEV", datetime.now(UTC)), new_rsa_key(), datetime.now(UTC)
    pems = {
        use: authority.issue(use, "0000000001", key.public_key(), now=now).public_bytes(Encoding.PEM)
        for use in (CertificateUse.TLS, CertificateUse.SIGNING)
    }
    vault, _ = Vault.opened(bytes(32), [], now)
    async with AsyncExitStack() as stack:
        store = SqliteStore(directory, group_limit=100, log=log)
        stack.push_async_callback(store.close)
        executor = stack.enter_context(ThreadPoolExecutor(1))
        caller = WebhookCaller(
            settings=chosen,
            tls=client_context(pems[CertificateUse.TLS], to_pem(key), pems[CertificateUse.TLS]),
            networks=(),
        )
        stack.push_async_callback(caller.close)
        archive = Archive(store.messages, vault, memory_bytes=0)
        held: set[str] = set()
        postman = Postman(
            settings=chosen,
            clock=clock,
            store=store.messages,
            contents=Contents(store=store.messages, archive=archive, vault=vault),
            participants=Current(Participants([], [])),
            signer=Current(Signer(key, pems[CertificateUse.SIGNING])),
            caller=caller,
            executor=executor,
            ledger=Ledger(
                clock=clock,
                archive=archive,
                returns=Returns(vault=vault, texts={"MSG1000": "Message Processing Failed"}),
                tls=Current(TlsIdentity(b"", b"", "bb")),
            ),
            metrics=Metrics(),
            wake=lambda lanes: None,
            holds=held.__contains__,
            paused=lambda endpoint, failures: None,
            log=log,
        )
        dispatcher = Dispatcher(
            settings=chosen, clock=clock, store=store.messages, parties=store.parties, begin=partial(Worker, postman)
        )
        made = Bench(store, archive, dispatcher, postman)
        made.held = held
        application = web.Application()
        application.router.add_post("/", made.take)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        dispatcher.start()
        stack.push_async_callback(dispatcher.close, 5)
        yield made

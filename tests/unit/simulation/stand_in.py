"""Stands in for the DIP, so that a play can be seen to succeed and to fail without a server.

It speaks the wire (mTLS, signatures, JWE), checks formats, and delivers to whom the play expects.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from aiohttp import web
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from dip.channels.registry import Registry
from dip.client import Server
from dip.messages.identifiers import DIP, DipId, InterfaceId
from dip.messages.standard_response import Entry, StandardResponse
from dip.messages.timestamps import wire_time
from dip.participants.foundation import Foundation
from dip.participants.registry import Participants
from dip.security.pki import CertificateUse
from dip.security.signing import Signer, SigningKey
from dip.simulation.appointment import DataServiceAppointment


@dataclass(frozen=True)
class Faults:
    """What the stand-in does wrong, by interface."""

    bad: frozenset[str] = frozenset()
    """Messages are refused."""
    lost: frozenset[str] = frozenset()
    """Messages are taken and never delivered."""
    doubled: frozenset[str] = frozenset()
    """Messages are delivered twice, under two transactions."""
    refused: frozenset[str] = frozenset()
    """Webhooks are refused."""


@dataclass
class StandIn:
    """The platform of a test."""

    directory: Path
    foundation: Foundation
    registry: Registry
    faults: Faults
    hooks: dict[tuple[str, str], str] = field(default_factory=dict)
    deliveries: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.participants = Participants(self.foundation.participants, self.foundation.certificates)
        now = datetime.now(UTC)
        signing = self.participants.current(DIP, CertificateUse.SIGNING, now)
        key = load_der_private_key(signing.private_key or b"", None)
        assert isinstance(key, SigningKey)
        self.signer = Signer(key, signing.pem.encode())
        tls = self.participants.current(DIP, CertificateUse.TLS, now)
        tls_key = load_der_private_key(tls.private_key or b"", None)
        self.chain = self.directory / "stand-in.pem"
        self.chain.write_bytes(
            tls.pem.encode() + tls_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Server]:
        """Serve on a free loopback port."""
        application = web.Application()
        application.router.add_get("/catalogue.json", self.catalogue)
        application.router.add_post("/dip-channel/{id}/pubconfig/{recipient}", self.configure)
        application.router.add_post("/{id:statusmessage}/config/{recipient}", self.configure)
        application.router.add_post("/dip-channel/{id}", self.take)
        runner = web.AppRunner(application, shutdown_timeout=1)
        await runner.setup()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(self.directory / "ca.pem"))
        context.load_cert_chain(self.chain)
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        url = f"https://127.0.0.1:{runner.addresses[0][1]}"
        outward = ssl.create_default_context(cafile=str(self.directory / "ca.pem"))
        outward.load_cert_chain(self.chain)
        self.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=outward))
        try:
            yield Server(api=url, portal=url, profile="spec", environment="DEV")
        finally:
            await asyncio.gather(*self.deliveries)
            await self.session.close()
            await runner.cleanup()

    async def catalogue(self, _: web.Request) -> web.Response:
        channels = {
            interface: {"encrypted": channel.encrypted} for interface, channel in self.registry.channels.items()
        }
        return web.json_response(channels)

    async def configure(self, request: web.Request) -> web.Response:
        if request.match_info["id"] in self.faults.refused:
            return web.Response(status=403)
        config = msgspec.json.decode(await request.read())
        self.hooks[request.match_info["recipient"], request.match_info["id"]] = config["callbackURL"]
        return web.Response(status=201)

    async def take(self, request: web.Request) -> web.Response:
        [message] = msgspec.json.decode(await request.read())
        payload = message["payload"]
        common = payload["CommonBlock"]
        sender, now = common["S1"], datetime.now(UTC)
        interface, event = InterfaceId(request.match_info["id"]), common["S0"]["eventCode"]
        if isinstance(payload["CustomBlock"], str):
            decryptor = self.participants.decryptor(DipId(sender["senderDIPID"]))
            payload["CustomBlock"] = msgspec.json.decode(decryptor.decrypt(payload["CustomBlock"]))
        faults = self.registry.channels[interface].events[event].format.explain(payload)
        taken = not faults and interface not in self.faults.bad
        entry = Entry(
            transaction_id=f"T-{interface}-{now.timestamp()}" if taken else None,
            sender_unique_reference=sender["senderUniqueReference"],
            correlation_id=sender["senderCorrelationID"] or "CI-1",
            sent_timestamp=wire_time(now),
            sender_id=DIP,
            message="MSG0000 - Success" if taken else "MSG1001 - Schema Failure",
            help="; ".join(map(str, faults)) or None,
        )
        if taken and interface not in self.faults.lost:
            common["D0"] = {
                "transactionID": entry.transaction_id,
                "initialCorrelationID": entry.correlation_id,
                "replayIndicator": False,
            }
            copies = 2 if interface in self.faults.doubled else 1
            for receipt in sorted(DataServiceAppointment.expected):
                if receipt.event == event:
                    hook = self.hooks[receipt.recipient, interface]
                    for copy in range(copies):
                        self.deliver(hook, receipt.recipient, payload, copy)
        body = msgspec.json.encode(StandardResponse([entry], wire_time(now)))
        return web.Response(status=202 if taken else 400, body=body)

    def deliver(self, hook: str, recipient: DipId, payload: dict[str, Any], copy: int) -> None:
        plain = msgspec.json.encode(payload["CustomBlock"])
        common = payload["CommonBlock"]
        wrapper = common["D0"] | {"transactionID": f"{common['D0']['transactionID']}-{copy}"}
        sealed = {
            "CommonBlock": common | {"D0": wrapper},
            "CustomBlock": self.participants.encryptor(recipient).encrypt(plain),
        }
        body = msgspec.json.encode([{"payload": sealed}])
        headers = self.signer.headers("POST", hook, body, datetime.now(UTC))

        async def post() -> None:
            async with self.session.post(hook, data=body, headers=headers) as answer:
                assert answer.status == 201, await answer.text()

        self.deliveries.add(asyncio.create_task(post()))

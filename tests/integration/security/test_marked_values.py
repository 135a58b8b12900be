"""After a run with marked values none of them stands anywhere in clear: on disk, in logs, in metrics (8.1, 5.8.1).

What a server is given on purpose stays where it has to: an MPAN as a number in the table of appointments.
"""

import asyncio
import sqlite3
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import web

from dip.client import Credentials, ParticipantClient, credentials_of
from dip.client.messages import Message
from dip.messages.identifiers import DipId
from dip.messages.standard_response import Entry
from dip.messages.timestamps import wire_time
from tests.integration.delivery.receiver import Incoming, Receiver, in_turn, taken
from tests.integration.security import marks
from tests.integration.security.marks import CHANNEL, MARKS, REGISTRATION, SUPPLIER, address_change, faulty
from tests.integration.security.traces import Search, Trace
from tests.support.platform import copied
from tests.support.process import Running, server

APPOINTMENTS = ("mpan", "mpan")
EVERYTHING: dict[str, Any] = {"datetimeFrom": None, "datetimeTo": None, "eventCode": None, "version": None}


def shown(incoming: Incoming, **said: str | None) -> bytes:
    """A StandardResponse that says the same of every message."""
    entry = {"senderUniqueReference": None, "serviceTicketURL": marks.TICKET, **said}
    listed = [{"transactionID": transaction, **entry} for transaction in incoming.transactions]
    return msgspec.json.encode({"messageArray": listed, "timestamp": "2026-03-21T19:05:00+00:00"})


def answered(status: int, body: bytes | str) -> web.Response:
    content = body.encode() if isinstance(body, str) else body
    return web.Response(status=status, body=content, content_type="application/json")


def rejected(incoming: Incoming) -> web.Response:
    message = f"RCP1061 - {marks.SAID} of {marks.NAME}"
    return answered(400, shown(incoming, message=message, help=f"{marks.HELP} {marks.SAID}"))


def rejected_without_code(incoming: Incoming) -> web.Response:
    return answered(201, shown(incoming, message=f"{marks.SAID} unknown", help=marks.HELP))


def failed(incoming: Incoming) -> web.Response:
    return web.Response(status=500, reason="zqx", text=f"{marks.FAILED} {marks.SAID}")


def sent_elsewhere(incoming: Incoming) -> web.Response:
    return web.Response(status=302, headers={"Location": f"https://127.0.0.1/{marks.SAID}?{marks.FAILED}"})


def unreadable(incoming: Incoming) -> web.Response:
    return answered(400, f'{{"messageArray": [{{"transactionID": {marks.SAID}, "help": "{marks.HELP}"')


WAYS = (rejected, rejected_without_code, failed, taken, sent_elsewhere, unreadable)
"""What the supplier's webhook answers to one call after the other."""


class Play:
    """The participants and the administrator of one running server, all of whom use marked values."""

    def __init__(
        self, ready: dict[str, str], data: Path, profile: str, clients: dict[str, ParticipantClient], webhook: Receiver
    ) -> None:
        self._ready = ready
        self._data = data
        self._profile = profile
        self._registration = clients[REGISTRATION]
        self._supplier = clients[SUPPLIER]
        self._webhook = webhook

    async def all(self) -> None:
        """Everything, in an order in which each has its effect."""
        await self.appoint()
        transactions = await self.deliver()
        await self.send_what_is_refused()
        await self.report(transactions)
        await self.ask_again(transactions)
        await self.pull()
        await self.search()
        await self.come_as_nobody()
        await self.let_time_pass()

    async def appoint(self) -> None:
        """Appointments come by file; some of its rows are refused, for nobody has such a DIP id."""
        rows = [
            "mpan,role,dip_id,effective_from,effective_to",
            f"{marks.HELD},SUP,{SUPPLIER},2024-01-01,",
            f"{marks.HELD},SUP,{marks.ASKED},2024-01-01,",
            f"{marks.NAME},{marks.FREE},{SUPPLIER},2024-01-01,",
            f"{marks.UNHELD}x,SUP,{SUPPLIER},2024-01-01,",
            f"{marks.UNHELD},SUP,{marks.NAME},2024-01-01,",
            f"{marks.UNHELD},SUP,{SUPPLIER},{marks.FREE},",
        ]
        taken = await self._admin("POST", "mpans?run=marked", "\n".join(rows).encode())
        assert (taken["accepted"], taken["rejected"]) == (1, 5)
        assert (await self._admin("GET", "mpans/runs/marked"))["faults"] == taken["faults"]

    async def deliver(self) -> list[str]:
        """Messages of which the supplier rejects some; one that reaches nobody. Their transaction ids."""
        await self._supplier.configure_webhook(CHANNEL, self._webhook.url())
        sent = []
        for number in range(len(WAYS)):
            sent += await self._send(address_change(marks.HELD))
            await self._webhook.called(number + 1, 20)
        element = self._webhook.calls[0].elements[0]
        opened = self._supplier.credentials.opened(element)
        assert all(mark in msgspec.json.encode(opened).decode() for mark in (marks.HELD, marks.NAME, marks.FREE))
        asked = f"/dip-channel/{CHANNEL}?about={marks.ASKED}"
        body = msgspec.json.encode([address_change(marks.HELD)])
        if self._profile == "live":
            assert (await self._registration.call("POST", asked, body)).status == 201
        return sent + await self._send(address_change(marks.UNHELD))

    async def send_what_is_refused(self) -> None:
        """Messages with faults, in one request and each alone, encrypted and not; and what is no JSON at all."""
        bad = faulty(address_change(marks.HELD))
        for body in (*([one] for one in bad), bad):
            answer = await self._registration.send(CHANNEL, msgspec.json.encode(body))
            assert not answer.accepted
        for one in bad:
            # What can be encrypted arrives as it should, and is found faulty inside.
            if isinstance(one, dict) and "payload" in one:
                await self._registration.send(CHANNEL, [one])
                await self._registration.call("POST", f"/validate/{CHANNEL}/AddressChg", msgspec.json.encode([one]))
        for text in (marks.NAME, f'[{{"payload": {marks.UNHELD}', f"[{marks.UNHELD}]", f'"{marks.FREE}"'):
            await self._registration.call("POST", f"/dip-channel/{CHANNEL}", text.encode())
        await self._registration.call("POST", f"/dip-channel/{CHANNEL}", marks.NAME.encode("utf-16"))
        good = msgspec.json.encode([address_change(marks.HELD)])
        for path in (f"/validate/{CHANNEL}/AddressChg", f"/validate/{CHANNEL}/{marks.ASKED}"):
            await self._registration.call("POST", path, good)

    async def report(self, transactions: list[str]) -> None:
        """Status messages about what arrived: good ones, which the registration service gets, and refused ones."""

        def entry(**changes: Any) -> Entry:
            made = Entry(
                transaction_id=transactions[3],
                sent_timestamp=wire_time(self._supplier._clock.wall()),
                sender_id=SUPPLIER,
                message="RCP1061 - MPAN Invalid or Unknown",
                help=f"{marks.HELP} {marks.SAID}",
                service_ticket_url=marks.TICKET,
            )
            return msgspec.structs.replace(made, **changes)

        result = await self._supplier.report([entry()])
        assert result.status == 201, result
        for wrong in (
            {"sent_timestamp": marks.FREE},
            {"sender_id": marks.SAID},
            {"recipient_id": marks.SAID},
            {"message": f"{marks.SAID} - {marks.NAME}"},
            {"transaction_id": marks.SAID},
            {"help": marks.HELP * 100},
        ):
            assert not (await self._supplier.report([entry(**wrong)])).accepted

    async def ask_again(self, transactions: list[str]) -> None:
        """Replay and requeue by MPAN, and what is refused of them; delivery status of what is and of what is not."""
        for verb in ("replay", "requeue"):
            path = f"/dip-channel/{CHANNEL}/{verb}/{SUPPLIER}"
            for wanted in (marks.HELD, marks.ASKED, marks.FREE, int(marks.ASKED)):
                body = msgspec.json.encode({**EVERYTHING, "MPAN": wanted})
                answer = await self._supplier.call("POST", path, body)
                assert answer.status in {200, 202, 400, 429}, answer
            body = msgspec.json.encode({**EVERYTHING, "MPAN": None, "datetimeFrom": marks.NAME, marks.FREE: 1})
            assert (await self._supplier.call("POST", path, body)).status == 400
        element = self._webhook.calls[0].elements[0]
        reference = element["payload"]["CommonBlock"]["S1"]["senderUniqueReference"]
        asked = f"/dip-channel/{CHANNEL}/deliveryStatus/{REGISTRATION}"
        answer = await self._registration.call("GET", f"{asked}/{reference}")
        assert marks.HELD in answer.body.decode()
        assert (await self._registration.call("GET", f"{asked}/{marks.ASKED}")).status == 204

    async def pull(self) -> None:
        """The registration service fetches the status messages and acknowledges with marks in its words."""
        pulled = await self._registration.pull("statusmessage", wait=10)
        assert marks.HELP in msgspec.json.encode(pulled.entries).decode() or pulled.items
        said = [
            msgspec.structs.replace(one, message=f"{marks.SAID} {marks.FREE}", help=marks.HELP)
            for one in pulled.entries
        ]
        await self._registration.acknowledge("statusmessage", said, lease=pulled.lease)

    async def search(self) -> None:
        """The administrator looks for MPANs by page and by call, also for what is none."""
        for path in (
            f"/messages?mpan={marks.HELD}",
            f"/messages?mpan={marks.ASKED}",
            f"/messages?mpan={marks.QUERY}",
            f"/messages?reference={marks.ASKED}&correlation={marks.ASKED}",
            f"/messages/{marks.ASKED}",
            f"/nowhere/{marks.ASKED}?{marks.ASKED}={marks.ASKED}",
            f"/dead-letters?recipient={marks.ASKED}",
            f"/admin/api/messages?mpan={marks.HELD}",
            f"/admin/api/messages?mpan={marks.QUERY}",
            f"/admin/api/mpans/{marks.HELD}?channel={CHANNEL}",
            f"/admin/api/mpans/{marks.ASKED}",
            f"/admin/api/mpans/{marks.ASKED}?at={marks.ASKED}",
            f"/admin/api/mpans/{marks.ASKED}x",
            f"/admin/api/participants/{marks.ASKED}",
            f"/admin/api/dead-letters?recipient={marks.ASKED}",
        ):
            for accept in ("text/html", "application/json"):
                await self._call("GET", path, headers={"Accept": accept})
        found = await self._admin("GET", f"messages?mpan={marks.HELD}")
        assert len(found["items"]) >= len(WAYS)
        assert (await self._admin("GET", f"mpans/{marks.HELD}"))["mpan"] == marks.HELD
        order = {**EVERYTHING, "recipient": SUPPLIER, "channel": CHANNEL, "MPAN": marks.ASKED}
        await self._call("POST", "/admin/api/requeues", msgspec.json.encode(order))
        await self._call("PUT", "/admin/api/faults", msgspec.json.encode({"kind": marks.QUERY}))
        await self._call("POST", "/admin/api/clock", msgspec.json.encode({"advance": marks.QUERY}))
        await self._call("POST", "/admin/api/mpans", marks.ASKED.encode())

    async def come_as_nobody(self) -> None:
        """Log-ins, tokens and keys that are wrong; addresses that lead nowhere; what is no HTTP."""
        form = {"name": marks.LOGGED_IN, "password": marks.SECRET}
        async with aiohttp.ClientSession() as session:
            await session.post(f"{self._ready['portal']}/login", data=form)
            await session.get(f"{self._ready['portal']}/messages", headers={"Authorization": f"Bearer {marks.SECRET}"})
        for name in ("X-API-Key", "X-DIP-Signature", "X-DIP-Content-Hash", "X-DIP-Signature-Date"):
            await self._supplier.call("POST", f"/dip-channel/{CHANNEL}", b"[]", headers={name: marks.SECRET})
        for path in (
            f"/nowhere/{marks.ASKED}",
            f"/dip-channel/{marks.ASKED}",
            f"/dip-channel/IF-018?mpan={marks.ASKED}",
        ):
            await self._supplier.call("POST", path, b"[]")
        context = ssl.create_default_context(cafile=str(self._data / "ca.pem"))
        garbage = f"{marks.GARBAGE} {marks.ASKED}\r\nHost {marks.NAME}\r\n\r\n".encode()
        for url, secured in ((self._ready["api"], context), (self._ready["api"], None), (self._ready["portal"], None)):
            host, port = url.partition("://")[2].split(":")
            reader, writer = await asyncio.open_connection(host, int(port), ssl=secured)
            writer.write(garbage)
            async with asyncio.timeout(30):
                await reader.read()
            writer.close()

    async def let_time_pass(self) -> None:
        """What nobody took becomes a dead letter."""
        await self._supplier.remove_webhook(CHANNEL)
        await self._send(address_change(marks.HELD))
        await self._admin("POST", "clock", b'{"advance": "P30D"}')
        dead = await self._admin("GET", "dead-letters")
        assert dead["items"]
        await self._call("POST", f"/admin/api/dead-letters/{dead['items'][0]['id']}/requeue")

    async def metrics(self) -> bytes:
        """The text of the metrics."""
        async with aiohttp.ClientSession() as session, session.get(f"{self._ready['portal']}/metrics") as answer:
            return await answer.read()

    async def _send(self, message: Message) -> list[str]:
        result = await self._registration.send(CHANNEL, [message])
        assert result.all_accepted, result
        return [str(one.transaction_id) for one in result.accepted]

    async def _admin(self, method: str, path: str, body: bytes = b"") -> Any:
        status, content = await self._call(method, f"/admin/api/{path}", body)
        assert status in {200, 202}, content
        return msgspec.json.decode(content)

    async def _call(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        token = (self._data / "admin.token").read_text().strip()
        given = {"Authorization": f"Bearer {token}", **(headers or {})}
        async with (
            aiohttp.ClientSession(headers=given) as session,
            session.request(method, self._ready["portal"] + path, data=body, allow_redirects=False) as answer,
        ):
            return answer.status, await answer.read()


@asynccontextmanager
async def playing(running: Running, data: Path, profile: str) -> AsyncIterator[Play]:
    """Everybody at their place."""
    ready = await running.ready()
    credentials: dict[str, Credentials] = {who: credentials_of(data, DipId(who)) for who in (REGISTRATION, SUPPLIER)}
    async with AsyncExitStack() as stack:
        clients = {
            who: await stack.enter_async_context(
                ParticipantClient(one, ready["api"], profile=profile, encrypted={CHANNEL})
            )
            for who, one in credentials.items()
        }
        webhook = await stack.enter_async_context(Receiver(credentials[SUPPLIER], in_turn(*WAYS, taken)))
        yield Play(ready, data, profile, clients, webhook)


def in_directory(search: Search, data: Path) -> list[Trace]:
    """Traces in all that the server keeps; participants' folders hold keys of their own, and nothing else."""
    return [*search.directory(data), *search.database(data / "dip.sqlite")]


def sees_through(data: Path) -> bool:
    """Whether the search reads what is packed: it finds the name of an event in every record of the activity log."""
    known = Search(["EventName"])
    with closing(sqlite3.connect(f"{(data / 'dip.sqlite').as_uri()}?mode=ro", uri=True)) as connection:
        records = [row[0] for row in connection.execute("SELECT record FROM activity")]
    return len(records) > len(WAYS) and all(any(known.bytes(record, "")) for record in records)


@pytest.mark.requirement("FS-08", "FS-45", "FS-65")
@pytest.mark.parametrize("profile", ["live", "spec"])
async def test_no_marked_value_stands_anywhere_in_clear(laid_out: Path, tmp_path: Path, profile: str) -> None:
    data, spare = copied(laid_out, tmp_path / "state"), tmp_path / "spare"
    spare.mkdir()
    search = Search(MARKS, numbers_in=APPOINTMENTS)
    found: list[Trace] = []
    places = {"TMPDIR": str(spare)}
    async with server(data, "--profile", profile, environment=places, directory=spare) as running:
        async with playing(running, data, profile) as play:
            await play.all()
            found += search.bytes(await play.metrics(), "metrics")
            # The write-ahead log goes when the server ends.
            assert (data / "dip.sqlite-wal").stat().st_size > 0
            found += in_directory(search, data)
        ended = await running.stop()
    assert ended.code == 0
    assert sees_through(data)
    found += in_directory(search, data)
    found += search.directory(spare)
    found += search.bytes(ended.stderr.encode(), "stderr")
    found += search.bytes(ended.stdout.encode(), "stdout")
    assert sorted(set(found)) == []

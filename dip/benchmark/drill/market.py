"""The participants of one drill and the servers that they speak to, one after the other over the same directory."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any, Self

import aiohttp
import msgspec

from dip.benchmark.drill.fault import Fault, Room
from dip.benchmark.drill.payload import SentPayload
from dip.benchmark.even import sample
from dip.benchmark.processes import Child
from dip.benchmark.publications import announcement
from dip.benchmark.receiver import Arrival, Receiver, listening
from dip.benchmark.stage import server_arguments
from dip.channels.examples import example
from dip.channels.registry import build, read
from dip.client import Answer, Credentials, Message, ParticipantClient, ServerNotReached, credentials_of, fresh
from dip.ground.assets import asset
from dip.ground.clock import Clock
from dip.ground.settings import Settings
from dip.messages.identifiers import DipId, EventCode, InterfaceId

_START_S = 60.0
_KILLED = -9
PROFILE = "spec"
APPOINTED = DipId("1400000001")
"""The data service that messages and files of the drill appoint."""
_NEW_MPANS = 1_099_000_000_000


class NotRun(Exception):
    """The step can't be tried here, and why."""


class Trade(msgspec.Struct, frozen=True):
    """Who sends what to whom. sample: its file's name; empty: the message is made from the event's format, if any.

    new_mpans: each message is about an MPAN of its own, which nobody knows. public: nothing is encrypted.
    """

    channel: str
    sample: str
    sender: DipId
    recipients: tuple[DipId, ...]
    event: str = ""
    new_mpans: bool = False
    public: bool = False


CONSUMPTION = Trade(
    "IF-021",
    "if-021-activepower",
    DipId("1400000001"),
    (DipId("2300000001"), DipId("2500000001"), DipId("1900000001"), DipId("1800000001")),
)
APPOINTMENT = Trade("IF-031", "if-031-dsapp", DipId("2300000001"), (DipId("2200000001"),))
CONFIRMATION = Trade(
    "IF-036", "", DipId("2200000001"), (DipId("1800000001"), DipId("2400000001")), "[DSAppActive]", new_mpans=True
)
"""Registration appoints a data service for MPANs: those hear of it who always do."""
PUBLICATION = Trade(
    announcement.CHANNEL, "", announcement.SENDER, (DipId("2300000001"), DipId("2500000001")), public=True
)
"""A payload is announced to everybody; two of them listen."""


class Market:
    """One sender, its recipients, and what each of them saw."""

    def __init__(self, directory: Path, trade: Trade, settings: Mapping[str, Any]) -> None:
        self.directory = directory
        self.trade = trade
        self.sender: Credentials = credentials_of(directory, trade.sender)
        self.receivers = {one: Receiver(credentials_of(directory, one), told=self._note) for one in trade.recipients}
        self.told = Receiver(self.sender, told=self._note)
        """The sender's own webhook for status messages."""
        self.sent: dict[str, Message] = {}
        self.acknowledged: dict[str, str] = {}
        """Transaction id by reference."""
        self.acknowledged_before = 0
        """How many were acknowledged when the server died."""
        self.imported: list[int] = []
        """MPANs of files whose import was acknowledged, before the crash or after it."""
        self.contradicted: set[str] = set()
        """References that were answered with another transaction id than the first time."""
        self.payload: SentPayload | None = None
        """What is published in this drill."""
        self.amiss: list[str] = []
        """What else is not as the server said, a line each."""
        self.handed_out: dict[DipId, list[tuple[str, str]]] = {one: [] for one in trade.recipients}
        """Reference and transaction of what was pulled, each time."""
        self._arrival = asyncio.Event()
        self._settings = _known(settings)
        self._template = _template(trade)
        self._stack = AsyncExitStack()
        self._ports: dict[DipId, int] = {}
        self._status_port = 0
        self._server: Child | None = None
        self.api = self.portal = ""

    async def __aenter__(self) -> Self:
        for dip_id, receiver in self.receivers.items():
            self._ports[dip_id] = await self._stack.enter_async_context(listening(receiver))
        self._status_port = await self._stack.enter_async_context(listening(self.told))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.kill()
            await self._server.ended(_START_S)
        await self._stack.aclose()

    @property
    def server(self) -> Child:
        """The server that runs."""
        if self._server is None:
            raise NotRun("no server was started")
        return self._server

    async def start(self, fault: Fault | None = None, *, watched: bool = False) -> None:
        """Start a server: a plain one, or one that the drill watches."""
        errors = self.directory.parent / "server.log"
        if fault is None and not watched:
            environment = {f"DIP_{name.upper()}": str(value) for name, value in self._settings.items()}
            arguments: Sequence[str] = server_arguments(self.directory, PROFILE)
            self._server = await Child.start(*arguments, errors=errors, environment=environment)
        else:
            given = {"data": str(self.directory), "api_port": 0, "portal_port": 0, "profile": PROFILE, **self._settings}
            orders = [msgspec.json.encode(one).decode() for one in (fault, given)]
            self._server = await Child.start("-m", "dip.cli.drill_server", *orders, errors=errors)
        ready = await self._server.line(_START_S)
        self.api, self.portal = ready["api"], ready["portal"]

    async def died(self, timeout_s: float = 20.0) -> None:
        """Wait until the server was killed. Raises NotRun where it lives on: the step was never reached."""
        try:
            code = await self.server.ended(timeout_s)
        except TimeoutError:
            raise NotRun("the step was not reached") from None
        if code != _KILLED:
            raise NotRun(f"the server ended with {code}")
        self.acknowledged_before = len(self.acknowledged)

    async def stop(self) -> None:
        """SIGTERM, and wait for the end."""
        await self.server.terminate()

    async def order(self, order: Fault | Room) -> None:
        """Give a watched server a fault from now on, or say how much its database may grow."""
        self.server.say(order)
        await self.server.line(_START_S)

    def client(self, credentials: Credentials) -> ParticipantClient:
        """A participant's client, not open yet."""
        encrypted = set() if self.trade.public else {self.trade.channel}
        return ParticipantClient(credentials, self.api, profile=PROFILE, encrypted=encrypted, timeout_s=20)

    async def listen(self) -> None:
        """Every recipient sets its webhook."""
        for dip_id, port in self._ports.items():
            async with self.client(self.receivers[dip_id].credentials) as client:
                await client.configure_webhook(self.trade.channel, f"https://127.0.0.1:{port}/")

    async def listen_for_status(self) -> None:
        """The sender sets its webhook for status messages."""
        async with self.client(self.sender) as client:
            await client.configure_webhook("statusmessage", f"https://127.0.0.1:{self._status_port}/")

    def written(self, count: int) -> list[Message]:
        """So many new messages; from here on they count as sent."""
        made = [fresh(self._template, Clock().wall()) for _ in range(count)]
        if self.trade.new_mpans:
            for number, message in enumerate(made, len(self.sent)):
                common = message["payload"]["CommonBlock"]
                common["M0"] = common["M0"] | {"MPANCore": f"{_NEW_MPANS + number}"}
        self.sent |= {reference_of(message): message for message in made}
        return made

    async def send(self, messages: Sequence[Message]) -> bool:
        """Send a batch and note what is acknowledged; whether the server answered."""
        async with self.client(self.sender) as client:
            try:
                result = await client.send(self.trade.channel, messages)
            except ServerNotReached:
                return False
        for one in result.accepted:
            if self.acknowledged.setdefault(one.reference, one.transaction_id) != one.transaction_id:
                self.contradicted.add(one.reference)
        return True

    async def ask(self, recipient: DipId, method: str, path: str, body: object = None) -> Answer | None:
        """A recipient's call; None where the server is gone. Raises NotRun where it knows no such path."""
        content = b"" if body is None else msgspec.json.encode(body)
        async with self.client(self.receivers[recipient].credentials) as client:
            try:
                answer = await client.call(method, path, content)
            except ServerNotReached:
                return None
        if answer.status in (404, 405, 501):
            raise NotRun(f"this server has no {method} {path.split('?', maxsplit=1)[0]}")
        return answer

    async def administer(self, method: str, path: str, body: object = None) -> Any:
        """A call of the administration API; None where the server is gone. Raises NotRun where it has no such path."""
        token = (self.directory / "admin.token").read_text("utf-8").strip()
        headers = {"Authorization": f"Bearer {token}"}
        timeout = aiohttp.ClientTimeout(total=30)
        try:
            async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
                async with session.request(method, f"{self.portal}/admin/api/{path}", json=body) as answer:
                    content = await answer.read()
        except (aiohttp.ClientError, ConnectionError):
            return None
        if answer.status in (404, 405, 501):
            raise NotRun(f"this server has no {method} /admin/api/{path.split('?', maxsplit=1)[0]}")
        return msgspec.json.decode(content) if content else {}

    def arrived(self, recipient: DipId) -> dict[str, list[str]]:
        """Transaction ids by reference of all that a recipient took, each time."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for reference, transaction in (*_seen(self.receivers[recipient].arrivals), *self.handed_out[recipient]):
            found[reference].append(transaction)
        return found

    def returned(self) -> dict[str, list[str]]:
        """Transaction ids by reference of the status messages that the sender got."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for reference, transaction in _seen(self.told.arrivals):
            found[reference].append(transaction)
        return found

    async def until(self, condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
        """Wait until what was posted to webhooks meets the condition, at most so long.

        The books say what is missing where it does not.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not condition():
                    self._arrival.clear()
                    await self._arrival.wait()

    def _note(self, _: Arrival) -> None:
        self._arrival.set()


def reference_of(message: Message) -> str:
    """A message's sender unique reference."""
    return str(message["payload"]["CommonBlock"]["S1"]["senderUniqueReference"])


def mpan_of(message: Message) -> int:
    """A message's MPAN."""
    return int(message["payload"]["CommonBlock"]["M0"]["MPANCore"])


def _template(trade: Trade) -> Message:
    """What its messages are made of; nothing where the scenario writes them."""
    if trade.sample:
        return sample(trade.sample)
    return _made_up(trade) if trade.event else {}


def _made_up(trade: Trade) -> Message:
    """A message with the example values of its format; who sends it and how it goes on is that of the sample."""
    files = asset("channels")
    registry = build(read(files), files, specification_items=False)
    channel = registry.find(InterfaceId(trade.channel))
    if channel is None:
        raise NotRun(f"the catalogue has no {trade.channel}")
    payload: Message = example(channel.events[EventCode(trade.event)].format.schema(), optional=False)
    common = payload["CommonBlock"]
    common.pop("A0", None)
    common.pop("D0", None)
    common["S0"] |= {"interfaceID": trade.channel, "eventCode": trade.event}
    common["S1"] = sample(APPOINTMENT.sample)["payload"]["CommonBlock"]["S1"]
    common["S1"] |= {"senderDIPID": trade.sender, "senderRoleID": "REGS"}
    payload["CustomBlock"]["B015"]["incomingDataServiceDIPID"] = APPOINTED
    return {"payload": payload}


def _seen(arrivals: Sequence[Arrival]) -> list[tuple[str, str]]:
    return [
        (reference, transaction)
        for arrival in arrivals
        if arrival.taken
        for reference, transaction in zip(arrival.references, arrival.transactions, strict=True)
        if transaction is not None
    ]


def _known(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the settings that this server has."""
    names = {field.name for field in msgspec.structs.fields(Settings)}
    return {name: value for name, value in settings.items() if name in names}

"""Two companies' participants and what only they know: the messages, MPANs, webhooks, people and troubles of others.

OURS is who asks; THEIRS and its partner are the others. Everything of theirs has a mark that stands nowhere else.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
from aiohttp import web

from dip.http.portal.powers import Power
from dip.http.portal.view_as import COOKIE as VIEW_AS
from dip.messages.identifiers import DipId
from dip.simulation.line import Line
from dip.store.alarms import AlarmKind
from tests.integration.delivery.receiver import Answering, Incoming, Receiver, taken
from tests.integration.scope.callers import Caller, Entrance
from tests.integration.security.marks import address_change, mpan
from tests.integration.trails.stage import FIRST_RESPONSE, appointment, say
from tests.support.platform import Platform, changed, sample
from tests.support.publishing import File, upload
from tests.support.waiting import until

OURS: Final = "2300000001"
OUR_COMPANY: Final = "09000001"
THEIRS: Final = "2300000002"
THEIR_COMPANY: Final = "09000002"
PARTNER: Final = "2200000001"
"""The registration service that speaks with both."""
WITNESS: Final = "1400000001"
"""Gets a message that we get too."""
AGENT: Final = "1000000001"
CHANNEL: Final = "IF-018"
COMPANY_POWERS: Final = (
    Power.COMPANY_USERS,
    Power.COMPANY_CERTIFICATES,
    Power.COMPANY_MESSAGES,
    Power.READ_ONLY,
)
THEIR_MPAN: Final = mpan("173205080756")
LINKED_MPAN: Final = mpan("141421356237")
SHARED_MPAN: Final = mpan("161803398874")
OUR_MPAN: Final = mpan("271828182845")
_TEXTS: Final = {
    "addressLine1": "vqx-house-8801",
    "addressLine2": "vqx-street-8802",
    "addressLine3": "vqx-holder-8803",
}
QUIET: Final[dict[str, Any]] = {"dead_letter_sweep_s": 3600.0, "alarm_check_s": 3600.0, "balance_check_s": 3600.0}


class World(msgspec.Struct):
    """A platform with the affairs of others.

    names: what stands for `{name}` in the table of routes. ids: several values of the names that stand in paths.
    secrets: by what it is, text that we must not see; theirs: those that the other company's own user sees; unseen:
    those that no page shows to anybody.
    """

    platform: Platform
    administrator: Caller
    them: Caller
    us: Caller
    forger: Caller
    """One of us who says to view the portal as the others."""
    reader: Caller
    stranger: Caller
    names: dict[str, str]
    ids: dict[str, list[str]]
    secrets: dict[str, str]
    theirs: frozenset[str]
    unseen: frozenset[str]
    ours: list[str]
    """Transaction ids of our own messages."""


def _rejected(incoming: Incoming, code: str, **said: str) -> web.Response:
    listed = [
        {"transactionID": one, "senderUniqueReference": None, "message": code, **said} for one in incoming.transactions
    ]
    body = {"messageArray": listed, "timestamp": "2026-03-21T19:05:00+00:00"}
    return web.Response(status=400, body=msgspec.json.encode(body), content_type="application/json")


def _refusing(incoming: Incoming) -> web.Response:
    return _rejected(
        incoming, "RCP1061 - MPAN Invalid or Unknown", help="vqx-help-8811", serviceTicketURL="https://vqx-ticket-8812"
    )


def _dead(incoming: Incoming) -> web.Response:
    return web.Response(status=400, text="vqx-answer-8813")


def _refusing_too(incoming: Incoming) -> web.Response:
    return _rejected(incoming, "RCP1061 - MPAN Invalid or Unknown", help="vqx-witness-8814")


def about(number: str, **texts: str) -> dict[str, Any]:
    """A change of address of the partner's."""
    made = address_change(number)
    block = made["payload"]["CustomBlock"]
    block["B013"] = {"CSSRegistrationID": LINKED_MPAN if texts else number}
    block["B022"] = {**block["B022"], **{f"addressLine{line}": f"line {line}" for line in range(1, 8)}, **texts}
    block["B022"]["meteringPointPostcode"] = "AB1 2CD"
    made["payload"]["CommonBlock"]["S1"]["subText"] = "vqx-subtext-8821" if texts else "nothing"
    return made


@asynccontextmanager
async def world(platform: Platform, directory: Path) -> AsyncIterator[World]:
    """Everything that others do. directory: for files on a participant's side."""
    async with AsyncExitStack() as stack:
        entrance = Entrance(platform, stack)
        administrator = await entrance.administrator()
        them = await entrance.user("vqx-bella-8831", THEIR_COMPANY, *COMPANY_POWERS)
        made = World(
            platform=platform,
            administrator=administrator,
            them=them,
            us=await entrance.user("anna", OUR_COMPANY, *COMPANY_POWERS),
            forger=await entrance.user("alice", OUR_COMPANY, *COMPANY_POWERS),
            reader=await entrance.user("arthur", OUR_COMPANY, Power.READ_ONLY),
            stranger=await entrance.stranger(),
            names={"ours": OURS, "theirs": THEIRS, "partner": PARTNER, "agent": AGENT, "channel": CHANNEL},
            ids={},
            secrets={},
            theirs=frozenset(),
            unseen=frozenset({"help", "witness help"}),
            ours=[],
        )
        made.forger.keep_cookie(VIEW_AS, THEIRS)
        await _Making(made, stack, directory).everything()
        yield made


class _Making:
    """Makes a world, step by step."""

    def __init__(self, world: World, stack: AsyncExitStack, directory: Path) -> None:
        self.world = world
        self.platform = world.platform
        self._stack = stack
        self._directory = directory
        self._answering: Answering = taken

    async def everything(self) -> None:
        """All of it, in an order in which each has its effect."""
        await self.appoint()
        await self.speak()
        await self.speak_with_us()
        await self.keep()
        await self.trouble()
        await self.certify()
        self.gather()

    async def appoint(self) -> None:
        """Whose MPANs these are."""
        rows = ["mpan,role,dip_id,effective_from,effective_to"]
        rows += [f"{one},SUP,{THEIRS},2024-01-01," for one in (THEIR_MPAN, LINKED_MPAN)]
        rows += [f"{one},SUP,{OURS},2024-01-01," for one in (SHARED_MPAN, OUR_MPAN)]
        rows += [f"{SHARED_MPAN},SDS,{WITNESS},2024-01-01,", f"{THEIR_MPAN},SUP,{LINKED_MPAN},2024-01-01,"]
        rows.append(f"{THEIR_MPAN},REGS,{PARTNER},2024-01-01,")
        said = await self.world.administrator.do("POST", "/admin/api/mpans?run=vqx-run", "\n".join(rows).encode())
        assert said["accepted"] == 6, said

    async def speak(self) -> None:
        """The partner writes to them: rejected, delivered and dead. They write to the partner; nobody fetches it."""
        await self._webhook(THEIRS, "vqx-hook-8841", self._answered)
        references, transactions = [], []
        for answering in (_refusing, taken, _dead):
            if answering is _dead:
                # What is queued again is taken; what dies afterwards stays dead.
                await self._requeue()
            self._answering = answering
            message = about(THEIR_MPAN, **_TEXTS)
            transactions += await self._send(PARTNER, message)
            references.append(message["payload"]["CommonBlock"]["S1"]["senderUniqueReference"])
            await until(partial(self._settled, transactions[-1], THEIRS))
        asked = changed(sample("if-031"), "CommonBlock.S1.senderDIPID", THEIRS)
        asked = changed(asked, "CommonBlock.S1.senderEnvelopeReference", "vqx-envelope-8842")
        transactions += await self._send(THEIRS, changed(asked, "CommonBlock.M0.MPANCore", THEIR_MPAN))
        await self._send_badly()
        detail = await self.platform.dip.store.pages.message(transactions[-1])
        assert detail is not None and detail.correlation_id is not None
        secrets = self.world.secrets
        secrets |= {f"transaction {number}": one for number, one in enumerate(transactions)}
        secrets |= {f"reference {number}": one for number, one in enumerate(references)}
        secrets |= {"mpan": THEIR_MPAN, "mpan in a payload": LINKED_MPAN, "correlation": detail.correlation_id}
        secrets |= {**_TEXTS, "sub text": "vqx-subtext-8821", "help": "vqx-help-8811"}
        secrets |= {"webhook": "vqx-hook-8841", "envelope": "vqx-envelope-8842"}
        self.world.ids["transaction_id"] = transactions
        self.world.names |= {
            "rejected": transactions[0],
            "dead_transaction": transactions[2],
            "asked": transactions[3],
            "reference": references[2],
            "correlation": detail.correlation_id,
            "envelope": "vqx-envelope-8842",
        }

    async def speak_with_us(self) -> None:
        """We write to the partner, and the partner to us; and to us and the witness, who has something against it."""
        await self._webhook(OURS, "our-hook", taken)
        await self._webhook(WITNESS, "vqx-witness-hook-8843", _refusing_too)
        self.world.ours += await self._send(OURS, sample("if-031"))
        self.world.ours += await self._send(PARTNER, about(OUR_MPAN))
        (shared,) = await self._send(PARTNER, about(SHARED_MPAN))
        self.world.ours.append(shared)
        await until(lambda: self._settled(shared, WITNESS))
        await until(lambda: self._settled(shared, OURS))
        self.world.secrets |= {"witness webhook": "vqx-witness-hook-8843", "witness help": "vqx-witness-8814"}
        self.world.names["shared"] = shared
        asked = await self.platform.dip.store.pages.message(self.world.ours[0])
        assert asked is not None and asked.correlation_id is not None
        self.world.names["our_correlation"] = asked.correlation_id
        # Of what we began: what the partner tells the others of it.
        told = Line(*FIRST_RESPONSE, {"B071": appointment(self.platform).opening().custom["B071"]}, (DipId(THEIRS),))
        await say(self.platform, PARTNER, told, correlation=asked.correlation_id, response="A")
        (newest, *_) = (await self.world.them.json("/admin/api/messages"))["items"]
        assert newest["correlationId"] == asked.correlation_id
        self.world.secrets["transaction of our correlation"] = newest["transactionId"]

    async def keep(self) -> None:
        """What they keep: an endpoint's name, a requeue, users, subscriptions, an agent, an upload."""
        (endpoint,) = (one for one in self.platform.dip.dispatcher.endpoints() if one.recipient == THEIRS)
        told = {"name": "vqx-endpoint-8851", "told": ["vqx-told-8852@mail.example"]}
        await self.world.them.do("PATCH", f"/admin/api/endpoints/{endpoint.id}", told)
        await self.world.them.do(
            "POST", "/admin/api/users", {"name": "vqx-bert-8853", "powers": ["read-only"], "company": THEIR_COMPANY}
        )
        heard = await self.world.them.do(
            "POST", "/admin/api/alarm-subscriptions", {"way": "mail", "target": "vqx-mail-8854@mail.example"}
        )
        await self.world.administrator.do(
            "POST", f"/admin/api/participants/{THEIRS}/agents", {"agent": AGENT, "role": "SUP"}
        )
        view = await self.world.them.do(
            "POST",
            "/admin/api/views",
            {"name": "vqx-view-8857", "address": "/messages?reference=vqx-viewed-8858", "shared": True},
        )
        begun = await upload(
            self.platform, File(name="vqx-draft-8855.csv", content=b"vqx-content-8856\n"), self._directory
        )
        (held,) = (await self.world.administrator.json("/admin/api/publications/uploads"))["items"]
        assert begun.uri.endswith("1.1.1")
        self.world.names |= {"endpoint": endpoint.id, "user": "vqx-bert-8853"}
        self.world.names |= {"subscription": str(heard["id"]), "view": str(view["id"]), "upload": held["upload"]}
        self.world.secrets |= {
            "endpoint name": "vqx-endpoint-8851",
            "endpoint id": endpoint.id,
            "told": "vqx-told-8852",
            "user": "vqx-bert-8853",
            "other user": "vqx-bella-8831",
            "subscription": "vqx-mail-8854",
            "view": "vqx-view-8857",
            "viewed": "vqx-viewed-8858",
            "upload": held["upload"],
            "draft": "vqx-draft-8855",
        }

    async def trouble(self) -> None:
        """Incidents, one of them published; an alarm; a dead letter."""
        about_it = {"impact": "low", "urgency": "low", "participant": THEIRS}
        one = {"title": "vqx-title-8861", "description": "vqx-description-8862", **about_it}
        own = await self.world.them.do("POST", "/admin/api/incidents", one)
        await self.world.them.do(
            "POST", f"/admin/api/incidents/{own['number']}/contacts", {"way": "page", "text": "vqx-contact-8863"}
        )
        two = {"title": "A public title", "description": "vqx-description-8865", **about_it}
        public = await self.world.them.do("POST", "/admin/api/incidents", two)
        notice = {"notice": "Some of it is late", "owner": "vqx-owner-8866", "rootCause": "vqx-cause-8867"}
        await self.world.administrator.do("PATCH", f"/admin/api/incidents/{public['number']}", notice)
        alarms = self.platform.dip.duties.alarms
        alarms.raised(AlarmKind.LATENCY, f"{THEIRS} {CHANNEL}", "vqx-alarm-8868")
        found = await until(self._alarm)
        (letter,) = (await self.world.them.json("/admin/api/dead-letters"))["items"]
        self.world.names |= {"incident": str(own["number"]), "published": str(public["number"])}
        self.world.names |= {"alarm": str(found), "letter": str(letter["id"])}
        # The title of a published incident is as public as its notice.
        texts = ["title-8861", "description-8862", "contact-8863", "description-8865"]
        texts += ["owner-8866", "cause-8867", "alarm-8868"]
        self.world.secrets |= {one: f"vqx-{one}" for one in texts}

    async def certify(self) -> None:
        """Their certificates, and those for drills."""
        held = await self.world.them.json(f"/admin/api/participants/{THEIRS}/certificates")
        drills = await self.world.them.do("POST", f"/admin/api/participants/{THEIRS}/drills")
        fingerprint, drill = held["items"][0]["fingerprint"], drills["items"][0]["fingerprint"]
        self.world.names |= {"fingerprint": fingerprint, "drill": drill}
        self.world.secrets |= {"fingerprint": fingerprint, "drill": drill}

    def gather(self) -> None:
        """What the table's names stand for."""
        names, secrets = self.world.names, self.world.secrets
        names |= {"mpan": THEIR_MPAN, "linked": LINKED_MPAN, "shared_mpan": SHARED_MPAN}
        names |= {"company": THEIR_COMPANY, "witness": WITNESS}
        self.world.ids |= {
            "dip_id": [THEIRS, PARTNER],
            "mpan": [THEIR_MPAN],
            "endpoint_id": [names["endpoint"]],
            "delivery_id": [names["letter"]],
            "alarm_id": [names["alarm"]],
            "subscription_id": [names["subscription"]],
            "fingerprint": [names["fingerprint"], names["drill"]],
            "upload": [names["upload"]],
            "agent": [AGENT],
        }
        # Not even the administrator looks into the views that users keep for themselves and colleagues.
        self.world.unseen |= {"view", "viewed"}
        others = {"witness webhook", "upload", "draft", "owner-8866"}
        self.world.theirs = frozenset(secrets) - others - {"help", "witness help"}

    def _answered(self, incoming: Incoming) -> web.Response:
        return self._answering(incoming)

    async def _webhook(self, dip_id: str, path: str, answering: Any) -> Receiver:
        made = await self._stack.enter_async_context(Receiver(self.platform.credentials(dip_id), answering))
        await (await self.platform.client(dip_id)).configure_webhook(CHANNEL, made.url(path))
        return made

    async def _send(self, sender: str, message: dict[str, Any]) -> list[str]:
        client = await self.platform.client(sender)
        channel = message["payload"]["CommonBlock"]["S0"]["interfaceID"]
        result = await client.send(channel, [message], encrypt=True)
        assert result.all_accepted, result
        return [one.transaction_id for one in result.accepted]

    async def _send_badly(self) -> None:
        """A request of theirs that is refused whole."""
        client = await self.platform.client(THEIRS)
        refused = await client.send("IF-031", msgspec.json.encode([{"payload": "vqx-refused-8871"}]))
        assert not refused.accepted

    async def _settled(self, transaction: str, recipient: str) -> bool:
        detail = await self.platform.dip.store.pages.message(transaction)
        assert detail is not None
        return any(one.recipient == recipient and one.settled_at is not None for one in detail.deliveries)

    async def _requeue(self) -> None:
        client = await self.platform.client(THEIRS)
        requeue = await client.requeue(CHANNEL)
        self.world.names["requeue"] = self.world.secrets["requeue"] = requeue

        async def is_over() -> bool:
            (found,) = await client.requeue_status(CHANNEL, requeue)
            waiting = (await self.world.them.json("/admin/api/queues"))["items"]
            return found.status == "Completed" and not any(one["waiting"] or one["leased"] for one in waiting)

        await until(is_over)

    async def _alarm(self) -> int | None:
        found = (await self.world.them.json("/admin/api/alarms?state=open"))["items"]
        return next((one["id"] for one in found if "vqx-alarm-8868" in one["detail"]), None)

"""Participants: calls of the administration API (contract; 5.7.2, FS-43)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from aiohttp import web

from dip.channels.registry import Registry
from dip.delivery.dispatcher import Dispatcher
from dip.ground.current import Current
from dip.ground.errors import NotFound
from dip.http.portal.administration_orders import order_of
from dip.http.portal.guard import API, present_visitor
from dip.http.portal.open_doors import json_response
from dip.http.portal.powers import Power, Visitor
from dip.http.portal.views import CertificateView, certificate_view
from dip.messages.identifiers import DipId, RoleCode
from dip.participants.participant import Participant
from dip.participants.receiving import offered_to, received_by
from dip.participants.registry import Participants
from dip.security.pki import CertificateUse
from dip.trust.central_feed import CentralFeed
from dip.trust.onboarding import Joined, Onboarding
from dip.trust.onboarding_orders import NewParticipant, ParticipantChange

_ALL: Final = f"{API}/participants"
_ONE: Final = f"{_ALL}/{{dip_id}}"
_CREATED: Final = 201
_NO_CONTENT: Final = 204


class ParticipantView(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A participant in a list. roles: all in force; optionalRoles: those of them that it signed up for."""

    dip_id: DipId
    mpid: str
    name: str
    roles: tuple[RoleCode, ...]
    optional_roles: tuple[RoleCode, ...]
    optional_channels: tuple[str, ...]
    company: str
    company_name: str
    since: datetime
    left_at: datetime | None


class ParticipantChannels(msgspec.Struct, frozen=True, rename="camel"):
    """The channels that a participant has by its roles. offered: those that it has to sign up for to receive."""

    sends: tuple[str, ...]
    receives: tuple[str, ...]
    offered: tuple[str, ...]


class ParticipantDetail(ParticipantView, frozen=True, rename="camel", kw_only=True):
    """A participant with its channels, webhooks (channels that have one) and certificates, newest first within a use.

    apiKey: only in the answer to the call that made it.
    """

    channels: ParticipantChannels
    webhooks: tuple[str, ...]
    certificates: tuple[CertificateView, ...]
    api_key: str | None = None


class ParticipantDesk:
    """Handlers of `/admin/api/participants` and of `/admin/api/central-feed`."""

    def __init__(
        self,
        *,
        onboarding: Onboarding,
        central_feed: CentralFeed,
        participants: Current[Participants],
        registry: Current[Registry],
        dispatcher: Dispatcher,
    ) -> None:
        self._onboarding = onboarding
        self._central_feed = central_feed
        self._participants = participants
        self._registry = registry
        self._dispatcher = dispatcher

    def routes(self) -> list[web.RouteDef]:
        """The calls."""
        return [
            web.get(_ALL, self.listed),
            web.post(_ALL, self.add),
            web.get(_ONE, self.one),
            web.patch(_ONE, self.change),
            web.delete(_ONE, self.offboard),
            web.get(f"{API}/central-feed", self.feed),
            web.post(f"{API}/central-feed/pull", self.pull),
        ]

    async def listed(self, request: web.Request) -> web.Response:
        """Every participant that takes part; with `left=true` also those that left."""
        known = self.seen(present_visitor(request), with_left=request.query.get("left") == "true")
        return json_response({"items": [self.view(one) for one in known], "next": None})

    async def one(self, request: web.Request) -> web.Response:
        """One participant with its channels, webhooks and certificates; also one that left."""
        return json_response(self.detail(self.found(request)))

    async def add(self, request: web.Request) -> web.Response:
        """Onboard a participant: it has its channels, certificates and folder at once.

        One that left comes back under its DIP id with new certificates. The API key stands in this answer alone, and in
        `participant.json` of its folder.
        """
        present_visitor(request).check_has(Power.PARTICIPANTS)
        joined = await self._onboarding.add(await order_of(request, NewParticipant))
        return json_response(self._answer(joined), status=_CREATED)

    async def change(self, request: web.Request) -> web.Response:
        """Change names, roles, company, or what it signed up for; or make a new API key and void the old one.

        Messages that wait on channels which it loses by that are withdrawn, and their senders told. A company's own
        users may change optional roles and channels alone.
        """
        change = await order_of(request, ParticipantChange)
        participant = self.found(request)
        check_change(present_visitor(request), change)
        return json_response(self._answer(await self._onboarding.change(participant.dip_id, change)))

    async def offboard(self, request: web.Request) -> web.Response:
        """Offboard a participant: roles, certificates, API key, webhooks and waiting messages are withdrawn."""
        present_visitor(request).check_has(Power.PARTICIPANTS)
        await self._onboarding.offboard(self.found(request).dip_id)
        return web.Response(status=_NO_CONTENT)

    async def feed(self, request: web.Request) -> web.Response:
        """The central feed of companies: where it is, how often it is asked, how the last call went."""
        return json_response(self._central_feed.state)

    async def pull(self, request: web.Request) -> web.Response:
        """Ask the central feed now and apply what it says; 502 where it gives no answer that can be used."""
        await self._central_feed.pull()
        return json_response(self._central_feed.state)

    def seen(self, visitor: Visitor, *, with_left: bool) -> Sequence[Participant]:
        """The participants whose affairs are open to a visitor, in order of id."""
        known = (one for one in self._participants.value if visitor.sees(one.dip_id))
        return sorted((one for one in known if with_left or one.left_at is None), key=lambda one: one.dip_id)

    def found(self, request: web.Request) -> Participant:
        """The participant of an address. Raises NotFound where there is none, or it is none of the visitor's."""
        dip_id = DipId(request.match_info["dip_id"])
        present_visitor(request).check_sees(dip_id)
        found = self._participants.value.get(dip_id)
        if found is None:
            raise NotFound("No participant has this DIP id.")
        return found

    def company_name(self, number: str) -> str:
        """The name of a company; empty where it is not known."""
        company = self._onboarding.companies.get(number)
        return company.name if company is not None else ""

    def view(self, one: Participant) -> ParticipantView:
        """A participant as a line of a list; never its API key."""
        return ParticipantView(
            dip_id=one.dip_id,
            mpid=one.mpid,
            name=one.name,
            roles=one.roles,
            optional_roles=one.optional_roles,
            optional_channels=one.optional_channels,
            company=one.company,
            company_name=self.company_name(one.company),
            since=one.since,
            left_at=one.left_at,
        )

    def detail(self, one: Participant, api_key: str | None = None) -> ParticipantDetail:
        """A participant in full; never the keys of its certificates."""
        participants = self._participants.value
        shown: dict[str, Any] = msgspec.structs.asdict(self.view(one))
        return ParticipantDetail(
            **shown,
            channels=self.channels(one),
            webhooks=tuple(sorted(self._dispatcher.webhooks_of(one.dip_id))),
            certificates=tuple(
                certificate_view(held) for use in CertificateUse for held in participants.held_by(one.dip_id, use)
            ),
            api_key=api_key,
        )

    def channels(self, one: Participant) -> ParticipantChannels:
        """The channels that a participant has by its roles."""
        channels = self._registry.value.channels.values()
        return ParticipantChannels(
            sends=tuple(sorted(channel.id for channel in channels if channel.senders & set(one.roles))),
            receives=tuple(sorted(received_by(one, channels))),
            offered=tuple(sorted(offered_to(one, channels))),
        )

    def _answer(self, joined: Joined) -> ParticipantDetail:
        return self.detail(joined.participant, joined.api_key)


def check_change(visitor: Visitor, change: ParticipantChange) -> None:
    """Raise NotPermitted where a visitor may not change that."""
    if change.is_sign_up:
        visitor.check_has(Power.PARTICIPANTS, Power.COMPANY_USERS)
    else:
        visitor.check_has(Power.PARTICIPANTS)

"""GET and POST /companyDetails: the feed of participants between the central system and the DIP (live API 2.2.1)."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec
from aiohttp import web

from dip.channels.registry import Registry
from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.errors import BadRequest, NotFound, NotPermitted
from dip.ground.settings import Settings
from dip.http.api.calls import JSON, Desk, caller_of
from dip.intake.answer import Answering
from dip.intake.refusal import RequestRefused
from dip.messages.faults import Fault
from dip.messages.identifiers import DIP, DipId, RoleCode
from dip.messages.standard_response import HELP_LIMIT
from dip.messages.timestamps import wire_time
from dip.participants.access import Caller
from dip.participants.participant import Participant, Qualification
from dip.participants.registry import Participants
from dip.trust.company_form import OnboardingRefused, read_companies
from dip.trust.onboarding import Applied, Onboarding

FILTERS: Final = ("companyNumber", "MPID", "marketRoleCode", "DIPRoleCode")
_CREATED: Final = 201
_NAMED: Final = 10
_SCHEMA_FAILURE: Final = "MSG1001"


class MarketRoleView(msgspec.Struct, frozen=True):
    """A role of a market participant. Times have 25 characters; the end is exclusive; null: open."""

    role: RoleCode = msgspec.field(name="DIPRoleCode")
    market_role: str | None = msgspec.field(name="marketRoleCode")
    effective_from: str | None = msgspec.field(name="effectiveFrom")
    effective_to: str | None = msgspec.field(name="effectiveTo")


class MarketParticipantView(msgspec.Struct, frozen=True):
    """A market participant with its roles, those to come included, without those that it signed up for."""

    mpid: str = msgspec.field(name="MPID")
    dip_id: DipId = msgspec.field(name="DIPID")
    name: str
    market_roles: tuple[MarketRoleView, ...] = msgspec.field(name="marketRoles")


class CompanyDetails(msgspec.Struct, frozen=True, rename="camel"):
    """A company with its market participants, in the form that POST takes. companyNumber: null where none is known."""

    company_number: str | None
    company_name: str | None
    market_participants: tuple[MarketParticipantView, ...]


class CompanyDetailsApi:
    """Handlers of /companyDetails. The caller needs one of the roles of a setting; no signature is asked for."""

    def __init__(
        self,
        *,
        desk: Desk,
        settings: Settings,
        clock: Clock,
        registry: Current[Registry],
        participants: Current[Participants],
        onboarding: Onboarding,
    ) -> None:
        self._desk = desk
        self._settings = settings
        self._clock = clock
        self._registry = registry
        self._participants = participants
        self._onboarding = onboarding
        self._roles = frozenset(RoleCode(one.strip()) for one in settings.company_details_roles.split(",") if one)

    async def shown(self, request: web.Request) -> web.Response:
        """Companies that fit, in the form of POST; 404 where none does."""
        self._authorise(request)
        wanted = {name: request.query[name] for name in FILTERS if request.query.get(name)}
        unknown = sorted(set(request.query) - set(FILTERS))
        if unknown:
            raise BadRequest(f"{unknown[0][:30]}: expected one of {', '.join(FILTERS)}.")
        found = self._companies(wanted)
        if not found:
            raise NotFound(f"No company fits: {', '.join(wanted) or 'nobody takes part'}.")
        return web.Response(body=msgspec.json.encode(found), content_type=JSON)

    async def take(self, request: web.Request) -> web.Response:
        """Take what the central feed publishes: one company or several, wholly or in part; the same again is fine."""
        caller = self._authorise(request)
        body = await self._desk.read(request, self._settings.company_details_limit_bytes)
        try:
            companies = await asyncio.to_thread(read_companies, body, self._registry.value.roles)
            applied = await self._onboarding.apply(companies)
        except OnboardingRefused as refused:
            raise RequestRefused(_SCHEMA_FAILURE, _listed(refused.faults)) from refused
        answering = Answering(self._settings.switches, self._registry.value.response_codes)
        said = answering.refuse_whole("MSG0000", _in_words(applied), caller.dip_id, wire_time(self._clock.now()))
        return web.Response(status=_CREATED, body=said, content_type=JSON)

    def _authorise(self, request: web.Request) -> Caller:
        caller = caller_of(request)
        participant = self._participants.value.present(caller.dip_id)
        if participant is None or self._roles.isdisjoint(participant.roles):
            allowed = ", ".join(sorted(self._roles))
            raise NotPermitted(
                f"/companyDetails may be called in the role {allowed}; {caller.dip_id} does not have it."
            )
        return caller

    def _companies(self, wanted: Mapping[str, str]) -> list[CompanyDetails]:
        by_company: dict[str, list[MarketParticipantView]] = {}
        for one in sorted(self._participants.value, key=lambda one: (one.company, one.dip_id)):
            if one.dip_id == DIP or one.left_at is not None:
                continue
            view = _view(one, self._onboarding.qualifications.get(one.dip_id, ()))
            if _fits(one.company, view, wanted):
                by_company.setdefault(one.company, []).append(view)
        names = self._onboarding.companies
        number = wanted.get("companyNumber", "")
        if number in names and len(wanted) == 1:
            # One whose participants have all left is known still.
            by_company.setdefault(number, [])
        return [
            CompanyDetails(number or None, names[number].name if number in names else None, tuple(held))
            for number, held in sorted(by_company.items())
        ]


def _fits(company: str, view: MarketParticipantView, wanted: Mapping[str, str]) -> bool:
    """Whether every filter fits; those about a role have to fit one and the same."""
    if wanted.get("companyNumber", company) != company or wanted.get("MPID", view.mpid) != view.mpid:
        return False
    if not {"marketRoleCode", "DIPRoleCode"} & set(wanted):
        return True
    return any(
        wanted.get("DIPRoleCode", one.role) == one.role
        and wanted.get("marketRoleCode", one.market_role) == one.market_role
        for one in view.market_roles
    )


def _view(one: Participant, known: Sequence[Qualification]) -> MarketParticipantView:
    stated = {held.role: held for held in known}
    roles = dict.fromkeys([*one.base_roles, *stated])
    return MarketParticipantView(one.mpid, one.dip_id, one.name, tuple(_role(role, stated.get(role)) for role in roles))


def _role(role: RoleCode, known: Qualification | None) -> MarketRoleView:
    if known is None:
        return MarketRoleView(role, None, None, None)
    return MarketRoleView(role, known.market_role or None, _time(known.effective_from), _time(known.effective_to))


def _time(at: datetime | None) -> str | None:
    return None if at is None else wire_time(at)


def _in_words(applied: Applied) -> str:
    said = [f"{applied.companies} compan{'y' if applied.companies == 1 else 'ies'} read"]
    for word, ids in (("joined", applied.joined), ("changed", applied.changed), ("left", applied.left)):
        if ids:
            more = "" if len(ids) <= _NAMED else f" and {len(ids) - _NAMED} more"
            said.append(f"{len(ids)} {word}: {', '.join(ids[:_NAMED])}{more}")
    return "; ".join(said if len(said) > 1 else [*said, "nothing changed"])


def _listed(faults: Iterable[Fault]) -> str:
    """As many whole faults as the help field holds, and how many more there are."""
    pieces = [str(fault) for fault in faults]
    for shown in range(min(len(pieces), _NAMED), 0, -1):
        left = len(pieces) - shown
        text = "; ".join(pieces[:shown]) + (f"; and {left} more" if left else "")
        if len(text) <= HELP_LIMIT:
            return text
    return pieces[0][:HELP_LIMIT]

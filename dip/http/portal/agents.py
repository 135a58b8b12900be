"""Agents: calls of the administration API, and the page (5.7.1, FS-42)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from aiohttp import web

from dip.ground.current import Current
from dip.ground.errors import DipError, NotFound
from dip.http.portal.administration_orders import order_of
from dip.http.portal.guard import API, visitor_of
from dip.http.portal.open_doors import json_response
from dip.http.portal.powers import Power, Visitor
from dip.http.portal.renderer import Renderer
from dip.http.problems import status_of
from dip.messages.identifiers import DipId, RoleCode
from dip.participants.agency import AGENT, Agency
from dip.participants.registry import Participants
from dip.trust.agents import Agents

_OF_ONE: Final = f"{API}/participants/{{dip_id}}/agents"
_PAGE: Final = "/participants/{dip_id}/agents"
_CHANGES: Final = (Power.PARTICIPANTS, Power.COMPANY_USERS, Power.COMPANY_MESSAGES)
_OK: Final = 200
_CREATED: Final = 201
_NO_CONTENT: Final = 204


class AgentOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An agent to act for a participant in a role. encrypts: what the participant gets is encrypted to the agent."""

    agent: DipId
    role: RoleCode
    encrypts: bool = False


class AgencyView(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """That an agent acts for a participant, or did until withdrawnAt; who said so, and who took it back."""

    participant: DipId
    role: RoleCode
    agent: DipId
    encrypts: bool
    assigned_at: datetime
    assigned_by: str
    withdrawn_at: datetime | None
    withdrawn_by: str | None


class AgentDesk:
    """Handlers of `…/participants/{dip_id}/agents` and `…/principals`, and of a participant's page of agents."""

    def __init__(self, *, agents: Agents, participants: Current[Participants], renderer: Renderer) -> None:
        self._agents = agents
        self._participants = participants
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """Calls and page."""
        return [
            web.get(_OF_ONE, self.listed),
            web.post(_OF_ONE, self.assign),
            web.delete(f"{_OF_ONE}/{{agent}}", self.withdraw),
            web.get(f"{API}/participants/{{dip_id}}/principals", self.principals),
            web.get(_PAGE, self.page),
            web.post(_PAGE, self.change),
        ]

    async def listed(self, request: web.Request) -> web.Response:
        """Who acts for a participant, then who did; each newest first."""
        return _list(self._agents.of_principal(_dip_id(request)))

    async def principals(self, request: web.Request) -> web.Response:
        """For whom an agent acts, then for whom it did; each newest first."""
        return _list(self._agents.of_agent(_dip_id(request)))

    async def assign(self, request: web.Request) -> web.Response:
        """Have an agent (role DCP) act for a participant in one of its roles, from the next call on.

        It connects, signs, sends and receives as the participant does, and the participant may go on itself. With
        `encrypts` whatever the participant gets is encrypted to the agent's certificate. A role has one agent: 409
        where another one has it. 200 where it stood like that already.
        """
        principal = _dip_id(request, *_CHANGES)
        order = await order_of(request, AgentOrder)
        author = _visitor(request).name
        made, is_new = await self._agents.assign(
            principal, order.role, order.agent, encrypts=order.encrypts, author=author
        )
        return json_response(_view(made), status=_CREATED if is_new else _OK)

    async def withdraw(self, request: web.Request) -> web.Response:
        """Withdraw an agent, in the role of `?role=` or in all; its next call for the participant is refused.

        Webhooks that it set are the participant's, and stay.
        """
        principal = _dip_id(request, *_CHANGES)
        await self._agents.withdraw(
            principal,
            DipId(request.match_info["agent"]),
            RoleCode(request.query["role"]) if request.query.get("role") else None,
            author=_visitor(request).name,
        )
        return web.Response(status=_NO_CONTENT)

    async def page(self, request: web.Request) -> web.Response:
        """Who acts for a participant and, where it is an agent, for whom it acts; with what was before."""
        return self._page(request)

    async def change(self, request: web.Request) -> web.Response:
        """What a form of the page asks for: to assign, or to withdraw."""
        principal = _dip_id(request, *_CHANGES)
        form, author = await request.post(), _visitor(request).name
        agent, role = DipId(str(form.get("agent", "")).strip()), RoleCode(str(form.get("role", "")))
        try:
            if form.get("do") == "withdraw":
                await self._agents.withdraw(principal, agent, role, author=author)
            else:
                encrypts = form.get("encrypts") == "1"
                await self._agents.assign(principal, role, agent, encrypts=encrypts, author=author)
        except DipError as refused:
            return self._page(request, refused)
        raise web.HTTPSeeOther(f"/participants/{principal}/agents?done={form.get('do', '')}")

    def _page(self, request: web.Request, refused: DipError | None = None) -> web.Response:
        dip_id, participants = _dip_id(request), self._participants.value
        participant = participants.get(dip_id)
        if participant is None:
            raise NotFound("No participant has this DIP id.")
        assigned, taken = self._agents.of_principal(dip_id), self._agents.of_agent(dip_id)
        held = {one.role for one in assigned if one.withdrawn_at is None}
        values: dict[str, Any] = {
            "participant": participant,
            "tab": "agents",
            "assigned": assigned,
            "taken": taken,
            "is_agent": AGENT in participant.roles,
            "free_roles": [role for role in participant.roles if role != AGENT and role not in held],
            "agents": [participants.get(one) for one in participants.by_role(AGENT) if one != dip_id],
            "names": {one.dip_id: one.name for one in participants},
            "may_change": _visitor(request).has(*_CHANGES) and participant.left_at is None,
            "refused": refused,
            "done": request.query.get("done", ""),
        }
        status = _OK if refused is None else status_of(refused)
        return self._renderer.page(request, "agents.html", values, status=status)


def _visitor(request: web.Request) -> Visitor:
    visitor = visitor_of(request)
    if visitor is None:
        raise NotFound("No participant of yours has this DIP id.")
    return visitor


def _dip_id(request: web.Request, *powers: Power) -> DipId:
    """The participant of the address, where it is one of the visitor's. powers: one of them is needed.

    Raises NotFound, NotPermitted.
    """
    visitor, dip_id = _visitor(request), DipId(request.match_info["dip_id"])
    visitor.check_sees(dip_id)
    if powers:
        visitor.check_has(*powers)
    return dip_id


def _list(agencies: Sequence[Agency]) -> web.Response:
    return json_response({"items": [_view(one) for one in agencies], "next": None})


def _view(one: Agency) -> AgencyView:
    return AgencyView(
        participant=one.principal,
        role=one.role,
        agent=one.agent,
        encrypts=one.encrypts,
        assigned_at=one.assigned_at,
        assigned_by=one.author,
        withdrawn_at=one.withdrawn_at,
        withdrawn_by=one.withdrawn_by,
    )

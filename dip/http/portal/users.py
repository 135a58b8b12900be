"""Users: calls of the administration API, and the page (5.12.2, 8.3)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from aiohttp import web

from dip.ground.current import Current
from dip.ground.errors import BadRequest, DipError
from dip.http.portal.accounts import Accounts, UserChange, UserOrder
from dip.http.portal.administration_orders import order_of
from dip.http.portal.guard import API, present_visitor
from dip.http.portal.open_doors import json_response
from dip.http.portal.permissions import USERS_CHANGE
from dip.http.portal.powers import Power, Visitor
from dip.http.portal.renderer import Renderer
from dip.http.portal.scope import COMPANY_POWERS
from dip.http.portal.views import CertificateView, certificate_view
from dip.http.problems import status_of
from dip.messages.identifiers import DipId
from dip.participants.registry import Participants
from dip.store.page_records import PAGE_LIMIT
from dip.store.users import User

_ALL: Final = f"{API}/users"
_ONE: Final = f"{_ALL}/{{name}}"
_PAGE: Final = "/users"
_CREATED: Final = 201
_NO_CONTENT: Final = 204
_BLANK: Final = {"name": "", "company": "", "dip_ids": ""}


class UserView(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A user. company: null for the DIP's own people; dip_ids: null for all of the company (or of the market).

    must_change: the password has to be changed at the next log-in. certificate: fingerprint of the client certificate
    that logs the user in. disabled_at: since when the user can't log in.
    """

    name: str
    powers: tuple[str, ...]
    company: str | None
    dip_ids: tuple[DipId, ...] | None
    must_change: bool
    certificate: str | None
    disabled_at: datetime | None
    made_at: datetime
    author: str


class UserWithPassword(UserView, frozen=True, rename="camel", kw_only=True):
    """A user with a password just made, which is shown this once; null where none was made."""

    password: str | None


class UserCertificate(CertificateView, frozen=True, rename="camel", kw_only=True):
    """A client certificate just issued. pem: the certificate, with the issuing one after it."""

    pem: str


class CertificateRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A client certificate to be issued. csr: a signing request in PEM."""

    csr: str


class UserDesk:
    """Handlers of `/admin/api/users` and of the page `/users`."""

    def __init__(self, *, accounts: Accounts, participants: Current[Participants], renderer: Renderer) -> None:
        self._accounts = accounts
        self._participants = participants
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """Calls and page."""
        return [
            web.get(_ALL, self.listed),
            web.post(_ALL, self.add),
            web.get(_ONE, self.one),
            web.patch(_ONE, self.change),
            web.delete(_ONE, self.remove),
            web.post(f"{_ONE}/certificate", self.issue),
            web.get(_PAGE, self.page),
            web.post(_PAGE, self.move),
        ]

    async def listed(self, request: web.Request) -> web.Response:
        """The users, by name; those of one's own company, or all. `next`: the name to go on behind."""
        after = request.query.get("next", "")
        found = [user for user in self._accounts.listed(present_visitor(request)) if user.name > after]
        shown = found[:PAGE_LIMIT]
        following = shown[-1].name if len(found) > len(shown) else None
        return json_response({"items": [view(user) for user in shown], "next": following})

    async def one(self, request: web.Request) -> web.Response:
        """One user."""
        return json_response(view(self._accounts.one(present_visitor(request), request.match_info["name"])))

    async def add(self, request: web.Request) -> web.Response:
        """Make a user with a random password, said in the answer alone, to be changed at the first log-in."""
        user, password = await self._accounts.add(present_visitor(request), await order_of(request, UserOrder))
        return json_response(_with_password(user, password), status=_CREATED)

    async def change(self, request: web.Request) -> web.Response:
        """Change what a user may do and see, disable it, or give it a new password; its sessions end at once."""
        order = await order_of(request, UserChange)
        name = request.match_info["name"]
        user, password = await self._accounts.change(present_visitor(request), name, order)
        return json_response(_with_password(user, password))

    async def remove(self, request: web.Request) -> web.Response:
        """Remove a user; its sessions end at once. The last administrator stays."""
        await self._accounts.remove(present_visitor(request), request.match_info["name"])
        return web.Response(status=_NO_CONTENT)

    async def issue(self, request: web.Request) -> web.Response:
        """Issue a client certificate, with the user's name as common name, that logs the user in from now on.

        Only the key is taken from the request. A certificate that was issued to the user before is revoked.
        """
        order = await order_of(request, CertificateRequest)
        held = await self._accounts.issue(present_visitor(request), request.match_info["name"], order.csr)
        shown: dict[str, Any] = msgspec.structs.asdict(certificate_view(held))
        return json_response(UserCertificate(**shown, pem=held.pem), status=_CREATED)

    async def page(self, request: web.Request) -> web.Response:
        """The users, a form for each, and one for a new user."""
        return self._show(request, _BLANK)

    async def move(self, request: web.Request) -> web.Response:
        """What a form of the page asks for; a new password stands on the page that answers, this once."""
        form = await request.post()
        visitor, name, action = present_visitor(request), str(form.get("name", "")).strip(), str(form.get("do", ""))
        try:
            if action == "add":
                user, password = await self._accounts.add(visitor, _order(form))
                return self._show(request, _BLANK, told=user.name, password=password)
            if action == "remove":
                await self._accounts.remove(visitor, name)
                raise web.HTTPSeeOther(f"{_PAGE}?done=removed")
            if action == "certificate":
                held = await self._accounts.issue(visitor, name, str(form.get("csr", "")))
                return self._show(request, _BLANK, told=name, certificate=held.pem)
            user, made = await self._accounts.change(visitor, name, _change(action, form))
        except DipError as refused:
            typed = {key: str(form.get(key, "")) for key in _BLANK}
            return self._show(request, typed if action == "add" else _BLANK, told=name, refused=refused)
        if made is not None:
            return self._show(request, _BLANK, told=user.name, password=made)
        raise web.HTTPSeeOther(f"{_PAGE}?done=saved#{user.name}")

    def _show(
        self,
        request: web.Request,
        typed: Mapping[str, str],
        *,
        told: str = "",
        password: str | None = None,
        certificate: str | None = None,
        refused: DipError | None = None,
    ) -> web.Response:
        visitor = present_visitor(request)
        participants = self._participants.value
        companies = {one.company for one in participants if one.company}
        values = {
            "users": self._accounts.listed(visitor),
            "typed": typed,
            "told": told,
            "password": password,
            "certificate": certificate,
            "refused": refused,
            "done": request.query.get("done", ""),
            "may_change": USERS_CHANGE.allows(visitor) and (visitor.company is not None or visitor.has()),
            "offered": offered(visitor),
            "companies": [visitor.company] if visitor.company is not None else sorted(companies),
            "own": visitor.name if visitor.form_token is not None else "",
        }
        return self._renderer.page(request, "users.html", values, status=200 if refused is None else status_of(refused))


def view(user: User) -> UserView:
    """A user without its password."""
    given = msgspec.structs.asdict(user)
    return UserView(**{name: given[name] for name in UserView.__struct_fields__})


def offered(visitor: Visitor) -> list[Power]:
    """The powers that a visitor may give."""
    return [power for power in Power if visitor.company is None or power in COMPANY_POWERS]


def _with_password(user: User, password: str | None) -> UserWithPassword:
    given = msgspec.structs.asdict(user)
    return UserWithPassword(**{name: given[name] for name in UserView.__struct_fields__}, password=password)


def _order(form: Any) -> UserOrder:
    return UserOrder(
        name=str(form.get("name", "")).strip(),
        powers=_powers(form),
        company=str(form.get("company", "")).strip() or None,
        dip_ids=_dip_ids(form),
    )


def _change(action: str, form: Any) -> UserChange:
    """What a button of a user's form asks for. Raises BadRequest."""
    match action:
        case "save":
            return UserChange(
                powers=_powers(form), company=str(form.get("company", "")).strip() or None, dip_ids=_dip_ids(form)
            )
        case "disable" | "enable":
            return UserChange(disabled=action == "disable")
        case "password":
            return UserChange(new_password=True)
        case "no-certificate":
            return UserChange(certificate=None)
    raise BadRequest("do: expected add, save, disable, enable, password, certificate, no-certificate or remove.")


def _powers(form: Any) -> tuple[Power, ...]:
    return tuple(Power(power) for power in form.getall("powers", []) if power in {one.value for one in Power})


def _dip_ids(form: Any) -> tuple[DipId, ...] | None:
    text = str(form.get("dip_ids", "")).replace(",", " ").split()
    return tuple(DipId(one) for one in text) or None

"""Outside authorities: calls of the administration API, and the page (8.4, FS-60)."""

from datetime import datetime
from typing import Any, Final

import msgspec
from aiohttp import web
from cryptography import x509

from dip.ground.errors import DipError
from dip.http.portal.administration_orders import order_of
from dip.http.portal.guard import API, visitor_of
from dip.http.portal.open_doors import json_response
from dip.http.portal.permissions import AUTHORITIES_CHANGE
from dip.http.portal.renderer import Renderer
from dip.http.problems import status_of
from dip.store.authorities import AuthorityKind, OutsideAuthority
from dip.trust.authorities import Authorities

_ALL: Final = f"{API}/authorities"
_PAGE: Final = "/authorities"
_CREATED: Final = 201
_KINDS: Final = {
    AuthorityKind.TRUSTED: "Trusted",
    AuthorityKind.ENVIRONMENT: "Another environment",
}


class AuthorityOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An authority to be known. certificate: its root in PEM, with what that issued to issue with. name: for people."""

    certificate: str
    kind: AuthorityKind = AuthorityKind.TRUSTED
    name: str = ""


class AuthorityView(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """An outside authority. fingerprint: of its root, SHA-256. environment: where it is another environment's."""

    fingerprint: str
    name: str
    subject: str
    kind: AuthorityKind
    environment: str
    not_after: datetime
    added_at: datetime
    author: str
    removed_at: datetime | None


class AuthorityDesk:
    """Handlers of `/admin/api/authorities` and of the page `/authorities`."""

    def __init__(self, *, authorities: Authorities, renderer: Renderer) -> None:
        self._authorities = authorities
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """Calls and page."""
        return [
            web.get(_ALL, self.listed),
            web.post(_ALL, self.add),
            web.delete(f"{_ALL}/{{fingerprint}}", self.remove),
            web.get(_PAGE, self.page),
            web.post(_PAGE, self.send),
        ]

    async def listed(self, request: web.Request) -> web.Response:
        """The outside authorities: trusted ones, and those of other environments."""
        return json_response({"items": [_view(one) for one in self._authorities.listed()], "next": None})

    async def add(self, request: web.Request) -> web.Response:
        """Know a further authority: the next connection with a certificate of it gets through to HTTP.

        Participants may bring certificates of a trusted one. The root of another environment is known so that its
        certificates are refused in words that name both environments.
        """
        order = await order_of(request, AuthorityOrder)
        added = await self._authorities.add(order.certificate, author=_name(request), name=order.name, kind=order.kind)
        return json_response(_view(added), status=_CREATED)

    async def remove(self, request: web.Request) -> web.Response:
        """Trust an authority no more: every certificate of it is refused at once, those that were taken too."""
        fingerprint = request.match_info["fingerprint"].lower()
        return json_response(_view(await self._authorities.remove(fingerprint, author=_name(request))))

    async def page(self, request: web.Request) -> web.Response:
        """The list and the form for one more."""
        return self._page(request)

    async def send(self, request: web.Request) -> web.Response:
        """What a form of the page asks for."""
        form = {name: str(value).strip() for name, value in (await request.post()).items()}
        try:
            if form.get("do") == "remove":
                await self._authorities.remove(form.get("fingerprint", ""), author=_name(request))
            else:
                kind = AuthorityKind.ENVIRONMENT if form.get("kind") == "environment" else AuthorityKind.TRUSTED
                pem = form.get("certificate", "")
                await self._authorities.add(pem, author=_name(request), name=form.get("name", ""), kind=kind)
        except DipError as refused:
            return self._page(request, form, refused)
        raise web.HTTPSeeOther(f"{_PAGE}?done={'removed' if form.get('do') == 'remove' else 'added'}")

    def _page(
        self, request: web.Request, form: dict[str, str] | None = None, refused: DipError | None = None
    ) -> web.Response:
        visitor = visitor_of(request)
        values: dict[str, Any] = {
            "authorities": [_view(one) for one in self._authorities.listed()],
            "kinds": _KINDS,
            "form": form or {},
            "refused": refused,
            "done": request.query.get("done", ""),
            "may_change": visitor is not None and AUTHORITIES_CHANGE.allows(visitor),
        }
        status = 200 if refused is None else status_of(refused)
        return self._renderer.page(request, "authorities.html", values, status=status)


def _name(request: web.Request) -> str:
    visitor = visitor_of(request)
    return visitor.name if visitor is not None else ""


def _view(authority: OutsideAuthority) -> AuthorityView:
    root = x509.load_pem_x509_certificate(authority.pem.encode())
    return AuthorityView(
        fingerprint=authority.fingerprint,
        name=authority.name,
        subject=root.subject.rfc4514_string(),
        kind=authority.kind,
        environment=authority.environment,
        not_after=root.not_valid_after_utc,
        added_at=authority.added_at,
        author=authority.author,
        removed_at=authority.removed_at,
    )

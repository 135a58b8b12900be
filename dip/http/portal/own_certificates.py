"""The DIP's own certificates and this environment's authority: calls of the administration API (8.4)."""

from typing import Any, Final

import msgspec
from aiohttp import web

from dip.http.portal.administration_orders import order_of
from dip.http.portal.certificate_views import CertificateViews, OwnCertificateLine, authority_views
from dip.http.portal.guard import API
from dip.http.portal.open_doors import json_response
from dip.participants.participant import HeldCertificate
from dip.security.pki import Authority, CertificateUse
from dip.trust.own_certificates import OwnCertificates

_ALL: Final = f"{API}/platform/certificates"
_CREATED: Final = 201


class OwnRenewalOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which of its own certificates the DIP is to renew: tls or signing."""

    use: CertificateUse


class IssuedOwnCertificate(OwnCertificateLine, frozen=True, rename="camel", kw_only=True):
    """One of the DIP's own, just issued. pem: for TLS with the issuing one after it."""

    pem: str


class OwnCertificateDesk:
    """Handlers of `/admin/api/platform/certificates` and `/admin/api/platform/authority`."""

    def __init__(self, *, own: OwnCertificates, authority: Authority, views: CertificateViews) -> None:
        self._own = own
        self._authority = authority
        self._views = views

    def routes(self) -> list[web.RouteDef]:
        """The calls."""
        return [
            web.get(_ALL, self.listed),
            web.post(_ALL, self.renew),
            web.delete(f"{_ALL}/{{fingerprint}}", self.revoke),
            web.get(f"{API}/platform/authority", self.authority),
        ]

    async def listed(self, request: web.Request) -> web.Response:
        """Every certificate of the DIP's own, newest first within a use, and which of them it uses."""
        return json_response({"items": [self._line(held) for held in self._own.held()], "next": None})

    async def renew(self, request: web.Request) -> web.Response:
        """Give the DIP a new key and certificate for TLS, or for signing, while it serves.

        New connections see the new certificate, and what goes out from now on is signed with it; open connections go
        on. The earlier one stays good until its end, or until it is revoked. `dip/signing.pem` is written anew.
        """
        order = await order_of(request, OwnRenewalOrder)
        held = await self._own.renew(order.use)
        line: dict[str, Any] = msgspec.structs.asdict(self._line(held))
        return json_response(IssuedOwnCertificate(**line, pem=held.pem), status=_CREATED)

    async def revoke(self, request: web.Request) -> web.Response:
        """Revoke an earlier one of the DIP's own; 409 for one that it uses."""
        return json_response(self._line(await self._own.revoke(request.match_info["fingerprint"].lower())))

    async def authority(self, request: web.Request) -> web.Response:
        """The root of this environment, and the authority under it that issues."""
        return json_response({"items": authority_views(self._authority), "next": None})

    def _line(self, held: HeldCertificate) -> OwnCertificateLine:
        return self._views.own_line(held, in_use=self._own.is_in_use(held.fingerprint))

"""Certificates of participants: calls of the administration API, and the revocation list (contract; 8.4)."""

from typing import Any, Final

import msgspec
from aiohttp import web

from dip.ground.current import Current
from dip.ground.errors import NotFound
from dip.http.portal.administration_orders import order_of
from dip.http.portal.guard import API
from dip.http.portal.open_doors import json_response
from dip.http.portal.views import CertificateView, certificate_view
from dip.messages.identifiers import DipId
from dip.participants.registry import Participants
from dip.security.pki import CertificateUse
from dip.trust.certificates import Certificates

_OF_ONE: Final = f"{API}/participants/{{dip_id}}/certificates"
_CREATED: Final = 201
_CRL: Final = "application/pkix-crl"


class CertificateOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A certificate to be issued. csr: a signing request in PEM; None: the DIP makes the key."""

    use: CertificateUse
    csr: str | None = None


class IssuedCertificate(CertificateView, frozen=True, rename="camel", kw_only=True):
    """A certificate just issued. pem: the certificate, for TLS with the issuing one after it."""

    pem: str


class CertificateDesk:
    """Handlers of `/admin/api/participants/{dip_id}/certificates` and of `/crl`."""

    def __init__(self, *, certificates: Certificates, participants: Current[Participants]) -> None:
        self._certificates = certificates
        self._participants = participants

    def routes(self) -> list[web.RouteDef]:
        """The calls."""
        return [
            web.get(_OF_ONE, self.listed),
            web.post(_OF_ONE, self.issue),
            web.delete(f"{_OF_ONE}/{{fingerprint}}", self.revoke),
            web.get("/crl", self.revocation_list),
        ]

    async def listed(self, request: web.Request) -> web.Response:
        """Every certificate of a participant, newest first within a use; revoked and expired ones too."""
        participants, holder = self._participants.value, _holder(request)
        if participants.get(holder) is None:
            raise NotFound("No participant has this DIP id.")
        held = [certificate_view(one) for use in CertificateUse for one in participants.held_by(holder, use)]
        return json_response({"items": held, "next": None})

    async def issue(self, request: web.Request) -> web.Response:
        """Issue a further certificate from a signing request, or with a key that the DIP makes.

        The earlier ones of the same use go on until their end, or until they are revoked; messages are encrypted to
        the newest. Only the key is taken from a request. A key that the DIP made is put into the participant's folder.
        """
        order = await order_of(request, CertificateOrder)
        csr = None if order.csr is None else order.csr.encode()
        held = await self._certificates.issue(_holder(request), order.use, csr)
        view: dict[str, Any] = msgspec.structs.asdict(certificate_view(held))
        return json_response(IssuedCertificate(**view, pem=held.pem), status=_CREATED)

    async def revoke(self, request: web.Request) -> web.Response:
        """Revoke a certificate: the next call and the next signature with it are refused."""
        held = await self._certificates.revoke(_holder(request), request.match_info["fingerprint"].lower())
        return json_response(certificate_view(held))

    async def revocation_list(self, request: web.Request) -> web.Response:
        """The certificates of this environment that were revoked, signed by its issuing authority (DER, RFC 5280)."""
        return web.Response(body=await self._certificates.revocation_list(), content_type=_CRL)


def _holder(request: web.Request) -> DipId:
    return DipId(request.match_info["dip_id"])

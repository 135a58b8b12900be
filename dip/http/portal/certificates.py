"""Certificates of participants: calls of the administration API, and the revocation list (contract; 8.4)."""

from typing import Any, Final

import msgspec
from aiohttp import web

from dip.ground.current import Current
from dip.ground.errors import BadRequest, NotFound
from dip.http.portal.administration_orders import order_of
from dip.http.portal.certificate_views import STATES, CertificateLine, CertificateViews
from dip.http.portal.guard import API, present_visitor
from dip.http.portal.open_doors import json_response
from dip.messages.identifiers import DipId
from dip.participants.participant import HeldCertificate
from dip.participants.registry import Participants
from dip.security.pki import CertificateUse
from dip.store.page_records import PAGE_LIMIT
from dip.trust.authorities import Authorities
from dip.trust.certificates import Certificates

_OF_ONE: Final = f"{API}/participants/{{dip_id}}/certificates"
_CREATED: Final = 201
_CRL: Final = "application/pkix-crl"


class CertificateOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A certificate to be issued, or brought.

    csr: a signing request in PEM; certificate: one of a trusted outside authority, PEM, with its chain; neither: the
    DIP makes the key.
    """

    use: CertificateUse
    csr: str | None = None
    certificate: str | None = None


class RenewalOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Certificates to be followed by further ones. use: None: of every use."""

    use: CertificateUse | None = None


class IssuedCertificate(CertificateLine, frozen=True, rename="camel", kw_only=True):
    """A certificate just issued. pem: the certificate, for TLS with the issuing one after it."""

    pem: str


class CertificateDesk:
    """Handlers of `/admin/api/certificates`, `/admin/api/participants/{dip_id}/certificates` and `/crl`."""

    def __init__(
        self,
        *,
        certificates: Certificates,
        authorities: Authorities,
        participants: Current[Participants],
        views: CertificateViews,
    ) -> None:
        self._certificates = certificates
        self._authorities = authorities
        self._participants = participants
        self._views = views

    def routes(self) -> list[web.RouteDef]:
        """The calls."""
        return [
            web.get(f"{API}/certificates", self.by_end),
            web.get(_OF_ONE, self.listed),
            web.post(_OF_ONE, self.issue),
            web.post(f"{_OF_ONE}/renew", self.renew),
            web.delete(f"{_OF_ONE}/{{fingerprint}}", self.revoke),
            web.get("/crl", self.revocation_list),
        ]

    async def by_end(self, request: web.Request) -> web.Response:
        """The participants' certificates, those that end first at the head; by state, use and holder."""
        wanted = {name: request.query.get(name, "") for name in ("state", "use", "holder")}
        if wanted["state"] not in ("", *STATES):
            raise BadRequest(f"state: expected one of {', '.join(STATES)}.")
        if wanted["use"] not in ("", *CertificateUse):
            raise BadRequest(f"use: expected one of {', '.join(CertificateUse)}.")
        found = self._views.by_end(present_visitor(request), **wanted)
        after, limit = request.query.get("next"), _limit(request.query.get("limit", ""))
        if after is not None:
            place = next((number for number, one in enumerate(found) if one.fingerprint == after), None)
            if place is None:
                raise BadRequest("next: expected the key that the page before gave.")
            found = found[place + 1 :]
        following = found[limit - 1].fingerprint if len(found) > limit else None
        return json_response({"items": self._views.lines(found[:limit]), "next": following})

    async def listed(self, request: web.Request) -> web.Response:
        """Every certificate of a participant, newest first within a use; revoked and expired ones too."""
        holder = _holder(request)
        if self._participants.value.get(holder) is None:
            raise NotFound("No participant has this DIP id.")
        return json_response({"items": self._views.lines(self._views.of_one(holder)), "next": None})

    async def issue(self, request: web.Request) -> web.Response:
        """Issue a further certificate from a signing request, or with a key that the DIP makes.

        The earlier ones of the same use go on until their end, or until they are revoked; messages are encrypted to
        the newest. Only the key is taken from a request. A key that the DIP made is put into the participant's folder.
        With `certificate`, one of a trusted outside authority is taken as it is.
        """
        holder, order = _holder(request), await order_of(request, CertificateOrder)
        if order.certificate is not None:
            if order.csr is not None:
                raise BadRequest("csr, certificate: expected one of them.")
            held = await self._authorities.bring(holder, order.use, order.certificate)
            return json_response(self._issued(held), status=_CREATED)
        csr = None if order.csr is None else order.csr.encode()
        return json_response(self._issued(await self._certificates.issue(holder, order.use, csr)), status=_CREATED)

    async def renew(self, request: web.Request) -> web.Response:
        """Follow the newest certificate of a use, or of every use, by a further one.

        Where the DIP made the key, it makes a new one, and puts it into the participant's folder; where the participant
        brought the key, the same is certified again. The earlier certificates go on until they end or are revoked.
        """
        holder = _holder(request)
        order = await order_of(request, RenewalOrder) if request.body_exists else RenewalOrder()
        made = await self._certificates.renew(holder, order.use)
        return json_response({"items": [self._issued(one.held) for one in made], "next": None}, status=_CREATED)

    async def revoke(self, request: web.Request) -> web.Response:
        """Revoke a certificate: the next call and the next signature with it are refused; its streams end."""
        held = await self._certificates.revoke(_holder(request), request.match_info["fingerprint"].lower())
        return json_response(self._views.line(held))

    async def revocation_list(self, request: web.Request) -> web.Response:
        """The certificates of this environment that were revoked, signed by its issuing authority (DER, RFC 5280)."""
        return web.Response(body=await self._certificates.revocation_list(), content_type=_CRL)

    def _issued(self, held: HeldCertificate) -> IssuedCertificate:
        line: dict[str, Any] = msgspec.structs.asdict(self._views.line(held))
        return IssuedCertificate(**line, pem=held.pem)


def _holder(request: web.Request) -> DipId:
    """Whose certificates a call is about. Raises NotFound where they are none of the visitor's business."""
    holder = DipId(request.match_info["dip_id"])
    present_visitor(request).check_sees(holder)
    return holder


def _limit(text: str) -> int:
    if not text:
        return PAGE_LIMIT
    if not (text.isascii() and text.isdecimal() and len(text) < 5 and 1 <= int(text) <= PAGE_LIMIT):
        raise BadRequest(f"limit: expected a whole number from 1 to {PAGE_LIMIT}.")
    return int(text)

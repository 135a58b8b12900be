"""Certificate drills: calls of the administration API, and the pages that say what a correct system sees (8.4)."""

from datetime import datetime
from typing import Any, Final

import msgspec
from aiohttp import web
from cryptography import x509

from dip.ground.current import Current
from dip.ground.errors import DipError
from dip.http.portal.drill_table import ENCRYPTION, ROWS, general, shown
from dip.http.portal.guard import API, present_visitor
from dip.http.portal.open_doors import json_response
from dip.http.portal.permissions import CERTIFICATES_CHANGE
from dip.http.portal.renderer import Renderer
from dip.http.problems import status_of
from dip.messages.identifiers import DIP, DipId
from dip.participants.presented import Drill
from dip.participants.registry import Participants
from dip.security.pki import CertificateUse, common_name_of
from dip.trust.drills import CertificateDrills, DrillCertificate

_OF_ONE: Final = f"{API}/participants/{{dip_id}}/drills"
_PAGE: Final = "/drills"
_CREATED: Final = 201
_ZIP: Final = "application/zip"


class DrillView(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A certificate of a set. use: what it is presented for. file: in the zip file and the participant's folder."""

    kind: Drill
    use: CertificateUse
    file: str
    fingerprint: str
    not_before: datetime
    not_after: datetime
    revoked_at: datetime | None


class DrillDesk:
    """Handlers of `/admin/api/participants/{dip_id}/drills` and of the pages `/drills`."""

    def __init__(self, *, drills: CertificateDrills, participants: Current[Participants], renderer: Renderer) -> None:
        self._drills = drills
        self._participants = participants
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """Calls and pages."""
        return [
            web.get(_OF_ONE, self.listed),
            web.post(_OF_ONE, self.make),
            web.get(f"{_OF_ONE}.zip", self.archive),
            web.get(_PAGE, self.page),
            web.post(_PAGE, self.send),
            web.get(f"{_PAGE}/{{dip_id}}", self.page_of_one),
        ]

    async def listed(self, request: web.Request) -> web.Response:
        """A participant's certificates for drills; never their keys. Refused in PRD."""
        return json_response({"items": [_view(one) for one in self._drills.listed(_holder(request))], "next": None})

    async def make(self, request: web.Request) -> web.Response:
        """Make a participant a new set of certificates that are wrong on purpose; an earlier one is forgotten.

        With their keys they lie in the participant's folder, and in the zip file. Refused in PRD.
        """
        made = await self._drills.make(_holder(request))
        return json_response({"items": [_view(one) for one in made], "next": None}, status=_CREATED)

    async def archive(self, request: web.Request) -> web.Response:
        """The set with its keys, as a zip file."""
        holder = _holder(request)
        body = await self._drills.archive(holder)
        named = {"Content-Disposition": f'attachment; filename="drills-{holder}.zip"', "Cache-Control": "no-store"}
        return web.Response(body=body, content_type=_ZIP, headers=named)

    async def page(self, request: web.Request) -> web.Response:
        """What each kind is, and what a correct system sees of it."""
        return self._page(request, None)

    async def page_of_one(self, request: web.Request) -> web.Response:
        """The same about one participant's set."""
        return self._page(request, _holder(request))

    async def send(self, request: web.Request) -> web.Response:
        """The form that asks for a set."""
        holder = DipId(str((await request.post()).get("participant", "")))
        present_visitor(request).check_sees(holder)
        try:
            await self._drills.make(holder)
        except DipError as refused:
            return self._page(request, None, refused)
        raise web.HTTPSeeOther(f"{_PAGE}/{holder}")

    def _page(self, request: web.Request, holder: DipId | None, refused: DipError | None = None) -> web.Response:
        visitor = present_visitor(request)
        certificates = self._drills.listed(holder) if holder is not None else []
        names = dict(general(self._drills.environment, self._drills.other_environment))
        if holder is not None:
            names["holder"] = holder
            names["other"] = _other(certificates) or names["other"]
        values: dict[str, Any] = {
            "rows": [(row, [one for one in certificates if one.kind is row.kind]) for row in ROWS.values()],
            "encryption": ENCRYPTION,
            "words": lambda expected: shown(expected, names),
            "holder": holder,
            "certificates": certificates,
            "participants": [one for one in self._present() if visitor.sees(one.dip_id)],
            "allowed": self._drills.is_allowed,
            "may_change": CERTIFICATES_CHANGE.allows(visitor),
            "refused": refused,
        }
        status = 200 if refused is None else status_of(refused)
        return self._renderer.page(request, "drills.html", values, status=status)

    def _present(self) -> list[Any]:
        found = [one for one in self._participants.value if one.left_at is None and one.dip_id != DIP]
        return sorted(found, key=lambda one: one.dip_id)


def _holder(request: web.Request) -> DipId:
    """Whose set it is. Raises NotFound where that is none of the visitor's affairs."""
    holder = DipId(request.match_info["dip_id"])
    present_visitor(request).check_sees(holder)
    return holder


def _other(certificates: list[DrillCertificate]) -> str:
    """The DIP id that a certificate of the wrong name has; empty where there is none."""
    found = next((one for one in certificates if one.kind is Drill.WRONG_NAME), None)
    return "" if found is None else common_name_of(x509.load_pem_x509_certificate(found.held.pem.encode()))


def _view(one: DrillCertificate) -> DrillView:
    return DrillView(
        kind=one.kind,
        use=one.use,
        file=f"drills/{one.kind.value}/{one.use.value}.pem",
        fingerprint=one.held.fingerprint,
        not_before=one.held.not_before,
        not_after=one.held.not_after,
        revoked_at=one.held.revoked_at,
    )

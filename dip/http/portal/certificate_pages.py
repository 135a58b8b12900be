"""Pages about certificates: a participant's, everybody's by their end, the DIP's own (5.12.1, 5.12.2, 8.4)."""

import base64
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec
from aiohttp import web

from dip.ground.current import Current
from dip.ground.errors import BadRequest, Conflict, DipError, NotFound
from dip.http.portal.certificate_views import IN_FORCE, STATES, CertificateLine, CertificateViews, authority_views
from dip.http.portal.guard import present_visitor
from dip.http.portal.powers import Power, Visitor
from dip.http.portal.renderer import Renderer
from dip.http.problems import status_of
from dip.messages.identifiers import DIP, DipId
from dip.participants.folder import Issued
from dip.participants.participant import Participant
from dip.participants.registry import Participants
from dip.security.certificate_requests import SIZE_LIMIT
from dip.security.keys import to_pem
from dip.security.pki import CertificateUse
from dip.trust.certificates import Certificates
from dip.trust.expiry import CertificateState
from dip.trust.own_certificates import OWN_USES, OwnCertificates

_PAGE: Final = "/certificates"
_OF_ONE: Final = "/participants/{dip_id}/certificates"
_CHANGES: Final = (Power.CERTIFICATES, Power.COMPANY_CERTIFICATES)
_ON_A_PAGE: Final = 50
_PEM: Final = "application/x-pem-file"
TONES: Final = {
    CertificateState.CURRENT: "good",
    CertificateState.OVERLAPPING: "good",
    CertificateState.EXPIRES_SOON: "waiting",
    CertificateState.NOT_YET_VALID: "waiting",
    CertificateState.EXPIRED: "bad",
    CertificateState.REVOKED: "none",
    CertificateState.DRILL: "none",
}
MEANINGS: Final = {
    CertificateUse.TLS: "connects to the DIP, and is called by it",
    CertificateUse.SIGNING: "signs what it sends",
    CertificateUse.ENCRYPTION: "the DIP encrypts to it",
    CertificateUse.DIP_ENCRYPTION: "it encrypts to the DIP, which alone holds the key",
}


class Made(msgspec.Struct, frozen=True):
    """A certificate just issued, as its page offers it. Addresses hold the files; key: None where there is none."""

    line: CertificateLine
    pem: str
    pem_address: str
    key: str | None
    key_address: str | None


class CertificatePages:
    """Handlers of `/certificates` and of a participant's page of certificates."""

    def __init__(
        self,
        *,
        certificates: Certificates,
        own: OwnCertificates,
        participants: Current[Participants],
        views: CertificateViews,
        renderer: Renderer,
    ) -> None:
        self._certificates = certificates
        self._own = own
        self._participants = participants
        self._views = views
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """The pages."""
        return [
            web.get(_PAGE, self.all),
            web.post(_PAGE, self.change_own),
            web.get(f"{_PAGE}/ca.pem", self.root),
            web.get(_OF_ONE, self.of_one),
            web.post(_OF_ONE, self.change),
            web.get(f"{_OF_ONE}/{{fingerprint}}.pem", self.file),
        ]

    async def all(self, request: web.Request) -> web.Response:
        """The participants' certificates by their end, the DIP's own, and this environment's authority."""
        return self._all(request)

    async def change_own(self, request: web.Request) -> web.Response:
        """Renew, or revoke, one of the DIP's own."""
        present_visitor(request).check_has(Power.CERTIFICATES)
        action, _, subject = str((await request.post()).get("do", "")).partition(" ")
        try:
            if action == "renew" and subject in OWN_USES:
                await self._own.renew(CertificateUse(subject))
            elif action == "revoke":
                await self._own.revoke(subject)
            else:
                raise BadRequest("do: expected renew with a use, or revoke with a fingerprint.")
        except (Conflict, NotFound) as refused:
            return self._all(request, refused)
        raise web.HTTPSeeOther(f"{_PAGE}?{urlencode({'done': action})}#own")

    async def root(self, request: web.Request) -> web.Response:
        """The root certificate of this environment, PEM."""
        return _file("ca.pem", self._certificates.authority.root_pem)

    async def of_one(self, request: web.Request) -> web.Response:
        """A participant's certificates by use, each with its state."""
        return self._of_one(request)

    async def change(self, request: web.Request) -> web.Response:
        """Issue a certificate, from a signing request or with a key that the DIP makes; or revoke one."""
        present_visitor(request).check_has(*_CHANGES)
        holder, form = self._participant(request).dip_id, await request.post()
        action, _, subject = str(form.get("do", "")).partition(" ")
        try:
            if action == "revoke":
                await self._certificates.revoke(holder, subject)
                raise web.HTTPSeeOther(f"/participants/{quote(holder)}/certificates?done=revoked")
            use = CertificateUse(str(form.get("use", "")))
            if action == "make":
                return self._of_one(request, made=await self._certificates.issue_with_key(holder, use))
            asked = await self._certificates.issue_with_key(holder, use, _request_of(form))
        except ValueError:
            refused: DipError = BadRequest("use: expected one of the uses in the list.")
            return self._of_one(request, refused=refused)
        except DipError as exc:
            return self._of_one(request, refused=exc)
        return self._of_one(request, made=asked)

    async def file(self, request: web.Request) -> web.Response:
        """A certificate of a participant, PEM; for TLS with the issuing one after it."""
        holder = self._participant(request).dip_id
        held = self._participants.value.certificate(request.match_info["fingerprint"].lower())
        if held is None or held.holder != holder:
            raise NotFound("This participant has no certificate with this fingerprint.")
        return _file(f"{holder}-{held.use.value}.pem", held.pem.encode("ascii"))

    def _all(self, request: web.Request, refused: DipError | None = None) -> web.Response:
        visitor, query = present_visitor(request), request.query
        typed = {"state": query.get("state", IN_FORCE), "use": query.get("use", ""), "holder": query.get("holder", "")}
        known = {"state": ("", *STATES), "use": ("", *CertificateUse)}
        wanted = {name: text for name, text in typed.items() if text in known.get(name, (text,))}
        found = self._views.by_end(visitor, **wanted)
        page = _page_number(query.get("page", ""))
        start = page * _ON_A_PAGE
        kept = {name: text for name, text in typed.items() if name in query}
        names = {one.dip_id: one.name for one in self._participants.value}
        values: dict[str, Any] = {
            "rows": self._views.lines(found[start : start + _ON_A_PAGE]),
            "count": len(found),
            "names": names,
            "holders": sorted(one for one in names if one != DIP and visitor.sees(one)),
            "typed": typed,
            "states": STATES,
            "uses": list(CertificateUse),
            "tones": TONES,
            "earlier": f"{_PAGE}?{urlencode({**kept, 'page': page - 1})}" if page else None,
            "later": f"{_PAGE}?{urlencode({**kept, 'page': page + 1})}" if len(found) > start + _ON_A_PAGE else None,
            "sees_own": visitor.company is None,
            "own": [self._views.own_line(one, in_use=self._own.is_in_use(one.fingerprint)) for one in self._own.held()],
            "own_uses": OWN_USES,
            "may_change_own": visitor.has(Power.CERTIFICATES),
            "authority": authority_views(self._certificates.authority),
            "done": query.get("done", ""),
            "refused": refused,
        }
        return self._renderer.page(request, "certificates.html", values, status=_status(refused))

    def _of_one(
        self, request: web.Request, *, made: Issued | None = None, refused: DipError | None = None
    ) -> web.Response:
        visitor, participant = present_visitor(request), self._participant(request)
        lines = self._views.lines(self._views.of_one(participant.dip_id))
        values: dict[str, Any] = {
            "participant": participant,
            "tab": "certificates",
            "by_use": {use: [one for one in lines if one.use == use and not one.drill] for use in CertificateUse},
            "drills": [one for one in lines if one.drill],
            "needy": _needy(lines),
            "meanings": MEANINGS,
            "tones": TONES,
            "own_uses": [use for use in CertificateUse if use is not CertificateUse.DIP_ENCRYPTION],
            "uses": list(CertificateUse),
            "may_change": _may_change(visitor, participant),
            "made": None if made is None else self._made(made),
            "done": request.query.get("done", ""),
            "refused": refused,
        }
        return self._renderer.page(request, "participant_certificates.html", values, status=_status(refused))

    def _made(self, issued: Issued) -> Made:
        keeps = issued.held.use is CertificateUse.DIP_ENCRYPTION
        key = None if issued.private_key is None or keeps else to_pem(issued.private_key).decode("ascii")
        return Made(
            line=self._views.line(issued.held),
            pem=issued.held.pem,
            pem_address=_address(issued.held.pem),
            key=key,
            key_address=None if key is None else _address(key),
        )

    def _participant(self, request: web.Request) -> Participant:
        """Whose page it is. Raises NotFound where there is none, or none of the visitor's."""
        dip_id = DipId(request.match_info["dip_id"])
        present_visitor(request).check_sees(dip_id)
        participant = self._participants.value.get(dip_id)
        if participant is None or dip_id == DIP:
            raise NotFound("No participant has this DIP id.")
        return participant


def _needy(lines: list[CertificateLine]) -> list[CertificateLine]:
    """What somebody has to see to: expires soon; or is the newest of its use, and has expired."""
    newest: dict[CertificateUse, CertificateLine] = {}
    for line in lines:
        if not line.drill and line.state is not CertificateState.REVOKED:
            newest.setdefault(line.use, line)
    worrying = (CertificateState.EXPIRES_SOON, CertificateState.EXPIRED)
    return [line for line in newest.values() if line.state in worrying]


def _may_change(visitor: Visitor, participant: Participant) -> bool:
    return visitor.has(*_CHANGES) and participant.left_at is None


def _request_of(form: Any) -> bytes:
    """The signing request that a form brings, as a file or as text. Raises BadRequest."""
    file = form.get("file")
    if isinstance(file, web.FileField) and (content := file.file.read(SIZE_LIMIT + 1)):
        return content
    text = str(form.get("csr", "")).strip()
    if not text:
        raise BadRequest("Paste a signing request, or choose its file.")
    return text.encode()


def _address(text: str) -> str:
    """A file within the page itself: what is in it lies nowhere else."""
    return f"data:{_PEM};base64,{base64.b64encode(text.encode('ascii')).decode('ascii')}"


def _file(name: str, content: bytes) -> web.Response:
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(body=content, content_type=_PEM, headers=disposition)


def _page_number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 0


def _status(refused: DipError | None) -> int:
    return 200 if refused is None else status_of(refused)

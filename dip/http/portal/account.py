"""One's own account: what one may do, the password, the client certificate (8.3)."""

from typing import Final

from aiohttp import web

from dip.ground.errors import BadRequest, DipError, NotPermitted
from dip.http.portal.accounts import Accounts
from dip.http.portal.guard import present_visitor
from dip.http.portal.log_in import set_session
from dip.http.portal.own_address import OwnAddress
from dip.http.portal.passwords import Passwords
from dip.http.portal.renderer import Renderer
from dip.http.portal.sessions import Sessions
from dip.http.problems import status_of

_PAGE: Final = "/account"
_PASSWORD: Final = f"{_PAGE}/password"


class AccountPages:
    """Handlers of `/account`. What one changes of oneself ends every session but the one that changed it."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        passwords: Passwords,
        sessions: Sessions,
        own_address: OwnAddress,
        renderer: Renderer,
        asks_for_certificates: bool,
    ) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._sessions = sessions
        self._own_address = own_address
        self._renderer = renderer
        self._asks_for_certificates = asks_for_certificates

    def routes(self) -> list[web.RouteDef]:
        """The pages."""
        return [
            web.get(_PAGE, self.page),
            web.get(_PASSWORD, self.password),
            web.post(_PASSWORD, self.change_password),
            web.post(f"{_PAGE}/certificate", self.change_certificate),
            web.post(f"{_PAGE}/mail", self.change_mail),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """Who one is here, and what one may do."""
        return await self._show(request)

    async def password(self, request: web.Request) -> web.Response:
        """The form for another password."""
        return self._form(request)

    async def change_password(self, request: web.Request) -> web.Response:
        """Change one's own password."""
        form = await request.post()
        old, new = str(form.get("old", "")), str(form.get("new", ""))
        visitor = present_visitor(request)
        try:
            if new != str(form.get("again", "")):
                raise BadRequest("The new password was not typed the same both times.")
            await self._accounts.change_password(visitor, old, new)
        except DipError as refused:
            return self._form(request, refused)
        raise await self._went_on(request, f"{_PAGE}?changed=1")

    async def change_mail(self, request: web.Request) -> web.Response:
        """Say where one is written to, or nowhere; log-ins go on."""
        text = str((await request.post()).get("mail", ""))
        try:
            await self._own_address.keep(present_visitor(request), text)
        except DipError as refused:
            return await self._show(request, refused=refused)
        raise web.HTTPSeeOther(f"{_PAGE}?mail=1")

    async def change_certificate(self, request: web.Request) -> web.Response:
        """Get a client certificate that logs one in, or have none."""
        form = await request.post()
        visitor = present_visitor(request)
        if visitor.form_token is None:
            raise NotPermitted("The administration token has no certificate.")
        if form.get("do") == "drop":
            await self._accounts.drop_certificate(visitor)
            raise await self._went_on(request, _PAGE)
        try:
            held = await self._accounts.issue(visitor, visitor.name, str(form.get("csr", "")).strip())
        except DipError as refused:
            return await self._show(request, refused=refused)
        response = await self._show(request, pem=held.pem)
        token = await self._sessions.begin_again(visitor.name)
        if token is not None:
            set_session(request, response, token)
        return response

    async def _went_on(self, request: web.Request, target: str) -> web.HTTPSeeOther:
        """Where a change leads, with a new session in the place of the one that it ended."""
        response = web.HTTPSeeOther(target)
        token = await self._sessions.begin_again(present_visitor(request).name)
        if token is not None:
            set_session(request, response, token)
        return response

    async def _show(self, request: web.Request, *, pem: str = "", refused: DipError | None = None) -> web.Response:
        visitor = present_visitor(request)
        values = {
            "user": await self._accounts.own(visitor),
            "pem": pem,
            "refused": refused,
            "mail": self._own_address.of(visitor),
            "mail_kept": request.query.get("mail") == "1",
            "changed": request.query.get("changed") == "1",
            "asks_for_certificates": self._asks_for_certificates,
        }
        return self._renderer.page(
            request, "account.html", values, status=200 if refused is None else status_of(refused)
        )

    def _form(self, request: web.Request, refused: DipError | None = None) -> web.Response:
        values = {"refused": refused, "shortest": self._passwords.shortest}
        return self._renderer.page(
            request, "password.html", values, status=200 if refused is None else status_of(refused)
        )

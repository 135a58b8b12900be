"""Changing the master key: the call, and the page that tells what it does (8.1)."""

from typing import Final

import msgspec
from aiohttp import web

from dip.archive.rotation import Rotated, Rotation
from dip.ground.errors import BadRequest, DipError, SetupRefused
from dip.http.portal.administration_orders import order_of
from dip.http.portal.guard import API
from dip.http.portal.open_doors import json_response
from dip.http.portal.renderer import Renderer
from dip.http.problems import status_of
from dip.security.master_key import key_of

_PAGE: Final = "/master-key"
_SURE: Final = "change"


class NewMasterKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The key to go on with, 64 hexadecimal digits; None: the server makes one."""

    key: str | None = None


class MasterKeyDesk:
    """Handlers of `POST /admin/api/master-key/rotate` and of the page `/master-key`."""

    def __init__(self, rotation: Rotation, renderer: Renderer) -> None:
        self._rotation = rotation
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """Call and page."""
        return [
            web.post(f"{API}/master-key/rotate", self.rotate),
            web.get(_PAGE, self.page),
            web.post(_PAGE, self.send),
        ]

    async def rotate(self, request: web.Request) -> web.Response:
        """Wrap every data key under another master key, while messages flow; no stored message is touched.

        Where the master key came from the environment, the call brings the new one, and the next start needs it.
        """
        order = await order_of(request, NewMasterKey) if request.body_exists else NewMasterKey()
        return json_response(await self._rotated(order.key))

    async def page(self, request: web.Request) -> web.Response:
        """What the change does, and the form for it."""
        return self._show(request)

    async def send(self, request: web.Request) -> web.Response:
        """Change it as the form says."""
        form = await request.post()
        try:
            if str(form.get("confirm", "")).strip().lower() != _SURE:
                raise BadRequest(f"confirm: type {_SURE} to confirm.")
            done = await self._rotated(str(form.get("key", "")).strip() or None)
        except DipError as refused:
            return self._show(request, refused)
        raise web.HTTPSeeOther(f"{_PAGE}?done={done.keys}")

    async def _rotated(self, text: str | None) -> Rotated:
        try:
            key = None if text is None else key_of(text, "key")
        except SetupRefused as exc:
            raise BadRequest(exc.message) from exc
        return await self._rotation.rotate(key)

    def _show(self, request: web.Request, refused: DipError | None = None) -> web.Response:
        done = request.query.get("done", "")
        values = {
            "makes_keys": self._rotation.makes_keys,
            "kept_in": self._rotation.kept_in,
            "sure": _SURE,
            "refused": refused,
            "at": "confirm" if refused is not None and refused.message.startswith("confirm") else "key",
            "done": int(done) if done.isascii() and done.isdecimal() and len(done) < 10 else None,
        }
        status = 200 if refused is None else status_of(refused)
        return self._renderer.page(request, "master_key.html", values, status=status)

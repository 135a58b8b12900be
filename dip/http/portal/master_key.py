"""The call that changes the master key (8.1)."""

import msgspec
from aiohttp import web

from dip.archive.rotation import Rotation
from dip.ground.errors import BadRequest, SetupRefused
from dip.http.portal.administration_orders import order_of
from dip.http.portal.guard import API
from dip.http.portal.open_doors import json_response
from dip.security.master_key import key_of


class NewMasterKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The key to go on with, 64 hexadecimal digits; None: the server makes one."""

    key: str | None = None


class MasterKeyDesk:
    """The handler of `POST /admin/api/master-key/rotate`."""

    def __init__(self, rotation: Rotation) -> None:
        self._rotation = rotation

    def routes(self) -> list[web.RouteDef]:
        """The call."""
        return [web.post(f"{API}/master-key/rotate", self.rotate)]

    async def rotate(self, request: web.Request) -> web.Response:
        """Wrap every data key under another master key, while messages flow; no stored message is touched.

        Where the master key came from the environment, the call brings the new one, and the next start needs it.
        """
        order = await order_of(request, NewMasterKey) if request.body_exists else NewMasterKey()
        try:
            key = None if order.key is None else key_of(order.key, "key")
        except SetupRefused as exc:
            raise BadRequest(exc.message) from exc
        return json_response(await self._rotation.rotate(key))

"""The administration API of the pulls from registration services (5.5.14, FS-35)."""

from collections.abc import Mapping
from typing import Final

import msgspec
from aiohttp import web

from dip.http.portal.administration_orders import order_of
from dip.http.portal.guard import API
from dip.http.portal.open_doors import json_response
from dip.registration.pulling import Pulling

_PULLS: Final = f"{API}/mpans/pulls"
_ACCEPTED: Final = 202


class PullOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be pulled. services: the base of each service's addresses by its DIP id, null: that of the settings.

    Without services: all of the settings. since: a date or 25 characters; only MPANs of which something was recorded
    then or later.
    """

    services: Mapping[str, str | None] | None = None
    since: str | None = None


class PullDesk:
    """Handlers of `/admin/api/mpans/pulls`."""

    def __init__(self, pulling: Pulling) -> None:
        self._pulling = pulling

    def routes(self) -> list[web.RouteDef]:
        """The calls."""
        return [
            web.get(_PULLS, self.listed),
            web.post(_PULLS, self.order),
            web.delete(f"{_PULLS}/{{dip_id}}", self.stop),
        ]

    async def listed(self, request: web.Request) -> web.Response:
        """Every pull that is remembered, newest first; `services`: those of the settings."""
        services = [{"service": service, "url": url} for service, url in self._pulling.services.items()]
        return json_response({"items": self._pulling.views(), "next": None, "services": services})

    async def order(self, request: web.Request) -> web.Response:
        """Pull MPANs from registration services, all of them side by side.

        A pull that failed or was stopped goes on where it was. 409 while one of the services is being pulled from.
        """
        wanted = await order_of(request, PullOrder)
        begun = await self._pulling.order(wanted.services, wanted.since)
        return json_response({"items": begun, "next": None}, _ACCEPTED)

    async def stop(self, request: web.Request) -> web.Response:
        """Stop the pull from a registration service; what it has taken stays, and the next order goes on with it."""
        return json_response(await self._pulling.stop(request.match_info["dip_id"]))

"""Publications for administrators: uploads under way given up, payloads taken away (5.6.1)."""

from typing import Annotated, Final
from urllib.parse import quote

import msgspec
from aiohttp import web

from dip.ground.errors import BadRequest, Conflict, NotFound
from dip.http.portal.administration_orders import order_of
from dip.http.portal.guard import API
from dip.http.portal.open_doors import json_response
from dip.http.portal.parameters import Parameters
from dip.http.portal.publications.pages import FILTERS, LIST, publication_filter
from dip.http.portal.publications.shown import Shown
from dip.http.portal.publications.views import PayloadView, payload_view
from dip.publications.retention import PublicationRetention
from dip.publications.uploads import Uploads
from dip.store.publication_records import PayloadState
from dip.store.publications import SqlitePublications

ALL: Final = f"{API}/publications"
UPLOADS: Final = f"{ALL}/uploads"
ONE_UPLOAD: Final = f"{UPLOADS}/{{upload}}"
ONE: Final = f"{ALL}/{{channel}}/{{name}}/{{version}}"
_LONGEST_REASON: Final = 200
_UNKNOWN: Final = "There is no published payload at this address."


class RemovalOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a payload is taken away: everybody reads it in the list of versions."""

    why: Annotated[str, msgspec.Meta(min_length=1, max_length=_LONGEST_REASON)]


class PublicationDesk:
    """Handlers of `/admin/api/publications`, and of the forms on the pages."""

    def __init__(
        self,
        *,
        shown: Shown,
        store: SqlitePublications,
        uploads: Uploads,
        retention: PublicationRetention,
    ) -> None:
        self._shown = shown
        self._store = store
        self._uploads = uploads
        self._retention = retention

    def routes(self) -> list[web.RouteDef]:
        """Calls, then forms."""
        return [
            web.get(ALL, self.publications),
            web.get(UPLOADS, self.uploads),
            web.delete(ONE_UPLOAD, self.give_up),
            web.delete(ONE, self.remove),
            web.post(LIST, self.given_up_by_form),
            web.post(f"{LIST}/{{channel}}/{{name}}", self.removed_by_form),
        ]

    async def publications(self, request: web.Request) -> web.Response:
        """What was announced, newest first, with its payloads."""
        asked = Parameters(request.query, FILTERS, ways=())
        wanted = publication_filter(asked, self._shown.channels())
        asked.check()
        items, following = await self._shown.publications(wanted)
        return json_response({"items": items, "next": following})

    async def uploads(self, request: web.Request) -> web.Response:
        """Uploads under way, or whole and not announced: who sends what, how far it is, when it is swept."""
        return json_response({"items": self._shown.uploads(), "next": None})

    async def give_up(self, request: web.Request) -> web.Response:
        """Give an upload up, with what came of it; its sender has to begin anew."""
        await self._give_up(request.match_info["upload"])
        return web.Response(status=204)

    async def remove(self, request: web.Request) -> web.Response:
        """Take a payload away; it stays listed, with the reason, and who reads it now reads it to its end."""
        order = await order_of(request, RemovalOrder)
        channel, name, version = (request.match_info[part] for part in ("channel", "name", "version"))
        return json_response(await self._remove(channel, name, version, order.why))

    async def given_up_by_form(self, request: web.Request) -> web.Response:
        """What a button beside an upload asks for."""
        form = await request.post()
        await self._give_up(str(form.get("upload", "")))
        raise web.HTTPSeeOther(f"{LIST}?done=given-up#uploads")

    async def removed_by_form(self, request: web.Request) -> web.Response:
        """What the form beside a version asks for."""
        form = await request.post()
        channel, name = request.match_info["channel"], request.match_info["name"]
        removed = await self._remove(channel, name, str(form.get("version", "")), str(form.get("why", "")))
        raise web.HTTPSeeOther(f"{LIST}/{quote(removed.channel)}/{quote(removed.name)}?done=removed")

    async def _give_up(self, upload: str) -> None:
        """Raises NotFound, Conflict."""
        await self._uploads.drop(await self._uploads.find(upload))

    async def _remove(self, channel: str, name: str, version: str, why: str) -> PayloadView:
        """Raises BadRequest, NotFound, Conflict."""
        why = " ".join(why.split())
        if not 1 <= len(why) <= _LONGEST_REASON or not why.isprintable():
            raise BadRequest(f"why: expected 1 to {_LONGEST_REASON} printable characters: readers are told.")
        found = self._store.payload(channel, name, version)
        if found is None or found.state in (PayloadState.RECEIVING, PayloadState.WHOLE):
            raise NotFound(_UNKNOWN)
        if not await self._retention.remove(found.id, why):
            raise Conflict("This payload was removed already.")
        removed = self._store.payload(channel, name, version)
        return payload_view(self._shown.base, found if removed is None else removed)

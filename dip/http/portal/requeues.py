"""Replay through the portal: an administrator has messages queued for a participant once more (5.5.11)."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from aiohttp import web

from dip.channels.registry import Registry
from dip.delivery.replay_request import BY_TRANSACTION, TRANSACTIONS, decoded, read_request
from dip.delivery.requeue import Requeues
from dip.ground.clock import Clock, microseconds
from dip.ground.current import Current
from dip.ground.errors import BadRequest, DipError
from dip.ground.settings import Settings
from dip.http.api.requeue_views import RequeueRow, requeue_row
from dip.http.portal.channel_forms import moment_of
from dip.http.portal.guard import API, present_visitor
from dip.http.portal.open_doors import json_response
from dip.http.portal.powers import Visitor
from dip.http.portal.renderer import Renderer
from dip.http.portal.searches import read_search
from dip.http.problems import status_of
from dip.messages.identifiers import DIP, DipId
from dip.messages.timestamps import wire_time
from dip.participants.registry import Participants
from dip.store.evidence import own_step
from dip.store.page_records import PAGE_LIMIT
from dip.store.records import STATUS_CHANNEL, Exchange
from dip.store.requeue import RequeueState

_PAGE: Final = "/replay"
_LIST: Final = f"{API}/requeues"
_ACCEPTED: Final = 202
_SHOWN: Final = 20
_WATCH_SECONDS: Final = 3
_FIELDS: Final = ("recipient", "channel", "event", "from", "to", "first", "last", "transactions")


class RequeueDesk:
    """Handlers of `/admin/api/requeues` and of the page `/replay`."""

    def __init__(
        self,
        *,
        requeues: Requeues,
        settings: Settings,
        clock: Clock,
        registry: Current[Registry],
        participants: Current[Participants],
        renderer: Renderer,
    ) -> None:
        self._requeues = requeues
        self._settings = settings
        self._clock = clock
        self._registry = registry
        self._participants = participants
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """Calls and page."""
        return [
            web.get(_LIST, self.listed),
            web.post(_LIST, self.begin),
            web.get(_PAGE, self.page),
            web.post(_PAGE, self.ask),
        ]

    async def listed(self, request: web.Request) -> web.Response:
        """Every requeue with its progress, newest first."""
        asked = read_search(request.query, limit=PAGE_LIMIT)
        runs = self._requeues.newest(asked.before, asked.limit + 1, present_visitor(request).dip_ids)
        shown = runs[: asked.limit]
        following = shown[-1].id if len(runs) > len(shown) else None
        return json_response({"items": [requeue_row(run) for run in shown], "next": following})

    async def begin(self, request: web.Request) -> web.Response:
        """Queue what a participant was sent on a channel once more.

        The body names recipient and channel, and has the keys of the participants' own request; none of those is
        needed. 429 while a requeue of this recipient and channel is under way.
        """
        body = decoded(await request.read())
        if not isinstance(body, dict):
            raise BadRequest("Body: expected a JSON object with recipient and channel.")
        row = await self._begin(body, present_visitor(request))
        return web.Response(status=_ACCEPTED, body=msgspec.json.encode(row), content_type="application/json")

    async def page(self, request: web.Request) -> web.Response:
        """The form, and how the last requeues are doing."""
        return self._show(request, {key: request.query.get(key, "") for key in _FIELDS})

    async def ask(self, request: web.Request) -> web.Response:
        """What the form asks for."""
        form = await request.post()
        typed = {key: str(form.get(key, "")).strip() for key in _FIELDS}
        try:
            row = await self._begin(_body(typed, form), present_visitor(request))
        except DipError as refused:
            return self._show(request, typed, refused)
        raise web.HTTPSeeOther(f"{_PAGE}?begun={row.requeue_id}")

    async def _begin(self, body: Mapping[str, Any], visitor: Visitor) -> RequeueRow:
        named, asked = body.get("channel"), body.get("recipient")
        recipient = DipId(asked) if isinstance(asked, str) else DipId("")
        if self._participants.value.get(recipient) is None or not visitor.sees(recipient):
            raise BadRequest("/recipient: expected the DIP id of a participant.")
        channel = self._registry.value.find(named.upper()) if isinstance(named, str) else None
        if channel is None and named != STATUS_CHANNEL:
            raise BadRequest(f"/channel: expected a channel of this server, or {STATUS_CHANNEL}.")
        rest = {key: value for key, value in body.items() if key not in ("recipient", "channel")}
        name = STATUS_CHANNEL if channel is None else channel.id
        wanted = read_request(rest, name, channel, self._settings.switches, short=True)
        begun = await self._requeues.begin(recipient, name, wanted, self._exchange(recipient, visitor.name))
        (run,) = self._requeues.of(recipient, name, begun)
        return requeue_row(run)

    def _show(self, request: web.Request, typed: Mapping[str, str], refused: DipError | None = None) -> web.Response:
        visitor = present_visitor(request)
        runs = self._requeues.newest(None, _SHOWN, visitor.dip_ids)
        registry, participants = self._registry.value, self._participants.value
        still = request.query.get("still") == "1"
        running = any(run.status is RequeueState.PROCESSING for run in runs)
        response = self._renderer.page(
            request,
            "replay.html",
            {
                "rows": [requeue_row(run) for run in runs],
                "typed": typed,
                "refused": refused,
                "begun": request.query.get("begun", ""),
                "running": running,
                "still": still,
                "by_transaction": self._settings.switches.replays_by_transaction,
                "status_channel": STATUS_CHANNEL,
                "channels": sorted(registry.channels.values(), key=lambda one: one.id),
                "events": sorted({code for one in registry.channels.values() for code in one.events}),
                "recipients": sorted(
                    (one for one in participants if one.dip_id != DIP and visitor.sees(one.dip_id)),
                    key=lambda one: one.dip_id,
                ),
                "name_of": lambda dip_id: one.name if (one := participants.get(dip_id)) is not None else "",
            },
            status=200 if refused is None else status_of(refused),
        )
        if running and not still and refused is None:
            response.headers["Refresh"] = f"{_WATCH_SECONDS};url={_PAGE}"
        return response

    def _exchange(self, recipient: DipId, author: str) -> Exchange:
        """A step of the DIP's own, with who asked for it."""
        note = f"asked for by {author}" if author else None
        return own_step(microseconds(self._clock.now()), recipient, note)


def _body(typed: Mapping[str, str], form: Any) -> dict[str, Any]:
    """The form as a call of the administration API; what is empty is no condition. Raises BadRequest."""
    body: dict[str, Any] = {"recipient": typed["recipient"], "channel": typed["channel"]}
    for key, field in (("datetimeFrom", "from"), ("datetimeTo", "to")):
        moment = moment_of(form, field)
        if moment is not None:
            body[key] = wire_time(moment)
    for key, field in (("eventCode", "event"), *zip(BY_TRANSACTION, ("first", "last"), strict=True)):
        if typed[field]:
            body[key] = typed[field]
    transactions = typed["transactions"].replace(",", " ").split()
    if transactions and typed["channel"] != STATUS_CHANNEL:
        body[TRANSACTIONS] = transactions
    elif len(transactions) > 1:
        raise BadRequest("Of status messages, one transaction at most can be named.")
    elif transactions:
        body["transactionID"] = transactions[0]
    return body

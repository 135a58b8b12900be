"""The form for a new endpoint: a participant's channels are sent to an address (5.5.10, FS-15, FS-57)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from aiohttp import web

from dip.delivery.dispatcher import Dispatcher
from dip.ground.errors import BadRequest, DipError
from dip.http.portal.endpoint_assignments import Assignments, NewEndpoint
from dip.http.portal.endpoints import LIMITS, changes_of
from dip.http.portal.guard import present_visitor
from dip.http.portal.renderer import Renderer
from dip.http.problems import status_of
from dip.participants.participant import Participant
from dip.participants.webhooks import WebhookRefused

_PAGE: Final = "/endpoints/new"
_ALL: Final = "/endpoints"
_TYPED: Final = ("recipient", "url", "name", "told", *(wire for wire, _, _, _ in LIMITS))


class EndpointForms:
    """Handlers of `/endpoints/new`."""

    def __init__(self, *, dispatcher: Dispatcher, assignments: Assignments, renderer: Renderer) -> None:
        self._dispatcher = dispatcher
        self._assignments = assignments
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """The page."""
        return [web.get(_PAGE, self.page), web.post(_PAGE, self.add)]

    async def page(self, request: web.Request) -> web.Response:
        """Choose a participant, then its channels and their address."""
        visitor = present_visitor(request)
        known = self._assignments.recipients(visitor)
        named = request.query.get("recipient", "")
        try:
            # Who works for one participant has nothing to choose.
            chosen = known[0] if len(known) == 1 else self._assignments.recipient(named, visitor) if named else None
        except BadRequest as refused:
            return self._show(request, known, None, {}, (), refused)
        return self._show(request, known, chosen, request.query, request.query.getall("channel", []))

    async def add(self, request: web.Request) -> web.Response:
        """Send the channels there from now on."""
        visitor, form = present_visitor(request), await request.post()
        channels = [str(one) for one in form.getall("channel", [])]
        chosen = None
        try:
            chosen = self._assignments.recipient(str(form.get("recipient", "")), visitor)
            changes = changes_of(form)
            if not channels:
                raise BadRequest("channels: choose at least one.")
            order = msgspec.convert(
                {"recipient": chosen.dip_id, "url": str(form.get("url", "")).strip(), "channels": channels},
                NewEndpoint,
            )
            made = await self._assignments.assign(order, visitor)
            setting = self._dispatcher.setting(made)
            await self._dispatcher.change(msgspec.structs.replace(setting, **_given(changes)))
        except msgspec.ValidationError as exc:
            refused = BadRequest(f"channels: {exc}.")
            return self._show(request, self._assignments.recipients(visitor), chosen, form, channels, refused)
        except DipError as exc:
            return self._show(request, self._assignments.recipients(visitor), chosen, form, channels, exc)
        raise web.HTTPSeeOther(f"{_ALL}?done=added#{made}")

    def _show(
        self,
        request: web.Request,
        known: Sequence[Participant],
        chosen: Participant | None,
        typed: Mapping[str, Any],
        channels: Sequence[str],
        refused: DipError | None = None,
    ) -> web.Response:
        values = {
            "recipients": known,
            "chosen": chosen,
            "offers": () if chosen is None else self._assignments.offers(chosen),
            "channels": channels,
            "typed": {name: str(typed.get(name, "")) for name in _TYPED},
            "limits": LIMITS,
            "refused": refused,
            "at": _field(refused),
        }
        status = 200 if refused is None else status_of(refused)
        return self._renderer.page(request, "endpoint_new.html", values, status=status)


def _given(changes: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed; an address that is an endpoint already keeps the rest."""
    return {name: value for name, value in changes.items() if value}


def _field(refused: DipError | None) -> str:
    """The field that a refusal is about; empty where it can't be told."""
    if isinstance(refused, WebhookRefused):
        return "url"
    head = refused.message.partition(":")[0] if refused is not None else ""
    return {"recipient": "recipient", "channels": "channels"}.get(head, "")

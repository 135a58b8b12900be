"""Test calls to endpoints: what happens when the DIP calls there now, as a call and as a page (5.5.10)."""

from typing import Final

from aiohttp import web

from dip.delivery.dispatcher import Dispatcher
from dip.delivery.trial_calls import TrialCalls
from dip.ground.current import Current
from dip.ground.errors import DipError, NotFound
from dip.http.portal.endpoints import Endpoints
from dip.http.portal.guard import API
from dip.http.portal.open_doors import json_response
from dip.http.portal.renderer import Renderer
from dip.http.problems import status_of
from dip.participants.registry import Participants

_PAGE: Final = "/endpoints/{endpoint_id}/test"
_STEPS: Final = {
    "address": "The address",
    "name": "The name, looked up",
    "connection": "The connection",
    "tls": "TLS and its certificate",
    "call": "The call and its answer",
}


class EndpointTrials:
    """Handlers of `/endpoints/{endpoint_id}/test` and of the call that does the same."""

    def __init__(
        self,
        *,
        trials: TrialCalls,
        dispatcher: Dispatcher,
        endpoints: Endpoints,
        participants: Current[Participants],
        renderer: Renderer,
    ) -> None:
        """endpoints: finds the visitor's own."""
        self._trials = trials
        self._dispatcher = dispatcher
        self._endpoints = endpoints
        self._participants = participants
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """Call and page."""
        return [
            web.post(f"{API}/endpoints/{{endpoint_id}}/test", self.make),
            web.get(_PAGE, self.page),
            web.post(_PAGE, self.send),
        ]

    async def make(self, request: web.Request) -> web.Response:
        """Call an endpoint now with a signed array that has no message in it, and tell each step.

        Nothing is queued, no delivery is counted, and its limits and pauses don't matter. Redirects are not followed.
        The answer is 200 whether or not the test call went well; 429 while so many are under way.
        """
        return json_response(await self._trials.make(self._dispatcher.endpoint(self._endpoints.own_one(request))))

    async def page(self, request: web.Request) -> web.Response:
        """What became of the last test call, and a button for another."""
        return self._show(request)

    async def send(self, request: web.Request) -> web.Response:
        """Make a test call."""
        endpoint_id = self._endpoints.own_one(request)
        try:
            await self._trials.make(self._dispatcher.endpoint(endpoint_id))
        except NotFound:
            raise
        except DipError as refused:
            return self._show(request, refused)
        raise web.HTTPSeeOther(f"/endpoints/{endpoint_id}/test?done=1")

    def _show(self, request: web.Request, refused: DipError | None = None) -> web.Response:
        endpoint_id = self._endpoints.own_one(request)
        state = self._endpoints.state(endpoint_id)
        known = self._participants.value.get(state.recipient)
        values = {
            "endpoint": state,
            "name": known.name if known is not None else "",
            "trial": self._trials.last(endpoint_id),
            "steps": _STEPS,
            "refused": refused,
            "done": request.query.get("done") == "1",
        }
        status = 200 if refused is None else status_of(refused)
        return self._renderer.page(request, "endpoint_test.html", values, status=status)

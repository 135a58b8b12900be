"""The page of the runs that fill the MPAN table: imports of files, and pulls from registration services (FS-35)."""

from typing import Final

from aiohttp import web

from dip.ground.clock import moment
from dip.ground.current import Current
from dip.http.portal.renderer import Renderer
from dip.participants.registry import Participants
from dip.registration.importing import Importing
from dip.registration.pull import RUNNING
from dip.registration.pulling import Pulling

_PAGE: Final = "/mpans/runs"
_SHOWN: Final = 50
_WATCH_SECONDS: Final = 3


class MpanRunPage:
    """The handler of `/mpans/runs`."""

    def __init__(
        self, *, importing: Importing, pulling: Pulling, participants: Current[Participants], renderer: Renderer
    ) -> None:
        self._importing = importing
        self._pulling = pulling
        self._participants = participants
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """The page."""
        return [web.get(_PAGE, self.page)]

    async def page(self, request: web.Request) -> web.Response:
        """Imports and pulls, newest first, and how far they are; it refreshes itself while one is under way."""
        pulls = self._pulling.views()[:_SHOWN]
        names = {pull.run for pull in pulls}
        imports = [run for run in self._importing.runs(2 * _SHOWN) if run.name not in names][:_SHOWN]
        running = any(state == RUNNING for state in (*(one.state for one in pulls), *(one.state for one in imports)))
        still = request.query.get("still") == "1"
        participants = self._participants.value
        response = self._renderer.page(
            request,
            "mpan_runs.html",
            {
                "pulls": pulls,
                "imports": imports,
                "services": self._pulling.services,
                "running": running,
                "moment": moment,
                "still": still,
                "name_of": lambda dip_id: one.name if (one := participants.get(dip_id)) is not None else "",
            },
        )
        if running and not still:
            response.headers["Refresh"] = f"{_WATCH_SECONDS};url={_PAGE}"
        return response

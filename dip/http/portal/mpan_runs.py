"""The pages of the runs that fill the MPAN table: imports of files, and pulls from registration services (FS-35)."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

import msgspec
from aiohttp import web

from dip.ground.clock import moment
from dip.ground.current import Current
from dip.ground.errors import BadRequest, DipError
from dip.http.portal.guard import API
from dip.http.portal.mpans import from_line_of, run_name_of, whole
from dip.http.portal.renderer import Renderer
from dip.http.portal.streamed_forms import pieces, streamed_form
from dip.http.problems import status_of
from dip.participants.registry import Participants
from dip.registration.importing import Importing, ImportOrder
from dip.registration.pull import RUNNING
from dip.registration.pulling import Pulling
from dip.registration.service_certificate import REGISTRATION_SERVICE

_PAGE: Final = "/mpans/runs"
_ONE: Final = f"{_PAGE}/{{name}}"
_SHOWN: Final = 50
_FAULTS: Final = 100
_LARGEST: Final = 2**53
_WATCH_SECONDS: Final = 3
_TYPED: Final = ("run", "from_line", "service", "url", "since")


class _Refused(msgspec.Struct, frozen=True):
    """A form of the page that was refused. form: import, pull or stop; typed: what was typed in it."""

    form: str
    error: DipError
    typed: Mapping[str, str]


class MpanRunPage:
    """Handlers of `/mpans/runs` and of its forms."""

    def __init__(
        self, *, importing: Importing, pulling: Pulling, participants: Current[Participants], renderer: Renderer
    ) -> None:
        self._importing = importing
        self._pulling = pulling
        self._participants = participants
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """The pages."""
        return [
            web.get(_PAGE, self.page),
            web.post(_PAGE, self.pull),
            web.get(_ONE, self.one),
            web.post("/mpans/imports", self.take),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """Imports and pulls, newest first, and how far they are; it refreshes itself while one is under way."""
        return self._show(request)

    async def one(self, request: web.Request) -> web.Response:
        """One import or pull: how far it is, and the rows that it rejected, as far as they are kept."""
        name = request.match_info["name"]
        after = whole(request.query, "after", 0, 0, _LARGEST)
        run, faults = self._importing.run(name, after, _FAULTS)
        here = f"{_PAGE}/{quote(name, safe='')}"
        values = {
            "run": run,
            "faults": faults.items,
            "moment": moment,
            "older": f"{here}?after={faults.next}" if faults.next is not None else None,
            "newest": here if after else None,
            "as_json": f"{API}/mpans/runs/{quote(name, safe='')}",
            "done": request.query.get("done") == "1",
        }
        response = self._renderer.page(request, "mpan_run.html", values)
        if run.state == RUNNING and not after:
            response.headers["Refresh"] = f"{_WATCH_SECONDS};url={here}"
        return response

    async def take(self, request: web.Request) -> web.Response:
        """Import the file of a form; the answer comes when everything is committed."""
        form, typed = await streamed_form(request), dict[str, str]()
        try:
            typed, file = await form.fields()
            if file is None or not file.filename:
                raise BadRequest("file: choose one.")
            run = run_name_of(typed.get("run") or None)
            order = ImportOrder(run, from_line_of(typed.get("from_line", ""), run))
            imported = await self._importing.take(pieces(file), order)
        except DipError as error:
            return self._show(request, _Refused("import", error, typed))
        raise web.HTTPSeeOther(f"{_PAGE}/{quote(imported.run, safe='')}?done=1")

    async def pull(self, request: web.Request) -> web.Response:
        """Begin to pull, or stop a pull."""
        typed = {name: str(value).strip() for name, value in (await request.post()).items()}
        asked = typed.get("do", "")
        try:
            if asked == "stop":
                await self._pulling.stop(typed.get("service", ""))
            elif asked == "pull":
                service = typed.get("service", "")
                if typed.get("url") and not service:
                    raise BadRequest("services: choose the one that has this address.")
                services = {service: typed.get("url") or None} if service else None
                await self._pulling.order(services, typed.get("since") or None)
            else:
                raise BadRequest("do: expected pull or stop.")
        except DipError as error:
            return self._show(request, _Refused(asked, error, typed))
        raise web.HTTPSeeOther(f"{_PAGE}?done={asked}")

    def _show(self, request: web.Request, refused: _Refused | None = None) -> web.Response:
        pulls = self._pulling.views()[:_SHOWN]
        names = {pull.run for pull in pulls}
        imports = [run for run in self._importing.runs(2 * _SHOWN) if run.name not in names][:_SHOWN]
        running = any(state == RUNNING for state in (*(one.state for one in pulls), *(one.state for one in imports)))
        still = request.query.get("still") == "1"
        participants = self._participants.value
        asked_of = (one for one in participants if REGISTRATION_SERVICE in one.roles and one.left_at is None)
        typed = refused.typed if refused is not None else {}
        values = {
            "pulls": pulls,
            "imports": imports,
            "services": self._pulling.services,
            "asked_of": sorted(asked_of, key=lambda one: one.dip_id),
            "running": running,
            "moment": moment,
            "still": still,
            "name_of": lambda dip_id: one.name if (one := participants.get(dip_id)) is not None else "",
            "refused": refused,
            "typed": {name: typed.get(name, "") for name in _TYPED},
            "done": request.query.get("done", ""),
        }
        status = 200 if refused is None else status_of(refused.error)
        response = self._renderer.page(request, "mpan_runs.html", values, status=status)
        if running and not still and refused is None:
            response.headers["Refresh"] = f"{_WATCH_SECONDS};url={_PAGE}"
        return response

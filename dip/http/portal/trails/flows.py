"""Flow reports as matrices of stages: call and pages (5.11.3, figure 15; FS-53)."""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from dip.channels.flow import Flow
from dip.channels.flows import Flows
from dip.channels.registry import Registry
from dip.ground.current import Current
from dip.ground.errors import BadRequest, NotFound
from dip.http.portal.guard import API, present_visitor
from dip.http.portal.open_doors import json_response
from dip.http.portal.renderer import Renderer
from dip.http.portal.searches import check_mpan, read_search
from dip.http.portal.trails.asking import csv_response, moment_asked, wants_csv
from dip.http.portal.trails.own_flow import LINKS, MOST_STAGES, OWN, RESPONSES, own_flow, rows_typed
from dip.messages.identifiers import DipId
from dip.participants.registry import Participants
from dip.reporting.flow_matrix import FlowRow, RunState
from dip.reporting.flow_reports import FlowReports, FlowWanted

_PAGE: Final = "/flows"
_ON_A_PAGE: Final = 50
FIELDS: Final = ("from", "to", "mpan", "correlation", "participant", "state")
_DEFINITION: Final = ("title", "link", "message", "response", "stage")
_SPARE_ROWS: Final = 3
_CSV_HEAD: Final = (
    "run",
    "started",
    "state",
    "lane",
    "stage",
    "stageState",
    "reachedAt",
    "by",
    "response",
    "transactionId",
)


class FlowDesk:
    """Handlers of `/admin/api/flows/{flow}` and of the pages below `/flows`."""

    def __init__(
        self,
        *,
        reports: FlowReports,
        flows: Flows,
        registry: Current[Registry],
        participants: Current[Participants],
        digest: Callable[[str], bytes],
        renderer: Renderer,
    ) -> None:
        self._reports = reports
        self._flows = flows
        self._registry = registry
        self._participants = participants
        self._digest = digest
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """Call and pages."""
        return [
            web.get(f"{API}/flows/{{flow}}", self.listed),
            web.get(_PAGE, self.choice),
            web.get(f"{_PAGE}/{{flow}}", self.page),
        ]

    async def listed(self, request: web.Request) -> web.Response:
        """Runs of a business flow, newest first, with the stages they reached.

        `own` is a report that the query itself defines: `link`, and `message`, `response`, `stage` for each stage.
        A page looks at so many messages (`flow_scan`); `next` goes on from there, whether or not any fitted.
        `form=csv` gives a table with a line for each stage, and the key of the next page in `X-Next`.
        """
        as_table = wants_csv(request.query)
        flow = self._flow(request)
        if flow is None:
            raise BadRequest("An own report needs a stage: message=IF-031 DSApp, link=correlation.")
        found = await self._reports.page(flow, self._wanted(request))
        if as_table:
            lines = [line for row in found.rows for line in _lines(row)]
            return csv_response(f"flow-{flow.name}", _CSV_HEAD, lines, found.following)
        return json_response({"items": found.rows, "next": found.following})

    async def choice(self, request: web.Request) -> web.Response:
        """The flows that there are."""
        flows = sorted(self._flows.flows.values(), key=lambda flow: flow.title)
        values = {"flows": flows, "processes": self._flows.processes}
        return self._renderer.page(request, "trails/flows.html", values)

    async def page(self, request: web.Request) -> web.Response:
        """Runs of a business flow as a matrix, or the form for a report of one's own."""
        visitor, query = present_visitor(request), request.query
        name = request.match_info["flow"]
        typed = {field: query.get(field, "").strip() for field in FIELDS}
        kept = [(key, text) for key in _DEFINITION for text in query.getall(key, ())] if name == OWN else []
        conditions = [*kept, *((key, text) for key, text in typed.items() if text)]
        fault, following, flow = None, None, None
        rows: list[FlowRow] = []
        try:
            flow = self._flow(request)
            if flow is not None:
                found = await self._reports.page(flow, self._wanted(request))
                rows, following = found.rows, found.following
        except BadRequest as error:
            fault = error.message
        here = f"{_PAGE}/{name}"
        values = {
            "flow": flow,
            "here": here,
            "is_own": name == OWN,
            "kept": kept,
            "stages": flow.stages() if flow is not None else (),
            "rows": rows,
            "typed": typed,
            "searching": any(typed.values()),
            "states": [state.value for state in RunState],
            "fault": fault,
            "older": f"{here}?{urlencode([*conditions, ('next', following)])}" if following else None,
            "newest": f"{here}?{urlencode(conditions)}" if query.get("next") else None,
            "link": f"{here}?{urlencode(conditions)}",
            "export": f"{API}/flows/{name}?{urlencode(conditions)}",
            "participants": sorted(
                (one for one in self._participants.value if visitor.sees(one.dip_id)), key=lambda one: one.dip_id
            ),
            "name_of": self._name_of,
            **(self._form(request) if name == OWN else {}),
        }
        return self._renderer.page(request, "trails/flow.html", values, status=400 if fault else 200)

    def _form(self, request: web.Request) -> dict[str, Any]:
        """What the form for a report of one's own shows."""
        try:
            rows = rows_typed(request.query)
        except BadRequest:
            rows = []
        blank = max(1, min(_SPARE_ROWS, MOST_STAGES - len(rows)))
        registry = self._registry.value
        return {
            "own_rows": [*rows, *[("", "", "")] * blank][:MOST_STAGES],
            "own_title": request.query.get("title", ""),
            "own_link": request.query.get("link", "correlation"),
            "links": LINKS,
            "responses": RESPONSES,
            "kinds": [
                (channel, [code.strip("[]") for code in channel.events])
                for channel in sorted(registry.channels.values(), key=lambda one: one.id)
            ],
        }

    def _flow(self, request: web.Request) -> Flow | None:
        """The flow that an address names, or defines. Raises NotFound, BadRequest."""
        name = request.match_info["flow"]
        if name == OWN:
            return own_flow(request.query, self._registry.value)
        found = self._flows.flows.get(name)
        if found is None:
            raise NotFound("No business flow has this name.")
        return found

    def _wanted(self, request: web.Request) -> FlowWanted:
        """Raises BadRequest."""
        query = request.query
        paged = read_search({name: query.get(name, "") for name in ("next", "limit")}, limit=_ON_A_PAGE)
        mpan, state = query.get("mpan", "").strip(), query.get("state", "").strip()
        if state and state not in set(RunState):
            raise BadRequest(f"state is one of {', '.join(RunState)}.")
        checked = check_mpan(mpan) if mpan else None
        participant = query.get("participant", "").strip()
        return FlowWanted(
            since=moment_asked(query, "from"),
            until=moment_asked(query, "to", is_end=True),
            mpan=checked,
            mpan_digest=None if checked is None else self._digest(checked),
            correlation=query.get("correlation", "").strip() or None,
            participant=DipId(participant) if participant else None,
            state=RunState(state) if state else None,
            parties=present_visitor(request).dip_ids,
            before=paged.before,
            limit=min(paged.limit, _ON_A_PAGE),
        )

    def _name_of(self, dip_id: str) -> str:
        participant = self._participants.value.get(DipId(dip_id))
        return participant.name if participant is not None else ""


def _lines(row: FlowRow) -> list[tuple[object, ...]]:
    """A run as lines of a table, one for each stage and lane."""
    return [
        (
            *(row.id, row.started_at.isoformat(), row.state.value, cell.lane, cell.stage, cell.state.value),
            *(
                (None, None, None, None)
                if cell.message is None
                else (cell.message.at.isoformat(), cell.message.by, cell.message.response, cell.message.transaction_id)
            ),
        )
        for cell in row.cells
    ]

"""The page of a sequence diagram of real messages, and its files (5.11.3)."""

import asyncio
from typing import Final
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from dip.ground.current import Current
from dip.ground.errors import BadRequest
from dip.ground.settings import Settings
from dip.http.portal.diagrams import drawing
from dip.http.portal.diagrams.mermaid import mermaid
from dip.http.portal.diagrams.query import MARKS, TIMES, Asked, read, typed
from dip.http.portal.diagrams.words import detail_of, kind_of, named, sign_of
from dip.http.portal.guard import present_visitor
from dip.http.portal.pages import Digester
from dip.http.portal.powers import Visitor
from dip.http.portal.renderer import Renderer
from dip.messages.identifiers import DipId
from dip.participants.registry import Participants
from dip.reporting.sequence import MessageSequence, message_sequence
from dip.store.page_records import PAGE_LIMIT
from dip.store.pages import SqlitePages

_FILES: Final = (("SVG", "diagram.svg"), ("Mermaid", "diagram.mmd"), ("HTML", "diagram.html"))


class Found(msgspec.Struct, frozen=True):
    """What a diagram shows. note: what it leaves out, in a sentence; empty: nothing."""

    asked: Asked
    sequence: MessageSequence
    note: str

    @property
    def description(self) -> str:
        """How much there is, and what is left out."""
        many = self.sequence.messages
        return f"{many} message{'' if many == 1 else 's'}, all times are UTC. {self.note}".strip()


class DiagramPages:
    """Handlers of the page and of its files; all take the same query."""

    def __init__(
        self,
        *,
        settings: Settings,
        pages: SqlitePages,
        participants: Current[Participants],
        vault: Digester,
        renderer: Renderer,
    ) -> None:
        self._most_messages = min(settings.diagram_messages, PAGE_LIMIT)
        self._most_deliveries = settings.diagram_deliveries
        self._pages = pages
        self._participants = participants
        self._vault = vault
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """The addresses of this part."""
        return [
            web.get("/diagrams", self.page),
            web.get("/diagrams/diagram.svg", self.svg),
            web.get("/diagrams/diagram.mmd", self.mermaid),
            web.get("/diagrams/diagram.html", self.html),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """The diagram with a form to ask for another one."""
        fault, found, given = "", None, typed(request.query)
        try:
            found = await self._find(request)
        except BadRequest as error:
            fault = error.message
        return await asyncio.to_thread(self._page, request, found, fault, given)

    async def svg(self, request: web.Request) -> web.Response:
        """The diagram as an SVG file that stands alone."""
        found = await self._wanted(request)
        return _file("diagram.svg", "image/svg+xml", await asyncio.to_thread(self._image, found))

    async def mermaid(self, request: web.Request) -> web.Response:
        """The diagram as the text of a Mermaid sequence diagram."""
        found = await self._wanted(request)
        text = await asyncio.to_thread(mermaid, found.asked.title, found.note, found.sequence, self._name_of)
        return _file("diagram.mmd", "text/plain", text)

    async def html(self, request: web.Request) -> web.Response:
        """The diagram with its table as one HTML file that needs nothing else."""
        return await asyncio.to_thread(self._export, request, await self._wanted(request))

    # Drawing the largest takes a tenth of a second: in a thread, where messages do not wait for it.

    def _page(self, request: web.Request, found: Found | None, fault: str, given: dict[str, str]) -> web.Response:
        drawn = ""
        if found is not None and found.sequence.events:
            drawn = drawing.drawn(found.asked.title, found.sequence, self._name_of)
        return self._renderer.page(
            request,
            "diagrams/page.html",
            {
                "given": dict.fromkeys((*MARKS, *TIMES), "") | given,
                "fault": fault,
                "found": found,
                "most": self._most_messages,
                "diagram": drawn,
                "files": [(f"/diagrams/{name}?{urlencode(given)}", label) for label, name in _FILES],
                **self._words(),
            },
            status=400 if fault else 200,
        )

    def _export(self, request: web.Request, found: Found) -> web.Response:
        values = {"found": found, "diagram": self._image(found), **self._words()}
        response = self._renderer.page(request, "diagrams/export.html", values)
        response.headers["Content-Disposition"] = 'attachment; filename="diagram.html"'
        return response

    def _image(self, found: Found) -> str:
        return drawing.image(found.asked.title, found.description, found.sequence, self._name_of)

    async def _wanted(self, request: web.Request) -> Found:
        found = await self._find(request)
        if found is None:
            raise BadRequest("A diagram needs a correlation, an mpan, a transaction, or a time: from, to.")
        return found

    async def _find(self, request: web.Request) -> Found | None:
        """The messages that are asked for, with all that the visitor may know of them. Raises BadRequest."""
        asked = read(request.query, messages=self._most_messages)
        return None if asked is None else await self._found(asked, present_visitor(request))

    async def _found(self, asked: Asked, visitor: Visitor) -> Found:
        wanted = asked.search.filter(self._vault.digest, visitor.dip_ids)
        if asked.until is not None:
            before = await self._pages.first_received_from(asked.until)
            wanted = msgspec.structs.replace(wanted, before=before)
        rows = await self._pages.messages(wanted)
        fitting = [row for row in rows if asked.since is None or row.received_at >= asked.since]
        shown = fitting[: self._most_messages]
        sent = await self._pages.sent(
            [row.id for row in shown], limit=self._most_deliveries + 1, parties=visitor.dip_ids
        )
        kept = sent[-self._most_deliveries :]
        notes = []
        if len(fitting) > len(shown):
            notes.append(f"Only the newest {len(shown):,} messages are shown; earlier ones are left out.")
        if len(sent) > len(kept):
            notes.append(f"Only the newest {len(kept):,} deliveries are shown; earlier ones are left out.")
        return Found(asked, message_sequence(shown, kept), " ".join(notes))

    def _words(self) -> dict[str, object]:
        return {
            "name_of": self._name_of,
            "named": lambda dip_id: named(dip_id, self._name_of),
            "kind_of": kind_of,
            "sign_of": sign_of,
            "detail_of": detail_of,
        }

    def _name_of(self, dip_id: str) -> str:
        participant = self._participants.value.get(DipId(dip_id))
        return participant.name if participant is not None else ""


def _file(name: str, content_type: str, text: str) -> web.Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(text=text, content_type=content_type, charset="utf-8", headers=headers)

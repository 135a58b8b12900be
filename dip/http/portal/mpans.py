"""The administration API: imports of appointments, and how far imports and pulls are (5.5.14, FS-35)."""

import re
from collections.abc import AsyncIterator, Mapping
from typing import Final

from aiohttp import ClientError, web
from aiohttp.http_exceptions import HttpProcessingError

from dip.ground.errors import BadRequest
from dip.http.portal.open_doors import json_response
from dip.http.portal.permissions import API
from dip.registration.importing import Importing, ImportOrder

_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,100}", re.ASCII)
_PLAIN: Final = frozenset({"", "identity"})
_GZIP: Final = frozenset({"gzip", "x-gzip"})
_MOST: Final = 1000
_LARGEST: Final = 2**53


class MpanImports:
    """Handlers of `/admin/api/mpans` and of its runs."""

    def __init__(self, importing: Importing) -> None:
        self._importing = importing

    def routes(self) -> list[web.RouteDef]:
        """The routes; `runs` is no MPAN."""
        return [
            web.post(f"{API}/mpans", self.take),
            web.get(f"{API}/mpans/runs", self.runs),
            web.get(f"{API}/mpans/runs/{{name}}", self.run),
        ]

    async def take(self, request: web.Request) -> web.Response:
        """Import appointments: CSV with mpan,role,dip_id,effective_from,effective_to, of any size, plain or gzip.

        Dates are YYYY-MM-DD, which begins at local midnight, or 25 characters with an offset; `effective_to` is
        exclusive, empty means open: until the next appointment of that role begins. A head line may be there. Answers
        when everything is committed and the next look-up sees it. Rows that are rejected do not stop the others; the
        first of them are named. The same rows again change nothing. A run with a name can go on after a break:
        `from_line` has to be the line after those that it has dealt with, else the answer is 409.
        """
        encoding = request.headers.get("Content-Encoding", "").strip().lower()
        if encoding not in _PLAIN | _GZIP:
            raise BadRequest("Content-Encoding: expected gzip, or none.")
        run = run_name_of(request.query.get("run"))
        order = ImportOrder(run, from_line_of(request.query.get("from_line", ""), run), is_packed=encoding in _GZIP)
        return json_response(await self._importing.take(_body(request), order))

    async def runs(self, request: web.Request) -> web.Response:
        """Imports and pulls of appointments, the newest first."""
        limit = whole(request.query, "limit", 100, 1, _MOST)
        return json_response({"items": self._importing.runs(limit), "next": None})

    async def run(self, request: web.Request) -> web.Response:
        """One import or pull: how far it is, and the rows that it rejected, as far as they are kept."""
        after = whole(request.query, "after", 0, 0, _LARGEST)
        limit = whole(request.query, "limit", _MOST, 1, _MOST)
        run, faults = self._importing.run(request.match_info["name"], after, limit)
        return json_response({"run": run, "faults": faults.items, "next": faults.next})


async def _body(request: web.Request) -> AsyncIterator[bytes]:
    try:
        async for data in request.content.iter_any():
            yield data
    except (ConnectionError, ClientError, HttpProcessingError) as exc:
        raise BadRequest("Body: expected all of it; the connection broke off, or its chunks have no form.") from exc


def run_name_of(text: str | None) -> str | None:
    """The name of an import; None: it has none yet. Raises BadRequest."""
    if text is not None and not _NAME.fullmatch(text):
        raise BadRequest("run is 1 to 100 of A-Z a-z 0-9 . _ -")
    return text


def from_line_of(text: str, run: str | None) -> int:
    """The line of the whole file with which a body begins; without a text the first. Raises BadRequest."""
    from_line = whole({"from_line": text}, "from_line", 1, 1, _LARGEST)
    if from_line > 1 and run is None:
        raise BadRequest("from_line: expected run beside it, the name of the import that goes on.")
    return from_line


def whole(query: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    """A whole number of a query. Raises BadRequest."""
    text = query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdecimal()) or not least <= int(text[:20]) <= most:
        raise BadRequest(f"{name} is a whole number from {least} to {most}.")
    return int(text)

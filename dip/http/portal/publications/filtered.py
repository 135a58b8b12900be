"""Answers with the rows of a payload that a filter chooses, while it is read (5.6.4)."""

from collections.abc import AsyncGenerator, Callable
from contextlib import ExitStack, aclosing
from typing import Final, Literal

from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from dip.ground.errors import BadRequest, DipError
from dip.ground.log import Log
from dip.ground.settings import Settings
from dip.http.forwarded import client_address
from dip.http.portal.publications.places import NoPlace, Places, TooManyDownloads
from dip.http.portal.publications.representation import Representation
from dip.http.portal.publications.sending import Download
from dip.publications.filtering.filtering import Filtering, Opened
from dip.publications.filtering.query import read_filter
from dip.publications.filtering.source import Source, form_of
from dip.publications.shelf import Shelf

_GZIP: Final[Literal["gzip"]] = "gzip"
_FORMS: Final = "CSV and JSON, plain or gzip"


class NoFilterPlace(NoPlace):
    """As many filters work as may; ask again later."""

    code = "no_filter_place"


class TooManyFilters(TooManyDownloads):
    """As many filters work for this address as may; let one end first."""

    code = "too_many_filters"


class FilteredRows:
    """Runs filters over payloads for those who ask."""

    def __init__(
        self, *, filtering: Filtering, shelf: Shelf, settings: Settings, moved: Callable[[str, int], None], log: Log
    ) -> None:
        """moved: told of bytes that were chosen, `filtered`."""
        self._filtering = filtering
        self._shelf = shelf
        self._stall_s = settings.publication_stall_s
        self._moved = moved
        self._log = log
        self._places = Places(
            most=settings.publication_filters_at_once,
            most_of_one=settings.publication_filters_an_address,
            what="filters",
            full=NoFilterPlace,
            full_for_one=TooManyFilters,
        )

    async def answer(self, request: web.Request, shown: Representation) -> web.StreamResponse:
        """The rows that the query parameters choose; a page of them with the address of the next one in `Link`.

        Raises BadRequest, FilterRefused, PayloadNotStructured, PayloadBomb, NoPlace, FilterTooLong.
        """
        asked = read_filter(request.query.items())
        with ExitStack() as stack:
            stack.enter_context(self._places.taking(client_address(request)))
            source = self._source(shown, stack)
            opened = await self._filtering.open(source, asked)
            headers = _headers(shown, opened)
            if request.method == "HEAD":
                return Download(status=200, headers=headers)
            if asked.limit is not None:
                return await self._page(request, opened, headers)
            return await self._all(request, shown, opened, headers)

    def _source(self, shown: Representation, stack: ExitStack) -> Source:
        payload = shown.payload
        form = form_of(payload.media_type)
        if form is None or payload.compression not in (None, _GZIP):
            packed = f", {payload.compression}" if payload.compression else ""
            raise BadRequest(
                f"Query: expected none here. Filters work on {_FORMS}; this payload is {payload.media_type}{packed}."
            )
        return Source(
            path=stack.enter_context(self._shelf.reading(payload.id)),
            form=form,
            compression=_GZIP if payload.compression else None,
            size=payload.size,
            digest=payload.sha256.hex(),
        )

    async def _page(self, request: web.Request, opened: Opened, headers: CIMultiDict[str]) -> web.Response:
        """A page is no longer than what may be held in memory: where the next begins stands in its head."""
        async with aclosing(opened.pieces()) as pieces:
            body = b"".join([piece async for piece in pieces])
        self._moved("filtered", len(body))
        if opened.next_cursor is not None:
            query = [(name, value) for name, value in request.query.items() if name != "cursor"]
            # Relative to whatever address the reader asked, also through a gateway.
            following = URL.build(query=[*query, ("cursor", opened.next_cursor)])
            headers["Link"] = f'<{following}>; rel="next"'
        return web.Response(body=body, headers=headers)

    async def _all(
        self, request: web.Request, shown: Representation, opened: Opened, headers: CIMultiDict[str]
    ) -> web.StreamResponse:
        # What goes wrong before the first output still has a status of its own.
        pieces = opened.pieces()
        async with aclosing(pieces):
            first = await anext(pieces, b"")
            response = Download(status=200, headers=headers)
            broken = await response.stream(request, _with(first, pieces), self._stall_s)
        self._moved("filtered", response.body_length)
        if broken is not None:
            reason = broken.code if isinstance(broken, DipError) else type(broken).__name__
            self._log.info("filter_cut", payload=shown.payload.id, reason=reason)
        return response


def _headers(shown: Representation, opened: Opened) -> CIMultiDict[str]:
    headers = shown.headers(is_packed=False)
    for name in ("ETag", "Accept-Ranges", "Repr-Digest", "Last-Modified"):
        # They are of the whole payload.
        headers.pop(name, None)
    stem, _, _ = shown.address.file_name.partition(".")
    headers["Content-Type"] = opened.form.media_type
    headers["Content-Disposition"] = f'attachment; filename="{stem}-filtered.{opened.form}"'
    return headers


async def _with(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    if first:
        yield first
    async for piece in rest:
        yield piece

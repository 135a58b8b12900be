"""Downloads of payloads: by anybody, whole or in parts, under an address that stays (5.6; FS-37, FS-57)."""

import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Final, Protocol

from aiohttp import web

from dip.ground.clock import Clock
from dip.ground.errors import DipError, NotFound
from dip.ground.log import Log
from dip.ground.publication_settings import PublicationSettings
from dip.http.forwarded import client_address
from dip.http.portal.publications import multipart
from dip.http.portal.publications.codings import takes_gzip
from dip.http.portal.publications.conditions import (
    CONDITIONS,
    ConditionFailed,
    Verdict,
    judged,
    matching_tag,
    ranges_hold,
)
from dip.http.portal.publications.files import PayloadFile, PayloadUnreadable
from dip.http.portal.publications.places import NoPlace, Places
from dip.http.portal.publications.ranges import RangeNotSatisfiable, Span, spans, wanted_ranges
from dip.http.portal.publications.representation import Representation
from dip.http.portal.publications.sending import Download, is_sent
from dip.http.problems import problem, problem_response
from dip.messages.identifiers import InterfaceId
from dip.publications.address import LATEST, checked_address
from dip.publications.shelf import Shelf
from dip.store.publication_records import Payload, PayloadState

LIST: Final = "/publications"
_CHANNEL: Final = re.compile(r"[A-Za-z0-9-]{1,20}")
Filtered = Callable[[web.Request, Representation], Awaitable[web.StreamResponse]]
"""Answers with the part of a payload that the query parameters choose."""


class PayloadRemoved(DipError):
    """This payload was removed."""

    code = "payload_removed"


class Payloads(Protocol):
    """What is asked of the store; both are point reads."""

    def payload(self, channel: str, name: str, version: str) -> Payload | None:
        """The payload at an address, in whatever state."""

    def latest(self, channel: str, name: str) -> Payload | None:
        """The published payload of a name that was published last."""


class Downloads:
    """Handler of `/publications/{channel}/{name}/{version}`.

    executor: threads that read files and compress, of its own.

    filtered: what answers a request with query parameters. moved: told of bytes that were `downloaded`.
    """

    def __init__(
        self,
        *,
        payloads: Payloads,
        shelf: Shelf,
        settings: PublicationSettings,
        clock: Clock,
        executor: Executor,
        log: Log,
        moved: Callable[[str, int], None],
        filtered: Filtered,
    ) -> None:
        self._payloads = payloads
        self._shelf = shelf
        self._clock = clock
        self._executor = executor
        self._log = log
        self._moved = moved
        self._filtered = filtered
        self._stall_s = settings.publication_stall_s
        self._places = Places(
            most=settings.publication_downloads_at_once, most_of_one=settings.publication_downloads_an_address
        )
        self._most_packed = settings.publication_compressions_at_once
        self._packed = 0

    def routes(self) -> list[web.RouteDef]:
        """The route; `latest` in the place of the version is the one published last."""
        return [web.get(f"{LIST}/{{channel}}/{{name}}/{{version}}", self.download)]

    async def download(self, request: web.Request) -> web.StreamResponse:
        """Download a payload, or the part of it that `Range` or a filter chooses; without log-in.

        `latest` stands for the version that was published last. The entity tag holds the SHA-256 of the payload.
        Conditions (`If-None-Match` and others), up to 16 byte ranges, and gzip on the way of what is text are taken as
        RFC 9110 has them. Query parameters are a filter.
        """
        try:
            return await self._answer(request)
        except NoPlace as exc:
            return problem_response(problem(exc), {"Retry-After": str(exc.after_s)})

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        asked_latest = request.match_info["version"] == LATEST
        payload = self._found(request, is_latest=asked_latest)
        shown = Representation(payload, is_latest=asked_latest, now=self._clock.wall())
        if request.query:
            return await self._filtered(request, shown)
        headers = request.headers
        range_ = ",".join(headers.getall("Range")) if request.method == "GET" and "Range" in headers else None
        takes_packed = (
            range_ is None and shown.may_be_packed and takes_gzip(",".join(headers.getall("Accept-Encoding", ())))
        )
        validators = shown.validators(with_packed=takes_packed)
        given = {name: ",".join(headers.getall(name)) for name in CONDITIONS if name in headers}
        try:
            verdict = judged(given, validators)
            if verdict is Verdict.NOT_MODIFIED:
                tag = matching_tag(given.get("If-None-Match"), validators.tags)
                return web.Response(status=304, headers=shown.standing(tag))
            parts: Sequence[Span] = ()
            if range_ is not None and ranges_hold(headers.get("If-Range"), validators):
                parts = spans(wanted_ranges(range_), payload.size)
        except ConditionFailed as exc:
            return problem_response(problem(exc), {"ETag": shown.tag})
        except RangeNotSatisfiable as exc:
            said = {"Content-Range": f"bytes */{payload.size}", "Accept-Ranges": "bytes", "ETag": shown.tag}
            return problem_response(problem(exc), said)
        if request.method == "HEAD":
            return _prepared(shown, (), is_packed=takes_packed)
        with self._places.taking(client_address(request)):
            return await self._send(request, shown, parts, is_packed=takes_packed and self._packed < self._most_packed)

    def _found(self, request: web.Request, *, is_latest: bool) -> Payload:
        """The published payload. Raises AddressRefused, NotFound, PayloadRemoved; unpublished ones are unknown."""
        channel, name, version = (request.match_info[part] for part in ("channel", "name", "version"))
        is_channel = _CHANNEL.fullmatch(channel) is not None
        around = f"{LIST}/{channel}" if is_channel else LIST
        address = checked_address(InterfaceId(channel), name, "0" if is_latest else version)
        found: Payload | None = None
        if is_channel:
            found = (
                self._payloads.latest(channel, name)
                if is_latest
                else self._payloads.payload(channel, name, address.version)
            )
        if found is not None and found.state is PayloadState.REMOVED and found.removed_at is not None:
            why = f" ({found.removed_why})" if found.removed_why else ""
            when = found.removed_at.isoformat(timespec="seconds")
            raise PayloadRemoved(f"This payload was removed at {when}{why}. {around} lists what there is.")
        if found is None or found.state is not PayloadState.PUBLISHED:
            raise NotFound(f"There is no publication at this address. {around} lists what there is.")
        return found

    async def _send(
        self, request: web.Request, shown: Representation, parts: Sequence[Span], *, is_packed: bool
    ) -> web.StreamResponse:
        file = PayloadFile(self._shelf, shown.payload.id, self._executor)
        self._packed += is_packed
        try:
            await file.open(shown.payload.size)
            response = _prepared(shown, parts, is_packed=is_packed)
            pieces: AsyncGenerator[bytes | memoryview, None]
            pieces = file.packed(shown.payload.size) if is_packed else _content(request, file, shown, parts)
            broken = await response.stream(request, pieces, self._stall_s)
            self._moved("downloaded", response.body_length)
        except PayloadUnreadable:
            self._log.error("payload_unreadable", payload=shown.payload.id)
            raise
        finally:
            self._packed -= is_packed
            file.close()
        if isinstance(broken, DipError):
            self._log.error("payload_unreadable", payload=shown.payload.id)
        elif broken is not None:
            self._log.info("download_cut", payload=shown.payload.id, reason=type(broken).__name__)
        return response


def _prepared(shown: Representation, parts: Sequence[Span], *, is_packed: bool) -> Download:
    """The answer with its headers; parts: none for the whole."""
    size = shown.payload.size
    response = Download(status=206 if parts else 200, headers=shown.headers(is_packed=is_packed))
    if len(parts) == 1:
        response.headers["Content-Range"] = parts[0].content_range(size)
        response.content_length = parts[0].length
    elif parts:
        response.headers["Content-Type"] = multipart.media_type(shown)
        response.content_length = multipart.length(shown, parts)
    elif not is_packed:
        response.headers["Content-Digest"] = shown.digest
        response.content_length = size
    return response


async def _content(
    request: web.Request, file: PayloadFile, shown: Representation, parts: Sequence[Span]
) -> AsyncGenerator[bytes | memoryview, None]:
    sent = partial(is_sent, request)
    if len(parts) <= 1:
        span = parts[0] if parts else Span(0, shown.payload.size)
        async for piece in file.pieces(*span, sent):
            yield piece
        return
    for number, span in enumerate(parts):
        yield multipart.part_head(shown, span, is_first=not number)
        async for piece in file.pieces(*span, sent):
            yield piece
    yield multipart.end(shown)

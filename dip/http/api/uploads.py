"""Payloads come in: resumable uploads by tus 1.0.0 (5.6). What announces them is signed; these calls are not."""

from datetime import datetime
from email.utils import format_datetime
from typing import Final

from aiohttp import ClientError, hdrs, web
from aiohttp.http import HttpProcessingError, HttpVersion11

from dip.channels.channel import EVERY_ROLE, PUBLICATIONS, Channel
from dip.channels.registry import Registry
from dip.ground.current import Current
from dip.ground.errors import NotFound, NotPermitted
from dip.ground.settings import Settings
from dip.http.api import tus
from dip.http.api.calls import Desk, UnknownChannel, caller_of
from dip.http.connections import Connection
from dip.messages.headers import PUBLICATION_URI, SENDER
from dip.messages.identifiers import DipId
from dip.participants.access import represents
from dip.participants.registry import Participants
from dip.publications.turns import CHECKSUM_ALGORITHM
from dip.publications.upload_errors import AddressTaken, OffsetWrong, PayloadRefused, UploadBroken, UploadStalled
from dip.publications.uploads import Uploads
from dip.store.publication_records import Payload, PayloadState

_PREFIX: Final = "/{prefix:(?i:publications)}/{channel_id}/{verb:(?i:uploads)}"
_ONE: Final = _PREFIX + "/{upload}"
_CREATED: Final = 201
_NO_CONTENT: Final = 204
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_TOLD: Final = web.RequestKey("told", dict[str, str])
"""Headers of the answer, also where it is a refusal."""


class UploadsApi:
    """Handlers of uploads. The sender is the caller, or one that it acts for, in a role that sends on the channel."""

    def __init__(
        self,
        *,
        desk: Desk,
        settings: Settings,
        registry: Current[Registry],
        participants: Current[Participants],
        uploads: Uploads,
    ) -> None:
        self._desk = desk
        self._settings = settings
        self._registry = registry
        self._participants = participants
        self._uploads = uploads

    def add_to(self, application: web.Application) -> None:
        """Serve uploads; before the application is served."""
        application.add_routes(
            [
                web.options(_PREFIX, self.abilities),
                web.options(_ONE, self.abilities),
                web.post(_PREFIX, self.create, expect_handler=_continue_later),
                web.head(_ONE, self.show),
                web.patch(_ONE, self.append, expect_handler=_continue_later),
                web.delete(_ONE, self.drop),
                web.post(_ONE, self.overridden, expect_handler=_continue_later),
            ]
        )
        application.on_response_prepare.append(_add_headers)

    async def abilities(self, request: web.Request) -> web.Response:
        """What of tus is spoken here: version, extensions, the largest payload, checksums."""
        return web.Response(
            status=_NO_CONTENT,
            headers={
                tus.RESUMABLE: tus.VERSION,
                tus.VERSIONS: tus.VERSION,
                tus.EXTENSION: ",".join(tus.EXTENSIONS),
                tus.MAX_SIZE: str(self._settings.publication_payload_limit_bytes),
                tus.CHECKSUM_ALGORITHMS: CHECKSUM_ALGORITHM,
            },
        )

    async def create(self, request: web.Request) -> web.Response:
        """Begin the upload of a payload; its first bytes, or all of them, may come along."""
        told = _begin(request)
        channel = self._channel(request)
        sender = DipId(request.headers.get(SENDER, caller_of(request).dip_id))
        self._authorise(request, channel, sender)
        wanted = tus.new_payload(request, channel.id, sender)
        checksum = tus.checksum(request)
        if request.body_exists:
            tus.check_body(request)
        try:
            payload = await self._uploads.begin(wanted)
        except AddressTaken as exc:
            if exc.upload is not None:
                told[hdrs.LOCATION] = self._location(request, exc.upload)
            if exc.is_own:
                told[PUBLICATION_URI] = self._uploads.uri(wanted)
            raise
        told[hdrs.LOCATION] = self._location(request, payload.upload)
        self._tell(request, payload)
        if request.body_exists:
            await _continue(request)
            try:
                payload = await self._uploads.append(payload, 0, _Reader(request), checksum)
            except PayloadRefused:
                told.clear()
                raise
        self._tell(request, payload)
        return web.Response(status=_CREATED)

    async def show(self, request: web.Request) -> web.Response:
        """How far an upload is: `Upload-Offset` is the next byte that is wanted."""
        told = _begin(request)
        payload = await self._uploads.find(self._payload(request).upload)
        told[hdrs.CACHE_CONTROL] = "no-store"
        told[tus.LENGTH] = str(payload.size)
        told[tus.METADATA] = tus.metadata_of(payload)
        self._tell(request, payload)
        return web.Response()

    async def append(self, request: web.Request) -> web.Response:
        """Send the next bytes of an upload; what came is kept, whatever breaks."""
        told = _begin(request)
        payload = self._payload(request)
        tus.check_body(request)
        offset, checksum = tus.number(request, tus.OFFSET), tus.checksum(request)
        await _continue_if(request, payload, offset)
        try:
            payload = await self._uploads.append(payload, offset, _Reader(request), checksum)
        except OffsetWrong as exc:
            told[tus.OFFSET] = str(exc.offset)
            raise
        self._tell(request, payload)
        return web.Response(status=_NO_CONTENT)

    async def drop(self, request: web.Request) -> web.Response:
        """Give an upload up; a payload that is whole, too, as long as no message announced it."""
        _begin(request)
        await self._uploads.drop(self._payload(request))
        return web.Response(status=_NO_CONTENT)

    async def overridden(self, request: web.Request) -> web.Response:
        """Another method, for who can only POST: `X-HTTP-Method-Override` names it."""
        method = request.headers.get(tus.OVERRIDE, "").upper()
        handlers = {"HEAD": self.show, "PATCH": self.append, "DELETE": self.drop}
        if method not in handlers:
            raise web.HTTPMethodNotAllowed(request.method, (*handlers, "OPTIONS"))
        return await handlers[method](request)

    def _channel(self, request: web.Request) -> Channel:
        asked = request.match_info["channel_id"]
        channel = self._registry.value.find(asked.upper())
        if channel is None:
            raise UnknownChannel(f"{asked[:20]}: expected the interface id of a channel that the DIP serves.")
        if channel.pattern != PUBLICATIONS:
            raise NotFound(f"{channel.id} takes no payloads: expected a channel of pattern {PUBLICATIONS}.")
        return channel

    def _payload(self, request: web.Request) -> Payload:
        """The payload of an upload that the caller may go on with. Raises NotFound, also for another one's upload."""
        channel, caller = self._channel(request), caller_of(request).dip_id
        payload = self._uploads.known(request.match_info["upload"])
        is_own = payload is not None and represents(self._participants.value, caller, payload.sender)
        if payload is None or not is_own or payload.channel != channel.id:
            raise NotFound("There is no such upload, or no longer.")
        self._authorise(request, channel, payload.sender)
        return payload

    def _authorise(self, request: web.Request, channel: Channel, sender: DipId) -> None:
        """Raise NotPermitted where the caller may not publish for the sender on this channel."""
        participants, caller = self._participants.value, caller_of(request).dip_id
        participant = participants.present(sender)
        if participant is None or not represents(participants, caller, sender):
            raise NotPermitted(
                f"{SENDER}: {caller} may not upload for {sender[:10]}; use your own DIP id, or one that you act for."
            )
        held = frozenset(participant.roles)
        roles = held if EVERY_ROLE in channel.senders else held & channel.senders
        allowed = ", ".join(sorted(channel.senders)) or "nobody"
        if not roles:
            raise NotPermitted(f"Payloads of {channel.id} come from {allowed}; {sender} does not have such a role.")
        if not any(represents(participants, caller, sender, {role}) for role in roles):
            raise NotPermitted(f"{caller} may not upload to {channel.id} for {sender}: expected a role of {allowed}.")

    def _location(self, request: web.Request, upload: str) -> str:
        return f"{self._desk.urls(request)[0].partition('?')[0].rstrip('/')}/{upload}"

    def _tell(self, request: web.Request, payload: Payload) -> None:
        told, expires = request[_TOLD], self._uploads.expires(payload)
        told[tus.OFFSET] = str(payload.received)
        told[PUBLICATION_URI] = self._uploads.uri(payload)
        told.pop(tus.EXPIRES, None)
        if expires is not None:
            told[tus.EXPIRES] = _http_date(expires)


def _begin(request: web.Request) -> dict[str, str]:
    told = request[_TOLD] = {}
    if isinstance(request.protocol, Connection):
        request.protocol.hurry()
    tus.check_version(request)
    return told


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    told = request.get(_TOLD)
    if told is None:
        return
    response.headers.setdefault(tus.RESUMABLE, tus.VERSION)
    if response.status == web.HTTPPreconditionFailed.status_code:
        response.headers[tus.VERSIONS] = tus.VERSION
    response.headers.update(told)


def _http_date(moment: datetime) -> str:
    return format_datetime(moment.replace(microsecond=0), usegmt=True)


async def _continue_later(request: web.Request) -> None:
    """Who expects to be told is told when nothing speaks against the body any more: gigabytes may stand behind it."""


async def _continue(request: web.Request) -> None:
    if request.headers.get(hdrs.EXPECT, "").lower() == "100-continue" and request.version >= HttpVersion11:
        await request.writer.write(_CONTINUE)
        # It is no part of the answer.
        request.writer.output_size = 0


async def _continue_if(request: web.Request, payload: Payload, offset: int) -> None:
    """Have the body sent, unless it is clear already that it will be refused."""
    if payload.state is PayloadState.RECEIVING and offset == payload.received:
        await _continue(request)


class _Reader:
    """Reads the body of a request, piece by piece; what breaks has a name of ours."""

    def __init__(self, request: web.Request) -> None:
        self._content = request.content

    async def __call__(self) -> bytes:
        try:
            return await self._content.readany()
        except web.HTTPRequestTimeout as exc:
            raise UploadStalled from exc
        except (ConnectionError, ClientError, HttpProcessingError) as exc:
            raise UploadBroken from exc

"""Replay: a recipient reads again what it was sent, page by page, out of the archive (5.5.11)."""

import asyncio
import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Final

import msgspec

from dip.archive.archive import Archive
from dip.channels.obfuscation import without
from dip.delivery.outgoing import element, encryptor_for
from dip.delivery.replay_request import ReplayRequest, Selecting
from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.errors import BadRequest, DipError
from dip.ground.log import Log
from dip.ground.settings import Settings
from dip.messages.envelope import Envelope, array
from dip.messages.headers import CONTINUATION
from dip.messages.identifiers import DipId
from dip.messages.timestamps import wire_time
from dip.participants.registry import Participants
from dip.security.encryption import Encryptor
from dip.security.signing import Signer
from dip.security.vault import SealBroken, Vault
from dip.store.protocol import MessageStore, ReplayStore
from dip.store.replay import Selection, Sent, Span

_ROWS: Final = 250
"""Deliveries looked at between two turns of the event loop."""
_OPENED: Final = 50
"""Messages read and opened at once: the largest are nearly a megabyte."""
_PATHS: Final = msgspec.json.Decoder(tuple[str, ...])
_SPAN: Final = msgspec.msgpack.Decoder(Span)


class ChannelHeld(DipError):
    """The channel is under maintenance, and nothing of it is handed out now. Try again later."""

    code = "channel_held"


class ReplayPage(msgspec.Struct, frozen=True):
    """An answer: its body, the DIP's four headers over it, how many it holds, and where the next one begins."""

    body: bytes
    headers: Mapping[str, str]
    count: int
    token: str | None


class _Open(msgspec.Struct, frozen=True):
    """What is open for one delivery: an element of the answer. None: it is gone, or of another version."""

    sent: Sent
    element: bytes | None


class Replay:
    """Answers replays. So many answers are made at once; further ones wait their turn."""

    def __init__(
        self,
        *,
        settings: Settings,
        clock: Clock,
        store: ReplayStore,
        messages: MessageStore,
        archive: Archive,
        vault: Vault,
        participants: Current[Participants],
        signer: Current[Signer],
        executor: Executor,
        holds: Callable[[str], bool],
        log: Log,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._store = store
        self._messages = messages
        self._archive = archive
        self._vault = vault
        self._participants = participants
        self._signer = signer
        self._executor = executor
        self._holds = holds
        self._log = log
        self._selecting = Selecting(store=store, vault=vault)
        self._at_once = asyncio.Semaphore(settings.replay_calls)

    async def page(
        self, recipient: DipId, channel: str, request: ReplayRequest, token: str | None, *, method: str, url: str
    ) -> ReplayPage:
        """The next page of what a recipient was sent on a channel; without a token the first.

        An open end, like any later one, is the moment of the first page. method, url: of the call that is answered.
        Raises BadRequest, ChannelHeld, CertificateMissing.
        """
        if self._holds(channel):
            raise ChannelHeld
        lane = self._messages.lane_of(recipient, channel)
        selection = self._selecting.selection(request, channel, lane)
        context = _context(recipient, channel, request)
        found: list[bytes] = []
        left: Span | None = None
        async with self._at_once:
            if lane is not None:
                span = self._store.span(lane.id, selection) if token is None else self._opened(token, context)
                found, left = await self._gather(recipient, lane.id, selection, span)
            elif token is not None:
                raise _unknown_token()
            loop, wall = asyncio.get_running_loop(), self._clock.wall()

            def joined() -> tuple[bytes, dict[str, str]]:
                body = array(found)
                return body, self._signer.value.headers(method, url, body, wall)

            body, headers = await loop.run_in_executor(self._executor, joined)
        return ReplayPage(body, headers, len(found), None if left is None else self._token(left, context))

    async def _gather(
        self, recipient: DipId, lane: int, selection: Selection, span: Span
    ) -> tuple[list[bytes], Span | None]:
        """The elements of a page, and the stretch that is left; None where nothing is."""
        most, room = self._settings.replay_message_count, self._settings.replay_payload_kb * 1000
        gathered: list[bytes] = []
        read, size, after = 0, 0, span.after
        while read < self._settings.replay_rows_read:
            stretch = self._store.stretch(lane, selection, Span(after, span.upto), _ROWS)
            read += stretch.read
            here = stretch.found[: most - len(gathered)]
            for start in range(0, len(here), _OPENED):
                some = here[start : start + _OPENED]
                opened = await self._open(recipient, selection, some, room - size)
                for one in opened:
                    if one.element is not None:
                        size += len(one.element) + 1
                        if gathered and size > room:
                            return gathered, Span(after, span.upto)
                        gathered.append(one.element)
                    after = one.sent.sequence
                if len(opened) < len(some):
                    return gathered, Span(after, span.upto)
            if len(here) < len(stretch.found):
                return gathered, Span(after, span.upto)
            if stretch.done:
                return gathered, None
            after = stretch.position
            await asyncio.sleep(0)
        return gathered, Span(after, span.upto)

    async def _open(self, recipient: DipId, selection: Selection, found: Sequence[Sent], room: int) -> Sequence[_Open]:
        """These deliveries as the recipient may see them, up to the first that does not fit into the room, bytes."""
        work: Callable[[], Sequence[_Open]]
        if any(sent.status_message is not None for sent in found):
            sealed = self._messages.status_contents(
                one.status_message for one in found if one.status_message is not None
            )
            work = partial(self._status_entries, found, sealed)
        else:
            encryptor = encryptor_for(self._participants.value, recipient, found, self._clock.wall())
            contents = self._messages.contents(sent.message for sent in found)
            at = wire_time(self._clock.now()) if self._settings.switches.rewraps_replays else None
            work = partial(self._elements, found, contents, selection.version, encryptor, at, room)
        opened = await asyncio.get_running_loop().run_in_executor(self._executor, work)
        missing = sum(one.element is None for one in opened)
        if missing and selection.version is None:
            self._log.warning("replay_left_out_what_is_gone", count=missing)
        return opened

    def _elements(
        self,
        found: Iterable[Sent],
        contents: Mapping[int, tuple[str, bytes]],
        version: str | None,
        encryptor: Encryptor | None,
        at: str | None,
        room: int,
    ) -> Sequence[_Open]:
        opened: list[_Open] = []
        for sent in found:
            envelope = self._envelope(sent, contents)
            made = None
            if envelope is not None and (version is None or envelope.edition() == version):
                made = replayed_element(
                    envelope,
                    _PATHS.decode(sent.hidden) if sent.hidden is not None else (),
                    encryptor if sent.protected else None,
                    at,
                )
                room -= len(made) + 1
            opened.append(_Open(sent, made))
            if room < 0:
                break
        return opened

    def _envelope(self, sent: Sent, contents: Mapping[int, tuple[str, bytes]]) -> Envelope | None:
        if sent.message not in contents:
            return None
        try:
            return self._archive.open(*contents[sent.message])
        except SealBroken:
            return None

    def _status_entries(self, found: Iterable[Sent], sealed: Mapping[int, bytes]) -> Sequence[_Open]:
        opened: list[_Open] = []
        for sent in found:
            content = sealed.get(sent.status_message or 0)
            try:
                made = None if content is None else self._vault.open(content, sent.transaction_id.encode())
            except SealBroken:
                made = None
            opened.append(_Open(sent, made))
        return opened

    def _token(self, left: Span, context: bytes) -> str:
        sealed = self._vault.seal(msgspec.msgpack.encode(left), context)
        return base64.urlsafe_b64encode(sealed).decode("ascii")

    def _opened(self, token: str, context: bytes) -> Span:
        try:
            return _SPAN.decode(self._vault.open(base64.b64decode(token, altchars=b"-_", validate=True), context))
        except (ValueError, SealBroken) as exc:
            raise _unknown_token() from exc


def replayed_element(envelope: Envelope, hidden: Sequence[str], encryptor: Encryptor | None, at: str | None) -> bytes:
    """A message as its recipient reads it again.

    at: the time of the new wrapper, beside which the first stands as `originalTransaction`; None: its own wrapper,
    saying that it is a replay (contract, Profiles).
    """
    if at is None:
        return element(envelope.replayed(), hidden, encryptor)
    new, first = envelope.rewrapped(at)
    if hidden:
        first = _hidden_of(first, hidden)
    # The last brace closes the element, behind its payload.
    return b"".join((element(new, hidden, encryptor)[:-1], b',"originalTransaction":', first, b"}"))


def _hidden_of(wrapper: bytes, hidden: Sequence[str]) -> bytes:
    payload = {"CommonBlock": {"D0": msgspec.json.decode(wrapper)}}
    without(payload, hidden)
    return msgspec.json.encode(payload["CommonBlock"].get("D0"))


def _context(recipient: DipId, channel: str, request: ReplayRequest) -> bytes:
    """Where a token belongs: to this recipient, this channel and this request."""
    digest = hashlib.sha256(msgspec.json.encode(request)).hexdigest()
    return f"replay|{recipient}|{channel}|{digest}".encode()


def _unknown_token() -> BadRequest:
    return BadRequest(
        f"{CONTINUATION}: expected the one of the last answer to the same request, or none for its beginning."
    )

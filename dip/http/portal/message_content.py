"""Header and payload of one message side by side: as sent, as the DIP holds it, as a recipient sees it (FS-55)."""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from typing import Any, Final

import msgspec
from aiohttp import web

from dip.archive.archive import Archive
from dip.delivery.outgoing import element
from dip.ground.current import Current
from dip.ground.errors import NotFound, NotPermitted
from dip.http.portal.guard import present_visitor
from dip.http.portal.powers import Power, Visitor
from dip.http.portal.renderer import Renderer
from dip.messages.envelope import Envelope
from dip.messages.identifiers import DipId
from dip.participants.registry import Participants
from dip.security.vault import SealBroken
from dip.store.page_records import Delivery, MessageDetail
from dip.store.pages import SqlitePages
from dip.store.records import DeliveryState

_COMMON: Final = "CommonBlock"
_CUSTOM: Final = "CustomBlock"
_ADDED: Final = frozenset({"A0", "D0"})
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError)


class ShownBlock(msgspec.Struct, frozen=True):
    """A block of a message as JSON. mark: what is said beside it, in words. is_cut: there is more than is shown."""

    path: str
    text: str
    mark: str = ""
    is_cut: bool = False


class ShownView(msgspec.Struct, frozen=True):
    """The message as somebody has it, block by block. left_out: paths of the items that the recipient does not get."""

    header: Sequence[ShownBlock]
    payload: Sequence[ShownBlock]
    left_out: Sequence[str] = ()


class ShownContent(msgspec.Struct, frozen=True):
    """What somebody may see of a message's content. meant, held: None for who sees only a recipient's view.

    missing: why there is none, in words.
    """

    meant: ShownView | None = None
    held: ShownView | None = None
    seen: ShownView | None = None
    missing: str = ""


def may_see_content(visitor: Visitor) -> bool:
    """Whether contents are shown to somebody at all: a company's own, and to who operates or supports the DIP.

    Who views the portal as a company's user sees them where they would be shown to its own eyes as well.
    """
    if visitor.viewer is not None:
        return may_see_content(visitor.viewer)
    return visitor.dip_ids is not None or visitor.has(Power.OPERATIONS, Power.SUPPORT)


def views_for(message: MessageDetail, visitor: Visitor) -> tuple[bool, list[Delivery]]:
    """Whether the whole message may be seen, and the last delivery of each recipient whose view may be.

    The sender's users and the DIP's see everybody's view; a recipient's users see their own participants' alone, and
    none where the message was withdrawn from them.
    """
    whole = visitor.sees(message.sender)
    last: dict[DipId, Delivery] = {one.recipient: one for one in message.deliveries}
    return whole, [
        one
        for one in last.values()
        if whole or (visitor.sees(one.recipient) and one.state is not DeliveryState.WITHDRAWN)
    ]


class ContentPage:
    """Handler of `/messages/{transaction_id}/content`: a page of its own, so that the activity log tells who looked."""

    def __init__(
        self,
        *,
        pages: SqlitePages,
        archive: Archive,
        executor: Executor,
        renderer: Renderer,
        participants: Current[Participants],
        shown_characters: int,
    ) -> None:
        """shown_characters: most of one block that is shown."""
        self._pages = pages
        self._archive = archive
        self._executor = executor
        self._renderer = renderer
        self._participants = participants
        self._most = shown_characters

    def routes(self) -> list[web.RouteDef]:
        """The page."""
        return [web.get("/messages/{transaction_id}/content", self.page)]

    async def page(self, request: web.Request) -> web.Response:
        """The content of one message; `recipient` chooses whose view stands beside it."""
        visitor = present_visitor(request)
        if not may_see_content(visitor):
            raise NotPermitted("Contents are for who operates or supports the DIP, and for who sent or received them.")
        found = await self._pages.message(request.match_info["transaction_id"], visitor.dip_ids)
        if found is None:
            raise NotFound("No message has this transaction id. Search for it by another of its marks.")
        whole, deliveries = views_for(found, visitor)
        wanted = request.query.get("recipient", "")
        chosen = next((one for one in deliveries if one.recipient == wanted), None)
        if wanted and chosen is None:
            raise NotFound("The message went to no such recipient that you may see.")
        if chosen is None and deliveries:
            chosen = deliveries[0]
        values = {
            "message": found,
            "deliveries": deliveries,
            "chosen": chosen,
            "whole": whole,
            "content": await self._shown(found, whole, chosen),
            "name_of": self._name_of,
        }
        response = self._renderer.page(request, "message_content.html", values)
        response.headers["Cache-Control"] = "no-store"
        return response

    def _name_of(self, dip_id: str) -> str:
        participant = self._participants.value.get(DipId(dip_id))
        return participant.name if participant is not None else ""

    async def _shown(self, message: MessageDetail, whole: bool, chosen: Delivery | None) -> ShownContent:
        if not whole and chosen is None:
            return ShownContent(missing="None of your participants gets this message any more.")
        try:
            envelope = self._archive.envelopes([message.id]).get(message.id)
        except SealBroken:
            return ShownContent(missing="The message can't be opened: its seal is broken.")
        if envelope is None:
            return ShownContent(missing="The content is no longer in the archive: the channel's archive time is over.")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, shown, envelope, whole, chosen, self._most)


def shown(envelope: Envelope, whole: bool, chosen: Delivery | None, most: int) -> ShownContent:
    """The views of a message. whole: also as sent and as held. most: characters of a block that are shown."""
    try:
        held = envelope.content()
        hidden = () if chosen is None else chosen.hidden
        seen = None if chosen is None else msgspec.json.decode(element(envelope, hidden, None))["payload"]
        meant = envelope.as_sent()
        return ShownContent(
            meant=_view(meant, most) if whole else None,
            held=_view(held, most, _marks_of_held(meant, held)) if whole else None,
            seen=None if seen is None else _view(seen, most, _marks_of_seen(held, seen), hidden),
        )
    except _UNREADABLE:
        return ShownContent(missing="The content can't be read as a message.")


def _marks_of_held(meant: Mapping[str, Any], held: Mapping[str, Any]) -> Mapping[str, str]:
    sent = meant[_COMMON]
    added = {
        name: "filled by the DIP" if name in sent else "added by the DIP" for name in _ADDED if name in held[_COMMON]
    }
    return {f"{_COMMON}.{name}": mark for name, mark in added.items()}


def _marks_of_seen(held: Mapping[str, Any], seen: Mapping[str, Any]) -> Mapping[str, str]:
    before, after = dict(_parts(held)), dict(_parts(seen))
    return {path: "items left out or replaced" for path, value in after.items() if before.get(path) != value}


def _view(
    payload: Mapping[str, Any], most: int, marks: Mapping[str, str] | None = None, left_out: Sequence[str] = ()
) -> ShownView:
    blocks = [_block(path, value, most, (marks or {}).get(path, "")) for path, value in _parts(payload)]
    header = [one for one in blocks if one.path.startswith(_COMMON)]
    return ShownView(header, [one for one in blocks if not one.path.startswith(_COMMON)], left_out)


def _parts(payload: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The blocks of a message by their paths: those of the common block, then those of the custom block."""
    found: list[tuple[str, Any]] = []
    for root in (_COMMON, _CUSTOM):
        held = payload.get(root)
        if isinstance(held, dict):
            found += [(f"{root}.{name}", value) for name, value in held.items()]
        elif root in payload:
            found.append((root, held))
    return found


def _block(path: str, value: Any, most: int, mark: str) -> ShownBlock:
    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    return ShownBlock(path, text[:most], mark, is_cut=len(text) > most)

"""GET deliveryStatus: the journal of one message, for its sender and its recipients (FS-17, FS-18)."""

from datetime import datetime
from functools import partial
from typing import Any

import msgspec
from aiohttp import web

from dip.archive.archive import Archive
from dip.channels.obfuscation import without
from dip.channels.registry import Registry
from dip.ground.current import Current
from dip.ground.errors import BadRequest
from dip.http.api.calls import JSON, UnknownChannel
from dip.http.api.journal_record import record_of
from dip.http.api.signed_calls import SignedCalls
from dip.messages.identifiers import DipId
from dip.messages.timestamps import read_wire_time
from dip.participants.agency import concerned_roles
from dip.security.vault import SealBroken
from dip.store.page_records import MessageDetail
from dip.store.pages import SqlitePages

_NO_CONTENT = 204
_REFERENCE_LIMIT = 200


class DeliveryStatus:
    """Answers what became of a message. The sender sees all recipients, a recipient itself."""

    def __init__(
        self,
        *,
        calls: SignedCalls,
        registry: Current[Registry],
        pages: SqlitePages,
        archive: Archive,
    ) -> None:
        self._calls = calls
        self._registry = registry
        self._pages = pages
        self._archive = archive

    async def one_message(self, request: web.Request) -> web.Response:
        """See what became of one message, step by step, by its sender's unique reference.

        Its sender sees every recipient; a recipient sees itself, and no other address than its own. 204: there is
        no such message of yours on the channel.
        """
        named = request.match_info["channel_id"]
        channel = self._registry.value.find(named.upper())
        party = (await self._calls.take(request, "ask for messages", partial(concerned_roles, channel))).recipient
        if channel is None:
            raise UnknownChannel(f"{named[:20]}: expected an interface that this DIP serves, such as IF-031.")
        reference = request.match_info["message_id"]
        if len(reference) > _REFERENCE_LIMIT:
            raise BadRequest(
                f"message-id: expected the sender's unique reference, at most {_REFERENCE_LIMIT} characters."
            )
        detail = await self._pages.message_of(party, channel.id, reference)
        if detail is None:
            return web.Response(status=_NO_CONTENT)
        sent_at, mpan = self._opened(detail, party)
        record = record_of(detail, party, sent_at=sent_at, mpan=mpan, codes=self._registry.value.response_codes)
        return web.Response(body=msgspec.json.encode(record), content_type=JSON)

    def _opened(self, detail: MessageDetail, party: DipId) -> tuple[datetime, str | None]:
        """When the sender says that it sent the message, and its MPAN; as far as the party may see it."""
        try:
            envelope = self._archive.envelopes([detail.id]).get(detail.id)
        except SealBroken:
            envelope = None
        if envelope is None:
            return detail.received_at, None
        content = envelope.content()
        hidden = [path for one in detail.deliveries if one.recipient == party for path in one.hidden]
        if hidden:
            without(content, hidden)
        common = content["CommonBlock"]
        sent = _text(common, "S1", "senderTimestamp")
        return (read_wire_time(sent) if sent else None) or detail.received_at, _text(common, "M0", "MPANCore")


def _text(common: Any, block: str, key: str) -> str | None:
    held = common.get(block)
    found = held.get(key) if isinstance(held, dict) else None
    return found if isinstance(found, str) else None

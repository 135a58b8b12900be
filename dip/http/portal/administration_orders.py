"""What calls of the administration API say about channels, read from their requests."""

from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec
from aiohttp import web

from dip.catalogue.definitions import written
from dip.catalogue.edits import Recipient
from dip.ground.errors import BadRequest
from dip.http.portal.guard import visitor_of
from dip.messages.identifiers import RoleCode

_JSON: Final = frozenset({"application/json", "text/json"})
_Body = TypeVar("_Body")


class SendersChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Roles that may send from now on, and that may not any more."""

    add: tuple[RoleCode, ...] = ()
    remove: tuple[RoleCode, ...] = ()


class RecipientsChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Roles that get messages from now on, by class, and that don't any more."""

    add: tuple[Recipient, ...] = ()
    remove: tuple[Recipient, ...] = ()


class Undo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The version that the channel shall be again; 0: as the files have it."""

    version: int
    reason: str = ""


class PauseOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A maintenance to begin. from: None for now; until: None where nobody knows. Times need an offset."""

    reason: str
    until: datetime | None = None
    starts: datetime | None = msgspec.field(default=None, name="from")


class VersionView(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A version of a channel; by: who made it. base: the version that it was made from."""

    version: int
    at: datetime | None
    by: str
    reason: str
    base: int | None
    removed: bool


def attribution_of(request: web.Request) -> dict[str, str]:
    """Who asks, and why: what stands beside a version."""
    visitor = visitor_of(request)
    return {"author": visitor.name if visitor is not None else "", "reason": request.query.get("reason", "")[:200]}


async def definition_of(request: web.Request) -> str:
    """The definition that a PUT brings, as YAML. Raises BadRequest."""
    body = await request.read()
    if request.content_type in _JSON:
        try:
            return written(msgspec.json.decode(body, type=dict[str, Any]))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
            raise BadRequest(f"Body: expected a channel's definition: {exc}.") from exc
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise BadRequest("Body: expected YAML in UTF-8.") from exc


async def order_of(request: web.Request, kind: type[_Body]) -> _Body:
    """The body of a call. Raises BadRequest."""
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise BadRequest(f"Body: {exc}.") from exc


def base_of(request: web.Request) -> int | None:
    """The version that `If-Match` says was changed; None where it says nothing. Raises BadRequest."""
    text = request.headers.get("If-Match", "*").strip().removeprefix("W/").strip('"')
    if text == "*":
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise BadRequest('If-Match: expected the ETag of the channel, such as "3".')
    return int(text)


def number_of(request: web.Request, name: str, otherwise: int) -> int:
    """A version in the query. Raises BadRequest."""
    text = request.query.get(name, "")
    if not text:
        return otherwise
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise BadRequest(f"{name} is the number of a version.")
    return int(text)

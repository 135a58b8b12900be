"""Every request leaves a record in the activity log (5.8.1, FS-45): refused ones, and what is no request, too."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from multidict import istr

from dip.activity.events import RECEIVED, Event, new_uid
from dip.activity.log import ActivityLog
from dip.ground.clock import Clock
from dip.http.api.calls import known_caller
from dip.http.api.faulty_answers import fault_note
from dip.http.forwarded import client_address
from dip.http.portal.guard import visitor_of
from dip.http.portal.trying.desk import ACTED_FOR
from dip.http.request_id import REQUEST_ID, add_request_id, uid_of
from dip.http.unread import REFUSE

_TRACE: Final = istr("traceparent")
_MICROSECONDS: Final = 1_000_000
_NANOSECONDS: Final = 1000
_AGENT_LIMIT: Final = 200
_DOCUMENTS: Final = frozenset(
    {"/openapi.json", "/asyncapi.json", "/catalogue.json", "/admin/api/activity", "/admin/api/mpans", "/docs/try"}
)
"""Long and published, of this log itself, or with what the API port records: size and hash are enough."""
_PUBLIC: Final = "/publications"
"""What anybody may read."""
_REJECTED_ROWS: Final = "/admin/api/mpans/runs/"
"""Tells what stood where an MPAN belongs, which may be anything; so does the answer to an import."""


def watch_api(application: web.Application, activity: ActivityLog, clock: Clock) -> web.Application:
    """Have every request of the API port recorded; before the application is served."""
    return _watch(application, activity, clock, "api", _of_api, lambda path: False)


def watch_portal(application: web.Application, activity: ActivityLog, clock: Clock) -> web.Application:
    """Have every request of the portal port recorded; of what is published for all, size and hash."""
    return _watch(
        application,
        activity,
        clock,
        "portal",
        _of_portal,
        lambda path: path in _DOCUMENTS or path.startswith((_REJECTED_ROWS, _PUBLIC)),
    )


def _of_api(request: web.Request) -> Mapping[str, Any]:
    known: dict[str, Any] = {}
    if (caller := known_caller(request)) is not None:
        known |= {
            "user.id": caller.dip_id,
            "dip.party": caller.dip_id,
            "tls.client.hash.sha256": caller.tls_fingerprint,
        }
    if (note := fault_note(request)) is not None:
        known["dip.note"] = note
    return known


def _of_portal(request: web.Request) -> Mapping[str, Any]:
    visitor = visitor_of(request)
    if visitor is None:
        return {}
    known = {"user.id": visitor.name}
    if (acted_for := request.get(ACTED_FOR)) is not None:
        known["dip.party"] = acted_for
    return known if visitor.viewed_as is None else {**known, "dip.viewed_as": visitor.viewed_as}


def _watch(
    application: web.Application,
    activity: ActivityLog,
    clock: Clock,
    port: str,
    known: Callable[[web.Request], Mapping[str, Any]],
    is_document: Callable[[str], bool],
) -> web.Application:
    @web.middleware
    async def record(request: web.Request, handler: Handler) -> web.StreamResponse:
        started = clock.monotonic()
        answer: web.StreamResponse | None = None
        reason = ""
        try:
            answer = await handler(request)
        except web.HTTPException as exc:
            answer = exc
            raise
        except BaseException as exc:
            reason = type(exc).__name__
            raise
        else:
            return answer
        finally:
            event = _event(request, answer, reason, int((clock.monotonic() - started) * _MICROSECONDS))
            event.began = activity.wall_ns() - event.duration_us * _NANOSECONDS
            event.is_document = is_document(request.path)
            event.attributes = {"dip.port": port, **event.attributes, **known(request)}
            await activity.record(event)

    application.middlewares.insert(0, _typed(record))
    application.on_response_prepare.append(add_request_id)
    refuse = application[REFUSE]

    def refuse_recorded(status: int, detail: str) -> web.Response:
        answer = refuse(status, detail)
        uid = new_uid()
        answer.headers[REQUEST_ID] = uid
        event = Event(name=RECEIVED, uid=uid, began=activity.wall_ns(), method="_OTHER", status=status)
        event.media, event.body = answer.content_type, answer.body if isinstance(answer.body, bytes) else None
        event.attributes = {"dip.port": port, "error.type": "unreadable_request"}
        activity.record_now(event)
        return answer

    application[REFUSE] = refuse_recorded
    return application


def _typed(middleware: Middleware) -> Middleware:
    return middleware


def _event(request: web.Request, answer: web.StreamResponse | None, reason: str, duration_us: int) -> Event:
    """What happened, as far as the request and its answer say."""
    attributes: dict[str, Any] = {"client.address": client_address(request)}
    route = request.match_info.route.resource
    if route is not None:
        attributes["http.route"] = route.canonical
    if (sent := request.content_length) is not None:
        attributes["http.request.body.size"] = sent
    if agent := request.headers.get(hdrs.USER_AGENT):
        attributes["user_agent.original"] = agent[:_AGENT_LIMIT]
    gone = request.transport is None or request.transport.is_closing()
    if reason or (gone and (answer is None or not answer.prepared)):
        attributes["error.type"] = reason or "connection_closed"
        answer = None
    body = answer.body if isinstance(answer, web.Response) and isinstance(answer.body, bytes) else None
    size = None
    if answer is not None and body is None:
        size = answer.body_length if answer.prepared else answer.content_length
    return Event(
        name=RECEIVED,
        uid=uid_of(request),
        began=0,
        method=request.method,
        url=request.rel_url,
        status=None if answer is None else answer.status,
        duration_us=duration_us,
        body=body,
        media="" if answer is None else answer.content_type,
        size=size,
        traceparent=request.headers.get(_TRACE, ""),
        attributes=attributes,
    )

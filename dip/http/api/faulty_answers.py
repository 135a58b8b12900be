"""Faults on demand in calls of participants: not taken, taken and not answered, answered late (contract, faults)."""

from collections.abc import Sequence
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from dip.conformance.fault_kinds import Group
from dip.conformance.faults import Fault, Faults, Subject
from dip.http.api.calls import caller_of
from dip.intake.refusal import RequestRefused
from dip.store.records import STATUS_CHANNEL

_STRUCK: Final = web.RequestKey("struck", Fault)
_FAILED: Final = "MSG1000"


class FaultyAnswers:
    """Strikes calls of the participants' API; without faults each costs a comparison."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def around(self, identifying: Middleware) -> Sequence[Middleware]:
        """The application's middlewares: a call is struck when its caller is known, or when its answer is."""
        return [self._after(), identifying, self._before()]

    def _before(self) -> Middleware:
        """Chooses the fault, and strikes with those that let nothing be taken."""

        @web.middleware
        async def strike(request: web.Request, handler: Handler) -> web.StreamResponse:
            if not self._faults.active:
                return await handler(request)
            fault = self._faults.choose(Group.CALL, caller_of(request).dip_id, [Subject(channel_of(request))])
            if fault is None:
                return await handler(request)
            request[_STRUCK] = fault
            match fault.kind:
                case "drop":
                    return _closed(request)
                case "time_out":
                    await self._faults.pause(fault)
                    return _closed(request)
                case "server_error":
                    raise RequestRefused(_FAILED, "A fault on demand: nothing was taken.", status=fault.status or 500)
            return await handler(request)

        return strike

    def _after(self) -> Middleware:
        """Strikes with the faults of the answer, whatever it is."""

        @web.middleware
        async def strike(request: web.Request, handler: Handler) -> web.StreamResponse:
            answer = await handler(request)
            fault = request.get(_STRUCK)
            if fault is None or not isinstance(answer, web.Response) or answer.prepared:
                return answer
            match fault.kind:
                case "delay":
                    await self._faults.pause(fault)
                case "not_answered":
                    return _closed(request)
                case "half_answer":
                    return await _halved(request, answer)
            return answer

        return strike


def fault_of(request: web.Request) -> Fault | None:
    """The fault that struck a call; None where none did."""
    return request.get(_STRUCK)


def fault_note(request: web.Request) -> str | None:
    """What the evidence of a call says of the fault that struck it; None where none did."""
    fault = fault_of(request)
    return None if fault is None else f"fault: {fault.kind}"


def channel_of(request: web.Request) -> str:
    """The channel that a call is about; empty where its address names none."""
    if request.path.lower().startswith("/statusmessage"):
        return STATUS_CHANNEL
    return request.match_info.get("channel_id", "").upper()


def _closed(request: web.Request) -> web.Response:
    """Close the connection; the answer finds nobody any more."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _halved(request: web.Request, answer: web.Response) -> web.StreamResponse:
    """Send the head and half of the body, then close the connection."""
    body = answer.body if isinstance(answer.body, bytes) else b""
    made = web.StreamResponse(status=answer.status, headers=answer.headers)
    made.content_length = len(body)
    await made.prepare(request)
    await made.write(body[: len(body) // 2])
    if request.transport is not None:
        # Not torn down: what was written has to arrive first.
        request.transport.close()
    return made

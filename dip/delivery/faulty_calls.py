"""Calls to webhooks that go wrong on purpose: cut off, stalled, late, made twice, made by somebody else."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import msgspec

from dip.conformance.fault_kinds import TLS_FAULTS
from dip.conformance.faults import Fault
from dip.delivery.answers import Call
from dip.delivery.caller import WebhookCaller
from dip.delivery.renewing_caller import Caller

Pause = Callable[[Fault], Awaitable[None]]


class _CutOff(Exception):
    """The request ends here."""


class FaultyCalls:
    """Posts as the DIP's own caller does, with one fault; addresses, limits and timeouts are the same."""

    def __init__(self, *, caller: Caller, caller_with: Callable[[ssl.SSLContext], WebhookCaller], pause: Pause) -> None:
        """caller_with: makes one with another client certificate. pause: waits as long as a fault asks for, or less."""
        self._caller = caller
        self._caller_with = caller_with
        self._pause = pause
        self._strangers: dict[ssl.SSLContext, WebhookCaller] = {}

    async def post(
        self, fault: Fault, url: str, body: bytes, headers: Mapping[str, str], context: ssl.SSLContext | None
    ) -> Call:
        """Make the call with its fault. context: of the certificate that is wrong, where that is the fault."""
        match fault.kind:
            case "drop_delivery" | "stall_delivery":
                return await self._cut_off(fault, url, body, headers)
            case "delay_delivery":
                await self._pause(fault)
            case "duplicate":
                await self._caller.post(url, body, headers)
            case kind if kind in TLS_FAULTS and context is not None:
                return await self._strange(context).post(url, body, headers)
        return await self._caller.post(url, body, headers)

    async def usual(self, url: str, body: bytes, headers: Mapping[str, str]) -> Call:
        """Make a call that has no fault but those of its messages."""
        return await self._caller.post(url, body, headers)

    async def close(self) -> None:
        """Close all connections of its own."""
        for stranger in self._strangers.values():
            await stranger.close()

    async def _cut_off(self, fault: Fault, url: str, body: bytes, headers: Mapping[str, str]) -> Call:
        """Send half of a request that says how long it is going to be."""

        async def half() -> AsyncIterator[bytes]:
            yield body[: len(body) // 2]
            # What was written has to leave before the connection goes.
            await asyncio.sleep(0)
            if fault.kind == "stall_delivery":
                await self._pause(fault)
            raise _CutOff

        cut: dict[str, Any] = {**headers, "Content-Length": str(len(body))}
        call = await self._caller.post(url, half(), cut)
        if call.status is not None:
            return call
        return msgspec.structs.replace(call, reason=f"fault {fault.kind}: the request broke off after half of it")

    def _strange(self, context: ssl.SSLContext) -> WebhookCaller:
        if context not in self._strangers:
            self._strangers[context] = self._caller_with(context)
        return self._strangers[context]

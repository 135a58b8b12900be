"""Test calls of a portal alone: nobody is called, but each step before that is taken."""

import ssl
from collections.abc import AsyncIterable
from concurrent.futures import Executor
from typing import Any

from dip.delivery.answers import Call
from dip.delivery.endpoint import Endpoint
from dip.delivery.outgoing import Outgoing
from dip.delivery.trial_calls import TrialCalls, TrialParts
from dip.ground.clock import Clock
from dip.ground.settings import Settings
from dip.trust.parts import Trust


class Nobody:
    """Answers nothing."""

    async def post(self, url: str, body: bytes | AsyncIterable[bytes], headers: Any) -> Call:
        """No call."""
        return Call(None, reason="a portal alone calls nobody")

    async def close(self) -> None:
        """Nothing is open."""


async def _not_recorded(endpoint: Endpoint, outgoing: Outgoing, call: Call, duration_us: int) -> None:
    """No activity log."""


def trials_of(settings: Settings, clock: Clock, trust: Trust, executor: Executor) -> TrialCalls:
    return TrialCalls(
        TrialParts(
            settings=settings,
            clock=clock,
            signer=trust.own.signer,
            executor=executor,
            caller=Nobody(),
            called=_not_recorded,
            context=ssl.create_default_context,
            networks=(),
        )
    )

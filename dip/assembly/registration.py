"""The pulls from registration services, and what they need (5.5.14)."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack

from dip.assembly.base import Base
from dip.messages.identifiers import DipId
from dip.registration.pull import PullParts
from dip.registration.pulling import Pulling
from dip.registration.service_certificate import service_refusal
from dip.registration.service_client import RegistrationServiceClient


def make_pulling(base: Base, stack: AsyncExitStack) -> Pulling:
    """The pulls; nothing is asked before they are run."""
    settings = base.settings
    # One thread for all services: the messages' threads get their turn.
    executor = ThreadPoolExecutor(1, thread_name_prefix="registration pages")
    stack.callback(executor.shutdown, wait=True)

    def client(service: DipId, url: str) -> RegistrationServiceClient:
        return RegistrationServiceClient(
            service,
            url,
            tls=base.trust.trusted.calling(base.trust.own.tls.value),
            refusal=service_refusal(base.participants, service, clock=base.clock, environment=settings.environment),
            settings=settings,
            log=base.log,
            executor=executor,
        )

    return Pulling(
        PullParts(
            settings=settings,
            store=base.store.appointments,
            keeper=base.keeper,
            rejections=base.rejections,
            participants=base.participants,
            clients=client,
            executor=executor,
            room=asyncio.Semaphore(settings.registration_services_at_once),
            clock=base.clock,
            log=base.log,
        )
    )

"""An agent, for whom it acts, and messages that it sends."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import msgspec

from dip.client import Credentials, Listener, ParticipantClient, SendResult
from dip.messages.identifiers import DipId, RoleCode
from tests.integration.delivery.receiver import Answering, Receiver
from tests.integration.duties.desk import Desk, desk
from tests.support.platform import ENCRYPTED, Platform, changed, sample

AGENT = "1000000001"
SUPPLIER, OTHER_SUPPLIER = "2300000001", "2300000002"
REGISTRATION = "2200000001"
PROVIDER = "CommonBlock.S1.DIPConnectionProviderID"


class Office:
    """An administrator who assigns and withdraws agents, and the agent's programs."""

    def __init__(self, platform: Platform, said: Desk, stack: AsyncExitStack) -> None:
        self.platform = platform
        self.desk = said
        self._stack = stack

    async def assign(
        self, principal: str, role: str, *, agent: str = AGENT, encrypts: bool = False, status: int = 201
    ) -> Any:
        """Assign a role of a participant to an agent."""
        order = {"agent": agent, "role": role, "encrypts": encrypts}
        return await self.desk.do(f"participants/{principal}/agents", order, status=status)

    async def withdraw(self, principal: str, role: str = "", *, agent: str = AGENT, status: int = 204) -> None:
        """Withdraw the agent."""
        query = f"?role={role}" if role else ""
        await self.desk.delete(f"participants/{principal}/agents/{agent}{query}", status=status)

    def credentials(self, *, opens_for: str | None = None, signs_as: str | None = None) -> Credentials:
        """The agent's; with the key of a participant that it opens for, or the signature of another one."""
        made = self.platform.credentials(AGENT)
        if opens_for is not None:
            made = made.opening_for(self.platform.credentials(opens_for))
        if signs_as is not None:
            made = msgspec.structs.replace(made, signer=self.platform.credentials(signs_as).signer)
        return made

    async def client(self, principal: str, credentials: Credentials | None = None) -> ParticipantClient:
        """The agent's client for a participant."""
        dip = self.platform.dip
        made = ParticipantClient(
            credentials or self.credentials(),
            dip.api_url,
            profile=dip.settings.profile,
            encrypted=ENCRYPTED,
            on_behalf_of=principal,
        )
        return await self._stack.enter_async_context(made)

    async def listener(self, credentials: Credentials) -> Listener:
        """A webhook of the agent's; it is not set yet."""
        return await self._stack.enter_async_context(Listener(credentials))

    async def receiver(self, dip_id: str, answering: Answering | None = None, **limits: int) -> Receiver:
        """A webhook of a participant for IF-031; it takes everything where it is not told otherwise."""
        made = await self._stack.enter_async_context(Receiver(self.platform.credentials(dip_id), answering))
        await (await self.platform.client(dip_id)).configure_webhook("IF-031", made.url(), **limits)
        return made


@asynccontextmanager
async def office(platform: Platform) -> AsyncIterator[Office]:
    """The administrator's session and the agent's connections."""
    async with AsyncExitStack() as stack, desk(platform) as said:
        yield Office(platform, said, stack)


async def give_role(platform: Platform, dip_id: str, *roles: str) -> None:
    """Have a participant hold further roles from the next start on."""
    found = platform.dip.participants.value.get(DipId(dip_id))
    assert found is not None
    more = tuple(RoleCode(role) for role in roles)
    await platform.dip.store.parties.save_parties([msgspec.structs.replace(found, roles=(*found.roles, *more))], [])


def request_of(sender: str, role: str = "SUP", **more: Any) -> dict[str, Any]:
    """An appointment request of a sender."""
    message = changed(sample("if-031"), "CommonBlock.S1.senderDIPID", sender)
    message = changed(message, "CommonBlock.S1.senderRoleID", role)
    for path, value in more.items():
        message = changed(message, path, value)
    return message


def raw(*messages: dict[str, Any]) -> bytes:
    """A body that goes out as it is: the client fills nothing in."""
    return msgspec.json.encode(list(messages))


def codes(result: SendResult) -> tuple[int, list[str]]:
    """The status and the codes of an answer."""
    return result.status, [(entry.message or "").split(" ")[0] for entry in result.entries]

"""A platform on which flows are gone through, and people that look at their reports."""

from datetime import UTC, datetime
from typing import Any

import aiohttp

from dip.client import Server
from dip.ground.clock import Clock
from dip.messages.identifiers import CorrelationId, DipId
from dip.simulation.appointment import (
    CONSENT,
    ENQUIRY,
    FIRST_RESPONSE,
    METERING_POINT,
    REGISTRATION,
    REQUEST,
    SUPPLIER,
    DataServiceAppointment,
)
from dip.simulation.exchange import Arrived, Sent
from dip.simulation.line import Line, written
from dip.simulation.performance import perform
from tests.support.platform import Platform

MPAN = METERING_POINT["MPANCore"]
__all__ = ("CONSENT", "ENQUIRY", "FIRST_RESPONSE", "MPAN", "REGISTRATION", "REQUEST", "SUPPLIER")


class Nobody:
    """Looks at nothing."""

    def sent(self, sent: Sent) -> None:
        """A message went to the DIP."""

    def arrived(self, arrived: Arrived) -> None:
        """A message reached its recipient."""


def appointment(platform: Platform) -> DataServiceAppointment:
    mpids = {dip_id: platform.credentials(dip_id).identity.mpid for dip_id in DataServiceAppointment.cast}
    return DataServiceAppointment(mpids, datetime.now(UTC))


async def played(platform: Platform) -> None:
    """The whole appointment of a data service, IF-031 to IF-037."""
    dip = platform.dip
    server = Server(dip.api_url, dip.portal_url, dip.settings.profile, dip.settings.environment)
    exchange = await perform(
        appointment(platform), server=server, directory=dip.directory, observer=Nobody(), clock=Clock()
    )
    assert exchange.failure is None, exchange.failure


async def say(
    platform: Platform,
    sender: str,
    line: Line,
    *,
    correlation: str | None = None,
    response: str | None = None,
    envelope: str | None = None,
) -> str | None:
    """One message; the correlation id that it got. response: of its R0."""
    message = written(
        line,
        sender=platform.credentials(sender),
        environment=platform.dip.settings.environment,
        metering_point=METERING_POINT,
        correlation=None if correlation is None else CorrelationId(correlation),
        now=Clock().wall(),
    )
    common = message["payload"]["CommonBlock"]
    if response is not None:
        common["R0"] = {"responseCode": response, "responseMessages": ["as a test would have it"]}
    if envelope is not None:
        common["S1"]["senderEnvelopeReference"] = envelope
    client = await platform.client(sender)
    result = await client.send(line.interface, [message])
    assert result.all_accepted, result.explanation or result.entries
    return result.entries[0].correlation_id


async def requested(platform: Platform) -> str:
    """A supplier asks for another data service; the correlation id."""
    found = await say(platform, SUPPLIER, appointment(platform).opening())
    assert found is not None
    return found


async def answered(platform: Platform, correlation: str, response: str) -> None:
    """Registration answers a request."""
    proposal = appointment(platform).opening().custom["B071"]
    line = Line(*FIRST_RESPONSE, {"B071": proposal}, primary=(DipId(SUPPLIER),))
    await say(platform, REGISTRATION, line, correlation=correlation, response=response)


class Office:
    """The administration API of a platform, by its token."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def ask(self, path: str, status: int = 200) -> Any:
        """The JSON of an answer."""
        return (await self.get(path, status))[0]

    async def get(self, path: str, status: int = 200) -> tuple[Any, str]:
        """The JSON of an answer, where it is JSON, and its text."""
        token = (self._platform.dip.directory / "admin.token").read_text()
        async with (
            aiohttp.ClientSession(self._platform.dip.portal_url) as session,
            session.get(f"/admin/api/{path}", headers={"Authorization": f"Bearer {token}"}) as answer,
        ):
            assert answer.status == status, await answer.text()
            text = await answer.text()
            return (await answer.json(content_type=None) if "json" in answer.content_type else None), text


def reached(row: dict[str, Any]) -> list[str]:
    """The stages of a run that were reached."""
    return [cell["stage"] for cell in row["cells"] if cell["state"] == "reached"]


def states(row: dict[str, Any]) -> dict[str, str]:
    """How each stage stands, where the row has one lane."""
    return {cell["stage"]: cell["state"] for cell in row["cells"]}

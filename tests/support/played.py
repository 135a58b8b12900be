"""The appointment of a data service, played on a platform by the client's own actors."""

from dip.client import Server, credentials_of, known_participants
from dip.simulation.appointment import DataServiceAppointment
from dip.simulation.exchange import Arrived, Sent
from dip.simulation.performance import perform
from tests.support.platform import Platform


class Witness:
    """Remembers the correlation id of a play, and the transaction ids of its messages."""

    def __init__(self) -> None:
        self.correlation = ""
        self.transactions: list[str] = []

    def sent(self, sent: Sent) -> None:
        self.correlation = self.correlation or str(sent.entry.correlation_id or "")
        self.transactions.append(str(sent.entry.transaction_id))

    def arrived(self, arrived: Arrived) -> None:
        """What arrives is compared by the play itself."""


async def play(platform: Platform) -> Witness:
    """Seven messages between eight participants, all of which arrived."""
    dip, witness = platform.dip, Witness()
    mpids = {one: credentials_of(dip.directory, one).identity.mpid for one in known_participants(dip.directory)}
    exchange = await perform(
        DataServiceAppointment(mpids, dip.clock.wall()),
        server=Server(dip.api_url, dip.portal_url, dip.settings.profile, dip.settings.environment),
        directory=dip.directory,
        observer=witness,
        clock=dip.clock,
    )
    assert exchange.failure is None
    return witness

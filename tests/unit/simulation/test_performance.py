from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dip.channels.registry import Registry, load
from dip.client import CallRefused, credentials_of
from dip.ground.assets import asset
from dip.ground.clock import Clock
from dip.participants.foundation import Foundation, lay_out
from dip.participants.seeds import read_seeds
from dip.simulation.appointment import DataServiceAppointment
from dip.simulation.exchange import Arrived, Exchange, Sent
from dip.simulation.performance import perform
from tests.unit.simulation.stand_in import Faults, StandIn


@dataclass
class Audience:
    sends: list[Sent] = field(default_factory=list)
    arrivals: list[Arrived] = field(default_factory=list)

    def sent(self, sent: Sent) -> None:
        self.sends.append(sent)

    def arrived(self, arrived: Arrived) -> None:
        self.arrivals.append(arrived)


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Foundation]:
    directory = tmp_path_factory.mktemp("state")
    seeds = read_seeds(asset("data/seed") / "participants.yaml")
    cast = [seed for seed in seeds if seed.dip_id in DataServiceAppointment.cast]
    return directory, lay_out(directory, "DEV", (), datetime.now(UTC), seeds=cast)


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load(asset("channels"), specification_items=True)


async def play(stand_in: StandIn, audience: Audience, timeout_s: float = 20) -> Exchange:
    mpids = {dip_id: credentials_of(stand_in.directory, dip_id).identity.mpid for dip_id in DataServiceAppointment.cast}
    async with stand_in.serving() as server:
        return await perform(
            DataServiceAppointment(mpids, datetime.now(UTC)),
            server=server,
            directory=stand_in.directory,
            observer=audience,
            clock=Clock(),
            timeout_s=timeout_s,
        )


Made = Callable[..., StandIn]


@pytest.fixture
def stand_in(laid_out: tuple[Path, Foundation], registry: Registry) -> Made:
    def make(**interfaces: frozenset[str]) -> StandIn:
        directory, foundation = laid_out
        return StandIn(directory, foundation, registry, Faults(**interfaces))

    return make


async def test_the_appointment_goes_through_all_its_messages_in_order(stand_in: Made) -> None:
    audience = Audience()
    exchange = await play(stand_in(), audience)
    assert exchange.failure is None
    assert not exchange.awaited
    assert [sent.line.interface for sent in audience.sends] == [f"IF-03{n}" for n in range(1, 8)]
    assert len(audience.arrivals) == len(DataServiceAppointment.expected) == 17
    assert all(arrived.received.encrypted for arrived in audience.arrivals)
    assert {arrived.received.correlation_id for arrived in audience.arrivals} == {"CI-1"}


async def test_a_message_that_does_not_arrive_is_named(stand_in: Made) -> None:
    exchange = await play(stand_in(lost=frozenset({"IF-034"})), Audience(), timeout_s=1)
    assert exchange.failure is not None
    assert "IF-034 [DSAppSPResponse] at 2200000001" in exchange.failure
    assert "IF-031" not in exchange.failure


async def test_a_refusal_ends_the_play_and_is_quoted(stand_in: Made) -> None:
    exchange = await play(stand_in(bad=frozenset({"IF-033"})), Audience())
    assert exchange.failure is not None
    assert "IF-033 [DSAppSPRequest] from 2200000001 was refused: status 400, MSG1001" in exchange.failure


async def test_a_message_delivered_twice_ends_the_play(stand_in: Made) -> None:
    exchange = await play(stand_in(doubled=frozenset({"IF-032"})), Audience())
    assert exchange.failure == "IF-032 [DSAppInitialResp] at 2300000001 came twice"


async def test_a_webhook_that_is_refused_stops_the_play_before_it_begins(stand_in: Made) -> None:
    audience = Audience()
    with pytest.raises(CallRefused, match="403"):
        await play(stand_in(refused=frozenset({"IF-036"})), audience)
    assert not audience.sends

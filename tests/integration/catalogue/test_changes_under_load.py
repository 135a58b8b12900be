"""Channels are added, changed and removed while messages flow, and no message suffers (5.3)."""

import asyncio

import pytest

from tests.conftest import Serve
from tests.integration.catalogue.office import REGISTRATION, SUPPLIER, message_for, office, renamed, shipped
from tests.integration.delivery.conftest import Receive
from tests.support.platform import Platform, sample


class Traffic:
    """A supplier that sends without a pause until it is told to stop."""

    def __init__(self, platform: Platform) -> None:
        self.references: list[str] = []
        self._platform = platform
        self._stopping = False

    async def flow(self) -> None:
        client = await self._platform.client(SUPPLIER)
        while not self._stopping:
            result = await client.send("IF-031", [sample("if-031")])
            assert result.all_accepted, result
            self.references += [one.reference for one in result.accepted]

    def stop(self) -> None:
        self._stopping = True


@pytest.mark.requirement("FS-11", "FS-10")
async def test_no_message_is_refused_or_lost_while_channels_change(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live") as platform, office(platform) as desk:
        registration = await receive(platform, REGISTRATION, "IF-031")
        newcomer = await platform.client(SUPPLIER)
        traffic = Traffic(platform)
        flow = asyncio.create_task(traffic.flow())
        for number in range(3):
            name = f"IF-93{number}"
            added = await desk.put(name, renamed(name))
            assert added.status == 201, added.body
            first = await newcomer.send(name, [message_for(name)])
            assert first.all_accepted, first
            changed = await desk.put("IF-032", shipped("IF-032").replace("note:", "note: Changed.") + f"# {number}\n")
            assert changed.status == 200, changed.body
            assert (await desk.ask("DELETE", f"/{name}")).status == 204
            gone = await newcomer.send(name, [message_for(name)])
            assert gone.status == 404
        traffic.stop()
        await flow
        received = await registration.received(len(traffic.references), 15)
        assert sorted(received) == sorted(traffic.references)


@pytest.mark.requirement("FS-11")
async def test_two_platforms_in_one_process_have_channels_of_their_own(serve: Serve) -> None:
    async with serve("one") as one, serve("other") as other, office(one) as first, office(other) as second:
        assert (await first.put("IF-930", renamed("IF-930"))).status == 201
        assert (await first.ask("GET", "/IF-930")).status == 200
        assert (await second.ask("GET", "/IF-930")).status == 404

"""Pull, stream and acknowledgement over the same lanes as webhooks, put together (FS-12)."""

from collections.abc import Callable, Iterable, Mapping

from dip.archive.archive import Archive
from dip.delivery.acknowledgements import Acknowledgements
from dip.delivery.arrivals import Arrivals
from dip.delivery.dispatcher import Dispatcher
from dip.delivery.handing_out import HandingOut
from dip.delivery.leases import Leases
from dip.delivery.postman import Postman
from dip.delivery.pulls import Pulls
from dip.delivery.streams import Streams


class Fetching:
    """For recipients without a webhook. postman: what the workers of webhooks use as well."""

    def __init__(
        self,
        *,
        postman: Postman,
        dispatcher: Dispatcher,
        archive: Archive,
        texts: Mapping[str, str],
        wake_again: Callable[[Iterable[int]], None],
    ) -> None:
        settings, clock, store = postman.settings, postman.clock, postman.store
        self.arrivals = Arrivals(store=store)
        self._clock = clock
        self._leases = Leases(
            settings=settings,
            clock=clock,
            store=store,
            ledger=postman.ledger,
            metrics=postman.metrics,
            wake_again=wake_again,
            log=postman.log,
        )
        handing_out = HandingOut(
            settings=settings,
            clock=clock,
            store=store,
            contents=postman.contents,
            participants=postman.participants,
            signer=postman.signer,
            executor=postman.executor,
            ledger=postman.ledger,
            leases=self._leases,
            is_free=lambda lane: not dispatcher.carries(lane.id) and not postman.holds(lane.channel),
            wake=postman.wake,
            faults=postman.faults,
        )
        self.pulls = Pulls(
            settings=settings, clock=clock, dispatcher=dispatcher, arrivals=self.arrivals, handing_out=handing_out
        )
        self.streams = Streams(
            settings=settings,
            clock=clock,
            store=store,
            dispatcher=dispatcher,
            arrivals=self.arrivals,
            leases=self._leases,
            handing_out=handing_out,
        )
        self.acknowledgements = Acknowledgements(
            settings=settings,
            clock=clock,
            store=store,
            archive=archive,
            ledger=postman.ledger,
            leases=self._leases,
            metrics=postman.metrics,
            texts=texts,
            wake=postman.wake,
        )
        dispatcher.watch(lambda recipient: self.arrivals.recheck(recipient=recipient))

    def resume(self, channel: str) -> None:
        """A channel that was held goes on."""
        self.arrivals.recheck(channel=channel)

    async def run(self) -> None:
        """End leases whose time is over, and tell who waits when business time moves, until cancelled."""
        ended = self._clock.watch(self.arrivals.recheck)
        try:
            await self._leases.run()
        finally:
            ended()

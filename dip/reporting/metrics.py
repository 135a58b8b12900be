"""Prometheus metrics of one server; no label ever carries an MPAN or a name."""

from collections import Counter as Tally
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Histogram

from dip.store.records import Settlement

_BUCKETS = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 3, 10, 30, 120)


class Metrics:
    """Counters of messages in and deliveries out, and how long messages took."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "dip_requests", "Requests with messages, by answer", ["status"], registry=self.registry
        )
        self._taken = Counter("dip_messages_taken", "Messages taken in and committed", registry=self.registry)
        self._deliveries = Counter(
            "dip_deliveries", "Outcomes of delivery attempts", ["status"], registry=self.registry
        )
        self._latency = Histogram(
            "dip_delivery_seconds",
            "From receipt to the recipient's answer, first attempts and later ones",
            buckets=_BUCKETS,
            registry=self.registry,
        )

    def received(self, status: int, taken: int) -> None:
        """A request was answered."""
        self._requests.labels(str(status)).inc()
        self._taken.inc(taken)

    def called(self, settlement: Settlement, delays_s: Sequence[float]) -> None:
        """A webhook call was judged; delays are seconds since receipt, one for each message."""
        for status, count in Tally(one.status.value for one in settlement.settled).items():
            self._deliveries.labels(status).inc(count)
        for delay in delays_s:
            self._latency.observe(delay)

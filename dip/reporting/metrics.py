"""Prometheus metrics of one server; no label ever carries an MPAN or a name."""

from bisect import bisect_right
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Sequence

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from dip.store.records import Settlement, Status

_BOUNDS_S = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 3.0, 10.0, 30.0, 120.0)


class Latency(Collector):
    """A histogram that takes the delays of a whole call at once."""

    def __init__(self) -> None:
        self._within = [0] * len(_BOUNDS_S)
        self._count = 0
        self._sum_s = 0.0

    def observe(self, delays_s: Sequence[float]) -> None:
        """Count these delays, seconds."""
        ordered = sorted(delays_s)
        for place, bound in enumerate(_BOUNDS_S):
            self._within[place] += bisect_right(ordered, bound)
        self._count += len(ordered)
        self._sum_s += sum(ordered)

    def collect(self) -> Iterable[Metric]:
        """The histogram as Prometheus reads it."""
        buckets = [(str(bound), float(count)) for bound, count in zip(_BOUNDS_S, self._within, strict=True)]
        yield HistogramMetricFamily(
            "dip_delivery_seconds",
            "From receipt to the recipient's answer, first attempts and later ones",
            buckets=[*buckets, ("+Inf", float(self._count))],
            sum_value=self._sum_s,
        )


class UpdateCounts(Collector):
    """How many changes of appointments wait for the MPAN table, and how many could not be applied."""

    def __init__(self, counts: Callable[[], tuple[int, int]]) -> None:
        """counts: waiting and failed."""
        self._counts = counts

    def collect(self) -> Iterable[Metric]:
        """Both figures as Prometheus reads them."""
        waiting, failed = self._counts()
        text = "Messages whose changes of appointments are in this state"
        family = GaugeMetricFamily("dip_appointment_updates_open", text, labels=["state"])
        family.add_metric(["waiting"], waiting)
        family.add_metric(["failed"], failed)
        yield family


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
        self._faults = Counter(
            "dip_faults_struck", "Faults on demand that struck, by kind", ["kind"], registry=self.registry
        )
        self._updates = Counter(
            "dip_appointment_updates",
            "Messages whose changes of appointments were applied, or could not be, all or in part",
            ["outcome"],
            registry=self.registry,
        )
        self._payload_bytes = Counter(
            "dip_payload_bytes",
            "Bytes of payloads that were uploaded, downloaded, or chosen by filters",
            ["way"],
            registry=self.registry,
        )
        self._latency = Latency()
        self.registry.register(self._latency)

    def received(self, status: int, taken: int) -> None:
        """A request was answered."""
        self._requests.labels(str(status)).inc()
        self._taken.inc(taken)

    def updated(self, applied: int, failed: int) -> None:
        """Changes of appointments were applied, or could not be."""
        for outcome, count in (("applied", applied), ("failed", failed)):
            if count:
                self._updates.labels(outcome).inc(count)

    def watch_updates(self, counts: Callable[[], tuple[int, int]]) -> None:
        """Show how many changes of appointments wait, and how many could not be applied. counts: of both."""
        self.registry.register(UpdateCounts(counts))

    def payload_moved(self, way: str, count: int) -> None:
        """So many bytes of payloads were `uploaded`, `downloaded` or `filtered`."""
        self._payload_bytes.labels(way).inc(count)

    def fault_struck(self, kind: str) -> None:
        """A fault on demand struck."""
        self._faults.labels(kind).inc()

    def called(self, settlement: Settlement, delays_s: Sequence[float]) -> None:
        """A webhook call was judged; delays are seconds since receipt, one for each message."""
        outcomes = Tally(one.status.value for one in settlement.settled)
        outcomes[Status.DELIVERED.value] += len(settlement.delivered)
        for status, count in outcomes.items():
            self._deliveries.labels(status).inc(count)
        self._latency.observe(delays_s)

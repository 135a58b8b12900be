"""How the store does, as Prometheus reads it: what waits for the writer, its commits, its files (5.11.2)."""

from collections.abc import Callable, Iterable, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from dip.store.writer import Writer


class StoreFigures(Collector):
    """The figures of one store."""

    def __init__(self, writer: Writer, file_bytes: Callable[[], Mapping[str, int]]) -> None:
        """file_bytes: the size of each file, by a word for it."""
        self._writer = writer
        self._file_bytes = file_bytes

    def collect(self) -> Iterable[Metric]:
        """The figures of this moment."""
        yield GaugeMetricFamily("dip_store_jobs_waiting", "Changes that wait for the writer", self._writer.waiting)
        yield CounterMetricFamily("dip_store_commits", "Transactions that the writer committed", self._writer.commits)
        yield CounterMetricFamily("dip_store_jobs", "Changes that those transactions carried", self._writer.committed)
        family = GaugeMetricFamily("dip_store_bytes", "Size of the files of the store", labels=["file"])
        for name, size in self._file_bytes().items():
            family.add_metric([name], size)
        yield family

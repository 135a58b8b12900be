"""What could not be applied to the MPAN table: an alarm for each sender's event, and figures (5.5.14, 5.11.4)."""

from collections.abc import Sequence

from dip.reporting.alarms import Alarms
from dip.reporting.metrics import Metrics
from dip.store.alarms import AlarmKind
from dip.store.appointments import SqliteAppointments, UpdateResult


class UpdateFailures:
    """Raises the alarm while an update could not be applied, and clears it when none is left."""

    def __init__(self, *, store: SqliteAppointments, alarms: Alarms, metrics: Metrics) -> None:
        self._store = store
        self._alarms = alarms
        self._metrics = metrics
        metrics.watch_updates(store.count_updates)
        self.look()

    def settled(self, results: Sequence[UpdateResult]) -> None:
        """Updates were applied, or could not be; without results: some that could not wait again, or were given up."""
        failed = sum(result.fault is not None for result in results)
        self._metrics.updated(len(results) - failed, failed)
        if failed or not results:
            self.look()

    def look(self) -> None:
        """Bring the alarms into line with what the store has."""
        details = {
            f"{sender} {interface} {event}": _detail(count)
            for sender, interface, event, count in self._store.failed_by_sender()
        }
        self._alarms.only(AlarmKind.APPOINTMENT_UPDATE, details)


def _detail(count: int) -> str:
    what = "1 message says" if count == 1 else f"{count} messages say"
    return f"What {what} about appointments could not be applied to the MPAN table."

"""Who is told of incidents by mail: administrators, who raised it, and everybody where it is published (7.4)."""

from typing import Final

from dip.ground.mail import Mailer
from dip.ground.settings import Settings
from dip.reporting.incidents.priorities import Priorities
from dip.store.incidents import Incident
from dip.store.user_addresses import SqliteUserAddresses

_DESK: Final = frozenset({"administrator", "operations", "support"})
"""The powers whose users are told of what is pressing; `http` knows the same names."""


class IncidentMails:
    """Writes the mails about incidents. They name the number, the title and the state, and no text of a participant."""

    def __init__(
        self, *, addresses: SqliteUserAddresses, mailer: Mailer, settings: Settings, priorities: Priorities
    ) -> None:
        self._addresses = addresses
        self._mailer = mailer
        self._settings = settings
        self._priorities = priorities

    async def raised(self, incident: Incident) -> None:
        """Tell the service desk of a pressing incident that is new, or has become pressing."""
        if incident.priority > self._priorities.told_to:
            return
        everybody = await self._addresses.everybody()
        to = [one.mail for one in everybody if not _DESK.isdisjoint(one.powers)]
        to += [part.strip() for part in self._settings.alarm_mail_to.split(",") if part.strip()]
        self._send(to, incident, "raised")

    def updated(self, incident: Incident, what: str, author: str) -> None:
        """Tell the one who raised an incident what became of it, where somebody else did that."""
        if incident.raised_by == author:
            return
        address = self._addresses.of(incident.raised_by)
        if address is not None:
            self._send([address], incident, what)

    async def published(self, incident: Incident, what: str) -> None:
        """Tell everybody of what everybody may read of an incident."""
        if incident.notice is not None:
            everybody = await self._addresses.everybody()
            self._send([one.mail for one in everybody], incident, what, incident.notice)

    def _send(self, to: list[str], incident: Incident, what: str, text: str = "") -> None:
        name = f"incident {incident.id} (P{incident.priority})"
        subject = f"[DIP {self._settings.environment}] {what}: {name}: {incident.title}"
        lines = [
            f"{name}: {incident.title}",
            f"State: {incident.state}",
            *([f"Channels: {', '.join(incident.channels)}"] if incident.channels else []),
            f"Raised: {incident.raised_at:%Y-%m-%d %H:%M} UTC, to be resolved by {incident.due_at:%Y-%m-%d %H:%M} UTC",
            *(["", text] if text else []),
            "",
            f"More in the portal: /incidents/{incident.id}",
        ]
        self._mailer.send(to, subject, "\n".join(lines) + "\n", hidden=True)

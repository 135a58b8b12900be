"""Incidents and the mails about maintenance put together (5.13.5, 7.3)."""

from dip.assembly.base import Base
from dip.catalogue.maintenance_mails import MaintenanceMails
from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.log import Log
from dip.ground.mail import Mailer
from dip.ground.settings import Settings
from dip.messages.identifiers import DipId
from dip.participants.registry import Participants
from dip.reporting.incidents.incidents import Incidents
from dip.reporting.incidents.mails import IncidentMails
from dip.reporting.incidents.priorities import priorities_of
from dip.store.sqlite import SqliteStore


def make_incidents(
    *,
    settings: Settings,
    store: SqliteStore,
    participants: Current[Participants],
    mailer: Mailer,
    clock: Clock,
    log: Log,
) -> Incidents:
    """The incidents of a server."""
    priorities = priorities_of(settings)

    def company_of(dip_id: DipId) -> str | None:
        known = participants.value.get(dip_id)
        return None if known is None else known.company

    def is_user(name: str) -> bool:
        user = store.users.user(name)
        return user is not None and user.disabled_at is None

    return Incidents(
        store=store.incidents,
        priorities=priorities,
        mails=IncidentMails(addresses=store.user_addresses, mailer=mailer, settings=settings, priorities=priorities),
        settings=settings,
        company_of=company_of,
        is_user=is_user,
        clock=clock,
        log=log,
    )


def make_maintenance_mails(base: Base) -> MaintenanceMails:
    """What tells users of maintenance."""
    return MaintenanceMails(
        pauses=base.pauses,
        told=base.store.maintenance_told,
        addresses=base.store.user_addresses,
        mailer=base.mailer,
        settings=base.settings,
        clock=base.clock,
        log=base.log,
    )

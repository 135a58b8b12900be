"""What the dashboard shows, as the administration API gives it (5.11, FS-50 to FS-52, FS-56)."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from dip.http.portal.views import PauseView
from dip.messages.identifiers import DipId
from dip.reporting.traffic import Traffic
from dip.security.pki import CertificateUse
from dip.store.alarms import Alarm
from dip.store.dashboard import Failure, Queued


class BalanceNow(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The last balance of everything. Deliveries, by where they stand; unbalanced: named as wrong, up to a hundred."""

    balanced: bool
    unbalanced: int
    accepted: int
    waiting: int
    leased: int
    delivered: int
    rejected: int
    dead: int
    withdrawn: int
    at: datetime


class CertificateEnd(msgspec.Struct, frozen=True, rename="camel"):
    """When a participant will be left without a certificate for a use. days: whole ones left; below zero: since."""

    holder: DipId
    use: CertificateUse
    at: datetime
    days: int


class OpenAlarms(msgspec.Struct, frozen=True, rename="camel"):
    """Alarms that go on: the worst of them, and how many there are."""

    items: Sequence[Alarm]
    count: int


class Ending(msgspec.Struct, frozen=True, rename="camel"):
    """Certificates about to expire: the first of them, and how many there are."""

    items: Sequence[CertificateEnd]
    count: int


class ServerNow(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The server and its clock. now: business time; offset_s: how far it is ahead of the wall clock, seconds.

    up_s: for how long it has been running.
    """

    version: str
    profile: str
    environment: str
    up_s: int
    now: datetime
    offset_s: float


class Dashboard(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """How the server does at this moment. Totals are everybody's; all else is what the visitor may see.

    None: the visitor may not see this, or it has not been counted yet (balance). failures: the newest first.
    maintenance: under way and announced.
    """

    traffic: Traffic
    queues: Queued | None
    failures: Sequence[Failure] | None
    balance: BalanceNow | None
    alarms: OpenAlarms
    certificates: Ending | None
    maintenance: Sequence[PauseView]
    server: ServerNow

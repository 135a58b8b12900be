"""What a user of the portal may do, and whose affairs it may see (5.12.2, 8.3)."""

from enum import StrEnum
from typing import Final

import msgspec

from dip.ground.errors import NotFound, NotPermitted
from dip.messages.identifiers import DipId


class Power(StrEnum):
    """Sub-roles of the DIP's administrators, then those of a company's users, then reading alone."""

    ADMINISTRATOR = "administrator"
    """Everything, users included."""
    OPERATIONS = "operations"
    """Channels, clock, faults, queues, endpoints, requeues, the master key, the activity log."""
    CERTIFICATES = "certificates"
    PARTICIPANTS = "participants"
    """Onboarding, roles, agents, MPANs."""
    SUPPORT = "support"
    """Sees everything; of what others run it changes nothing, but it looks after incidents."""
    COMPANY_USERS = "company-users"
    COMPANY_CERTIFICATES = "company-certificates"
    COMPANY_MESSAGES = "company-messages"
    READ_ONLY = "read-only"


ADMINISTRATION: Final = "admin.token"
"""The name under which the administration token acts."""
EVERY_POWER: Final = frozenset(Power)


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks.

    form_token: stands in every form of a session; None for the administration token. dip_ids: whose affairs the
    visitor may see; None: everybody's. company: the number of the one that the visitor works for; None: the DIP.
    must_change: the password has to be changed before anything else. viewer: who of the DIP's own people looks through
    these eyes, in whose name everything is done; None: nobody but the visitor itself.
    """

    name: str
    form_token: str | None
    powers: frozenset[Power]
    dip_ids: frozenset[DipId] | None = None
    company: str | None = None
    must_change: bool = False
    viewer: "Visitor | None" = None

    def has(self, *powers: Power) -> bool:
        """Whether the visitor has one of these powers; an administrator has all. Who views as another needs one too."""
        own = Power.ADMINISTRATOR in self.powers or not self.powers.isdisjoint(powers)
        return own and (self.viewer is None or self.viewer.has(*powers))

    @property
    def viewed_as(self) -> DipId | None:
        """The participant as which the portal is viewed."""
        return None if self.viewer is None or not self.dip_ids else next(iter(self.dip_ids))

    def sees(self, dip_id: str) -> bool:
        """Whether a participant's affairs are open to the visitor."""
        return self.dip_ids is None or dip_id in self.dip_ids

    def check_sees(self, dip_id: str) -> None:
        """Raise NotFound where a participant is none of the visitor's: it isn't told whether there is one."""
        if not self.sees(dip_id):
            raise NotFound("No participant of yours has this DIP id.")

    def check_has(self, *powers: Power) -> None:
        """Raise NotPermitted where the visitor has none of these powers."""
        if not self.has(*powers):
            raise NotPermitted(f"This takes one of these powers: {', '.join(powers)}. Ask an administrator for it.")

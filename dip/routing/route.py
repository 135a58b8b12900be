"""The way of one message: every recipient, with the class and the reason that brought it there."""

from enum import StrEnum

import msgspec

from dip.messages.identifiers import DipId, RoleCode


class RecipientClass(StrEnum):
    """How a recipient was found (5.5.3)."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    ALWAYS = "always"


class Party(msgspec.Struct, frozen=True, gc=False, rename={"dip_id": "dipId", "found_as": "class"}):
    """One reason for which a participant gets the message."""

    dip_id: DipId
    role: RoleCode
    found_as: RecipientClass
    reason: str


class RoutingFault(msgspec.Struct, frozen=True, gc=False):
    """Why somebody could not be reached: a response code and what helps."""

    code: str
    help: str


class Route(msgspec.Struct, gc=False):
    """Who gets a message and why; `faults` go back to its sender, `notes` explain what was not found."""

    parties: list[Party]
    faults: list[RoutingFault]
    notes: list[str]

    def ids(self, found_as: RecipientClass) -> list[DipId]:
        """The recipients of one class, in order, each once."""
        found = [party.dip_id for party in self.parties if party.found_as is found_as]
        return found if len(found) < 2 else list(dict.fromkeys(found))

    def roles(self) -> dict[DipId, tuple[RoleCode, ...]]:
        """Each recipient, once, with every role by which the message reaches it."""
        found: dict[DipId, list[RoleCode]] = {}
        for party in self.parties:
            roles = found.setdefault(party.dip_id, [])
            if party.role not in roles:
                roles.append(party.role)
        return {dip_id: tuple(roles) for dip_id, roles in found.items()}

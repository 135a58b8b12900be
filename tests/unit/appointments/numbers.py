"""Numbers for holders, given as they come."""

from dip.appointments.packing import Holder
from dip.messages.identifiers import DipId, RoleCode


class Numbers:
    """What the store's table of holders is to packing."""

    def __init__(self) -> None:
        self._holders: list[Holder] = []

    def number(self, role: RoleCode, dip_id: DipId) -> int:
        """The number of a holder, given now if it has none."""
        if (role, dip_id) not in self._holders:
            self._holders.append((role, dip_id))
        return self._holders.index((role, dip_id)) + 1

    def named(self, number: int) -> Holder:
        """The holder with that number."""
        return self._holders[number - 1]

"""What is said to somebody whose change of the catalogue is not taken."""

from collections.abc import Iterable
from typing import ClassVar

from dip.channels.document import CatalogueFault
from dip.ground.errors import DipError


class DefinitionRefused(DipError):
    """The definition of the channel has faults; nothing was changed."""

    code: ClassVar[str] = "definition_refused"

    def __init__(self, faults: Iterable[CatalogueFault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        count = "a fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        super().__init__(f"The definition has {count}; nothing was changed. The first: {self.faults[0]}")

"""The one error of a catalogue: all its faults at once."""

from collections.abc import Iterable
from typing import ClassVar

from dip.channels.document import CatalogueFault
from dip.ground.errors import SetupRefused


class CatalogueRefused(SetupRefused):
    """The catalogue of channels can't be read."""

    code: ClassVar[str] = "catalogue_refused"

    def __init__(self, faults: Iterable[CatalogueFault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(str(fault) for fault in self.faults))

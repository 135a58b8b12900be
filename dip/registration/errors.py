"""What can go wrong with a registration service."""

from typing import ClassVar

from dip.ground.errors import DipError


class RegistrationServiceFailed(DipError):
    """A registration service gave no answer that can be used."""

    code: ClassVar[str] = "registration_service_failed"


class RegistrationCursorTooOld(RegistrationServiceFailed):
    """A registration service does not know the cursor of a pull any more; begin again without one."""

    code: ClassVar[str] = "registration_cursor_too_old"

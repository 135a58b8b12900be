"""One root for every error of the DIP; each class has a stable code of its own."""

from typing import ClassVar


class DipError(Exception):
    """The DIP could not do what was asked."""

    code: ClassVar[str] = "dip_error"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip().splitlines()[0])

    @property
    def message(self) -> str:
        """One sentence that says what is wrong and, where it can, what to do next."""
        return str(self.args[0])


class SetupRefused(DipError):
    """The server can't start with this set-up; nothing was changed."""

    code = "setup_refused"


class StoreUnavailable(DipError):
    """The store can't write at the moment; nothing was acknowledged. Try again later."""

    code = "store_unavailable"


class NotAuthenticated(DipError):
    """The caller did not prove who it is."""

    code = "not_authenticated"


class NotPermitted(DipError):
    """The caller may not do this."""

    code = "not_permitted"


class NotFound(DipError):
    """There is nothing at this address."""

    code = "not_found"


class TooLarge(DipError):
    """The request is larger than the limit."""

    code = "too_large"


class BadRequest(DipError):
    """The request can't be understood."""

    code = "bad_request"


class Conflict(DipError):
    """The request does not fit the present state."""

    code = "conflict"

"""Why an upload is refused, or not taken further."""

from dip.ground.errors import BadRequest, Conflict, DipError


class PayloadRefused(DipError):
    """The payload is not what its sender said, or not what can be published; its upload begins anew."""

    code = "payload_refused"


class OffsetWrong(Conflict):
    """The upload stands at another byte."""

    code = "upload_offset_wrong"

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


class UploadBusy(DipError):
    """Another request sends bytes of this upload just now."""

    code = "upload_busy"


class UploadEnded(Conflict):
    """A later request took this upload over; what this one brought is kept."""

    code = "upload_ended"


class UploadStalled(DipError):
    """No byte came in time; what came is kept."""

    code = "upload_stalled"


class UploadBroken(BadRequest):
    """The connection broke off; what came is kept."""

    code = "upload_broken"


class ChecksumWrong(DipError):
    """The bytes of this request do not have the checksum that it said; none of them was kept."""

    code = "upload_checksum_wrong"


class AddressTaken(Conflict):
    """There is a payload at this address."""

    code = "address_taken"

    def __init__(self, message: str, *, is_own: bool = False, upload: str | None = None) -> None:
        """is_own: it is the caller's own. upload: where its upload of the same goes on."""
        super().__init__(message)
        self.is_own = is_own
        self.upload = upload


class TooManyUploads(DipError):
    """There are as many uploads under way as may be."""

    code = "too_many_uploads"


class NoRoom(DipError):
    """The disk has no room for this."""

    code = "no_room"

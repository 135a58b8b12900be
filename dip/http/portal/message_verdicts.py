"""A message with its verdicts, as the administration API shows it (FS-55)."""

from dip.reporting.verdicts import Verdict, verdicts_of
from dip.store.page_records import MessageDetail


class JudgedMessage(MessageDetail, frozen=True, kw_only=True, rename="camel"):
    """Everything known of one message without opening it, and of each failed exchange whose fault it most likely is.

    verdicts: the earliest first; those of one recipient that are alike in a row are one.
    """

    verdicts: tuple[Verdict, ...]


def judged(message: MessageDetail) -> JudgedMessage:
    """A message with its verdicts, as far as `message` tells of it."""
    fields = {name: getattr(message, name) for name in message.__struct_fields__}
    return JudgedMessage(**fields, verdicts=verdicts_of(message).all)

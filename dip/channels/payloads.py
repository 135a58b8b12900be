"""How long a channel's payloads stay: by age and by number of versions (5.6.1)."""

from dataclasses import dataclass
from datetime import timedelta

from dip.channels.document import Entry
from dip.channels.durations import read_duration, written

_KEYS = ("kept_for", "versions")


@dataclass(frozen=True, slots=True)
class PayloadRetention:
    """Of each name so many versions stay, and each for so long after it was published; the newest stays anyway."""

    kept_for: timedelta
    versions: int

    def __str__(self) -> str:
        return f"{written(self.kept_for)}, {self.versions} versions"


def read_payload_retention(entry: Entry) -> PayloadRetention:
    """`{kept_for: P366D, versions: 100}`."""
    fields = entry.fields(_KEYS, required=_KEYS)
    kept_for = read_duration(fields["kept_for"]) if "kept_for" in fields else timedelta(0)
    versions = fields["versions"].whole() if "versions" in fields else 1
    if versions < 1:
        fields["versions"].fault("expected 1 or more: the newest version stays")
    return PayloadRetention(kept_for, max(1, versions))

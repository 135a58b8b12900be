"""What the store knows of publications: payloads, the messages that announced them, what these said (5.6)."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from dip.messages.identifiers import DipId, EventCode, InterfaceId, TransactionId


class PayloadState(StrEnum):
    """How far a payload is. Nobody but its sender sees one that was never published."""

    RECEIVING = "receiving"
    WHOLE = "whole"
    """All of it is on disk, and has the digest that its sender said."""
    PUBLISHED = "published"
    """A message announced it."""
    REMOVED = "removed"
    """It was published; its file is gone."""


class NewPayload(msgspec.Struct, frozen=True, kw_only=True):
    """A payload whose upload begins. upload: the unguessable name of the upload. compression: gzip, zip, or none.

    size: bytes; sha256: of the whole, 32 bytes; both as its sender says.
    """

    upload: str
    channel: InterfaceId
    name: str
    version: str
    sender: DipId
    media_type: str
    compression: str | None
    size: int
    sha256: bytes


class Payload(NewPayload, frozen=True, kw_only=True):
    """A payload. id: also the name of its file. received: bytes on disk for certain.

    unpacked_size: bytes, of what is compressed and whole. publication: the number of the message that announced it
    first; payloads are published in that order. changed_at: when its last byte came.
    """

    id: int
    state: PayloadState
    received: int
    unpacked_size: int | None
    begun_at: datetime
    changed_at: datetime
    publication: int | None
    published_at: datetime | None
    removed_at: datetime | None
    removed_why: str | None


class NewVariant(msgspec.Struct, frozen=True, kw_only=True):
    """What a message says of one payload (block P02). payload: None for what stands at an outside address."""

    payload: int | None
    uri: str
    variant_id: str
    name: str
    description: str | None
    version: str
    issued: str
    format: str | None
    delivery_format: str | None
    information: str | None


class NewPublication(msgspec.Struct, frozen=True, kw_only=True):
    """What a message announces (blocks P01 and P02). content_digest: SHA-256 of the message as its sender wrote it."""

    content_digest: bytes
    description: str | None = None
    version: str | None = None
    issued: str | None = None
    variants: Sequence[NewVariant] = ()


class Variant(NewVariant, frozen=True, kw_only=True):
    """A variant of a publication, as announced; held: its payload as it stands now."""

    publication: int
    held: Payload | None


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """A message that announced something. id: its number; description, version and issued: of P01, where it has one."""

    id: int
    transaction_id: TransactionId
    channel: InterfaceId
    event: EventCode
    sender: DipId
    description: str | None
    version: str | None
    issued: str | None
    announced_at: datetime
    variants: Sequence[Variant] = ()


class PublicationFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which publications: of a channel, with a text in names and descriptions, announced from and before a time.

    before: the number below which the list goes on.
    """

    channel: str | None = None
    text: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None
    limit: int = 100


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """The payloads of one name on a channel: how many are there now, and the one published last."""

    channel: InterfaceId
    name: str
    versions: int
    latest: Payload


class VersionFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which versions of a name: a version or its beginning, published from and before a time, removed ones too or not.

    before: publication and payload number below which the list goes on.
    """

    version: str | None = None
    version_begins: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    removed: bool = True
    before: tuple[int, int] | None = None
    limit: int = 100


class UploadTotals(msgspec.Struct, frozen=True):
    """What is not published yet: how many are under way, of one sender too; bytes that are still to come."""

    under_way: int
    of_sender: int
    bytes_to_come: int

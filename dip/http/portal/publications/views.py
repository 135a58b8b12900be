"""Publications, payloads and uploads as lists and pages show them."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

import msgspec

from dip.messages.identifiers import DipId, EventCode, InterfaceId, TransactionId
from dip.publications.address import PayloadAddress
from dip.publications.filtering.source import form_of
from dip.store.publication_records import Payload, PayloadState, Publication, Variant


class SenderView(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """Who published. name: empty where the participant is not known any more."""

    dip_id: DipId
    name: str


class RemovedView(msgspec.Struct, frozen=True, kw_only=True):
    """When a payload was taken away, and why."""

    at: datetime
    why: str


class PayloadView(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A payload that was published.

    uri: where it is read; latestUri: where whichever version is read that was published last. size and unpackedSize:
    bytes; sha256: of the whole, hexadecimal. removed: None while it is there.
    """

    uri: str
    latest_uri: str
    channel: InterfaceId
    name: str
    version: str
    size: int
    sha256: str
    media_type: str
    compression: str | None
    unpacked_size: int | None
    published_at: datetime | None
    removed: RemovedView | None

    @property
    def path(self) -> str:
        """Its address within the portal."""
        return PayloadAddress(self.channel, self.name, self.version).path

    @property
    def can_be_filtered(self) -> bool:
        """Whether it has rows of which some can be asked for."""
        return self.removed is None and self.compression != "zip" and form_of(self.media_type) is not None


class PublishedVersion(PayloadView, frozen=True, rename="camel", kw_only=True):
    """A version of a name, with what was said of it last.

    issued: its date as its sender writes it. transactionId: of the message that announced it first.
    """

    variant_name: str | None
    description: str | None
    issued: str | None
    format: str | None
    sender: SenderView
    transaction_id: TransactionId | None


class VariantView(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A payload as a message announces it. uri: as announced. outside: it stands at another place than this server.

    payload: as it is here now; None for what is outside.
    """

    uri: str
    outside: bool
    variant_id: str
    name: str
    description: str | None
    version: str
    issued: str
    format: str | None
    delivery_format: str | None
    information: str | None
    payload: PayloadView | None

    @property
    def link(self) -> str | None:
        """Where a page may lead to; None where the address is none that a browser opens."""
        try:
            parts = urlsplit(self.uri)
            return self.uri if parts.scheme.lower() in {"http", "https"} and parts.hostname else None
        except ValueError:
            return None


class PublicationView(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A message that announced something. number: its place in the list. issued: as its sender writes it."""

    number: int
    transaction_id: TransactionId
    channel: InterfaceId
    event: EventCode
    description: str | None
    version: str | None
    issued: str | None
    announced_at: datetime
    sender: SenderView
    variants: Sequence[VariantView]


class SeriesView(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The versions of one name that are there: how many, where they are listed, and the one published last."""

    name: str
    uri: str
    versions: int
    latest: PayloadView


class UploadView(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What is not published yet. received: bytes here of size. expiresAt: when it is swept if nothing happens."""

    upload: str
    uri: str
    channel: InterfaceId
    name: str
    version: str
    sender: SenderView
    state: PayloadState
    received: int
    size: int
    begun_at: datetime
    changed_at: datetime
    expires_at: datetime | None


def uri_of(base: str, payload: Payload) -> str:
    """Where a payload is read."""
    return f"{base}{PayloadAddress(payload.channel, payload.name, payload.version).path}"


def payload_view(base: str, payload: Payload) -> PayloadView:
    """A published payload. base: where the portal is reached."""
    return PayloadView(
        uri=uri_of(base, payload),
        latest_uri=f"{base}{PayloadAddress(payload.channel, payload.name, payload.version).latest_path}",
        channel=payload.channel,
        name=payload.name,
        version=payload.version,
        size=payload.size,
        sha256=payload.sha256.hex(),
        media_type=payload.media_type,
        compression=payload.compression,
        unpacked_size=payload.unpacked_size,
        published_at=payload.published_at,
        removed=None
        if payload.removed_at is None
        else RemovedView(at=payload.removed_at, why=payload.removed_why or ""),
    )


def version_view(
    base: str, payload: Payload, sender: SenderView, said: Variant | None, announcement: TransactionId | None
) -> PublishedVersion:
    """A version, with what a message said of it."""
    return PublishedVersion(
        **msgspec.structs.asdict(payload_view(base, payload)),
        variant_name=None if said is None else said.name,
        description=None if said is None else said.description,
        issued=None if said is None else said.issued,
        format=None if said is None else said.format,
        sender=sender,
        transaction_id=announcement,
    )


def publication_view(base: str, publication: Publication, sender: SenderView) -> PublicationView:
    """A publication with its variants."""
    return PublicationView(
        number=publication.id,
        transaction_id=publication.transaction_id,
        channel=publication.channel,
        event=publication.event,
        description=publication.description,
        version=publication.version,
        issued=publication.issued,
        announced_at=publication.announced_at,
        sender=sender,
        variants=[_variant(base, variant) for variant in publication.variants],
    )


def _variant(base: str, variant: Variant) -> VariantView:
    return VariantView(
        uri=variant.uri,
        outside=variant.payload is None,
        variant_id=variant.variant_id,
        name=variant.name,
        description=variant.description,
        version=variant.version,
        issued=variant.issued,
        format=variant.format,
        delivery_format=variant.delivery_format,
        information=variant.information,
        payload=None if variant.held is None else payload_view(base, variant.held),
    )

"""The message by which a publication is announced (IF-047 to IF-049): blocks P01 and P02 (5.6)."""

import hashlib
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from dip.client.messages import Message
from dip.messages.identifiers import SenderReference
from dip.messages.timestamps import wire_time

_SCHEMA: Final = "011"
_DIGITS: Final = 32
_LONGEST_NAME: Final = 50


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """One payload as the message tells of it (block P02).

    size, sha256: of what was uploaded to the DIP; None for what stands at an outside address.
    """

    uri: str
    version: str
    name: str
    description: str | None = None
    format: str | None = None
    delivery_format: str | None = None
    size: int | None = None
    sha256: str | None = None

    @property
    def information(self) -> str | None:
        """Size and digest, as recipients read them."""
        return None if self.sha256 is None else f"size={self.size}; sha-256={self.sha256}"


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """What is announced (block P01). issued: when it was, by its publisher; also the time that the message names."""

    description: str
    version: str
    issued: datetime


class Publisher(msgspec.Struct, frozen=True, kw_only=True):
    """Who announces, and where. event: without brackets. environment: its tag, such as DEV."""

    channel: str
    event: str
    sender: str
    role: str
    environment: str


def announcement(
    publisher: Publisher, publication: Publication, variants: list[Variant], *, sent_at: datetime
) -> Message:
    """The message. Its senderUniqueReference follows from what it says, so that saying it again is a repeat."""
    custom = {
        "P01": {
            "publicationDescription": publication.description,
            "publicationVersionID": publication.version,
            "publicationDate": wire_time(publication.issued),
        },
        "P02List": [_block(number, one, publication.issued) for number, one in enumerate(variants, 1)],
    }
    common = {
        "S0": {
            "interfaceID": publisher.channel,
            "schemaVersion": _SCHEMA,
            "eventCode": f"[{publisher.event}]",
        },
        "S1": {
            "environmentTag": publisher.environment,
            "subText": None,
            "senderUniqueReference": reference(publisher, publication, variants),
            "senderTimestamp": wire_time(sent_at),
            "senderDIPID": publisher.sender,
            "senderRoleID": publisher.role,
            "senderCorrelationID": None,
            "DIPConnectionProviderID": None,
        },
    }
    return {"payload": {"CommonBlock": common, "CustomBlock": custom}}


def reference(publisher: Publisher, publication: Publication, variants: list[Variant]) -> SenderReference:
    """`S-IF-047-2700000001-ISD-20260321-5f2c…` (DT-995): the same for the same publication, however often."""
    said = [
        msgspec.to_builtins(publisher),
        [publication.description, publication.version, wire_time(publication.issued)],
        [_said(one) for one in variants],
    ]
    digest = hashlib.sha256(msgspec.json.encode(said)).hexdigest()[:_DIGITS]
    day = publication.issued.astimezone(UTC)
    return SenderReference(f"S-{publisher.channel}-{publisher.sender}-{publisher.role}-{day:%Y%m%d}-{digest}")


def _said(variant: Variant) -> Any:
    """What makes a variant another one. Of what is with the DIP its address may change with the DIP's."""
    told = msgspec.to_builtins(variant)
    if variant.sha256 is not None:
        told["uri"] = "/".join(variant.uri.split("/")[-2:])
    return sorted(told.items())


def _block(number: int, variant: Variant, issued: datetime) -> dict[str, Any]:
    return {
        "distributionVariantID": str(number),
        "distributionVariantName": variant.name[:_LONGEST_NAME],
        "distributionVariantDescription": variant.description,
        "distributionVariantVersionID": variant.version,
        "distributionVariantPublicationDate": wire_time(issued),
        "distributionVariantFormat": variant.format,
        "distributionDeliveryFormat": variant.delivery_format,
        "distributionDeliveryURI": variant.uri,
        "additionalInformation": variant.information,
    }

"""A participant publishes on a platform, the whole way: uploads over mutual TLS, then the announcement."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from dip.client.announcement import Publication, Publisher, Variant
from dip.client.publishing import Publishing, Uploaded
from tests.support.platform import Platform

PUBLISHER = "2700000001"
CHANNEL = "IF-047"
ISSUED = datetime(2026, 3, 21, tzinfo=UTC)


class File(msgspec.Struct, frozen=True, kw_only=True):
    """What is published under a name. label, description, format: as the message says them."""

    name: str
    content: bytes
    version: str = "1.1.1"
    label: str = "Industry standing data"
    description: str | None = None
    format: str | None = "CSV"


class Outside(msgspec.Struct, frozen=True, kw_only=True):
    """What stands at another place."""

    uri: str
    version: str = "1.1.1"
    label: str = "At another place"


class Published(msgspec.Struct, frozen=True):
    """The announcement, and where each file is read."""

    transaction_id: str
    files: list[Uploaded]

    @property
    def uris(self) -> list[str]:
        """Where each is read."""
        return [one.uri for one in self.files]


async def upload(platform: Platform, file: File, directory: Path, *, channel: str = CHANNEL) -> Uploaded:
    """Bring a file to the platform, and say nothing of it. directory: for the file on the participant's side."""
    path = directory / f"{file.version}-{file.name}"
    path.write_bytes(file.content)
    client = await platform.client(PUBLISHER)
    return await Publishing(client).upload(path, channel, file.name, file.version)


async def publish(
    platform: Platform,
    *files: File | Outside,
    directory: Path,
    description: str = "ISD",
    version: str = "1.1.1",
    issued: datetime = ISSUED,
) -> Published:
    """Upload these files and announce them with one message on IF-047. directory: for the participant's side."""
    variants: list[Variant] = []
    done: list[Uploaded] = []
    for file in files:
        if isinstance(file, Outside):
            variants.append(Variant(uri=file.uri, version=file.version, name=file.label))
            continue
        uploaded = await upload(platform, file, directory)
        done.append(uploaded)
        variants.append(
            Variant(
                uri=uploaded.uri,
                version=file.version,
                name=file.label,
                description=file.description,
                format=file.format,
                size=uploaded.size,
                sha256=uploaded.sha256,
            )
        )
    publisher = Publisher(
        channel=CHANNEL,
        event="ISD",
        sender=PUBLISHER,
        role="ISD",
        environment=platform.dip.settings.environment,
    )
    about = Publication(description=description, version=version, issued=issued)
    client = await platform.client(PUBLISHER)
    transaction = await Publishing(client).announce(publisher, about, variants)
    return Published(transaction, done)

"""What lists and pages of publications show: read from the store, page by page; never what is not published."""

from collections.abc import Iterable, Sequence
from typing import Final

from dip.channels.channel import PUBLICATIONS, Channel
from dip.channels.registry import Registry
from dip.ground.current import Current
from dip.ground.errors import NotFound
from dip.http.portal.publications.views import (
    PayloadView,
    PublicationView,
    PublishedVersion,
    SenderView,
    SeriesView,
    UploadView,
    payload_view,
    publication_view,
    uri_of,
    version_view,
)
from dip.messages.identifiers import DipId
from dip.participants.registry import Participants
from dip.publications.address import PublicAddress
from dip.publications.uploads import Uploads
from dip.store.publication_records import Payload, PublicationFilter, VersionFilter
from dip.store.publications import SqlitePublications

_UPLOADS: Final = 1000
_REMOVED: Final = 20


class Shown:
    """Reads publications as anybody may see them, and uploads as administrators do."""

    def __init__(
        self,
        *,
        store: SqlitePublications,
        public: PublicAddress,
        uploads: Uploads,
        registry: Current[Registry],
        participants: Current[Participants],
    ) -> None:
        self.base = public.base
        self._store = store
        self._uploads = uploads
        self._registry = registry
        self._participants = participants

    def channels(self) -> dict[str, Channel]:
        """The channels on which something is published, by their ids in order."""
        channels = self._registry.value.channels
        return {id_: channel for id_, channel in sorted(channels.items()) if channel.pattern == PUBLICATIONS}

    def channel(self, channel_id: str) -> Channel:
        """One of them. Raises NotFound that names them all."""
        channels = self.channels()
        found = channels.get(channel_id)
        if found is None:
            raise NotFound(f"No channel of publications has this id. There are {', '.join(channels) or 'none'}.")
        return found

    async def publications(self, wanted: PublicationFilter) -> tuple[Sequence[PublicationView], int | None]:
        """What was announced, the newest first, and the key of what follows.

        `limit` is one more than a page shows: so it is seen whether anything follows.
        """
        found = await self._store.publications(wanted)
        shown = found[: wanted.limit - 1]
        views = [publication_view(self.base, one, self._sender(one.sender)) for one in shown]
        return views, shown[-1].id if len(found) > len(shown) else None

    async def names(
        self, channel: str, text: str | None, after: str, limit: int
    ) -> tuple[Sequence[SeriesView], str | None]:
        """Names of a channel behind a name, at most so many; and the key of what follows."""
        found = await self._store.series(channel, text, after, limit + 1)
        views = [
            SeriesView(
                name=one.name,
                uri=f"{self.base}/publications/{one.channel}/{one.name}",
                versions=one.versions,
                latest=payload_view(self.base, one.latest),
            )
            for one in found[:limit]
        ]
        return views, views[-1].name if len(found) > limit else None

    async def removed(self, channel: str) -> Sequence[PayloadView]:
        """What was removed of a channel last."""
        return [payload_view(self.base, one) for one in await self._store.removed(channel, None, _REMOVED)]

    async def versions(
        self, channel: str, name: str, wanted: VersionFilter
    ) -> tuple[Sequence[PublishedVersion], tuple[int, int] | None]:
        """Versions of a name, the newest first, as `publications`. Raises NotFound where none was ever published."""
        found = await self._store.versions(channel, name, wanted)
        if not found and not await self._store.versions(channel, name, VersionFilter(limit=1)):
            raise NotFound(f"Nothing of this name was published on {channel}. /publications/{channel} lists what was.")
        shown = found[: wanted.limit - 1]
        last = shown[-1] if len(found) > len(shown) else None
        return await self._versions(shown), None if last is None else (last.publication or 0, last.id)

    def uploads(self) -> Sequence[UploadView]:
        """What is under way, or whole and not announced; the one longest without a byte first."""
        return [self._upload(one) for one in self._store.uploads(_UPLOADS)]

    async def _versions(self, payloads: Sequence[Payload]) -> Sequence[PublishedVersion]:
        said = await self._store.announced(one.id for one in payloads)
        announced = await self._store.announcements(_numbers(payloads))
        return [
            version_view(
                self.base, one, self._sender(one.sender), said.get(one.id), announced.get(one.publication or 0)
            )
            for one in payloads
        ]

    def _upload(self, payload: Payload) -> UploadView:
        return UploadView(
            upload=payload.upload,
            uri=uri_of(self.base, payload),
            channel=payload.channel,
            name=payload.name,
            version=payload.version,
            sender=self._sender(payload.sender),
            state=payload.state,
            received=payload.received,
            size=payload.size,
            begun_at=payload.begun_at,
            changed_at=payload.changed_at,
            expires_at=self._uploads.expires(payload),
        )

    def _sender(self, dip_id: DipId) -> SenderView:
        found = self._participants.value.get(dip_id)
        return SenderView(dip_id=dip_id, name="" if found is None else found.name)


def _numbers(payloads: Iterable[Payload]) -> set[int]:
    return {one.publication for one in payloads if one.publication is not None}

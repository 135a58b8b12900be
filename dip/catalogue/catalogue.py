"""The channels as they are served: the catalogue's files, and what was changed since, laid over them (5.3)."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from difflib import unified_diff
from pathlib import Path

import msgspec

from dip.catalogue.definitions import check_id, faults_before_reading, faults_of_id, file_name, file_names
from dip.catalogue.edits import Edit
from dip.catalogue.errors import DefinitionRefused
from dip.channels.channel import Channel
from dip.channels.differences import channel_differences
from dip.channels.errors import CatalogueRefused
from dip.channels.registry import Registry, build
from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.errors import BadRequest, Conflict, NotFound, SetupRefused
from dip.ground.log import Log
from dip.messages.identifiers import InterfaceId
from dip.store.catalogue import CatalogueVersion
from dip.store.protocol import CatalogueStore

_SHIPPED = 0


class Definition(msgspec.Struct, frozen=True):
    """A channel's YAML and its version; 0: as the file has it. text: None where the channel was removed."""

    version: int
    text: str | None


class Comparison(msgspec.Struct, frozen=True):
    """What two definitions have different: as unified text, empty where they are equal, and item by item.

    items: empty, too, where one of them no longer fits the rest of the catalogue.
    """

    text: str
    items: tuple[str, ...]


class Catalogue:
    """Holds the snapshot of the channels and replaces it whole: a request works with the one that it took."""

    def __init__(
        self,
        *,
        texts: Mapping[str, str],
        shipped: Registry,
        specification_items: bool,
        store: CatalogueStore,
        clock: Clock,
        log: Log,
    ) -> None:
        """The catalogue of these files, which `shipped` was built from, with every stored change.

        Raises SetupRefused where a stored change no longer fits the files.
        """
        self._shipped = dict(texts)
        self._specification_items = specification_items
        self._store = store
        self._clock = clock
        self._log = log
        self._names = file_names(texts)
        self._latest = {version.name: version for version in store.latest_versions()}
        self._changing = asyncio.Lock()
        self.registry = Current(self._laid_over(shipped))

    def definition(self, channel_id: str) -> Definition | None:
        """The present definition of a channel; None for one that there never was."""
        return self._present(self._name(InterfaceId(channel_id)))

    def versions(self, channel_id: str) -> Sequence[CatalogueVersion]:
        """Every change of a channel, newest first; without the file itself, which is version 0."""
        return self._store.versions(self._name(InterfaceId(channel_id)))

    def text(self, channel_id: str, version: int) -> str | None:
        """The definition as a version had it; None where it had removed the channel. Raises NotFound."""
        name = self._name(InterfaceId(channel_id))
        if version == _SHIPPED:
            return self._shipped.get(name)
        for found in self._store.versions(name):
            if found.version == version:
                return found.text
        raise NotFound(f"{channel_id} has no version {version}.")

    async def compare(self, channel_id: str, old: int, new: int) -> Comparison:
        """What two versions of a channel have different. Raises NotFound."""
        checked = check_id(channel_id)
        before, after = self.text(checked, old), self.text(checked, new)
        text = _unified(before, after, f"version {old}", f"version {new}")
        items: tuple[str, ...] = ()
        if text:
            with suppress(DefinitionRefused):
                items = _item_by_item(await self._channel(checked, before), await self._channel(checked, after))
        return Comparison(text, items)

    async def draft(self, channel_id: str, text: str) -> Comparison:
        """Check a definition without saving it; what it would change. Raises BadRequest, DefinitionRefused."""
        checked = check_id(channel_id)
        drafted = await self._channel(checked, text)
        present = self.definition(checked) or Definition(_SHIPPED, None)
        return Comparison(
            _unified(present.text, text, f"version {present.version}", "draft"),
            _item_by_item(self.registry.value.find(checked), drafted),
        )

    async def change(
        self, channel_id: str, text: str, *, author: str, reason: str = "", base: int | None = None
    ) -> Definition:
        """Add a channel or change it; text that it has already changes nothing.

        base: the version that the text was made from; Conflict where there is a later one. Raises BadRequest,
        DefinitionRefused with every fault, StoreUnavailable; then nothing was changed.
        """
        return await self._save(check_id(channel_id), lambda present: text, author=author, reason=reason, base=base)

    async def edit(self, channel_id: str, edit: Edit, *, author: str, reason: str = "") -> Definition:
        """Change a channel's present definition by a rule. Raises as `change` does, and NotFound."""

        def edited(present: Definition | None) -> str:
            channel = self.registry.value.find(channel_id)
            if channel is None or present is None or present.text is None:
                raise NotFound("No channel has this id.")
            return edit(present.text, channel)

        return await self._save(InterfaceId(channel_id), edited, author=author, reason=reason)

    async def remove(self, channel_id: str, *, author: str, reason: str = "", base: int | None = None) -> Definition:
        """Take a channel off the catalogue; what waits in its queues is delivered. Raises NotFound, Conflict."""

        def nothing(present: Definition | None) -> None:
            if present is None or present.text is None:
                raise NotFound("No channel has this id.")

        return await self._save(InterfaceId(channel_id), nothing, author=author, reason=reason, base=base)

    async def undo(self, channel_id: str, version: int, *, author: str, reason: str = "") -> Definition:
        """Make the channel again what a version was; this is a version of its own. Raises NotFound."""
        present = self.definition(channel_id)
        if present is None:
            raise NotFound("No channel has this id.")
        if not 0 <= version <= present.version:
            raise BadRequest(f"version is a whole number from 0 to {present.version}.")
        earlier = self.text(channel_id, version)
        said = reason or f"Version {version} again"
        return await self._save(
            InterfaceId(channel_id), lambda present: earlier, author=author, reason=said, made_from=version
        )

    async def _save(
        self,
        channel_id: InterfaceId,
        make: "Callable[[Definition | None], str | None]",
        *,
        author: str,
        reason: str,
        base: int | None = None,
        made_from: int | None = None,
    ) -> Definition:
        """Check, commit, then replace the snapshot; one change at a time."""
        name = self._name(channel_id)
        async with self._changing:
            present = self._present(name)
            number = present.version if present else _SHIPPED
            if base is not None and base != number:
                raise Conflict(f"{channel_id} was changed meanwhile: it has version {number}, you changed {base}.")
            text = make(present)
            if text == (present.text if present else None):
                return present or Definition(_SHIPPED, None)
            registry = await self._built(channel_id, name, text)
            version = CatalogueVersion(
                name=name,
                version=number + 1,
                at=self._clock.now(),
                author=author,
                text=text,
                base=number if made_from is None else made_from,
                reason=reason,
            )
            await self._store.add_version(version)
            self._latest[name] = version
            self._names[channel_id] = name
            self.registry.value = registry
        self._log.info("channel_changed", channel=channel_id, version=version.version, removed=text is None)
        return Definition(version.version, text)

    async def _channel(self, channel_id: InterfaceId, text: str | None) -> Channel | None:
        """The channel that a text defines within the present catalogue. Raises DefinitionRefused."""
        if text is None:
            return None
        return (await self._built(channel_id, self._name(channel_id), text)).find(channel_id)

    async def _built(self, channel_id: InterfaceId, name: str, text: str | None) -> Registry:
        """The registry with another text in one place; built in a thread, messages flow meanwhile."""
        return await asyncio.to_thread(self._build, channel_id, name, text)

    def _build(self, channel_id: InterfaceId, name: str, text: str | None) -> Registry:
        present, built = self.registry.value, None
        faults = list(faults_before_reading(text, name)) if text is not None else []
        if not faults:
            faults = list(faults_of_id(text, name, channel_id)) if text is not None else []
            texts = {**self._texts(), name: text}
            try:
                # Faults name the file within the catalogue: nobody here needs to know where it lies.
                built = build(_existing(texts), Path(), specification_items=self._specification_items)
            except CatalogueRefused as refused:
                faults.extend(refused.faults)
        if faults or built is None:
            raise DefinitionRefused(faults)
        # Formats are compiled at their first use: the other channels keep theirs.
        return replace(built, channels=_kept(present, built, changed={channel_id}))

    def _laid_over(self, shipped: Registry) -> Registry:
        """The shipped registry with the stored changes."""
        if not self._latest:
            return shipped
        try:
            return build(_existing(self._texts()), Path(), specification_items=self._specification_items)
        except CatalogueRefused as refused:
            changed = ", ".join(f"{one.name} version {one.version}" for one in self._latest.values())
            raise SetupRefused(
                f"channels that were changed while the server ran don't fit the catalogue of this one ({changed}); "
                f"undo them with the server that made them, then start this one:\n{refused.message}"
            ) from refused

    def _texts(self) -> dict[str, str | None]:
        return {**self._shipped, **{name: version.text for name, version in self._latest.items()}}

    def _name(self, channel_id: InterfaceId) -> str:
        return self._names.get(channel_id) or file_name(channel_id)

    def _present(self, name: str) -> Definition | None:
        if (latest := self._latest.get(name)) is not None:
            return Definition(latest.version, latest.text)
        return Definition(_SHIPPED, self._shipped[name]) if name in self._shipped else None


def _existing(texts: Mapping[str, str | None]) -> dict[str, str]:
    return {name: text for name, text in texts.items() if text is not None}


def _kept(present: Registry, built: Registry, *, changed: set[InterfaceId]) -> dict[InterfaceId, Channel]:
    return {
        id_: channel if id_ in changed else present.channels.get(id_, channel)
        for id_, channel in built.channels.items()
    }


def _unified(before: str | None, after: str | None, old: str, new: str) -> str:
    lines = unified_diff((before or "").splitlines(), (after or "").splitlines(), old, new, lineterm="")
    return "\n".join(lines)


def _item_by_item(old: Channel | None, new: Channel | None) -> tuple[str, ...]:
    return tuple(str(one) for one in channel_differences(old, new)) if old or new else ()

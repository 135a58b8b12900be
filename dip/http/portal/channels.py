"""The pages of the channels: what is served, and its definition changed, paused and undone (5.3, 5.13.5)."""

from collections.abc import Sequence
from typing import Any, Final, NoReturn

from aiohttp import web

from dip.catalogue.catalogue import Catalogue, Definition
from dip.catalogue.definitions import check_id, own_id
from dip.catalogue.edits import Recipient, RecipientClass, recipients_edit, senders_edit
from dip.catalogue.errors import DefinitionRefused
from dip.catalogue.pauses import Pauses
from dip.ground.errors import BadRequest, Conflict, NotFound
from dip.http.portal.channel_forms import author_of, base_of, editor, mark_of, moment_of, reason_of, shown, text_of
from dip.http.portal.maintenance import Maintenance
from dip.http.portal.renderer import Renderer
from dip.http.problems import status_of
from dip.messages.identifiers import InterfaceId, RoleCode

_ONE: Final = "/channels/{channel_id}"
_NEW: Final = "new"
_CLASSES: Final[Sequence[RecipientClass]] = ("primary", "secondary", "always")
_DRAFT: Final = """\
id: IF-999
template: pattern-a
name: Name of the channel
publication: PUB-999
purpose: What it is for, in a sentence.
category: 2
senders: [SUP]
routing: {primary: [REGS], secondary: [], always: []}
correlation: create
events:
  Example: {meaning: What happened}
formats:
  Example:
    custom: [B071]
"""


class ChannelPages:
    """Handlers of `/channels`. Every form works without script, and leads back to the page by a redirect."""

    def __init__(self, *, catalogue: Catalogue, pauses: Pauses, maintenance: Maintenance, renderer: Renderer) -> None:
        self._catalogue = catalogue
        self._pauses = pauses
        self._maintenance = maintenance
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """The pages and what their forms ask for."""
        return [
            web.get("/channels", self.channels),
            web.get(f"/channels/{_NEW}", self.new),
            web.post(f"/channels/{_NEW}", self.save_new),
            web.get(_ONE, self.channel),
            web.post(_ONE, self.save),
            web.get(f"{_ONE}/versions/{{version}}", self.version),
            web.post(f"{_ONE}/undo", self.undo),
            web.post(f"{_ONE}/remove", self.remove),
            web.post(f"{_ONE}/roles", self.roles),
            web.post(f"{_ONE}/pause", self.pause),
            web.post(f"{_ONE}/resume", self.resume),
        ]

    async def channels(self, request: web.Request) -> web.Response:
        """Every channel in a line."""
        channels = sorted(self._catalogue.registry.value.channels.values(), key=lambda one: one.id)
        definitions = {one.id: self._catalogue.definition(one.id) for one in channels}
        values = {
            "channels": channels,
            "versions": {id_: found.version if found else 0 for id_, found in definitions.items()},
            "pause_of": self._maintenance.of,
            "removed": request.query.get("removed", ""),
        }
        return self._renderer.page(request, "channels.html", values)

    async def new(self, request: web.Request) -> web.Response:
        """The form for a channel that there isn't yet, with a draft to start from."""
        return self._renderer.page(request, "channel_new.html", editor(_DRAFT, base=0))

    async def save_new(self, request: web.Request) -> web.Response:
        """Check a new channel, or add it."""
        form = await request.post()
        channel_id = own_id(text_of(form))
        present = self._catalogue.definition(channel_id)
        if present is not None and present.text is not None:
            exists = Conflict(f"There is a channel {channel_id} already; change it on its own page.")
            values = editor(text_of(form), base=0, reason=reason_of(form), refused=exists)
            return self._renderer.page(request, "channel_new.html", values, status=status_of(exists))
        base = present.version if present is not None else 0
        return await self._checked(request, form, channel_id, "channel_new.html", {}, base=base)

    async def channel(self, request: web.Request) -> web.Response:
        """One channel: definition, versions, maintenance."""
        channel_id, definition = self._known(request)
        text = definition.text if definition.text is not None else self._last_text(channel_id)
        return self._page(request, channel_id, editor(text, base=definition.version))

    async def save(self, request: web.Request) -> web.Response:
        """Check a changed definition and show what it changes, or save it."""
        channel_id, _ = self._known(request)
        values = self._values(channel_id)
        form = await request.post()
        return await self._checked(request, form, channel_id, "channel.html", values, base=base_of(form))

    async def version(self, request: web.Request) -> web.Response:
        """One version: what it changed, and what going back to it would change."""
        channel_id, present = self._known(request)
        number = request.match_info["version"]
        if not (number.isascii() and number.isdecimal() and int(number[:9]) <= present.version):
            raise NotFound("The channel has no such version.")
        version = int(number)
        records = {one.version: one for one in self._catalogue.versions(channel_id)}
        values = {
            "channel_id": channel_id,
            "number": version,
            "present": present.version,
            "record": records.get(version),
            "text": self._catalogue.text(channel_id, version),
            "change": shown(await self._catalogue.compare(channel_id, version - 1, version)) if version else None,
            "way_back": shown(await self._catalogue.compare(channel_id, present.version, version)),
        }
        return self._renderer.page(request, "channel_version.html", values)

    async def undo(self, request: web.Request) -> web.Response:
        """Make the channel an earlier version again."""
        channel_id, _ = self._known(request)
        number = str((await request.post()).get("version", ""))
        if not (number.isascii() and number.isdecimal()):
            raise BadRequest("version is the number of a version.")
        made = await self._catalogue.undo(channel_id, int(number[:9]), author=author_of(request))
        _back(channel_id, saved=made.version)

    async def remove(self, request: web.Request) -> web.Response:
        """Remove the channel."""
        channel_id, _ = self._known(request)
        form = await request.post()
        await self._catalogue.remove(channel_id, author=author_of(request), reason=reason_of(form), base=base_of(form))
        raise web.HTTPSeeOther(f"/channels?removed={channel_id}")

    async def roles(self, request: web.Request) -> web.Response:
        """Add a role to the senders or to a class of recipients, or strike it."""
        channel_id, _ = self._known(request)
        form = await request.post()
        role, place, adds = RoleCode(str(form.get("role", ""))), form.get("place"), form.get("action") == "add"
        if place == "senders":
            edit = senders_edit([role] if adds else [], [] if adds else [role])
        elif place in _CLASSES:
            one = Recipient(role, next(name for name in _CLASSES if name == place))
            edit = recipients_edit([one] if adds else [], [] if adds else [one])
        else:
            raise BadRequest("place is senders, primary, secondary or always.")
        made = await self._catalogue.edit(channel_id, edit, author=author_of(request), reason=reason_of(form))
        _back(channel_id, saved=made.version)

    async def pause(self, request: web.Request) -> web.Response:
        """Pause the channel, or announce it."""
        channel_id, _ = self._known(request)
        form = await request.post()
        await self._pauses.begin(
            channel_id,
            starts=moment_of(form, "from"),
            ends=moment_of(form, "until"),
            author=author_of(request),
            reason=reason_of(form),
        )
        _back(channel_id)

    async def resume(self, request: web.Request) -> web.Response:
        """End the channel's pause."""
        channel_id, _ = self._known(request)
        await self._pauses.end(channel_id)
        _back(channel_id)

    async def _checked(
        self,
        request: web.Request,
        form: Any,
        channel_id: str,
        template: str,
        values: dict[str, Any],
        *,
        base: int,
    ) -> web.Response:
        """Save what was seen with its difference; else show the difference, or the faults."""
        text, reason = text_of(form), reason_of(form)
        try:
            if form.get("action") == "save" and form.get("checked") == mark_of(text):
                saved = await self._catalogue.change(
                    channel_id, text, author=author_of(request), reason=reason, base=base
                )
                _back(channel_id, saved=saved.version)
            draft = await self._catalogue.draft(channel_id, text)
        except (DefinitionRefused, BadRequest, Conflict) as refused:
            faulty = editor(text, base=base, reason=reason, refused=refused)
            return self._renderer.page(request, template, {**values, **faulty}, status=status_of(refused))
        good = editor(text, base=base, reason=reason, comparison=draft, checked=mark_of(text))
        return self._renderer.page(request, template, {**values, **good})

    def _page(self, request: web.Request, channel_id: InterfaceId, filled: dict[str, Any]) -> web.Response:
        saved = request.query.get("saved", "")
        return self._renderer.page(request, "channel.html", {**self._values(channel_id), **filled, "saved": saved})

    def _values(self, channel_id: InterfaceId) -> dict[str, Any]:
        registry = self._catalogue.registry.value
        definition = self._catalogue.definition(channel_id) or Definition(0, None)
        return {
            "channel_id": channel_id,
            "channel": registry.find(channel_id),
            "present": definition.version,
            "versions": self._catalogue.versions(channel_id),
            "has_file": self._catalogue.text(channel_id, 0) is not None,
            "pause": self._maintenance.of(channel_id),
            "roles": sorted(registry.roles.values(), key=lambda role: role.code),
            "routings": self._routings(channel_id),
            "saved": "",
        }

    def _routings(self, channel_id: InterfaceId) -> list[tuple[str, list[RoleCode]]]:
        """The roles that send, and those that get messages in each class, over all events."""
        channel = self._catalogue.registry.value.find(channel_id)
        if channel is None:
            return []
        routings = [
            routing
            for event in channel.events.values()
            for routing in (event.usual_routing, *event.routing_by_sender.values())
        ]
        classes = [
            (name, sorted({role for routing in routings for role in getattr(routing, name)})) for name in _CLASSES
        ]
        return [("senders", sorted(channel.senders)), *classes]

    def _known(self, request: web.Request) -> tuple[InterfaceId, Definition]:
        channel_id = request.match_info["channel_id"]
        definition = self._catalogue.definition(channel_id)
        if definition is None:
            raise NotFound("No channel has this id.")
        return check_id(channel_id), definition

    def _last_text(self, channel_id: InterfaceId) -> str:
        """What a removed channel was."""
        texts = (one.text for one in self._catalogue.versions(channel_id))
        return next((text for text in texts if text is not None), self._catalogue.text(channel_id, 0) or "")


def _back(channel_id: str, saved: int | None = None) -> NoReturn:
    raise web.HTTPSeeOther(f"/channels/{channel_id}" + (f"?saved={saved}" if saved is not None else ""))

"""Which channels of a participant go to which address: assigned, moved and taken away in the portal (5.5.10)."""

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from dip.channels.registry import Registry
from dip.delivery.dispatcher import Dispatcher
from dip.delivery.endpoint import EndpointKey
from dip.ground.current import Current
from dip.ground.errors import BadRequest
from dip.ground.settings import Settings
from dip.http.portal.powers import Visitor
from dip.messages.identifiers import DIP, DipId
from dip.participants.participant import Participant
from dip.participants.receiving import check_receives, received_by
from dip.participants.registry import Participants
from dip.participants.webhooks import Network, check_webhook_url
from dip.store.records import ALL_CHANNELS, STATUS_CHANNEL, Webhook

_NO_RECIPIENT: Final = "recipient: expected the DIP id of a participant."
_ABRUPTLY_S: Final = 0.0
"""Calls under way end by themselves; nobody waits for them."""


class NewEndpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A logical queue of a recipient: its address, and the channels assigned to it."""

    recipient: str
    url: str
    channels: Annotated[tuple[str, ...], Meta(min_length=1, max_length=200)]
    name: Annotated[str, Meta(max_length=80)] = ""


class Offer(msgspec.Struct, frozen=True):
    """A channel that a participant may assign. now: the address to which it goes at present, empty without one."""

    channel: str
    name: str
    now: str


class Assignments:
    """Sets, moves and withdraws webhooks for who may see their recipient."""

    def __init__(
        self,
        *,
        dispatcher: Dispatcher,
        settings: Settings,
        networks: Sequence[Network],
        registry: Current[Registry],
        participants: Current[Participants],
    ) -> None:
        self._dispatcher = dispatcher
        self._settings = settings
        self._networks = networks
        self._registry = registry
        self._participants = participants

    async def assign(self, order: NewEndpoint, visitor: Visitor) -> str:
        """Have channels go to an address; the id of its endpoint.

        Raises BadRequest, WebhookRefused, NotPermitted, StoreUnavailable.
        """
        check_webhook_url(order.url, self._settings.environment, self._networks)
        kinds = {channel == STATUS_CHANNEL for channel in order.channels}
        if len(kinds) > 1:
            raise BadRequest("channels: status messages have an endpoint of their own; assign them apart.")
        recipient = self.recipient(order.recipient, visitor)
        channels = [
            channel if channel in (ALL_CHANNELS, STATUS_CHANNEL) else channel.upper() for channel in order.channels
        ]
        for channel in channels:
            self._check(recipient, channel)
        for channel in channels:
            await self._dispatcher.set_webhook(Webhook(recipient.dip_id, channel, order.url))
        key = EndpointKey(recipient.dip_id, order.url, kinds == {True})
        if order.name:
            setting = msgspec.structs.replace(self._dispatcher.setting(key.id), name=order.name)
            await self._dispatcher.change(setting)
        return key.id

    async def move(self, endpoint_id: str, url: str) -> str:
        """Give an endpoint another address, with its channels, limits and name; the id that it has there.

        An address that serves as an endpoint of the same recipient already keeps its own limits and name.
        Raises WebhookRefused, UnknownEndpoint, StoreUnavailable.
        """
        check_webhook_url(url, self._settings.environment, self._networks)
        setting, hooks = self._dispatcher.setting(endpoint_id), self._dispatcher.webhooks_to(endpoint_id)
        key = EndpointKey(setting.recipient, url, setting.for_status)
        if all(state.id != key.id for state in self._dispatcher.endpoints()):
            # First, so that one which is paused by hand is so at its new address, too.
            await self._dispatcher.change(msgspec.structs.replace(setting, url=url))
        for hook in hooks:
            await self._dispatcher.set_webhook(msgspec.structs.replace(hook, url=url))
        return key.id

    async def remove(self, endpoint_id: str, channels: Sequence[str] | None = None) -> None:
        """Withdraw the webhooks of an endpoint, or those of some channels; what waits stays.

        Raises BadRequest: one of the channels does not go there; UnknownEndpoint, StoreUnavailable.
        """
        served = [hook.channel for hook in self._dispatcher.webhooks_to(endpoint_id)]
        if channels is not None and (not channels or not set(channels) <= set(served)):
            raise BadRequest("channels: expected at least one, each of which goes to this endpoint.")
        recipient = self._dispatcher.setting(endpoint_id).recipient
        await self._dispatcher.remove_webhooks(recipient, channels or served, _ABRUPTLY_S)

    def recipient(self, dip_id: str, visitor: Visitor) -> Participant:
        """A participant of the visitor's. Raises BadRequest."""
        found = self._participants.value.get(DipId(dip_id))
        if found is None or not visitor.sees(found.dip_id):
            raise BadRequest(_NO_RECIPIENT)
        return found

    def recipients(self, visitor: Visitor) -> Sequence[Participant]:
        """The participants for which a visitor may assign channels, by id."""
        known = (one for one in self._participants.value if one.left_at is None and visitor.sees(one.dip_id))
        return sorted((one for one in known if one.dip_id != DIP), key=lambda one: one.dip_id)

    def offers(self, recipient: Participant) -> Sequence[Offer]:
        """What a participant may have sent to an address."""
        channels = self._registry.value.channels
        received = received_by(recipient, channels.values())
        names: dict[str, str] = {one.id: one.name for one in channels.values() if one.id in received}
        if self._settings.switches.mixed_channels:
            names = {ALL_CHANNELS: "every channel that has no address of its own", **names}
        return [
            Offer(
                channel, name, "" if (hook := self._dispatcher.webhook(recipient.dip_id, channel)) is None else hook.url
            )
            for channel, name in {**names, STATUS_CHANNEL: "status messages about what it sent"}.items()
        ]

    def _check(self, recipient: Participant, channel: str) -> None:
        if channel == ALL_CHANNELS and not self._settings.switches.mixed_channels:
            raise BadRequest("channels: this profile has no webhook for all channels; name each.")
        found = self._registry.value.find(channel)
        if found is None and channel not in (ALL_CHANNELS, STATUS_CHANNEL):
            raise BadRequest(f"channels: {channel[:20]} is no channel of this server.")
        check_receives(found, recipient)

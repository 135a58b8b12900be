"""Where a recipient wants its messages: pubconfig of channels, config of status messages (live API 2.2.1)."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated

import msgspec
from aiohttp import web

from dip.channels.registry import Registry
from dip.delivery.dispatcher import Dispatcher
from dip.delivery.endpoint import EndpointKey
from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.errors import BadRequest, NotFound
from dip.ground.settings import Settings
from dip.http.api.calls import JSON, UnknownChannel
from dip.http.api.signed_calls import SignedCalls
from dip.intake.answer import Answering
from dip.messages.identifiers import DipId
from dip.messages.timestamps import wire_time
from dip.participants.agency import receiving_roles
from dip.participants.receiving import check_receives
from dip.participants.webhooks import Network, check_webhook_url
from dip.store.records import ALL_CHANNELS, STATUS_CHANNEL, EndpointSetting, Webhook

_CREATED = 201
_NO_CONTENT = 204


class WebhookConfig(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The body of a configuration, which replaces the earlier one; without an address the earlier one's stays."""

    callback_url: str | None = msgspec.field(default=None, name="callbackURL")
    max_message_count: Annotated[int, msgspec.Meta(ge=1)] | None = None
    max_payload_size: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """kB."""
    max_calls_in_flight: Annotated[int, msgspec.Meta(ge=1, le=16)] | None = None
    """Ours: calls at once; with several, one may overtake another."""
    max_calls_a_second: Annotated[float, msgspec.Meta(gt=0, le=10_000)] | None = None
    """Ours."""


class Webhooks:
    """Sets and removes webhooks. Both calls are signed; a body of `{}` or none is the same for DELETE."""

    def __init__(
        self,
        *,
        calls: SignedCalls,
        settings: Settings,
        clock: Clock,
        registry: Current[Registry],
        dispatcher: Dispatcher,
        networks: Sequence[Network],
    ) -> None:
        self._calls = calls
        self._settings = settings
        self._clock = clock
        self._registry = registry
        self._dispatcher = dispatcher
        self._networks = networks

    async def set_channel(self, request: web.Request) -> web.Response:
        """POST /dip-channel/{id}/pubconfig/{recipient-id}."""
        return await self._set(request, self._channel(request))

    async def remove_channel(self, request: web.Request) -> web.Response:
        """DELETE of the same."""
        return await self._remove(request, self._channel(request))

    async def set_status(self, request: web.Request) -> web.Response:
        """POST /statusmessage/config/{recipient-id}."""
        return await self._set(request, STATUS_CHANNEL)

    async def remove_status(self, request: web.Request) -> web.Response:
        """DELETE of the same."""
        return await self._remove(request, STATUS_CHANNEL)

    async def _set(self, request: web.Request, channel: str) -> web.Response:
        recipient, body = await self._authorise(request, channel)
        try:
            config = msgspec.json.decode(body, type=WebhookConfig)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
            raise BadRequest(f"Body: expected a WebhookConfig with callbackURL: {exc}.") from exc
        known = self._dispatcher.webhook(recipient, channel)
        url = config.callback_url or (known.url if known else None)
        if url is None:
            raise BadRequest("/callbackURL: expected the https address of your webhook.")
        check_webhook_url(url, self._settings.environment, self._networks)
        await self._dispatcher.set_webhook(
            Webhook(recipient, channel, url, config.max_message_count, config.max_payload_size)
        )
        if config.max_calls_in_flight is not None or config.max_calls_a_second is not None:
            await self._dispatcher.change(
                self._with_calls(config, EndpointKey(recipient, url, channel == STATUS_CHANNEL))
            )
        answering = Answering(self._settings.switches, self._registry.value.response_codes)
        timestamp = wire_time(self._clock.now())
        return web.Response(
            status=_CREATED,
            body=answering.refuse_whole("MSG0000", f"{channel}: messages go to this webhook.", recipient, timestamp),
            content_type=JSON,
        )

    def _with_calls(self, config: WebhookConfig, key: EndpointKey) -> EndpointSetting:
        """The settings of an address, with the calls that its recipient asks for."""
        setting = self._dispatcher.setting(key.id)
        return msgspec.structs.replace(
            setting,
            calls_in_flight=config.max_calls_in_flight or setting.calls_in_flight,
            calls_a_second=config.max_calls_a_second or setting.calls_a_second,
        )

    async def _remove(self, request: web.Request, channel: str) -> web.Response:
        recipient, _ = await self._authorise(request, channel)
        await self._dispatcher.remove_webhook(recipient, channel)
        return web.Response(status=_NO_CONTENT)

    def _channel(self, request: web.Request) -> str:
        named = request.match_info["channel_id"]
        if named.lower() == ALL_CHANNELS:
            if not self._settings.switches.mixed_channels:
                raise NotFound("This profile has no webhook for all channels; set one for each channel.")
            return ALL_CHANNELS
        channel = self._registry.value.find(named.upper())
        if channel is None:
            raise UnknownChannel(f"{named[:20]}: expected an interface that this DIP serves, such as IF-031.")
        return channel.id

    async def _authorise(self, request: web.Request, channel: str) -> tuple[DipId, bytes]:
        """The recipient and the body of a signed call by it, or by who acts for it."""
        found = self._registry.value.find(channel)
        call = await self._calls.take(request, "set webhooks", partial(receiving_roles, found))
        check_receives(found, call.participant)
        return call.recipient, call.body

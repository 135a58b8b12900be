"""The API's application: every route of the participants' port."""

from aiohttp import web

from dip.ground.settings import Settings
from dip.http.api.calls import Desk
from dip.http.api.messages import MessagesIn
from dip.http.api.validate import Validation
from dip.http.api.webhooks import Webhooks

# The case of addresses is not enforced on ingress (live API 2.2.1).
_CHANNEL = "/{prefix:(?i:dip-channel)}"
_STATUS = "/{prefix:(?i:statusmessage)}"
_PUBCONFIG = _CHANNEL + "/{channel_id}/{verb:(?i:pubconfig)}/{recipient_id}"
_CONFIG = _STATUS + "/{verb:(?i:config)}/{recipient_id}"
_VALIDATE = "/{prefix:(?i:validate)}/{channel_id}/{event}"


def api_application(
    *, settings: Settings, desk: Desk, messages_in: MessagesIn, webhooks: Webhooks, validation: Validation
) -> web.Application:
    """The application of the API port."""
    application = web.Application(middlewares=[desk.middleware()], client_max_size=settings.body_limit_bytes)
    application.add_routes(
        [
            web.post(_CHANNEL + "/{channel_id}", messages_in.one_channel),
            web.post(_PUBCONFIG, webhooks.set_channel),
            web.delete(_PUBCONFIG, webhooks.remove_channel),
            web.post(_CONFIG, webhooks.set_status),
            web.delete(_CONFIG, webhooks.remove_status),
            web.post(_VALIDATE, validation.validate),
        ]
    )
    if settings.switches.mixed_channels:
        application.add_routes([web.post(_CHANNEL, messages_in.any_channel)])
    return application

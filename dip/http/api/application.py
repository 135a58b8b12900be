"""The API's application: every route of the participants' port."""

from aiohttp import web

from dip.conformance.faults import Faults
from dip.ground.settings import Settings
from dip.http.api.calls import Desk
from dip.http.api.company_details import CompanyDetailsApi
from dip.http.api.delivery_status import DeliveryStatus
from dip.http.api.faulty_answers import FaultyAnswers
from dip.http.api.fetching import FetchingApi
from dip.http.api.messages import MessagesIn
from dip.http.api.replay import Replays
from dip.http.api.status_messages import StatusMessagesIn
from dip.http.api.uploads import UploadsApi
from dip.http.api.validate import Validation
from dip.http.api.webhooks import Webhooks
from dip.http.forwarded import PROXIES, Proxies
from dip.http.unread import REFUSE

# The case of addresses is not enforced on ingress (live API 2.2.1).
_CHANNEL = "/{prefix:(?i:dip-channel)}"
_STATUS = "/{prefix:(?i:statusmessage)}"
_PUBCONFIG = _CHANNEL + "/{channel_id}/{verb:(?i:pubconfig)}/{recipient_id}"
_CONFIG = _STATUS + "/{verb:(?i:config)}/{recipient_id}"
_DELIVERY_STATUS = _CHANNEL + "/{channel_id}/{verb:(?i:deliveryStatus)}/{recipient_id}/{message_id}"
_REPLAY = "/{verb:(?i:replay)}/{recipient_id}"
_REQUEUE = "/{verb:(?i:requeue)}/{recipient_id}"
_REQUEUE_STATUS = "/{verb:(?i:requeueStatus)}/{recipient_id}"
_FETCHED = "/{verb:(?i:messages)}/{recipient_id}"
_ACKNOWLEDGED = _FETCHED + "/{act:(?i:ack)}"
_STREAMED = "/{verb:(?i:stream)}/{recipient_id}"
_VALIDATE = "/{prefix:(?i:validate)}/{channel_id}/{event}"
_COMPANY_DETAILS = "/{prefix:(?i:companyDetails)}"


def api_application(
    *,
    settings: Settings,
    desk: Desk,
    messages_in: MessagesIn,
    status_in: StatusMessagesIn,
    delivery_status: DeliveryStatus,
    replays: Replays,
    fetching: FetchingApi,
    webhooks: Webhooks,
    validation: Validation,
    company_details: CompanyDetailsApi,
    uploads: UploadsApi,
    faults: Faults,
) -> web.Application:
    """The application of the API port."""
    application = web.Application(
        middlewares=FaultyAnswers(faults).around(desk.middleware()), client_max_size=settings.body_limit_bytes
    )
    application[REFUSE] = desk.refuse_unread
    application[PROXIES] = Proxies.of(settings)
    application.add_routes(
        [
            web.post(_CHANNEL + "/{channel_id}", messages_in.one_channel),
            web.post(_PUBCONFIG, webhooks.set_channel),
            web.delete(_PUBCONFIG, webhooks.remove_channel),
            web.post(_CONFIG, webhooks.set_status),
            web.delete(_CONFIG, webhooks.remove_status),
            web.post(_STATUS, status_in.take),
            web.get(_DELIVERY_STATUS, delivery_status.one_message),
            # Who only asks for the head would be handed messages that it can't read.
            web.get(_CHANNEL + "/{channel_id}" + _FETCHED, fetching.pull_channel, allow_head=False),
            web.post(_CHANNEL + "/{channel_id}" + _ACKNOWLEDGED, fetching.acknowledge_channel),
            web.get(_CHANNEL + "/{channel_id}" + _STREAMED, fetching.stream_channel, allow_head=False),
            web.get(_STATUS + _FETCHED, fetching.pull_status, allow_head=False),
            web.post(_STATUS + _ACKNOWLEDGED, fetching.acknowledge_status),
            web.get(_STATUS + _STREAMED, fetching.stream_status, allow_head=False),
            web.post(_VALIDATE, validation.validate),
            web.get(_COMPANY_DETAILS, company_details.shown),
            web.post(_COMPANY_DETAILS, company_details.take),
        ]
    )
    for prefix in (_CHANNEL + "/{channel_id}", _STATUS):
        application.add_routes(
            [
                web.post(prefix + _REPLAY, replays.replay),
                web.post(prefix + _REQUEUE, replays.requeue),
                web.get(prefix + _REQUEUE_STATUS, replays.requeue_status),
            ]
        )
    uploads.add_to(application)
    if settings.switches.mixed_channels:
        application.add_routes([web.post(_CHANNEL, messages_in.any_channel)])
    return application

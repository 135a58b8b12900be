"""An endpoint: where one recipient wants messages, at which pace, and how it has been doing (5.4, 5.5.10)."""

import hashlib
import random
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from dip.ground.settings import Settings
from dip.messages.identifiers import DipId
from dip.store.records import ALL_CHANNELS, STATUS_CHANNEL, EndpointSetting, Lane, Webhook


class EndpointKey(NamedTuple):
    """A logical queue: one recipient, one address; status messages never mix with business channels (5.5.9)."""

    recipient: DipId
    url: str
    for_status: bool

    @property
    def id(self) -> str:
        """A short name for addresses of pages and calls."""
        return hashlib.sha256("|".join((self.recipient, self.url, str(self.for_status))).encode()).hexdigest()[:12]


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """How an address is served: its own settings, else those of the server."""

    key: EndpointKey
    name: str = ""
    max_count: int
    """Most messages in a call."""
    max_bytes: int
    calls_in_flight: int = 1
    calls_a_second: float | None = None
    retry_first_s: float
    retry_longest_s: float
    retry_jitter: float
    pause_after: int
    """Failed calls in a row after which it is only probed."""
    held: bool = False
    """Paused by hand: nothing is sent until somebody resumes it."""
    told: tuple[str, ...] = ()
    """Who is told by mail when it is paused."""


def webhook_for(lane: Lane, webhooks: dict[tuple[str, str], Webhook]) -> Webhook | None:
    """The webhook that serves a lane: its channel's own, else the one for all business channels."""
    return webhook_of(lane.recipient, lane.channel, webhooks)


def webhook_of(recipient: DipId, channel: str, webhooks: dict[tuple[str, str], Webhook]) -> Webhook | None:
    """The webhook that serves a recipient's channel."""
    own = webhooks.get((recipient, channel))
    if own is not None or channel == STATUS_CHANNEL:
        return own
    return webhooks.get((recipient, ALL_CHANNELS))


def key_of(hook: Webhook) -> EndpointKey:
    """The endpoint that a webhook's messages go to."""
    return EndpointKey(hook.recipient, hook.url, hook.channel == STATUS_CHANNEL)


def endpoint_of(
    key: EndpointKey, webhooks: Iterable[Webhook], settings: Settings, own: EndpointSetting | None = None
) -> Endpoint:
    """How an address is served: the narrowest limits of the webhooks that share it, of the server, and its own."""
    own = own or EndpointSetting(*key)
    sharing = [hook for hook in webhooks if key_of(hook) == key]
    counts = [settings.delivery_message_count, *(w.max_message_count for w in sharing if w.max_message_count)]
    sizes = [settings.delivery_payload_kb, *(w.max_payload_kb for w in sharing if w.max_payload_kb)]
    return Endpoint(
        key=key,
        name=own.name,
        max_count=min(*counts, own.message_count or counts[0]),
        max_bytes=min(*sizes, own.payload_kb or sizes[0]) * 1000,
        calls_in_flight=own.calls_in_flight or settings.delivery_calls_in_flight,
        calls_a_second=own.calls_a_second or settings.delivery_calls_a_second or None,
        retry_first_s=own.retry_first_s or settings.retry_first_s,
        retry_longest_s=own.retry_longest_s or settings.retry_longest_s,
        retry_jitter=settings.retry_jitter if own.retry_jitter is None else own.retry_jitter,
        pause_after=own.pause_after or settings.pause_after_failures,
        held=own.held,
        told=own.told,
    )


class Pace:
    """How an endpoint has been doing: failures in a row, the wait before the next call, the size of a batch."""

    def __init__(self, settings: Settings, endpoint: Endpoint, chance: random.Random) -> None:
        self._settings = settings
        self._chance = chance
        self._server_errors = 0
        self._set_aside = 0
        self.endpoint = endpoint
        self.failures = 0
        self.size = endpoint.max_count

    @property
    def paused(self) -> bool:
        """Whether so many calls failed in a row that the endpoint is only probed."""
        return self.failures >= self.endpoint.pause_after

    def succeeded(self) -> None:
        """A call was answered and judged."""
        self.failures = 0
        self._server_errors = 0
        self._set_aside = 0
        self.size = min(self.endpoint.max_count, self.size * 2)

    def failed(self, sent: int, *, server_error: bool) -> bool:
        """A call with so many messages failed; whether the one message it had should be set aside.

        After several answers of 500 the batch is halved, down to the message that causes them. Only so
        many are set aside in a row: where all fail, it is the endpoint, and its queue waits in order.
        """
        self.failures += 1
        self._server_errors = self._server_errors + 1 if server_error else 0
        if self._server_errors < self._settings.halve_after_failures:
            return False
        if sent > 1:
            self.size = max(1, sent // 2)
            return False
        if self._set_aside < self._settings.set_aside_in_a_row:
            self._set_aside += 1
            return True
        return False

    def wait_s(self, retry_after_s: float | None = None) -> float:
        """Seconds before the next call: doubling, with jitter, never less than the recipient asked for."""
        wait = self.backoff_s(self.failures)
        asked = min(retry_after_s or 0.0, self.endpoint.retry_longest_s)
        return max(wait, asked)

    def backoff_s(self, attempts: int) -> float:
        """The wait after so many failed attempts, with jitter."""
        endpoint = self.endpoint
        doubled: float = endpoint.retry_first_s * 2.0 ** min(max(attempts - 1, 0), 40)
        jitter = 1 + endpoint.retry_jitter * self._chance.uniform(-1, 1)
        return min(doubled, endpoint.retry_longest_s) * jitter

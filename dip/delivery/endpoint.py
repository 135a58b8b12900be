"""An endpoint: where one recipient wants messages, how much at once, and how it has been doing."""

import random
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from dip.ground.settings import Settings
from dip.messages.identifiers import DipId
from dip.store.records import ALL_CHANNELS, STATUS_CHANNEL, Lane, Webhook


class EndpointKey(NamedTuple):
    """A logical queue: one recipient, one address; status messages never mix with business channels (5.5.9)."""

    recipient: DipId
    url: str
    for_status: bool


class Endpoint(msgspec.Struct, frozen=True):
    """Limits of one call to an address."""

    key: EndpointKey
    max_count: int
    max_bytes: int


def webhook_for(lane: Lane, webhooks: dict[tuple[str, str], Webhook]) -> Webhook | None:
    """The webhook that serves a lane: its channel's own, else the one for all business channels."""
    own = webhooks.get((lane.recipient, lane.channel))
    if own is not None or lane.channel == STATUS_CHANNEL:
        return own
    return webhooks.get((lane.recipient, ALL_CHANNELS))


def endpoint_of(key: EndpointKey, webhooks: Iterable[Webhook], settings: Settings) -> Endpoint:
    """The endpoint with the narrowest limits of those webhooks that share its address."""
    sharing = [hook for hook in webhooks if _key_of(hook) == key]
    counts = [settings.delivery_message_count, *(w.max_message_count for w in sharing if w.max_message_count)]
    sizes = [settings.delivery_payload_kb, *(w.max_payload_kb for w in sharing if w.max_payload_kb)]
    return Endpoint(key, min(counts), min(sizes) * 1000)


def _key_of(hook: Webhook) -> EndpointKey:
    return EndpointKey(hook.recipient, hook.url, hook.channel == STATUS_CHANNEL)


class Pace:
    """How an endpoint has been doing: failures in a row, the wait before the next call, the size of a batch."""

    def __init__(self, settings: Settings, full_size: int, chance: random.Random) -> None:
        self._settings = settings
        self._full_size = full_size
        self._chance = chance
        self._server_errors = 0
        self._set_aside = 0
        self.failures = 0
        self.size = full_size

    @property
    def paused(self) -> bool:
        """Whether so many calls failed in a row that the endpoint is only probed."""
        return self.failures >= self._settings.pause_after_failures

    def succeeded(self) -> None:
        """A call was answered and judged."""
        self.failures = 0
        self._server_errors = 0
        self._set_aside = 0
        self.size = min(self._full_size, self.size * 2)

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
        asked = min(retry_after_s or 0.0, self._settings.retry_longest_s)
        return max(wait, asked)

    def backoff_s(self, attempts: int) -> float:
        """The wait after so many failed attempts, with jitter."""
        settings = self._settings
        doubled: float = settings.retry_first_s * 2.0 ** min(max(attempts - 1, 0), 40)
        jitter = 1 + settings.retry_jitter * self._chance.uniform(-1, 1)
        return min(doubled, settings.retry_longest_s) * jitter

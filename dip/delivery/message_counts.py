"""How many messages came in, counted in memory since the server began, for floors under the throughput (5.11.4)."""

from collections import Counter, defaultdict, deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from dip.store.records import Lane, Taken

_STEPS: Final = 60
"""Into how many parts a period is divided at most: a count may look so much of it too far back."""


class MessageCounts:
    """Counts the messages that were queued: of a channel each once, of a recipient those that it gets."""

    def __init__(self, lane: Callable[[int], Lane]) -> None:
        """lane: one lane by its number."""
        self._lane = lane
        self._of_recipients: Counter[tuple[str, str]] = Counter()
        self._of_channels: Counter[str] = Counter()

    def taken(self, taken: Taken) -> None:
        """Messages were committed."""
        by_channel: defaultdict[str, set[int]] = defaultdict(set)
        for number, deliveries in taken.fresh.items():
            lane = self._lane(number)
            if lane.for_status:
                continue
            self._of_recipients[lane.recipient, lane.channel] += len(deliveries)
            by_channel[lane.channel].update(one.message for one in deliveries)
        for channel, messages in by_channel.items():
            self._of_channels[channel] += len(messages)

    def of(self, recipient: str, channel: str) -> int:
        """How many there were so far; empty for each recipient, or each channel."""
        if recipient:
            return sum(
                many
                for (one, known), many in self._of_recipients.items()
                if one == recipient and channel in ("", known)
            )
        return self._of_channels[channel] if channel else self._of_channels.total()


class Window:
    """How much a count grew within the last period, seen at moments that come in order."""

    def __init__(self, period: timedelta) -> None:
        self._period = period
        self._seen: deque[tuple[datetime, int]] = deque()

    def grown(self, at: datetime, count: int) -> int | None:
        """By how much; None before a whole period was watched."""
        seen, since = self._seen, at - self._period
        while len(seen) > 1 and seen[1][0] <= since:
            seen.popleft()
        found = count - seen[0][1] if seen and seen[0][0] <= since else None
        if not seen or at - seen[-1][0] >= self._period / _STEPS:
            seen.append((at, count))
        return found

"""What stands in the queues of a store, whoever it is for."""

from typing import Final

from dip.store.protocol import MessageStore

_ALWAYS: Final = 2**62
"""Microseconds; nothing waits since later."""


def lanes_waiting(messages: MessageStore) -> frozenset[int]:
    """The lanes in which something waits, what was set aside included."""
    return frozenset(lane for lane in messages.lanes() if messages.overdue(lane, _ALWAYS, 1))

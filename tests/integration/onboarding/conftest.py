"""Webhooks that a test plays, for tests of what goes on beside the messages."""

from tests.integration.delivery.conftest import receive

__all__ = ["receive"]

"""Webhooks that the test plays."""

from tests.integration.delivery.conftest import receive

__all__ = ["receive"]

"""The webhooks of the tests of delivery."""

from tests.integration.delivery.conftest import receive

__all__ = ["receive"]

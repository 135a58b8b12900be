"""Settings of test calls to endpoints (5.5.10)."""

from typing import Annotated

import msgspec
from msgspec import Meta


class TrialSettings(msgspec.Struct, frozen=True):
    """What can be set about test calls; a part of `Settings`."""

    endpoint_test_timeout_s: Annotated[
        float, Meta(gt=0, le=60, description="How long each step of a test call to an endpoint may take, seconds")
    ] = 10.0
    endpoint_tests_at_once: Annotated[
        int, Meta(ge=1, le=100, description="Test calls to endpoints at once, of all users together")
    ] = 4
    endpoint_test_answer_characters: Annotated[
        int, Meta(ge=100, le=20_000, description="Most of the answer to a test call that is shown, characters")
    ] = 2000

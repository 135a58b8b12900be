"""Profiles: named sets of switches, as data (contract, Profiles)."""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta


class Profile(msgspec.Struct, frozen=True):
    """A set of named switches: how strictly, and by which document, the server speaks (contract, Profiles)."""

    name: Annotated[str, Meta(description="Name of the preset")]
    status_all_taken: Annotated[int, Meta(description="Status when every message of a request is taken")]
    takes_good_of_mixed: Annotated[
        bool, Meta(description="Some messages bad: the good ones are taken (207), else none is (400)")
    ]
    encrypts_custom_block: Annotated[bool, Meta(description="The CustomBlock of categories 2 to 5 travels as a JWE")]
    repeat_is_success: Annotated[
        bool, Meta(description="The same reference with the same content gets the first answer, else MSG1006")
    ]
    mixed_channels: Annotated[bool, Meta(description="One array, and one webhook, may serve several channels")]
    platform_headers: Annotated[bool, Meta(description="X-DIP-Environment and X-DIP-Sequence stand on webhook calls")]
    specification_items: Annotated[
        bool, Meta(description="S1.senderEnvelopeReference and A0.addressingDateTime are allowed")
    ]
    folds_names: Annotated[bool, Meta(description="The case of JSON field names is not enforced on ingress")]
    replays_by_transaction: Annotated[
        bool, Meta(description="A replay may name transactionIDFrom and transactionIDTo beside the published keys")
    ]
    rewraps_replays: Annotated[
        bool,
        Meta(description="A replayed message has a new wrapper, ids with prefix R-, and originalTransaction beside it"),
    ]


PROFILES: Mapping[str, Profile] = {
    "spec": Profile(
        name="spec",
        status_all_taken=202,
        takes_good_of_mixed=True,
        encrypts_custom_block=True,
        repeat_is_success=True,
        mixed_channels=True,
        platform_headers=True,
        specification_items=True,
        folds_names=False,
        replays_by_transaction=True,
        rewraps_replays=True,
    ),
    "live": Profile(
        name="live",
        status_all_taken=201,
        takes_good_of_mixed=False,
        encrypts_custom_block=False,
        repeat_is_success=False,
        mixed_channels=False,
        platform_headers=False,
        specification_items=False,
        folds_names=True,
        replays_by_transaction=False,
        rewraps_replays=False,
    ),
}

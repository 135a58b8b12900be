"""The kinds of faults on demand: what each does, and what a correct system makes of it (contract, faults)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec


class Group(StrEnum):
    """What a fault strikes."""

    CALL = "call"
    """A participant's call to the DIP."""
    DELIVERY = "delivery"
    """A call of the DIP to a webhook; some also the answer to a pull, or an event of a stream."""
    CONTENT = "content"
    """One message, as one recipient gets it in one call, answer or event."""


class Kind(msgspec.Struct, frozen=True):
    """A kind of fault. code: what a correct recipient answers for the message, or for all of the call.

    takes_seconds, takes_status: whether a definition may say how long, or which status.
    """

    name: str
    group: Group
    effect: str
    expected: str
    code: str = ""
    takes_seconds: bool = False
    takes_status: bool = False


_SENDS_AGAIN: Final = "Sends the same again, with the same references, after a while."
TLS_FAULTS: Final = frozenset(
    {
        "wrong_tls_certificate",
        "expired_tls_certificate",
        "wrong_name_tls_certificate",
        "wrong_environment_tls_certificate",
    }
)
"""Those of the client certificate that a connection to a webhook is made with."""
_KNOWS_AGAIN: Final = "Sends the same again, with the same references; the DIP knows it again and takes nothing twice."
_CALLS: Final = (
    Kind("drop", Group.CALL, "The connection is closed at once, without an answer. Nothing is taken.", _SENDS_AGAIN),
    Kind(
        "time_out",
        Group.CALL,
        "No answer comes; after so many seconds the connection is closed. Nothing is taken.",
        "Gives up after its own timeout. " + _SENDS_AGAIN,
        takes_seconds=True,
    ),
    Kind(
        "delay",
        Group.CALL,
        "The call is carried out, and answered so many seconds later.",
        "Waits for the answer; or, after its own timeout, sends the same again, and nothing is taken twice.",
        takes_seconds=True,
    ),
    Kind(
        "server_error",
        Group.CALL,
        "The call is answered with a status from 500 to 504. Nothing is taken.",
        _SENDS_AGAIN,
        takes_status=True,
    ),
    Kind(
        "half_answer",
        Group.CALL,
        "The call is carried out and what it brought is committed; the answer breaks off after half of its body.",
        _KNOWS_AGAIN,
    ),
    Kind(
        "not_answered",
        Group.CALL,
        "The call is carried out and what it brought is committed; the connection is closed without an answer.",
        _KNOWS_AGAIN,
    ),
)
_DELIVERIES: Final = (
    Kind(
        "drop_delivery",
        Group.DELIVERY,
        "The request breaks off after half of its body.",
        "Takes nothing of it; takes it when it is sent again.",
    ),
    Kind(
        "stall_delivery",
        Group.DELIVERY,
        "Half of the request comes, then nothing for so many seconds, then it breaks off.",
        "Gives up by itself in the end (408), serves others meanwhile, and takes it when it is sent again.",
        takes_seconds=True,
    ),
    Kind(
        "delay_delivery",
        Group.DELIVERY,
        "The signed request goes out so many seconds late.",
        "Takes it; beyond its tolerance for the date of a signature it refuses the call.",
        takes_seconds=True,
    ),
    Kind(
        "duplicate",
        Group.DELIVERY,
        "The same request is made twice in a row; the answer to the second one counts.",
        "Takes each message once and answers both calls alike.",
    ),
    Kind(
        "reorder",
        Group.DELIVERY,
        "The messages of the call come in reverse. One alone is held back until the next ones went before it, "
        "for so many seconds at most.",
        "Takes them all; in the spec profile X-DIP-Sequence and transactionTimestamp show the order.",
        takes_seconds=True,
    ),
    Kind(
        "bad_signature",
        Group.DELIVERY,
        "The signature does not fit the request.",
        "Refuses the call and takes nothing.",
        "RCP9999",
    ),
    Kind(
        "wrong_signing_certificate",
        Group.DELIVERY,
        "The request is signed with a key that is not the DIP's; the certificate in the header fits that key.",
        "Refuses the call, for it knows the DIP's certificate and trusts no other.",
        "RCP9999",
    ),
    Kind(
        "wrong_tls_certificate",
        Group.DELIVERY,
        "The connection is made with a client certificate of another authority.",
        "Refuses the connection; takes it when it is sent again.",
    ),
    Kind(
        "expired_tls_certificate",
        Group.DELIVERY,
        "The connection is made with a client certificate of the DIP that expired yesterday.",
        "Refuses the connection; takes it when it is sent again.",
    ),
    Kind(
        "wrong_name_tls_certificate",
        Group.DELIVERY,
        "The connection is made with a client certificate whose subject is another DIP id than the DIP's.",
        "Refuses the connection, for it looks at who calls; takes it when it is sent again.",
    ),
    Kind(
        "wrong_environment_tls_certificate",
        Group.DELIVERY,
        "The connection is made with a client certificate that another environment issued for the DIP.",
        "Refuses the connection; takes it when it is sent again.",
    ),
)


def _content(name: str, code: str, effect: str) -> Kind:
    return Kind(name, Group.CONTENT, effect, "Refuses this message and takes the others of the call.", code)


_CONTENTS: Final = (
    _content("schema_broken", "RCP1001", "S1.subText is a list, which the schema has no place for."),
    _content("wrong_interface", "RCP1002", "S0.interfaceID names no interface."),
    _content("wrong_event", "RCP1003", "S0.eventCode names no event of the interface."),
    _content("wrong_environment", "RCP1004", "S1.environmentTag is that of another environment."),
    _content("wrong_version", "RCP1005", "S0.schemaVersion names no edition of the schema."),
    _content("reference_missing", "RCP1006", "S1.senderUniqueReference is missing."),
    _content("sent_time_missing", "RCP1007", "S1.senderTimestamp is missing."),
    _content("sent_time_in_future", "RCP1008", "S1.senderTimestamp lies a day ahead."),
    _content("wrong_sender", "RCP1009", "S1.senderDIPID is that of nobody."),
    _content("wrong_sender_role", "RCP1010", "S1.senderRoleID is a role that the interface does not allow."),
    _content("item_missing", "RCP1021", "A mandatory item of the CustomBlock is missing, or else one of M0."),
    _content(
        "wrong_value", "RCP1022", "An item of the CustomBlock with listed values has another one, or else one of M0."
    ),
    _content("wrong_recipient", "RCP1041", "A0 names somebody else in place of the recipient."),
    _content("wrong_publication", "RCP1042", "D0.publicationID names no publication."),
    _content("transaction_id_missing", "RCP1043", "D0.transactionID is missing."),
    _content("transaction_time_missing", "RCP1044", "D0.transactionTimestamp is missing."),
    _content("transaction_time_in_future", "RCP1045", "D0.transactionTimestamp lies a day ahead."),
    _content("wrong_correlation", "RCP1046", "D0.initialCorrelationID is one that nobody was ever given."),
    _content("unexpected_replay", "RCP1047", "D0.replayIndicator is true, though nobody asked for a replay."),
    _content("unknown_mpan", "RCP1061", "M0.MPANCore has a right check digit and belongs to nobody."),
    _content(
        "encrypted_to_another_key",
        "RCP1000",
        "The CustomBlock is encrypted to a key that the recipient does not hold (only where it travels encrypted).",
    ),
)

KINDS: Final[Mapping[str, Kind]] = {kind.name: kind for kind in (*_CALLS, *_DELIVERIES, *_CONTENTS)}
"""Every kind by its name."""

"""Rules about what comes in: refused calls, addressing, the MPAN table (FS-55)."""

from collections.abc import Sequence
from typing import Final

from dip.messages.standard_response import SUCCESS_CODES
from dip.reporting.verdict_rules import Failure, Rule, Side, What, rule

_SET_UP_CODES: Final = frozenset({"MSG1030", "MSG1033", "MSG1034", "MSG1035", "MSG1036", "MSG1037", "MSG1038"})
_NAMED: Final = frozenset({"MSG1031", "MSG1032"})
_WHO: Final = frozenset({"MSG1009", "MSG1010", "MSG1011"})
_NOT_PROVEN: Final = frozenset({"signature_refused", "not_authenticated", "undecryptable_block"})


def _call(failure: Failure) -> bool:
    return failure.what is What.CALL


RULES: Final[Sequence[Rule]] = (
    rule(
        "V01",
        Side.PLATFORM,
        "a fault on demand struck the exchange",
        "the DIP spoiled it on purpose, as somebody asked it to",
        "Nothing is broken. See under Faults which one is set, and compare with what a correct system does.",
        lambda one: bool(one.fault),
    ),
    rule(
        "V02",
        Side.NETWORK,
        "the caller's connection ended before its answer",
        "the DIP found nobody to answer any more",
        "Send the same again with the same reference; look at the caller's timeout and at gateways between.",
        lambda one: _call(one) and one.note in ("connection_closed", "CancelledError"),
    ),
    rule(
        "V03",
        Side.SENDER,
        "what came was no HTTP request that can be read",
        "the caller did not speak HTTP as it should",
        "Look at what the caller writes on the connection: first line, headers, lengths.",
        lambda one: _call(one) and one.note == "unreadable_request",
    ),
    rule(
        "V04",
        Side.PLATFORM,
        "the DIP answered 503 or 507",
        "the DIP, or the channel, can't take anything for a while: maintenance, load, storage",
        "Wait as long as Retry-After says, then send the same again with the same reference.",
        lambda one: _call(one) and one.status in (503, 507),
    ),
    rule(
        "V05",
        Side.PLATFORM,
        "the DIP answered another 5xx, or none at all",
        "something went wrong inside the DIP",
        "Tell whoever runs the DIP, with the request id; send the same again with the same reference.",
        lambda one: _call(one) and (one.status is None or one.status >= 500),
    ),
    rule(
        "V06",
        Side.SENDER,
        "certificate, signature or encryption was refused (401, or the code says so)",
        "the caller did not prove who it is, or signed or encrypted something else than it sent",
        "Check the certificate, the four signature headers and the key that it encrypts to.",
        lambda one: _call(one) and (one.status == 401 or one.code in _NOT_PROVEN),
    ),
    rule(
        "V07",
        Side.SET_UP,
        "who gets it can't be found: MSG1030, MSG1033 to MSG1038",
        "the MPAN table, or the participants' roles, know nobody for it",
        "Look the MPAN up: who is appointed on that day, and who nearly was. Import or correct the appointments, "
        "or correct the MPAN in the message.",
        lambda one: one.code in _SET_UP_CODES and one.what is not What.REJECTION,
    ),
    rule(
        "V08",
        Side.SENDER,
        "a recipient that the sender named can't be one: MSG1031, MSG1032",
        "the sender named somebody who is no participant, or has no role that gets this event",
        "Correct A0.primaryRecipients.",
        lambda one: one.code in _NAMED and one.what is not What.REJECTION,
    ),
    rule(
        "V09",
        Side.SENDER,
        "sender, role or connection provider in the message is wrong: MSG1009 to MSG1011",
        "the header of the message does not fit who called",
        "Correct the sender's DIP id, role and connection provider; an agent has to be assigned first.",
        lambda one: _call(one) and one.code in _WHO,
    ),
    rule(
        "V10",
        Side.SENDER,
        "the sender's reference was used before: MSG1006",
        "a reference stands for one message, for good",
        "Give the new message a new reference; repeat one only with the very same content.",
        lambda one: _call(one) and one.code == "MSG1006",
    ),
    rule(
        "V11",
        Side.SENDER,
        "the message was refused for its form: any other MSG code but MSG1000",
        "the message does not have the form of its event",
        "Read the help in the answer: it names each item that is wrong. Try it at /validate first.",
        lambda one: _call(one) and one.code.startswith("MSG") and one.code not in (*SUCCESS_CODES, "MSG1000"),
    ),
    rule(
        "V12",
        Side.SENDER,
        "the caller is known and may not do this (403)",
        "it signed with a certificate of somebody else, or no role, channel or assignment allows it",
        "Check whose certificates connect and sign; then the participant's roles, optional channels and agents.",
        lambda one: _call(one) and one.status == 403,
    ),
    rule(
        "V13",
        Side.NETWORK,
        "the request's body did not come in time (408)",
        "it began and did not arrive whole",
        "Send the same again; look at the connection, and at how fast the caller writes.",
        lambda one: _call(one) and one.status == 408,
    ),
    rule(
        "V14",
        Side.SENDER,
        "too many calls (429)",
        "the caller calls more often than it may",
        "Slow down as Retry-After says; put several messages into one call.",
        lambda one: _call(one) and one.status == 429,
    ),
    rule(
        "V15",
        Side.SENDER,
        "any other refusal of a call",
        "the request is not one that the DIP takes: address, method, size or form",
        "Read the answer's detail or help, and compare the call with the description of the API.",
        _call,
    ),
    rule(
        "V16",
        Side.SET_UP,
        "the message reached nobody, and no code says why",
        "no participant has a role that gets this event",
        "Look at the channel's recipients and at who holds these roles.",
        lambda one: one.what is What.ADDRESSING,
    ),
    rule(
        "V17",
        Side.SET_UP,
        "the MPAN table could not take what the message says about appointments",
        "it contradicts what the table holds",
        "See under MPANs, Updates: correct the table and apply it again, or give it up.",
        lambda one: one.what is What.TABLE,
    ),
)
"""In the order in which they are tried."""

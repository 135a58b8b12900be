"""Rules about what goes out: rejections, webhook calls, what is handed out, what is given up (FS-55)."""

import re
from collections.abc import Callable, Sequence
from typing import Final

from dip.reporting.verdict_rules import Failure, Rule, Side, What, rule

_NOT_KNOWN: Final = frozenset({"RCP1041", "RCP1061", "REG0000", "REG1002", "REG1027"})
_BUSINESS: Final = re.compile(r"RCP10(2[123]|5[12]|6[234])|REG\d{4}", re.ASCII)
_WRITTEN_BY_THE_DIP: Final = re.compile(r"RCP(100[1-9]|1010|104[2-7]|9999)", re.ASCII)
_BAD_ADDRESS: Final = frozenset({404, 405, 410})
_NAME_UNKNOWN: Final = re.compile(r"name or service not known|name resolution|no address|nodename|domain", re.I)
_NO_TLS: Final = re.compile(r"wrong.version.number|record layer failure|http request", re.I)
_NOT_TRUSTED: Final = re.compile(r"certificate.verify.failed|hostname mismatch|certificateerror", re.I)
_REFUSED_ADDRESS: Final = re.compile(
    r"^(a webhook |the address can't|port 0|between the brackets)|a webhook needs|is this machine itself|"
    r"leads to another machine|is not an ip address|neither an ip address|is not a network",
    re.I,
)
_BROKEN_OFF: Final = re.compile(r"^no answer: (ClientOSError|ClientPayloadError|ClientConnectionResetError)")


def _out(failure: Failure) -> bool:
    return failure.what is What.DELIVERY


def _status(failure: Failure) -> int:
    return failure.status or 0


def _has(text: str) -> Callable[[Failure], bool]:
    return lambda failure: _out(failure) and text in failure.note


def _fits(pattern: re.Pattern[str], head: str = "") -> Callable[[Failure], bool]:
    return lambda one: _out(one) and one.note.startswith(head) and pattern.search(one.note) is not None


def _rejected(pattern: re.Pattern[str]) -> Callable[[Failure], bool]:
    return lambda one: one.what is What.REJECTION and pattern.fullmatch(one.code) is not None


RULES: Final[Sequence[Rule]] = (
    rule(
        "V18",
        Side.SET_UP,
        "the recipient does not know the MPAN, itself or the appointment: RCP1041, RCP1061, REG0000, REG1002, REG1027",
        "the DIP's MPAN table and the recipient's records say different things, or the sender has a wrong MPAN",
        "Compare who is appointed in the MPAN table with the recipient's records.",
        lambda one: one.what is What.REJECTION and one.code in _NOT_KNOWN,
    ),
    rule(
        "V19",
        Side.SENDER,
        "the recipient refused what the message says: RCP1021 to RCP1023, RCP1051, RCP1052, RCP1062 to RCP1064, REG",
        "its form was right for the DIP; what it says does not fit the rules of the business",
        "The sender corrects what the code names and sends a new message.",
        _rejected(_BUSINESS),
    ),
    rule(
        "V20",
        Side.RECIPIENT,
        "the recipient refused what the DIP had checked or written: RCP1001 to RCP1010, RCP1042 to RCP1047, RCP9999",
        "the DIP checked the header, wrote A0 and D0 and signed the call itself; the recipient reads them otherwise",
        "Compare the recipient's edition of the catalogue, and the certificate of the DIP that it trusts.",
        _rejected(_WRITTEN_BY_THE_DIP),
    ),
    rule(
        "V21",
        Side.RECIPIENT,
        "the recipient rejected the message with RCP1000, another code or none",
        "it took the call and could not work with the message, for a reason of its own",
        "The recipient looks into its log for the transaction id.",
        lambda one: one.what is What.REJECTION,
    ),
    rule(
        "V22",
        Side.PLATFORM,
        "the DIP could not open what it was to send",
        "the content is gone from the archive, or its seal is broken",
        "Tell whoever runs the DIP; the sender sends it anew.",
        _has("content is gone"),
    ),
    rule(
        "V23",
        Side.RECIPIENT,
        "handed out by pull or stream, and not acknowledged in time",
        "the recipient fetched it and never said what became of it",
        "The recipient acknowledges each message that it fetches, rejected ones too.",
        lambda one: _out(one) and ("not acknowledged" in one.note or "handed out again" in one.note),
    ),
    rule(
        "V24",
        Side.SET_UP,
        "given up without any attempt: no webhook, nothing fetched",
        "the recipient has no webhook and fetched nothing, or its queue stood still all the time",
        "The recipient configures a webhook, or pulls. See its queue and its endpoint; then requeue.",
        lambda one: _out(one) and not one.tried,
    ),
    rule(
        "V25",
        Side.SET_UP,
        "the webhook's address may not be called",
        "the address is one that the DIP refuses: not HTTPS, not public, or badly written",
        "The recipient configures another address, or an administrator allows its network.",
        _fits(_REFUSED_ADDRESS),
    ),
    rule(
        "V26",
        Side.NETWORK,
        "the name of the webhook's host was not found",
        "the domain name system knows no such name, or did not answer",
        "Look the name up from the DIP's machine; correct the webhook or its name server.",
        _fits(_NAME_UNKNOWN, "connection failed"),
    ),
    rule(
        "V27",
        Side.RECIPIENT,
        "the connection was refused",
        "the recipient's machine is there, and nothing listens at that port",
        "The recipient starts its listener, or configures the right port.",
        lambda one: _out(one) and re.search(r"refused|connect call failed", one.note, re.I) is not None,
    ),
    rule(
        "V28",
        Side.NETWORK,
        "the connection failed in another way",
        "no way led to the recipient's machine: unreachable, reset, timed out",
        "Look at routes and firewalls between the DIP and the recipient.",
        _has("connection failed"),
    ),
    rule(
        "V29",
        Side.SET_UP,
        "TLS failed because the other end speaks something else",
        "at this address and port nobody speaks TLS",
        "The recipient configures the port that speaks HTTPS.",
        _fits(_NO_TLS, "TLS failed"),
    ),
    rule(
        "V30",
        Side.RECIPIENT,
        "TLS failed because of the recipient's certificate",
        "its certificate is of no authority that the DIP trusts, is over, or names another host",
        "The recipient renews its certificate, or shows the one that the DIP's authority issued.",
        _fits(_NOT_TRUSTED, "TLS failed"),
    ),
    rule(
        "V31",
        Side.RECIPIENT,
        "TLS failed otherwise",
        "the recipient broke off the handshake, most likely over the DIP's client certificate",
        "The recipient trusts the authority of the DIP's certificate, and speaks TLS 1.2 or 1.3.",
        _has("TLS failed"),
    ),
    rule(
        "V32",
        Side.PLATFORM,
        "withdrawn by hand",
        "an administrator, or the recipient's own user, took it out of the queue",
        "Nothing, if that was meant. The sender may send it anew.",
        _has("withdrawn by hand"),
    ),
    rule(
        "V33",
        Side.SET_UP,
        "withdrawn because the recipient lost the channel",
        "the recipient takes no part any more, or no role of it gets this channel",
        "Look at the recipient's roles and optional channels.",
        lambda one: _out(one) and ("takes no part" in one.note or "does not receive" in one.note),
    ),
    rule(
        "V34",
        Side.NETWORK,
        "the connection broke off in the middle of the call",
        "it was there, and was cut before the answer was whole",
        "Look at gateways and firewalls that end connections, and at the recipient's log at that time.",
        _fits(_BROKEN_OFF),
    ),
    rule(
        "V35",
        Side.RECIPIENT,
        "no answer in time, or the connection was closed without one",
        "the recipient took the request and did not answer it",
        "The recipient answers within the time that the DIP waits, and does its own work afterwards.",
        lambda one: _out(one) and one.note.startswith("no answer"),
    ),
    rule(
        "V36",
        Side.SET_UP,
        "the webhook answered 3xx, 404, 405 or 410",
        "its address is not, or no longer, the place where the recipient takes messages; redirects aren't followed",
        "The recipient configures the address that serves its webhook.",
        lambda one: _out(one) and (300 <= _status(one) < 400 or one.status in _BAD_ADDRESS),
    ),
    rule(
        "V37",
        Side.RECIPIENT,
        "the webhook answered 401 or 403",
        "the recipient does not accept the DIP's certificate or signature",
        "The recipient trusts the DIP's present certificates; see whether they changed lately.",
        lambda one: _out(one) and one.status in (401, 403),
    ),
    rule(
        "V38",
        Side.RECIPIENT,
        "the webhook answered 408, 429 or 5xx",
        "the recipient was reached, and can't take it at the moment",
        "The recipient looks into its log at that time. The DIP tries again until the channel's dead letter time.",
        lambda one: _out(one) and (_status(one) >= 500 or one.status in (408, 429)),
    ),
    rule(
        "V39",
        Side.RECIPIENT,
        "the answer can't be used: too long, without an entry for the message, or with another status",
        "the recipient answered, and not as the API says",
        "The recipient answers 201 or 207 with an entry for each message.",
        lambda one: _out(one) and (one.status is not None or "answer" in one.note),
    ),
    rule(
        "V40",
        Side.PLATFORM,
        "nothing above fits",
        "the DIP did not write down enough to say more",
        "Tell whoever runs the DIP, with the transaction id.",
        lambda _one: True,
    ),
)
"""In the order in which they are tried; the last one always holds."""

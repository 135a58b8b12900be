"""Ways to get a request refused before its messages are looked at: connection, signature, address, body."""

import base64
import gzip
from collections.abc import Callable
from datetime import timedelta

import msgspec

from dip.ground.clock import Clock
from dip.security.signing import content_hash, signature_date, string_to_sign
from tests.integration.intake.calls import NOBODY, REGISTRATION, SUPPLIER, Call, Calls, array, signature

BODY_LIMIT = 200_000
MESSAGE_LIMIT = 20


class Way(msgspec.Struct, frozen=True):
    """One way, and what the answer must be; `help` must stand in the help field."""

    name: str
    make: Callable[[Calls], Call]
    status: int
    code: str
    help: str = ""
    profile: str = ""
    """Only in this profile; '': in both."""


def _good(calls: Calls, **changes: object) -> Call:
    return msgspec.structs.replace(Call(body=array(calls.good())), **changes)


def _with(**changes: object) -> Callable[[Calls], Call]:
    return lambda calls: _good(calls, **changes)


def _body(body: bytes) -> Callable[[Calls], Call]:
    return lambda calls: Call(body=body)


def _header(name: str, value: str | None) -> Callable[[Calls], Call]:
    return lambda calls: _good(calls, headers={name: value})


def _signed_with(key: str, certificate: str) -> Callable[[Calls], Call]:
    """Signed with one of the supplier's private keys, under one of its certificates."""

    def make(calls: Calls) -> Call:
        call = _good(calls)
        folder = calls.platform.credentials(SUPPLIER).folder
        date = signature_date(Clock().wall())
        text = string_to_sign("POST", calls.platform.dip.api_url + call.path, date, content_hash(call.body))
        headers = {
            "X-DIP-Signature": signature(folder / key, text),
            "X-DIP-Signature-Date": date,
            "X-DIP-Signature-Certificate": base64.b64encode((folder / certificate).read_bytes()).decode(),
        }
        return msgspec.structs.replace(call, headers=headers)

    return make


def _root_certificate(calls: Calls) -> Call:
    pem = (calls.platform.dip.directory / "ca.pem").read_bytes()
    return _good(calls, headers={"X-DIP-Signature-Certificate": base64.b64encode(pem).decode()})


def _many(calls: Calls) -> Call:
    return Call(body=array(*[calls.good() for _ in range(MESSAGE_LIMIT + 1)]))


def _swapped_body(calls: Calls) -> Call:
    return Call(body=array(calls.good()), signed_body=array(calls.good()))


def _mixed(calls: Calls) -> Call:
    return _good(calls, path="/dip-channel")


def _zipped(calls: Calls) -> Call:
    return Call(body=gzip.compress(array(calls.good())), headers={"Content-Encoding": "gzip"})


def _truncated(calls: Calls) -> Call:
    return Call(body=array(calls.good())[:-2])


def _trailing(calls: Calls) -> Call:
    return Call(body=array(calls.good()) + b"]")


_FOUR = ("X-DIP-Signature", "X-DIP-Signature-Date", "X-DIP-Content-Hash", "X-DIP-Signature-Certificate")
_DATE = "X-DIP-Signature-Date"

CONNECTION = [
    Way("no client certificate", _with(caller=NOBODY), 401, "MSG1000", "tls.pem"),
    Way("wrong API key", _header("X-API-Key", "guess"), 401, "MSG1000", "X-API-Key"),
    Way("API key not of ASCII", _header("X-API-Key", "schlüssel"), 401, "MSG1000", "X-API-Key"),
]

SIGNATURE = [
    *(Way(f"without {name}", _header(name, None), 401, "MSG1000", name) for name in _FOUR),
    *(Way(f"empty {name}", _header(name, ""), 401, "MSG1000", name) for name in _FOUR),
    Way("signature is not base64", _header("X-DIP-Signature", "?"), 401, "MSG1000", "not base64"),
    Way("signature of other bytes", _header("X-DIP-Signature", "AAAA"), 401, "MSG1000", "not made with the key"),
    Way("key of another use", _signed_with("encryption.key", "signing.pem"), 401, "MSG1000", "not made with the key"),
    Way(
        "certificate of another use",
        _signed_with("encryption.key", "encryption.pem"),
        403,
        "MSG1000",
        "issued for encryption",
    ),
    Way("body swapped", _swapped_body, 401, "MSG1000", "Content hash received"),
    Way("content hash not of the body", _header("X-DIP-Content-Hash", "AAAA"), 401, "MSG1000", "The DIP signed over"),
    Way("another address signed", _with(signed_path="/dip-channel/IF-021"), 401, "MSG1000", "POST;https://127"),
    Way(
        "query not signed",
        _with(path="/dip-channel/IF-031?a=1", signed_path="/dip-channel/IF-031"),
        401,
        "MSG1000",
        "query",
    ),
    Way("slash signed", _with(signed_path="/dip-channel/IF-031/"), 401, "MSG1000", "slash at its end"),
    Way("method in small letters", _with(signed_method="post"), 401, "MSG1000", "small letters"),
    Way("late", _with(signed_ago=timedelta(seconds=310)), 401, "MSG1000", "300 s are allowed"),
    Way("early", _with(signed_ago=timedelta(seconds=-310)), 401, "MSG1000", "ahead of"),
    Way("date unreadable", _header(_DATE, "yesterday"), 401, "MSG1000", "2025-06-27T14:29:09.061Z"),
    Way("date without offset", _header(_DATE, "2026-03-21T19:05:00"), 401, "MSG1000", "can't be read"),
    Way("certificate is not base64", _header("X-DIP-Signature-Certificate", "?"), 400, "MSG1000", "ertificate"),
    Way("certificate is none", _header("X-DIP-Signature-Certificate", "AAAA"), 400, "MSG1000", "ertificate"),
    Way("certificate of the authority", _root_certificate, 401, "MSG1000", "signing.pem"),
    Way("signed by another party", _with(signer=REGISTRATION), 403, "MSG1000", "may not sign for"),
]

ADDRESS = [
    Way("unknown channel", _with(path="/dip-channel/IF-999"), 404, "MSG1002", "IF-999"),
    Way("absurd channel", _with(path="/dip-channel/%00"), 404, "MSG1002"),
    Way("unknown address", _with(path="/dip-channels/IF-031"), 404, "MSG1000", "/dip-channels/IF-031"),
    Way("PUT", _with(method="PUT"), 405, "MSG1000", "PUT"),
    Way("no channel in the address", _mixed, 404, "MSG1000", profile="live"),
]

_DEEP = b'[{"payload":{"CommonBlock":' + b"[" * 40 + b"]" * 40 + b"}}]"
_LONG = b'["' + b"x" * BODY_LIMIT + b'"]'

BODY = [
    Way("no body", _body(b""), 400, "MSG1001", "expected JSON"),
    Way("no JSON", _body(b"hello"), 400, "MSG1001", "expected JSON"),
    Way("truncated", _truncated, 400, "MSG1001", "expected JSON"),
    Way("more behind the array", _trailing, 400, "MSG1001", "expected JSON"),
    Way("no UTF-8", _body(b'["\xff\xfe"]'), 400, "MSG1001"),
    Way("no number", _body(b"[NaN]"), 400, "MSG1001", "expected JSON"),
    Way("an object", _body(b"{}"), 400, "MSG1001", "array"),
    Way("a text", _body(b'"IF-031"'), 400, "MSG1001", "array"),
    Way("no message", _body(b"[]"), 400, "MSG1001", "at least one message"),
    Way("a number for a message", _body(b"[1]"), 400, "MSG1001", "/0"),
    Way("null for a message", _body(b"[null]"), 400, "MSG1001", "/0"),
    Way("too deep", _body(_DEEP), 400, "MSG1001", "32 deep"),
    Way("open brackets", _body(b"[" * 100_000), 400, "MSG1001", "Body: expected"),
    Way("mismatched brackets", _body(b"{]" * 90_000), 400, "MSG1001", "Body: expected"),
    Way("too large", _body(_LONG), 413, "MSG1000", f"{BODY_LIMIT} bytes"),
    Way("too large without length", lambda _: Call(body=_LONG, streamed=True), 413, "MSG1000", f"{BODY_LIMIT} bytes"),
    Way("too many messages", _many, 413, "MSG1000", f"at most {MESSAGE_LIMIT} messages"),
    Way("compressed", _zipped, 400, "MSG1000", "Content-Encoding"),
]

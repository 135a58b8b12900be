"""Ways in of somebody with a connection: addresses, certificates, signatures, bodies, JWEs, the affairs of others."""

import base64
import copy
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any

import msgspec

from tests.integration.edges.rows import call, raw
from tests.integration.intake.calls import REGISTRATION, SUPPLIER, Call, Calls, array

_CERTIFICATE = "X-DIP-Signature-Certificate"


Made = Callable[[Calls], Call]
"""Makes a call, once there is a platform."""


def _asked(path: str, *, method: str = "GET", body: bytes = b"", caller: str = SUPPLIER, **headers: str) -> Made:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda calls: Call(method=method, path=path, body=body, caller=caller, signer=caller, headers=named)


def _good(**headers: str) -> Callable[[Calls], Call]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda calls: Call(body=array(calls.good()), headers=named)


def _pem(*files: str, count: int = 1) -> Callable[[Calls], Call]:
    """A certificate header of the supplier's files, so many times."""

    def make(calls: Calls) -> Call:
        folder = calls.platform.credentials(SUPPLIER).folder
        content = b"".join((folder / file).read_bytes() for file in files) * count
        return Call(body=array(calls.good()), headers={_CERTIFICATE: base64.b64encode(content).decode()})

    return make


def _webhook(url: str, channel: str = "IF-031") -> Callable[[Calls], Call]:
    body = msgspec.json.encode({"callbackURL": url})
    path = f"/dip-channel/{channel}/pubconfig/{REGISTRATION}"
    return _asked(path, method="POST", body=body, caller=REGISTRATION)


def _body(change: Callable[[bytes], bytes]) -> Callable[[Calls], Call]:
    return lambda calls: Call(body=change(array(calls.good())))


def _jwe(change: Callable[[list[str]], list[str]]) -> Callable[[Calls], Call]:
    """A good message whose JWE, in its parts, is changed."""

    def make(calls: Calls) -> Call:
        message = copy.deepcopy(calls.good())
        message["payload"]["CustomBlock"] = ".".join(change(message["payload"]["CustomBlock"].split(".")))
        return Call(body=array(message))

    return make


def _header(content: Any) -> Callable[[Calls], Call]:
    text = content if isinstance(content, bytes) else msgspec.json.encode(content)
    part = base64.urlsafe_b64encode(text).decode().rstrip("=")
    return _jwe(lambda parts: [part, *parts[1:]])


def _flipped(index: int) -> Callable[[Calls], Call]:
    def change(parts: list[str]) -> list[str]:
        first = "B" if parts[index][0] == "A" else "A"
        return [*parts[:index], first + parts[index][1:], *parts[index + 1 :]]

    return _jwe(change)


_HEAD = {"alg": "RSA-OAEP-256", "enc": "A256GCM"}

ADDRESSES = [
    raw("out of the tree", b"GET /dip-channel/../admin/api/participants HTTP/1.1\r\nHost: HOST\r\n\r\n", 404),
    raw("out of the tree, escaped", b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: HOST\r\n\r\n", 404),
    raw("two slashes", b"POST //dip-channel/IF-031 HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0\r\n\r\n", 404),
    raw("TRACE", b"TRACE /dip-channel/IF-031 HTTP/1.1\r\nHost: HOST\r\n\r\n", 405),
    raw("OPTIONS *", b"OPTIONS * HTTP/1.1\r\nHost: HOST\r\n\r\n", 404),
    raw("CONNECT", b"CONNECT HOST HTTP/1.1\r\nHost: HOST\r\n\r\n", 404),
    raw("the administration API on this port", b"GET /admin/api/participants HTTP/1.1\r\nHost: HOST\r\n\r\n", 404),
    call("a slash at the end", lambda calls: Call(body=array(calls.good()), path="/dip-channel/IF-031/"), 404),
    call("a parameter in the path", _asked("/dip-channel/IF-031;v=1", method="POST", body=b"[]"), 404, "MSG1002"),
    call("a slash, escaped", _asked("/dip-channel/IF-031%2Fx", method="POST", body=b"[]"), 404, "MSG1002"),
    call("DELETE of a channel", _asked("/dip-channel/IF-031", method="DELETE"), 405),
    call("HEAD of a pull", _asked(f"/dip-channel/IF-031/messages/{SUPPLIER}", method="HEAD"), 405, ""),
]

CERTIFICATES = [
    call("a private key for a certificate", _pem("signing.key"), 400),
    call("a certificate with its private key", _pem("signing.pem", "signing.key"), 400),
    call("a chain of many", _pem("signing.pem", count=20), 431),
    call("another participant's API key", _good(X_API_Key="0" * 64), 401),
    call("an API key of 8 kB", _good(X_API_Key="0" * 8000), 401),
    call("a signature without end", _good(X_DIP_Signature="A" * 8000), 401),
    call("a hash of another kind", _good(X_DIP_Content_Hash="sha-512=" + "A" * 86), 401),
    call("a date of the year 10000", _good(X_DIP_Signature_Date="10000-01-01T00:00:00Z"), 401),
    call("a date of digits alone", _good(X_DIP_Signature_Date="1" * 5000), 401),
]

BODIES = [
    call("a byte order mark", _body(lambda body: b"\xef\xbb\xbf" + body), 400, "MSG1001"),
    call("UTF-16", _body(lambda body: body.decode().encode("utf-16")), 400, "MSG1001"),
    call("NUL behind the body", _body(lambda body: body + b"\x00"), 400, "MSG1001"),
    call("half a surrogate", _body(lambda body: body.replace(b'"SUP"', b'"\\ud800"')), 400, "MSG1001"),
    call("a number beyond all", _body(lambda body: body.replace(b'"SUP"', b"1e999999")), 400, "MSG1001"),
    call("a number of 5,000 digits", _body(lambda body: body.replace(b'"SUP"', b"9" * 5000)), 400, "MSG1001"),
    call("Infinity", _body(lambda body: body.replace(b'"SUP"', b"Infinity")), 400, "MSG1001"),
    call("single quotes", _body(lambda body: body.replace(b'"', b"'")), 400, "MSG1001"),
    call("a comment", _body(lambda body: b"/* good */" + body), 400, "MSG1001"),
    call("a comma too many", _body(lambda body: body[:-1] + b",]"), 400, "MSG1001"),
    call("compressed by brotli", _good(Content_Encoding="br"), 400),
    call("compressed twice", _good(Content_Encoding="gzip, gzip"), 400),
]

JWES = [
    call("JWE: alg none", _header({**_HEAD, "alg": "none"}), 400),
    call("JWE: alg dir", _header({**_HEAD, "alg": "dir"}), 400),
    call("JWE: alg RSA1_5", _header({**_HEAD, "alg": "RSA1_5"}), 400),
    call("JWE: alg of the other kind of key", _header({**_HEAD, "alg": "ECDH-ES+A256KW"}), 400),
    call("JWE: alg a list", _header({**_HEAD, "alg": ["RSA-OAEP-256"]}), 400),
    call("JWE: no enc", _header({"alg": "RSA-OAEP-256"}), 400),
    call("JWE: crit", _header({**_HEAD, "crit": ["b64"], "b64": False}), 400),
    call("JWE: jwk", _header({**_HEAD, "jwk": {"kty": "oct", "k": "AAAA"}}), 400),
    call("JWE: zip", _header({**_HEAD, "zip": "DEF"}), 400),
    call("JWE: x5t#S256 unknown", _header({**_HEAD, "x5t#S256": "A" * 43}), 400),
    call("JWE: x5t#S256 a number", _header({**_HEAD, "x5t#S256": 1}), 400),
    call("JWE: another header", _header({**_HEAD, "kid": "x"}), 400),
    call("JWE: a header of 100 kB", _header({**_HEAD, "kid": "x" * 100_000}), 400),
    call("JWE: a header that is deep", _header(b'{"alg":' + b"[" * 20_000 + b"]" * 20_000 + b"}"), 400),
    call("JWE: a header that is a list", _header([]), 400),
    call("JWE: a header that is no JSON", _header(b"\xff\xfe"), 400),
    call("JWE: an empty header", _jwe(lambda parts: ["", *parts[1:]]), 400),
    call("JWE: another key", _flipped(1), 400),
    call("JWE: another vector", _flipped(2), 400),
    call("JWE: other content", _flipped(3), 400),
    call("JWE: another tag", _flipped(4), 400),
    call("JWE: a short tag", _jwe(lambda parts: [*parts[:4], parts[4][:4]]), 400),
    call("JWE: no key", _jwe(lambda parts: [parts[0], "", *parts[2:]]), 400),
    call("JWE: a short vector", _jwe(lambda parts: [*parts[:2], "AAAA", *parts[3:]]), 400),
    call("JWE: six parts", _jwe(lambda parts: [*parts, "AAAA"]), 400),
    call("JWE: a signature, three parts", _jwe(lambda parts: parts[:3]), 400),
    call("JWE: signs that are not base64url", _jwe(lambda parts: [*parts[:3], parts[3] + "+/=", parts[4]]), 400),
]

_NOWHERE = "https://%s/hook"
WEBHOOKS = [
    call(f"webhook at {host}", _webhook(_NOWHERE % host), 400)
    for host in (
        "10.0.0.1",
        "0xa9.254.169.254",
        "2852039166",
        "0300.0250.1.1",
        "192.168.257",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::a9fe:a9fe]",
        "[fe80::1%25eth0]",
        "[fd00::1]",
        str(IPv4Address(0)),
        "user:word@participant.example",
        "169.254.169.254.",
        "%31%30.0.0.1",
    )
] + [
    call("webhook by http", _webhook("http://participant.example/"), 400),
    call("webhook by file", _webhook("file:///etc/passwd"), 400),
    call("webhook with a line break", _webhook("https://participant.example/\r\nX: y"), 400),
    call("webhook without end", _webhook("https://participant.example/" + "x" * 5000), 400),
]

_OTHER = f"/dip-channel/IF-031/messages/{REGISTRATION}"
_OWN = f"/dip-channel/IF-031/messages/{SUPPLIER}"
_REGISTRATIONS = f"/dip-channel/IF-031/replay/{REGISTRATION}"
OTHERS = [
    call("another's messages", _asked(_OTHER), 403),
    call("another's stream", _asked(f"/dip-channel/IF-031/stream/{REGISTRATION}"), 403),
    call("another's acknowledgement", _asked(f"{_OTHER}/ack", method="POST", body=b"{}"), 403),
    call("another's replay", _asked(_REGISTRATIONS, method="POST", body=b"{}"), 403),
    call("another's requeue", _asked(f"/dip-channel/IF-031/requeue/{REGISTRATION}", method="POST", body=b"{}"), 403),
    call("another's webhook", _asked(f"/dip-channel/IF-031/pubconfig/{REGISTRATION}", method="DELETE"), 403),
    call("another's delivery status", _asked(f"/dip-channel/IF-031/deliveryStatus/{REGISTRATION}/T"), 403),
    call("nobody's messages", _asked("/dip-channel/IF-031/messages/nobody"), 403),
    call(
        "a continuation token that is forged",
        _asked(_REGISTRATIONS, method="POST", body=b"{}", caller=REGISTRATION, X_Continuation_Token="forged"),
        400,
    ),
    call(
        "an event that never was",
        _asked(f"/dip-channel/IF-031/stream/{REGISTRATION}", caller=REGISTRATION, Last_Event_ID="-1"),
        400,
    ),
    call("max of nothing", _asked(f"{_OTHER}?max=0", caller=REGISTRATION), 400),
    call("max beyond all", _asked(f"{_OTHER}?max=1e9", caller=REGISTRATION), 400),
    call("wait below zero", _asked(f"{_OTHER}?wait=-1", caller=REGISTRATION), 400),
    call("wait in other digits", _asked(f"{_OTHER}?wait=%D9%A1", caller=REGISTRATION), 400),
    call(
        "an acknowledgement that is none",
        _asked(f"{_OTHER}/ack", method="POST", body=b"[[[", caller=REGISTRATION),
        400,
    ),
    call(
        "a status message of a stranger",
        _asked("/statusmessage", method="POST", body=b'{"messageArray":1}'),
        400,
        "MSG1001",
    ),
]
ALL = [*ADDRESSES, *CERTIFICATES, *BODIES, *JWES, *WEBHOOKS, *OTHERS]

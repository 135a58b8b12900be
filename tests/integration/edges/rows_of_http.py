"""Ways in below the application: bytes that are no request of HTTP/1.1, or two readings of one (smuggling)."""

from tests.integration.edges.raw import answer_of, connected, sent
from tests.integration.edges.rows import NO_ANSWER, Found, Row, World, found, portal, raw

_GET = b"GET /dip-channel/IF-031 HTTP/1.1\r\nHost: HOST\r\n"
_POST = b"POST /dip-channel/IF-031 HTTP/1.1\r\nHost: HOST\r\n"
_CHUNKED = _POST + b"Transfer-Encoding: chunked\r\n\r\n"


async def _second_request(world: World) -> Found:
    """A complete body, and behind it a request that nobody signed: it is judged by itself."""
    async with connected(world.api, world.supplier) as (reader, writer):
        host = b"Host: " + world.api.encode()[8:] + b"\r\n"
        writer.write(b"POST /dip-channel/IF-031 HTTP/1.1\r\n" + host + b"Content-Length: 2\r\n\r\n[]")
        writer.write(b"POST /dip-channel/IF-021 HTTP/1.1\r\n" + host + b"Content-Length: 2\r\n\r\n[]")
        first, second = await answer_of(reader), await answer_of(reader)
        return found(second) if first.status == 401 else found(first)


async def _plain(world: World) -> Found:
    return found(await sent(world.api, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"))


async def _half_a_hello(world: World) -> Found:
    return found(await sent(world.api, b"\x16\x03\x01\x00\x05hello"))


REQUEST_LINE = [
    raw("no Host", b"GET / HTTP/1.1\r\n\r\n", 400),
    raw("two Hosts", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    raw("HTTP/2 by prior knowledge", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    raw("HTTP/3.0", b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505),
    raw("HTTP/1.2", b"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505),
    raw("HTTP/0.9", b"GET /\r\n\r\n", 505),
    raw("an address too long", b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    raw("an address without end", b"GET /" + b"x" * 200_000, 414),
    raw("no such method", b"FETCH / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    raw("a method with signs", b"G@T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    raw("no HTTP at all", b"\x00\x01\r\n\r\n", 400),
    raw("an address without slash", b"GET dip-channel HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    raw("a port too high in the address", b"GET http://a:99999999/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    raw("an open bracket in the address", b"GET http://[::1/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    raw("a space in the address", b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    raw("bytes above ASCII in the address", b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    raw("a control character in the address", b"GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    raw("lines without carriage return", b"GET / HTTP/1.1\nHost: a\n\n", 400),
]

HEADERS = [
    raw("a header too long", _GET + b"X: " + b"y" * 9000 + b"\r\n\r\n", 431),
    raw("a header without end", _GET + b"X: " + b"y" * 200_000, 431),
    raw("a name of a header too long", _GET + b"X" * 9000 + b": y\r\n\r\n", 431),
    raw("too many headers", _GET + b"".join(b"X%d: y\r\n" % number for number in range(200)) + b"\r\n", 431),
    raw("a folded header", _GET + b"X: a\r\n b\r\n\r\n", 400),
    raw("a space before the colon", _GET + b"X : a\r\n\r\n", 400),
    raw("a header without name", _GET + b": a\r\n\r\n", 400),
    raw("NUL in a header", _GET + b"X: a\x00b\r\n\r\n", 400),
    raw("a lone carriage return in a header", _GET + b"X: a\rb\r\n\r\n", 400),
    raw("a name of a header above ASCII", _GET + b"X\xc3\xbc: a\r\n\r\n", 400),
    raw("an unknown Expect", _POST + b"Expect: 200-maybe\r\nContent-Length: 2\r\n\r\n[]", 417),
]

SMUGGLING = [
    raw("both lengths", _POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    raw(
        "both lengths, the other order",
        _POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        400,
    ),
    raw("two lengths", _POST + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde", 400),
    raw("a list of lengths", _POST + b"Content-Length: 4, 4\r\n\r\nabcd", 400),
    raw("a length with a sign", _POST + b"Content-Length: +4\r\n\r\nabcd", 400),
    raw("a length below zero", _POST + b"Content-Length: -4\r\n\r\nabcd", 400),
    raw("a length beyond all numbers", _POST + b"Content-Length: 99999999999999999999\r\n\r\nabcd", 400),
    raw("a length in hexadecimal", _POST + b"Content-Length: 0x4\r\n\r\nabcd", 400),
    raw("chunks not last", _POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400),
    raw("an unknown encoding", _POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
    raw("a chunk that is no number", _CHUNKED + b"zz\r\n[]\r\n", 400),
    raw("a chunk below zero", _CHUNKED + b"-2\r\n[]\r\n0\r\n\r\n", 400),
    raw("a chunk beyond all numbers", _CHUNKED + b"ffffffffffffffffff\r\n[]\r\n0\r\n\r\n", 400),
    raw("a chunk without carriage return", _CHUNKED + b"2\n[]\n0\n\n", 400),
    raw("a chunk longer than it says", _CHUNKED + b"1\r\n[]\r\n0\r\n\r\n", 400),
    Row("a request behind a body", _second_request, 401),
]

TRANSPORT = [
    Row("no TLS", _plain, 400),
    Row("a handshake that is none", _half_a_hello, NO_ANSWER, ""),
]

PORTAL = [
    portal("portal: no Host", b"GET /healthz HTTP/1.1\r\n\r\n", 400, "bad_request"),
    portal("portal: HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "version_not_supported"),
    portal("portal: an address too long", b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414, "too_large"),
    portal("portal: a header too long", _GET + b"X: " + b"y" * 9000 + b"\r\n\r\n", 431, "too_large"),
    portal("portal: TLS where there is none", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "bad_request"),
    portal(
        "portal: both lengths",
        b"POST /login HTTP/1.1\r\nHost: HOST\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
        "bad_request",
    ),
]
ALL = [*REQUEST_LINE, *HEADERS, *SMUGGLING, *TRANSPORT, *PORTAL]

"""Refusals of what never became a request: it has no form, is too long, too slow, or came to the wrong port."""

from collections.abc import Callable
from typing import Final, NamedTuple

from aiohttp import web
from aiohttp.http_exceptions import BadHttpMethod, InvalidURLError, LineTooLong

Refuse = Callable[[int, str], web.Response]
"""Makes the answer of a port out of a status and what is wrong."""

REFUSE: Final = web.AppKey[Refuse]("refuse")
"""Where an application keeps how it says no to what it never saw."""

LINE_TOO_LONG: Final = 414
HEADERS_TOO_LARGE: Final = 431
NO_SUCH_VERSION: Final = 505
_MALFORMED: Final = 400


class Unread(NamedTuple):
    """Status and words of a refusal."""

    status: int
    detail: str


NOT_TLS: Final = Unread(_MALFORMED, "This port speaks HTTPS alone: expected a TLS handshake, found something else.")
OLD_VERSION: Final = Unread(NO_SUCH_VERSION, "Request line: expected HTTP/1.1 or HTTP/1.0.")


def too_slow(timeout_s: float) -> Unread:
    """The headers did not come in time."""
    return Unread(408, f"Headers: expected all of them within {timeout_s:g} s.")


def unread(error: BaseException | None, said: str) -> Unread:
    """Why the parser refused. said: its own words, of which only what the sender did not write is passed on."""
    if isinstance(error, LineTooLong):
        limit = error.args[1]
        # The parser gathers the address in a bytearray, and headers in bytes.
        if isinstance(error.args[0], bytearray):
            return Unread(LINE_TOO_LONG, f"Request line: expected an address of at most {limit} bytes.")
        return Unread(HEADERS_TOO_LARGE, f"Headers: expected at most {limit} bytes in each.")
    if "Too many headers" in said:
        return Unread(HEADERS_TOO_LARGE, "Headers: expected fewer of them.")
    if "Invalid HTTP version" in said or said.startswith("Pause on PRI"):
        return OLD_VERSION
    if isinstance(error, InvalidURLError):
        return Unread(_MALFORMED, "Request line: expected an address that is a URL, its other characters escaped.")
    if isinstance(error, BadHttpMethod):
        return Unread(_MALFORMED, "Request line: expected a method of HTTP, such as POST, an address and HTTP/1.1.")
    return Unread(_MALFORMED, f"Not a request as RFC 9112 has it. {_own_words(said)}".strip())


def _own_words(said: str) -> str:
    """What the parser says, without the bytes that it points at."""
    lines = (line.strip() for line in said.splitlines())
    words = [line.rstrip(":.") for line in lines if line and not line.startswith(("b'", 'b"', "^"))]
    return ": ".join(words)[:200] + "." if words else ""

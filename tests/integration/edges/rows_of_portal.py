"""Ways into the portal and the administration API."""

from tests.integration.edges.raw import sent
from tests.integration.edges.rows import Found, Row, World, found, portal

_TOKEN = b"Authorization: Bearer TOKEN\r\n"


def _get(path: bytes, headers: bytes = b"", method: bytes = b"GET") -> bytes:
    return method + b" " + path + b" HTTP/1.1\r\nHost: HOST\r\n" + headers + b"\r\n"


def _post(path: bytes, body: bytes, headers: bytes = _TOKEN, method: bytes = b"POST") -> bytes:
    length = b"Content-Length: %d\r\n" % len(body)
    return method + b" " + path + b" HTTP/1.1\r\nHost: HOST\r\n" + length + headers + b"\r\n" + body


async def _session(world: World) -> bytes:
    """The cookie of a log-in as the first administrator."""
    password = (world.calls.platform.dip.directory / "admin.password").read_text().strip()
    body = f"name=admin&password={password}".encode()
    form = b"Content-Type: application/x-www-form-urlencoded\r\n"
    answer = await sent(world.portal, _post(b"/login", body, form).replace(b"HOST", world.portal.encode()[7:]))
    return b"Cookie: " + answer.headers["set-cookie"].partition(";")[0].encode() + b"\r\n"


def _with_session(name: str, headers: bytes, status: int, code: str) -> Row:
    async def tried(world: World) -> Found:
        cookie = await _session(world)
        return found(await world.to_portal(_post(b"/logout", b"form_token=x", cookie + headers)))

    return Row(name, tried, status, code)


_FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
ADMINISTRATION = [
    portal("no token", _get(b"/admin/api/participants"), 401, "not_authenticated"),
    portal("a wrong token", _get(b"/admin/api/participants", b"Authorization: Bearer x\r\n"), 401, "not_authenticated"),
    portal("an empty token", _get(b"/admin/api/participants", b"Authorization: Bearer\r\n"), 401, "not_authenticated"),
    portal(
        "a token by another scheme",
        _get(b"/admin/api/participants", b"Authorization: Basic TOKEN\r\n"),
        401,
        "not_authenticated",
    ),
    portal("a token in the address", _get(b"/admin/api/participants?token=TOKEN"), 401, "not_authenticated"),
    portal(
        "a token in a header of ours", _get(b"/admin/api/participants", b"X-Token: TOKEN\r\n"), 401, "not_authenticated"
    ),
    portal(
        "a forged cookie",
        _get(b"/admin/api/participants", b"Cookie: dip_session=" + b"A" * 43 + b"\r\n"),
        401,
        "not_authenticated",
    ),
    portal("a method it does not have", _get(b"/admin/api/queues", _TOKEN, b"PUT"), 405, "method_not_allowed"),
    portal("a list that is none", _get(b"/admin/api/secrets", _TOKEN), 404, "not_found"),
    portal("a file beside static", _get(b"/static/../admin.token"), 404, "not_found"),
    portal("a file beside static, escaped", _get(b"/static/%2e%2e/%2e%2e/admin.token"), 404, "not_found"),
    portal("a file by its whole path", _get(b"/static//etc/passwd"), 404, "not_found"),
    portal("an order that is no JSON", _post(b"/admin/api/clock", b"advance"), 400, "bad_request"),
    portal("an order that is a list", _post(b"/admin/api/clock", b"[]"), 400, "bad_request"),
    portal("a span that is none", _post(b"/admin/api/clock", b'{"advance":"P1Y"}'), 400, "bad_request"),
    portal("back in time", _post(b"/admin/api/clock", b'{"advance":"-PT1H"}'), 400, "bad_request"),
    portal("an order without end", _post(b"/admin/api/clock", b"[" * 2_000_000), 413, "too_large"),
    portal("an order that is deep", _post(b"/admin/api/clock", b"[" * 500_000), 400, "bad_request"),
    portal("an MPAN that is none", _get(b"/admin/api/mpans/12", _TOKEN), 400, "bad_request"),
    portal(
        "a log-in by another site's page",
        _post(b"/login", b"name=admin&password=x", _FORM + b"Origin: https://evil.example\r\n"),
        403,
        "not_permitted",
    ),
    _with_session("a session without its form token", _FORM, 403, "not_permitted"),
    _with_session(
        "a session, by another site's page", _FORM + b"Origin: https://evil.example\r\n", 403, "not_permitted"
    ),
    _with_session("a session, by no page at all", _FORM + b"Origin: null\r\n", 403, "not_permitted"),
]
ALL = ADMINISTRATION

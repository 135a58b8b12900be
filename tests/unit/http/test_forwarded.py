"""Whose word on the caller's address is believed (RFC 7239)."""

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from dip.ground.errors import SetupRefused
from dip.ground.settings import Settings
from dip.http.forwarded import Asked, Proxies

TRUSTED = Settings(trusted_proxies="10.0.0.0/8, fd00::/8")


def asked(headers: dict[str, str], peer: str = "10.0.0.1", settings: Settings = TRUSTED) -> Asked:
    request: web.BaseRequest = make_mocked_request("GET", "/", headers=CIMultiDict({"Host": "own", **headers}))
    return Proxies.of(settings).asked(request.clone(remote=peer))


def forwarded(text: str, peer: str = "10.0.0.1") -> Asked:
    return asked({"Forwarded": text}, peer)


@pytest.mark.requirement("FS-61")
@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("for=203.0.113.9", "203.0.113.9"),
        ('For="203.0.113.9:4711";Proto=https', "203.0.113.9"),
        ('for="[2001:db8::1]:80"', "2001:db8::1"),
        ("for=203.0.113.9, for=10.0.0.2", "203.0.113.9"),
        ("for=198.51.100.1, for=203.0.113.9, for=10.0.0.2", "203.0.113.9"),
        ("for=203.0.113.9;", "203.0.113.9"),
        ("for=unknown", "10.0.0.1"),
        ("for=_hidden", "10.0.0.1"),
        ("for=unknown, for=10.0.0.2", "10.0.0.2"),
        ("for=203.0.113.9;for=198.51.100.1", "10.0.0.1"),
        ("by=10.0.0.9", "10.0.0.1"),
        ("nonsense", "10.0.0.1"),
        ('for="', "10.0.0.1"),
        ("", "10.0.0.1"),
        ('for=", for=203.0.113.9', "203.0.113.9"),
        (", ".join(["for=10.0.0.2"] * 5000), "10.0.0.2"),
    ],
)
def test_the_first_address_that_is_no_proxy_counts(text: str, address: str) -> None:
    assert forwarded(text).address == address


def test_scheme_and_host_come_with_the_address() -> None:
    assert forwarded("for=203.0.113.9;proto=https;host=dip.example:443") == Asked(
        "203.0.113.9", "https", "dip.example:443"
    )
    assert forwarded('for=203.0.113.9;proto=gopher;host="a b"') == Asked("203.0.113.9", "http", "own")


def test_a_stranger_says_nothing_of_itself() -> None:
    for headers in ({"Forwarded": "for=1.1.1.1;host=x;proto=https"}, {"X-Forwarded-For": "1.1.1.1"}):
        assert asked(headers, "203.0.113.1") == Asked("203.0.113.1", "http", "own")


def test_the_header_that_the_gateway_does_not_write_is_ignored() -> None:
    both = {"Forwarded": "for=1.1.1.1", "X-Forwarded-For": "2.2.2.2, 3.3.3.3", "X-Forwarded-Proto": "https"}
    assert asked(both).address == "1.1.1.1"
    other = Settings(trusted_proxies="10.0.0.0/8", proxy_header="X-Forwarded-For")
    assert asked(both, settings=other) == Asked("3.3.3.3", "https", "own")


def test_a_network_that_is_none_is_a_bad_setting() -> None:
    with pytest.raises(SetupRefused, match="trusted_proxies: 10/33"):
        Proxies.of(Settings(trusted_proxies="10/33"))

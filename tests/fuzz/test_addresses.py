"""Addresses: no webhook in a private network however it is written; no caller's word about itself is believed."""

import ipaddress
import socket
from urllib.parse import urlsplit

import yarl
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from dip.http.forwarded import Proxies
from dip.participants.webhooks import WebhookRefused, check_webhook_url, networks
from tests.fuzz.changes import broken_bytes
from tests.fuzz.conftest import cases

_SHARED = ("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
_LOCAL = ("169.254.0.0/16", "224.0.0.0/3", "fe80::/10", "ff00::/8")
FORBIDDEN = [ipaddress.ip_network(text) for text in (*_SHARED, *_LOCAL)]
NUMBERS = st.sampled_from(["{}", "0x{:x}", "0{:o}", "0X{:X}", "{:03}", "0x{:08x}"])


@st.composite
def written(draw: st.DrawFn) -> str:
    """An IPv4 address in any notation that a resolver reads, or wrapped in IPv6."""
    ip = draw(st.ip_addresses(v=4) | st.sampled_from(["10.0.0.1", "169.254.169.254", "192.168.1.1", "127.0.0.1"]))
    number = int(ipaddress.IPv4Address(str(ip)))
    octets = [number >> 24, number >> 16 & 255, number >> 8 & 255, number & 255]
    parts = draw(
        st.sampled_from(
            [octets, [octets[0], number & 0xFFFFFF], [octets[0], octets[1], number & 0xFFFF], [number]],
        )
    )
    host = ".".join(draw(NUMBERS).format(part) for part in parts)
    wrapped = draw(st.sampled_from(["{}", "[::ffff:{}]", "[64:ff9b::{}]", "[::{}]", "{}.", "{}%00", "a@{}"]))
    return wrapped.format(str(ip) if wrapped.startswith("[") else host)


def called(host: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """Where a call to this host would go: the oracle, by the machine's own resolver, of numbers alone."""
    try:
        found = socket.getaddrinfo(host.partition("%")[0], 443, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError, ValueError):
        return []
    return [ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found]


def seen_through(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    number = int(address)
    if isinstance(address, ipaddress.IPv6Address) and number >> 32 in (0, 0xFFFF, 0x0064FF9B << 64) and number > 1:
        return ipaddress.IPv4Address(number & 0xFFFFFFFF)
    return address


@cases
@given(
    url=st.builds("https://{}{}".format, written(), st.sampled_from(["", ":8443/", "/hook", "?a=@", "#@b"]))
    | broken_bytes(b"https://10.0.0.1:8443/hook").map(lambda raw: raw.decode("utf-8", "replace"))
    | broken_bytes(b"https://[::ffff:169.254.169.254]/").map(lambda raw: raw.decode("utf-8", "replace"))
    | st.text(max_size=40)
)
def test_no_forbidden_address_slips_through(url: str) -> None:
    try:
        check_webhook_url(url, "PRD")
    except WebhookRefused:
        return
    # What the library that makes the call reads, and what the standard library reads.
    for host in {yarl.URL(url).host or "", urlsplit(url).hostname or ""}:
        for address in called(host):
            real = seen_through(address)
            assert not real.is_loopback, url
            assert not any(real.version == network.version and real in network for network in FORBIDDEN), url


TRUSTED = networks("10.0.0.0/8")
FORWARDED = b'for=203.0.113.9;proto=https;host=dip.example, for="[2001:db8::1]:80", for=10.0.0.2'


@cases
@given(
    header=broken_bytes(FORWARDED).map(lambda raw: raw.decode("latin-1")) | st.text(max_size=60),
    name=st.sampled_from(["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"]),
    style=st.sampled_from(["Forwarded", "X-Forwarded-For"]),
)
def test_what_a_proxy_says_is_an_address_or_is_not_believed(header: str, name: str, style: str) -> None:
    headers = CIMultiDict({"Host": "own.example", name: header})
    for peer, believed in (("10.0.0.1", True), ("203.0.113.1", False)):
        request = make_mocked_request("GET", "/", headers=headers).clone(remote=peer)
        asked = Proxies(TRUSTED, style).asked(request)
        ipaddress.ip_address(asked.address)
        assert asked.scheme in ("http", "https")
        if not believed:
            assert (asked.address, asked.host) == (peer, "own.example")


@cases
@given(junk=broken_bytes(FORWARDED).map(lambda raw: raw.decode("latin-1")))
def test_what_a_caller_writes_before_the_proxy_hides_nothing(junk: str) -> None:
    request = make_mocked_request(
        "GET", "/", headers=CIMultiDict({"Host": "a", "Forwarded": f"{junk}, for=198.51.100.7"})
    ).clone(remote="10.0.0.1")
    assert Proxies(TRUSTED).asked(request).address == "198.51.100.7"

"""Who asked, and for what, behind a gateway: `Forwarded` (RFC 7239) or `X-Forwarded-*`, from configured proxies alone.

A certificate that a proxy writes into a header is never believed: who a participant is, the connection itself says.
"""

import re
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final, NamedTuple

from aiohttp import web

from dip.ground.errors import SetupRefused
from dip.ground.settings import Settings
from dip.participants.webhooks import Network, WebhookRefused, networks

_MOST_HOPS: Final = 20
"""Of a longer chain the part that is nearest to us counts."""
# Colons and brackets should stand in quotes alone, yet are often written without.
_PAIR: Final = re.compile(
    r"""\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=("(?:[^"\\]|\\.)*"|[!#$%&'*+.^_`|~0-9A-Za-z:\[\]-]+)\s*(;|,|$)"""
)
_ESCAPED: Final = re.compile(r"\\(.)")
_BRACKETED: Final = re.compile(r"\[([^\]]+)\](?::[0-9]{1,5})?")
_WITH_PORT: Final = re.compile(r"([0-9.]+):[0-9]{1,5}")
_HOST: Final = re.compile(r"([A-Za-z0-9_.-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")
_SCHEMES: Final = frozenset({"http", "https"})


class Asked(NamedTuple):
    """Who asked, and how: address of the client, and scheme and host that it asked for."""

    address: str
    scheme: str
    host: str


class _Hop(NamedTuple):
    """What one proxy says of who called it; None where it does not say."""

    address: str | None
    scheme: str | None = None
    host: str | None = None


class Proxies:
    """The gateways whose word is believed. header: which header they write; the other one may be a stranger's."""

    def __init__(self, trusted: Sequence[Network] = (), header: str = "Forwarded") -> None:
        self.trusted = trusted
        self._reads_forwarded = header == "Forwarded"

    @classmethod
    def of(cls, settings: Settings) -> "Proxies":
        """As the settings have it. Raises SetupRefused."""
        try:
            return cls(networks(settings.trusted_proxies), settings.proxy_header)
        except WebhookRefused as exc:
            raise SetupRefused(f"trusted_proxies: {exc.message}") from exc

    def asked(self, request: web.BaseRequest) -> Asked:
        """Who asked, walking from our end of the chain to the first address that is no trusted proxy.

        What has no form ends the walk: what was found so far counts, at worst the proxy's own address.
        """
        found = Asked(request.remote or "", request.scheme, request.host)
        if not is_within(found.address, self.trusted):
            return found
        for hop in reversed(self._hops(request)):
            if hop.address is None:
                break
            found = Asked(hop.address, hop.scheme or found.scheme, hop.host or found.host)
            if not is_within(hop.address, self.trusted):
                break
        return found

    def _hops(self, request: web.BaseRequest) -> Sequence[_Hop]:
        if self._reads_forwarded:
            return _forwarded(",".join(request.headers.getall("Forwarded", ())))
        addresses = [_address(part) for part in _listed(request, "X-Forwarded-For")]
        # One value of each, or one for each proxy: the nearest proxy's counts.
        scheme, host = _last(request, "X-Forwarded-Proto").lower(), _last(request, "X-Forwarded-Host")
        said = scheme if scheme in _SCHEMES else None, host if _HOST.fullmatch(host) else None
        return [_Hop(address, *said) for address in addresses[-_MOST_HOPS:]]


PROXIES: Final = web.AppKey("proxies", Proxies)
"""Where an application keeps them."""


def asked(request: web.Request) -> Asked:
    """Who asked, and for what."""
    return request.app.get(PROXIES, _NOBODY).asked(request)


def client_address(request: web.Request) -> str:
    """The address of who asked; '' where it is unknown."""
    return asked(request).address


def is_within(address: str, trusted: Sequence[Network]) -> bool:
    """Whether an address lies in one of the networks."""
    if not trusted:
        return False
    try:
        read = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    read = getattr(read, "ipv4_mapped", None) or read
    return any(read.version == network.version and read in network for network in trusted)


_NOBODY: Final = Proxies()


def _forwarded(text: str) -> Sequence[_Hop]:
    """The hops of a Forwarded header, the caller's end first; one that has no form stands as one without address.

    Where the whole has no form, only what stands behind the last such place counts: our own proxy writes at the end.
    """
    hops: list[_Hop] = []
    pairs: dict[str, str] = {}
    place = 0
    while place < len(text):
        match = _PAIR.match(text, place)
        if match is None:
            # From here nobody can tell quoted commas from others; the next comma begins the next hop at the earliest.
            comma = text.find(",", place)
            hops.append(_Hop(None))
            pairs = {}
            if comma < 0:
                break
            place = comma + 1
            continue
        name, value, end = match[1].lower(), match[2], match[3]
        if name in pairs:
            pairs["for"] = "twice"
        else:
            pairs[name] = _ESCAPED.sub(r"\1", value[1:-1]) if value.startswith('"') else value
        place = match.end()
        if end != ";":
            hops.append(_hop(pairs))
            pairs = {}
    if pairs:
        hops.append(_hop(pairs))
    return hops[-_MOST_HOPS:]


def _hop(pairs: dict[str, str]) -> _Hop:
    scheme, host = pairs.get("proto", "").lower(), pairs.get("host", "")
    return _Hop(
        _address(pairs.get("for", "")),
        scheme if scheme in _SCHEMES else None,
        host if _HOST.fullmatch(host) else None,
    )


def _address(text: str) -> str | None:
    """The IP address of a node, without brackets and port; None for a name, `unknown`, or nonsense."""
    text = text.strip()
    found = _BRACKETED.fullmatch(text) or _WITH_PORT.fullmatch(text)
    try:
        return str(ip_address(found[1] if found else text))
    except ValueError:
        return None


def _listed(request: web.BaseRequest, name: str) -> Sequence[str]:
    whole = ",".join(request.headers.getall(name, ()))
    return whole.split(",") if whole else ()


def _last(request: web.BaseRequest, name: str) -> str:
    listed = _listed(request, name)
    return listed[-1].strip() if listed else ""

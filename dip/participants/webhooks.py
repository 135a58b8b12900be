"""Which addresses a webhook may have: nobody steers the DIP's calls into a private network."""

import ipaddress
import re
import socket
import unicodedata
from collections.abc import Sequence
from typing import ClassVar
from urllib.parse import SplitResult, unquote, urlsplit

from dip.ground.errors import DipError

URL_LIMIT = 2048
"""Characters that the address of a webhook may have."""
PRODUCTION = "PRD"
DEVELOPMENT = "DEV"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAME = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?")
_BRACKETED = re.compile(r"\[[^\[\]]+\](:[0-9]*)?")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")
_FOUR_BYTES = 0xFFFFFFFF


class WebhookRefused(DipError):
    """This address can't be a webhook."""

    code: ClassVar[str] = "webhook_refused"


def networks(text: str) -> tuple[Network, ...]:
    """The networks of a setting: CIDR, comma between. Raises WebhookRefused that names the bad one."""
    found: list[Network] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            found.append(ipaddress.ip_network(part, strict=False))
        except ValueError:
            raise WebhookRefused(f"{part} is not a network; write it like 10.1.0.0/16.") from None
    return tuple(found)


def check_webhook_url(url: str, environment: str, allowed_networks: Sequence[Network] = ()) -> None:
    """Raise WebhookRefused where a URL can't be a webhook in this environment.

    A host name is only looked at: what it resolves to is checked by `check_address` at each call.
    """
    parts = _split(url)
    host = _host(parts)
    address = _address(host)
    if address is not None:
        check_address(str(address), environment, allowed_networks)
    elif _is_local_name(host) and environment == PRODUCTION:
        raise WebhookRefused(f"{host} is this machine itself, which is refused in {PRODUCTION}.")
    loopback = _is_loopback(address) if address is not None else _is_local_name(host)
    if parts.scheme != "https" and not (loopback and environment == DEVELOPMENT):
        raise WebhookRefused(f"A webhook starts with https:// (http:// only for loopback in {DEVELOPMENT}).")


def check_address(ip: str, environment: str, allowed_networks: Sequence[Network] = ()) -> None:
    """Raise WebhookRefused where an address that a host name resolved to may not be called."""
    try:
        address: Address = ipaddress.ip_address(ip.partition("%")[0])
    except ValueError:
        raise WebhookRefused(f"{ip} is not an IP address.") from None
    for seen in (address, *_embedded(address)):
        if any(seen.version == network.version and seen in network for network in allowed_networks):
            return
    # An IPv6 form of an IPv4 address is as public as that one is.
    for seen in _embedded(address) or (address,):
        reason = _refused_kind(seen, environment)
        if reason is not None:
            raise WebhookRefused(f"{ip} is {reason}; a webhook needs a public address, or a setting that lists it.")


def check_resolved(host: str, ip: str, environment: str, allowed_networks: Sequence[Network] = ()) -> None:
    """Raise WebhookRefused where what a host name resolved to may not be called.

    A name of this machine itself, for which http:// may do, leads nowhere else.
    """
    check_address(ip, environment, allowed_networks)
    if _is_local_name(host.rstrip(".").lower()) and not _is_loopback(ipaddress.ip_address(ip.partition("%")[0])):
        raise WebhookRefused(f"{host} leads to another machine; a name of this one must lead to this one.")


def _split(url: str) -> SplitResult:
    if len(url) > URL_LIMIT:
        raise WebhookRefused(f"A webhook has at most {URL_LIMIT} characters.")
    if any(character.isspace() or not character.isprintable() or character == "\\" for character in url):
        raise WebhookRefused("A webhook has no white space, control characters or backslashes.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise WebhookRefused("The address can't be read as a URL with a host and a port up to 65535.") from None
    if parts.scheme not in ("https", "http"):
        raise WebhookRefused("A webhook starts with https://.")
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise WebhookRefused("A webhook carries no user name or password.")
    if ("[" in parts.netloc or "]" in parts.netloc) and _BRACKETED.fullmatch(parts.netloc) is None:
        raise WebhookRefused("Between the brackets of an IPv6 address and the port nothing else may stand.")
    if port == 0:
        raise WebhookRefused("Port 0 can't be called.")
    return parts


def _host(parts: SplitResult) -> str:
    # Full-width digits, ideographic full stops and %31 all become what a resolver would make of them.
    host = unicodedata.normalize("NFKC", unquote(parts.hostname or "")).replace("\u3002", ".").lower()
    host = host.rstrip(".")
    if not host or not host.isascii():
        raise WebhookRefused("A webhook names a host; write an international name in its xn-- form.")
    return host


def _address(host: str) -> Address | None:
    """The address that a host is in any notation, or None where it is a name."""
    if ":" in host:
        try:
            return ipaddress.IPv6Address(host.partition("%")[0])
        except ValueError:
            raise WebhookRefused(f"{host} is not an IP address.") from None
    if _NAME.fullmatch(host) is None:
        raise WebhookRefused("A webhook names a host of letters, digits, hyphens and dots.")
    last = host.rpartition(".")[2]
    if not (last.isdigit() or last.startswith("0x")):
        return None
    try:
        # Reads all that a resolver would take for IPv4: decimal, octal, hexadecimal, one to four parts.
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        raise WebhookRefused(f"{host} is neither an IP address nor a host name.") from None


def _is_loopback(address: Address) -> bool:
    return all(seen.is_loopback for seen in _embedded(address) or (address,))


def _is_local_name(host: str) -> bool:
    return host in ("localhost", "localhost.localdomain") or host.endswith(".localhost")


def _embedded(address: Address) -> tuple[Address, ...]:
    """The IPv4 addresses that an IPv6 address stands for or leads to."""
    if isinstance(address, ipaddress.IPv4Address):
        return ()
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:
        return address.teredo
    low = int(address) & _FOUR_BYTES
    if address in _NAT64 or (address in _COMPATIBLE and low > 1):
        return (ipaddress.IPv4Address(low),)
    return ()


def _refused_kind(address: Address, environment: str) -> str | None:
    if address.is_loopback:
        return "this machine itself" if environment == PRODUCTION else None
    kinds = (
        ("an unspecified address", address.is_unspecified),
        ("a multicast address", address.is_multicast),
        ("a link-local address", address.is_link_local),
        ("a private or reserved address", not address.is_global or address.is_reserved),
    )
    return next((name for name, is_so in kinds if is_so), None)

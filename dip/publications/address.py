"""The stable address of a payload, which fits the message that announces it (5.6, DI-970)."""

import re
from typing import Final
from urllib.parse import urlsplit

import msgspec

from dip.ground.errors import BadRequest
from dip.messages.identifiers import InterfaceId

LATEST: Final = "latest"
"""In the place of a version: the one published last."""
LONGEST_URI: Final = 225
"""Characters of DI-970."""
_PATH: Final = "/publications"
_LONGEST_NAME: Final = 100
_LONGEST_VERSION: Final = 10
_FORM: Final = re.compile(r"[A-Za-z0-9](?:(?:[A-Za-z0-9_-]|\.(?!\.))*[A-Za-z0-9])?")
_SAID: Final = "letters, digits, '.', '_' and '-' between, a letter or digit at both ends, no two dots in a row"
_STEPS: Final = 3
_NEAR: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class AddressRefused(BadRequest):
    """This can't be the address of a payload."""

    code = "address_refused"


class PayloadAddress(msgspec.Struct, frozen=True, order=True):
    """Where a payload is read: on a channel, by its name, in a version."""

    channel: InterfaceId
    name: str
    version: str

    @property
    def path(self) -> str:
        """The address within the portal."""
        return f"{_PATH}/{self.channel}/{self.name}/{self.version}"

    @property
    def latest_path(self) -> str:
        """The address of whichever version was published last."""
        return f"{_PATH}/{self.channel}/{self.name}/{LATEST}"

    @property
    def file_name(self) -> str:
        """A proper name for the downloaded file: with the version, before what tells its kind."""
        stem, dot, kinds = self.name.partition(".")
        return f"{stem}-{self.version}{dot}{kinds}"


def checked_address(channel: InterfaceId, name: str, version: str) -> PayloadAddress:
    """The address. Raises AddressRefused where name or version has no form."""
    for what, value, longest in (("name", name, _LONGEST_NAME), ("version", version, _LONGEST_VERSION)):
        if len(value) > longest or not _FORM.fullmatch(value):
            raise AddressRefused(f"{what}: expected 1 to {longest} characters: {_SAID}.")
    if version.lower() == LATEST:
        raise AddressRefused(f"version: expected another word than {LATEST!r}, which stands for the newest one.")
    return PayloadAddress(channel, name, version)


class PublicAddress:
    """Where the portal is reached from outside, and so where payloads are read."""

    def __init__(self, base: str) -> None:
        """base: such as https://dip.example, where `/publications` stands behind."""
        self.base = base.rstrip("/")
        self._origin = _origin(self.base)
        self._prefix = urlsplit(self.base).path

    def uri(self, address: PayloadAddress) -> str:
        """The whole address. Raises AddressRefused where it is too long for a message."""
        uri = f"{self.base}{address.path}"
        if len(uri) > LONGEST_URI:
            raise AddressRefused(
                f"name: its address at {self.base} would have {len(uri)} characters, a message takes {LONGEST_URI}."
            )
        return uri

    def is_ours(self, uri: str) -> bool:
        """Whether this leads to the portal, and not to an outside address."""
        origin = _origin(uri)
        return origin is not None and origin == self._origin

    def read(self, uri: str) -> PayloadAddress:
        """The payload that an address of the portal names. Raises AddressRefused."""
        parts = urlsplit(uri)
        head, _, rest = parts.path.partition(f"{_PATH}/")
        steps = rest.split("/")
        if head != self._prefix or len(steps) != _STEPS or parts.query or parts.fragment:
            raise AddressRefused(f"expected {self.base}{_PATH}/ and channel, name and version, with '/' between.")
        return checked_address(InterfaceId(steps[0]), steps[1], steps[2])


def _origin(uri: str) -> tuple[str, str, int | None] | None:
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if host is None:
        return None
    scheme = parts.scheme.lower()
    # What a tester calls it is the same machine.
    return (
        scheme,
        "localhost" if host in _NEAR else host,
        port if port is not None else {"http": 80, "https": 443}.get(scheme),
    )

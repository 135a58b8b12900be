"""The registration services that the DIP asks, as the settings and orders name them (5.5.14, FS-35)."""

import re
from collections.abc import Mapping
from typing import Final

from dip.ground.errors import SetupRefused
from dip.messages.identifiers import DipId
from dip.registration.errors import RegistrationServiceFailed
from dip.registration.service_client import address_of

MOST_SERVICES: Final = 100
"""In the settings, and in one order."""
_DIP_ID: Final = re.compile("[0-9]{10}", re.ASCII)

Services = Mapping[DipId, str]
"""The base of each service's addresses, by its DIP id."""


def read_services(text: str) -> Services:
    """The services of the setting: `DIPID=https://host:port/base`, comma between. Raises SetupRefused."""
    found: dict[DipId, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, sign, url = (piece.strip() for piece in part.partition("="))
        if not sign:
            raise _refused(f"{part[:60]!r}: expected DIPID=https://host:port/base, comma between")
        if name in found:
            raise _refused(f"{name[:20]} stands there twice")
        try:
            found[service_named(name)] = checked(DipId(name), url)
        except ValueError as exc:
            raise _refused(str(exc)) from exc
    if len(found) > MOST_SERVICES:
        raise _refused(f"at most {MOST_SERVICES} services")
    return found


def service_named(text: str) -> DipId:
    """A DIP id, by its form. Raises ValueError, whose argument says what was expected."""
    if not _DIP_ID.fullmatch(text):
        raise ValueError(f"{text[:20]!r}: expected a DIP id, ten digits")
    return DipId(text)


def checked(service: DipId, url: str) -> str:
    """The base of a service's addresses. Raises ValueError, whose argument says what was expected."""
    try:
        address_of(service, url)
    except RegistrationServiceFailed as exc:
        raise ValueError(f"{service}: expected an https address without user, query and fragment") from exc
    return url


def _refused(reason: str) -> SetupRefused:
    return SetupRefused(f"registration_services: {reason}")

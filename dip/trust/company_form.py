"""What the central feed says of companies: the body of /companyDetails, read with every fault (5.7.1).

No form of it is published; this one is ours and stands in docs/reference/company-details.md.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from dip.channels.roles import Role
from dip.ground.errors import DipError
from dip.messages.faults import FAULTS_SHOWN, Fault, pointer
from dip.messages.identifiers import DIP, DipId, RoleCode
from dip.messages.timestamps import moment_of

MOST_COMPANIES: Final = 1000
MOST_PARTICIPANTS: Final = 1000
MOST_ROLES: Final = 50
NAME_LIMIT: Final = 200

DIP_ID: Final = re.compile(r"[0-9A-Z]{10}")
MPID: Final = re.compile(r"[0-9A-Z]{4}")
COMPANY_NUMBER: Final = re.compile(r"[0-9A-Za-z]{1,20}")
_MARKET_ROLE: Final = re.compile(r"[0-9A-Za-z]{1,10}")
_PLATFORM: Final = "platform"


class OnboardingRefused(DipError):
    """What was said of companies or participants can't be so."""

    code = "onboarding_refused"

    def __init__(self, faults: Iterable[Fault]) -> None:
        """faults: the first of them are shown, up to ten."""
        self.faults = tuple(faults)
        shown = [str(fault) for fault in self.faults[:FAULTS_SHOWN]]
        more = len(self.faults) - len(shown)
        super().__init__("; ".join(shown) + (f"; and {more} more" if more else ""))


class StatedRole(msgspec.Struct, frozen=True):
    """A role of a participant. Times are business time; the end is exclusive; None: open."""

    role: RoleCode
    market_role: str = ""
    effective_from: datetime | None = None
    effective_to: datetime | None = None


class StatedParticipant(msgspec.Struct, frozen=True):
    """A market participant with all its roles; without any it leaves. dip_id: None to have the DIP find or make it.

    place: the JSON pointer of where it was said.
    """

    mpid: str
    name: str
    dip_id: DipId | None
    roles: tuple[StatedRole, ...]
    place: str = ""


class StatedCompany(msgspec.Struct, frozen=True):
    """A company. complete: participants of it that are not named leave."""

    number: str
    name: str
    complete: bool
    participants: tuple[StatedParticipant, ...]


def read_companies(body: bytes, roles: Mapping[RoleCode, Role]) -> tuple[StatedCompany, ...]:
    """One company, or an array of them. roles: those of the catalogue. Raises OnboardingRefused with every fault."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise OnboardingRefused([Fault("", f"JSON ({exc})")]) from exc
    return companies_of(found, roles)


def companies_of(found: Any, roles: Mapping[RoleCode, Role]) -> tuple[StatedCompany, ...]:
    """As `read_companies`, of plain values."""
    reading = _Reading(roles)
    if isinstance(found, list):
        if len(found) > MOST_COMPANIES:
            raise OnboardingRefused([Fault("", f"at most {MOST_COMPANIES} companies", str(len(found)))])
        made = [reading.company(one, pointer(index)) for index, one in enumerate(found)]
    else:
        made = [reading.company(found, "")]
    if reading.faults:
        raise OnboardingRefused(reading.faults)
    return tuple(made)


class _Reading:
    """Reads what was said; faults are gathered, and stand-in values go on."""

    def __init__(self, roles: Mapping[RoleCode, Role]) -> None:
        self._roles = roles
        self.faults: list[Fault] = []

    def company(self, found: Any, place: str) -> StatedCompany:
        known = ("companyNumber", "companyName", "complete", "marketParticipants")
        fields = self._fields(found, place, known, required=("companyNumber", "companyName"))
        number = self._text(
            fields, "companyNumber", place, COMPANY_NUMBER.fullmatch, "a company number: 1 to 20 letters and digits"
        )
        name = self._text(fields, "companyName", place, _is_name, f"a name of 1 to {NAME_LIMIT} characters")
        complete = fields.get("complete", False)
        if not isinstance(complete, bool):
            self._fault(f"{place}/complete", "true or false", complete)
        listed = self._list(fields, "marketParticipants", place, MOST_PARTICIPANTS)
        participants = tuple(
            self._participant(one, f"{place}/marketParticipants/{index}", name) for index, one in enumerate(listed)
        )
        self._check_once(participants)
        return StatedCompany(number, name, complete is True, participants)

    def _participant(self, found: Any, place: str, company: str) -> StatedParticipant:
        fields = self._fields(found, place, ("MPID", "DIPID", "name", "marketRoles"), required=("MPID", "marketRoles"))
        mpid = self._text(fields, "MPID", place, MPID.fullmatch, "a market participant id: 4 capitals and digits")
        dip_id = None
        if fields.get("DIPID") is not None:
            text = self._text(fields, "DIPID", place, DIP_ID.fullmatch, "a DIP id: 10 digits")
            if text == DIP:
                self._fault(f"{place}/DIPID", "a participant's, not the DIP's own", text)
            dip_id = DipId(text)
        name = company
        if fields.get("name") is not None:
            name = self._text(fields, "name", place, _is_name, f"a name of 1 to {NAME_LIMIT} characters")
        listed = self._list(fields, "marketRoles", place, MOST_ROLES)
        roles = tuple(self._role(one, f"{place}/marketRoles/{index}") for index, one in enumerate(listed))
        codes = [one.role for one in roles if one.role]
        for code in {code for code in codes if codes.count(code) > 1}:
            self.faults.append(Fault(f"{place}/marketRoles", "each DIPRoleCode once", code))
        return StatedParticipant(mpid, name, dip_id, roles, place)

    def _role(self, found: Any, place: str) -> StatedRole:
        fields = self._fields(
            found,
            place,
            ("DIPRoleCode", "marketRoleCode", "effectiveFrom", "effectiveTo"),
            required=("DIPRoleCode",),
        )
        known = ", ".join(sorted(code for code, role in self._roles.items() if role.kind != _PLATFORM))
        role = self._text(fields, "DIPRoleCode", place, self._is_role, f"one of {known}")
        market_role = ""
        if fields.get("marketRoleCode") is not None:
            expected = "a market role code: 1 to 10 letters and digits"
            market_role = self._text(fields, "marketRoleCode", place, _MARKET_ROLE.fullmatch, expected)
        starts, ends = (self._moment(fields, name, place) for name in ("effectiveFrom", "effectiveTo"))
        if starts is not None and ends is not None and ends <= starts:
            self.faults.append(Fault(f"{place}/effectiveTo", "a time after effectiveFrom"))
        return StatedRole(RoleCode(role), market_role, starts, ends)

    def _check_once(self, participants: Iterable[StatedParticipant]) -> None:
        known: set[tuple[str, str]] = set()
        for one in participants:
            name = ("DIPID", one.dip_id) if one.dip_id is not None else ("MPID", one.mpid)
            if name in known:
                self.faults.append(Fault(f"{one.place}/{name[0]}", "each participant once", name[1]))
            known.add(name)

    def _is_role(self, text: str) -> bool:
        role = self._roles.get(RoleCode(text))
        return role is not None and role.kind != _PLATFORM

    def _moment(self, fields: Mapping[str, Any], name: str, place: str) -> datetime | None:
        text = fields.get(name)
        if text is None:
            return None
        found = moment_of(text) if isinstance(text, str) else None
        if found is None:
            self._fault(f"{place}/{name}", "YYYY-MM-DD, or 25 characters with an offset", text)
        return found

    def _text(
        self, fields: Mapping[str, Any], name: str, place: str, fits: Callable[[str], object], expected: str
    ) -> str:
        text = fields.get(name)
        if isinstance(text, str) and fits(text):
            return text
        if name in fields:
            self._fault(f"{place}/{name}", expected, text)
        return ""

    def _list(self, fields: Mapping[str, Any], name: str, place: str, most: int) -> list[Any]:
        found = fields.get(name, [])
        if isinstance(found, list) and len(found) <= most:
            return found
        self._fault(f"{place}/{name}", f"an array of at most {most}", found)
        return []

    def _fields(self, found: Any, place: str, known: tuple[str, ...], *, required: tuple[str, ...]) -> dict[str, Any]:
        if not isinstance(found, dict):
            self._fault(place, "an object", found)
            return {}
        for name in found:
            if name not in known:
                self.faults.append(Fault(f"{place}{pointer(name[:50])}", f"one of {', '.join(known)}"))
        for name in required:
            if name not in found:
                self.faults.append(Fault(f"{place}/{name}", "a value; it is missing"))
        return found

    def _fault(self, place: str, expected: str, found: object) -> None:
        plain = msgspec.json.encode(found).decode()[:40]
        shown = "an object" if isinstance(found, dict) else "an array" if isinstance(found, list) else plain
        self.faults.append(Fault(place, expected, shown))


def _is_name(text: str) -> bool:
    return 0 < len(text) <= NAME_LIMIT and text.isprintable() and not text.isspace()

"""What an administrator says of a participant, checked and worked out to one step (5.7.2, FS-43)."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from dip.channels.registry import Registry
from dip.messages.faults import Fault
from dip.messages.identifiers import DIP, DipId, RoleCode
from dip.participants.participant import Participant, Qualification
from dip.participants.receiving import offered_to
from dip.participants.registry import Participants
from dip.security.certificate_requests import requested_key
from dip.security.pki import CertificateUse
from dip.trust.company_form import COMPANY_NUMBER, DIP_ID, MPID, NAME_LIMIT, OnboardingRefused
from dip.trust.onboarding_plan import Step, following, new_dip_id, with_base_roles

_PLATFORM: Final = "platform"
_BROUGHT: Final = (CertificateUse.TLS, CertificateUse.SIGNING, CertificateUse.ENCRYPTION)


class NewParticipant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A participant to be added. dipId: made from the prefix of its first role where it is left out.

    company: its number; companyName: where the company is new. csr: signing requests in PEM by use (tls, signing,
    encryption) for keys that it brings; the DIP makes the others.
    """

    mpid: str
    name: str
    roles: tuple[RoleCode, ...]
    dip_id: str | None = None
    company: str | None = None
    company_name: str | None = None
    optional_roles: tuple[RoleCode, ...] = ()
    optional_channels: tuple[str, ...] = ()
    csr: dict[str, str] = {}


class ParticipantChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What is to be different; what is left out stays. roles: the base ones; newApiKey: void the old key."""

    mpid: str | None = None
    name: str | None = None
    roles: tuple[RoleCode, ...] | None = None
    company: str | None = None
    company_name: str | None = None
    optional_roles: tuple[RoleCode, ...] | None = None
    optional_channels: tuple[str, ...] | None = None
    new_api_key: bool = False

    @property
    def is_sign_up(self) -> bool:
        """Whether it is about nothing but optional roles and channels, which a company decides for itself."""
        usual = ParticipantChange(optional_roles=self.optional_roles, optional_channels=self.optional_channels)
        return self == usual


class CompanyOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A company by number and name."""

    number: str
    name: str


def joining(order: NewParticipant, participants: Participants, registry: Registry, wall: datetime) -> Step:
    """The step of a participant that is added. wall: wall time. Raises OnboardingRefused, CertificateRequestRefused."""
    checks = _Checks(registry)
    checks.named(order.mpid, order.name, order.company, order.company_name)
    checks.roles("/roles", order.roles)
    if not order.roles:
        checks.faults.append(Fault("/roles", "at least one role"))
    if order.dip_id is not None:
        checks.text("/dipId", order.dip_id, DIP_ID.fullmatch, "10 digits")
        if order.dip_id == DIP:
            checks.faults.append(Fault("/dipId", "a participant's, not the DIP's own"))
    for use in order.csr:
        if use not in _BROUGHT:
            checks.faults.append(Fault("/csr", "tls, signing or encryption", use[:20]))
    checks.raise_()
    dip_id = DipId(order.dip_id or "")
    if order.dip_id is None:
        dip_id = new_dip_id(registry.roles[order.roles[0]].prefix, (one.dip_id for one in participants))
    before = participants.get(dip_id)
    after = with_base_roles(Participant(dip_id, order.mpid, order.name, (), "", wall), order.roles)
    after = msgspec.structs.replace(
        after,
        company=order.company or (before.company if before is not None else ""),
        since=before.since if before is not None else wall,
    )
    after = _signed_up(after, order.optional_roles, order.optional_channels, checks)
    own_keys = {CertificateUse(use): requested_key(pem.encode(), CertificateUse(use)) for use, pem in order.csr.items()}
    return Step(before=before, after=after, qualifications=(), own_keys=own_keys)


def changed(before: Participant, change: ParticipantChange, registry: Registry, known: Sequence[Qualification]) -> Step:
    """The step of a participant that is changed. known: what the feed said of its roles. Raises OnboardingRefused."""
    checks = _Checks(registry)
    checks.named(change.mpid, change.name, change.company, change.company_name)
    if change.roles is not None:
        checks.roles("/roles", change.roles)
        if not change.roles:
            checks.faults.append(Fault("/roles", "at least one role; DELETE offboards the participant"))
    checks.raise_()
    given = {"mpid": change.mpid, "name": change.name, "company": change.company}
    after = msgspec.structs.replace(before, **{name: value for name, value in given.items() if value is not None})
    qualifications = None
    if change.roles is not None:
        after = with_base_roles(after, change.roles)
        if known:
            # The administrator's word counts, without dates, until the feed says something else.
            stated = {one.role: one for one in known}
            qualifications = tuple(_open(stated.get(role), before.dip_id, role) for role in change.roles)
    optional_roles = after.optional_roles if change.optional_roles is None else change.optional_roles
    if change.optional_channels is None:
        after = _signed_up(after, optional_roles, None, checks)
    else:
        after = _signed_up(after, optional_roles, change.optional_channels, checks)
    return Step(before=before, after=following(before, after, registry), qualifications=qualifications)


def _open(known: Qualification | None, dip_id: DipId, role: RoleCode) -> Qualification:
    return Qualification(dip_id, role, known.market_role if known is not None else "")


def _signed_up(
    participant: Participant, roles: Iterable[RoleCode], channels: Iterable[str] | None, checks: "_Checks"
) -> Participant:
    """With these optional roles and channels; None: those that it has, as far as they are offered still."""
    base = participant.base_roles
    optional = tuple(role for role in dict.fromkeys(roles) if role not in base)
    offered_roles = {code for code, role in checks.registry.roles.items() if role.optional}
    kept = set(participant.optional_roles)
    checks.offered("/optionalRoles", [role for role in optional if role not in kept], offered_roles)
    made = msgspec.structs.replace(participant, roles=(*base, *optional), optional_roles=optional)
    offered = offered_to(made, checks.registry.channels.values())
    if channels is None:
        signed_up = tuple(one for one in participant.optional_channels if one in offered)
    else:
        signed_up = tuple(dict.fromkeys(channels))
        checks.offered("/optionalChannels", signed_up, offered)
    checks.raise_()
    return msgspec.structs.replace(made, optional_channels=signed_up)


class _Checks:
    """Gathers faults of an order."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.faults: list[Fault] = []

    def named(self, mpid: str | None, name: str | None, company: str | None, company_name: str | None) -> None:
        """What names a participant and its company."""
        expected = f"1 to {NAME_LIMIT} characters"
        self.text("/mpid", mpid, MPID.fullmatch, "4 capitals and digits")
        self.text("/name", name, _is_name, expected)
        self.text("/company", company or None, COMPANY_NUMBER.fullmatch, "a company number: 1 to 20 letters and digits")
        self.text("/companyName", company_name, _is_name, expected)

    def text(self, place: str, text: str | None, fits: Callable[[str], Any], expected: str) -> None:
        """A text that was given has to fit."""
        if text is not None and not fits(text):
            self.faults.append(Fault(place, expected, text[:40]))

    def roles(self, place: str, roles: Iterable[RoleCode]) -> None:
        """Roles of the catalogue, but the platform's own."""
        roles_known: Mapping[RoleCode, Any] = self.registry.roles
        for index, role in enumerate(roles):
            known = roles_known.get(role)
            if known is None or known.kind == _PLATFORM:
                self.faults.append(Fault(f"{place}/{index}", "a market role", role[:20]))

    def offered(self, place: str, wanted: Iterable[str], offered: Collection[str]) -> None:
        """What may be signed up for."""
        for index, one in enumerate(wanted):
            if one not in offered:
                choice = ", ".join(sorted(offered)) or "none is offered"
                self.faults.append(Fault(f"{place}/{index}", f"one that may be signed up for: {choice}", one[:20]))

    def raise_(self) -> None:
        """Raise OnboardingRefused where anything is wrong."""
        if self.faults:
            raise OnboardingRefused(self.faults)


def _is_name(text: str) -> bool:
    return 0 < len(text) <= NAME_LIMIT and text.isprintable() and not text.isspace()

"""What onboarding changes, worked out before anything is done: one step for each participant (5.7.1)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from dip.channels.registry import Registry
from dip.messages.faults import Fault
from dip.messages.identifiers import DIP, DipId, RoleCode
from dip.participants.participant import Participant, Qualification
from dip.participants.receiving import received_by
from dip.participants.registry import Participants
from dip.security.certificates import VerificationKey
from dip.security.pki import CertificateUse
from dip.trust.company_form import OnboardingRefused, StatedCompany, StatedParticipant

_DIGITS: Final = 8
"""Of a DIP id behind the prefix of its role."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One participant's change. before: None for a new one. qualifications: None leaves what the feed said before.

    own_keys: public keys that a joining participant brings.
    """

    after: Participant
    before: Participant | None = None
    qualifications: tuple[Qualification, ...] | None = None
    own_keys: Mapping[CertificateUse, VerificationKey] = msgspec.field(default_factory=dict)

    @property
    def joins(self) -> bool:
        """Whether it takes part from now on, and did not before: it needs certificates and a key."""
        return self.after.left_at is None and (self.before is None or self.before.left_at is not None)

    @property
    def leaves(self) -> bool:
        """Whether it takes part no more."""
        return self.after.left_at is not None and self.before is not None and self.before.left_at is None

    @property
    def loses(self) -> bool:
        """Whether there is something that it may not receive any more."""
        return self.leaves or bool(self.after.lost_channels and self.after != self.before)


def following(before: Participant, after: Participant, registry: Registry) -> Participant:
    """A participant as it is after a change of its roles or sign-ups, with the channels that it lost by it."""
    channels = registry.channels.values()
    had, has = received_by(before, channels), received_by(after, channels)
    lost = (had | frozenset(before.lost_channels)) - has
    return msgspec.structs.replace(after, lost_channels=tuple(sorted(lost)))


def left(before: Participant, at: datetime) -> Participant:
    """A participant that takes no part any more; names stay for what is archived. at: wall time."""
    return msgspec.structs.replace(
        before, roles=(), optional_roles=(), optional_channels=(), lost_channels=(), api_key_digest="", left_at=at
    )


def with_base_roles(before: Participant, roles: Iterable[RoleCode]) -> Participant:
    """A participant with other base roles; what it signed up for beside them stays."""
    base = tuple(dict.fromkeys(roles))
    optional = tuple(role for role in before.optional_roles if role not in base)
    return msgspec.structs.replace(before, roles=(*base, *optional), optional_roles=optional)


def new_dip_id(prefix: str, taken: Iterable[DipId]) -> DipId:
    """The id behind the highest of a prefix; a number is never used twice. Raises OnboardingRefused."""
    numbers = (int(one[2:]) for one in taken if one.startswith(prefix) and one[2:].isdecimal())
    number = max(numbers, default=0) + 1
    if number >= 10**_DIGITS:
        raise OnboardingRefused([Fault("/DIPID", f"a DIP id: those that begin with {prefix} are used up")])
    return DipId(f"{prefix}{number:0{_DIGITS}d}")


def roles_in_force(qualifications: Iterable[Qualification], now: datetime) -> tuple[RoleCode, ...]:
    """The roles that may be used now, of business time."""
    return tuple(one.role for one in qualifications if one.is_in_force(now))


def has_ended(qualifications: Iterable[Qualification], now: datetime) -> bool:
    """Whether no role is in force, nor will be."""
    return all(one.effective_to is not None and one.effective_to <= now for one in qualifications)


class Planner:
    """Works steps out against one snapshot. now: business time; wall: wall time."""

    def __init__(
        self,
        *,
        participants: Participants,
        qualifications: Mapping[DipId, Sequence[Qualification]],
        registry: Registry,
        now: datetime,
        wall: datetime,
    ) -> None:
        self._participants = participants
        self._qualifications = qualifications
        self._registry = registry
        self._now = now
        self._wall = wall
        self._taken = {one.dip_id for one in participants}

    def check(self, companies: Iterable[StatedCompany]) -> None:
        """Raise OnboardingRefused with everything that does not agree with what is known."""
        faults: list[Fault] = []
        claimed: dict[DipId, str] = {}
        for company in companies:
            for stated in company.participants:
                try:
                    found = self._find(company, stated)
                except OnboardingRefused as refused:
                    faults.extend(refused.faults)
                    continue
                if found is None:
                    if not stated.roles and stated.dip_id is None:
                        faults.append(Fault(f"{stated.place}/MPID", "a participant of the company", stated.mpid))
                    continue
                if found.dip_id in claimed:
                    faults.append(Fault(stated.place, f"{found.dip_id} once; it stands at {claimed[found.dip_id]} too"))
                claimed[found.dip_id] = stated.place or "/"
        if faults:
            raise OnboardingRefused(faults)

    def steps(self, company: StatedCompany) -> list[Step]:
        """What a company's statement changes; nothing where it says what is known already."""
        steps: list[Step] = []
        named: set[DipId] = set()
        for stated in company.participants:
            step = self._step(company, stated)
            if step is None:
                continue
            named.add(step.after.dip_id)
            if step.after != step.before or step.qualifications is not None:
                steps.append(step)
        if company.complete:
            steps += [
                self.leaving(one)
                for one in self._participants
                if one.company == company.number and one.left_at is None and one.dip_id not in named
            ]
        return steps

    def leaving(self, participant: Participant) -> Step:
        """A participant leaves."""
        return Step(before=participant, after=left(participant, self._wall), qualifications=())

    def due(self) -> list[Step]:
        """What the dates of roles change by now."""
        found = []
        for dip_id, qualifications in self._qualifications.items():
            participant = self._participants.present(dip_id)
            if participant is None or not qualifications:
                continue
            if has_ended(qualifications, self._now):
                found.append(self.leaving(participant))
                continue
            # The order that was stated is kept as far as it is known.
            in_force = roles_in_force(qualifications, self._now)
            base = [role for role in participant.base_roles if role in in_force]
            after = with_base_roles(participant, [*base, *in_force])
            if after.roles != participant.roles:
                found.append(Step(before=participant, after=following(participant, after, self._registry)))
        return found

    def _step(self, company: StatedCompany, stated: StatedParticipant) -> Step | None:
        before = self._find(company, stated)
        dip_id = before.dip_id if before is not None else stated.dip_id
        if dip_id is None:
            dip_id = new_dip_id(self._registry.roles[stated.roles[0].role].prefix, self._taken)
        self._taken.add(dip_id)
        qualifications = tuple(
            Qualification(dip_id, one.role, one.market_role, one.effective_from, one.effective_to)
            for one in stated.roles
        )
        if has_ended(qualifications, self._now):
            if before is None:
                return None
            return self.leaving(before) if before.left_at is None else Step(before=before, after=before)
        known = before or Participant(dip_id, stated.mpid, stated.name, (), "", self._wall)
        renamed = msgspec.structs.replace(
            known, mpid=stated.mpid, name=stated.name, company=company.number, left_at=None
        )
        after = with_base_roles(renamed, roles_in_force(qualifications, self._now))
        if before is not None and before.left_at is None:
            after = following(before, after, self._registry)
        same = set(qualifications) == set(self._qualifications.get(dip_id, ()))
        return Step(before=before, after=after, qualifications=None if same else qualifications)

    def _find(self, company: StatedCompany, stated: StatedParticipant) -> Participant | None:
        """The participant that is meant; None for a new one. Raises OnboardingRefused."""
        if stated.dip_id is not None:
            found = self._participants.get(stated.dip_id)
            if found is not None and found.company not in ("", company.number) and found.left_at is None:
                fault = Fault(f"{stated.place}/DIPID", f"a DIP id of company {company.number}", stated.dip_id)
                raise OnboardingRefused([fault])
            return found
        same = [one for one in self._participants if one.mpid == stated.mpid and one.dip_id != DIP]
        own = [one for one in same if one.company in ("", company.number)]
        for group in ([one for one in own if one.left_at is None], own):
            if len(group) > 1:
                ids = ", ".join(one.dip_id for one in group)
                raise OnboardingRefused([Fault(f"{stated.place}/DIPID", f"one of {ids}: all have this MPID")])
            if group:
                return group[0]
        if any(one.left_at is None for one in same):
            other = "an MPID of this company"
            raise OnboardingRefused([Fault(f"{stated.place}/MPID", other, stated.mpid)])
        return None

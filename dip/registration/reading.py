"""What a message says about who is appointed for its MPANs, by the rules of its channel (5.5.14)."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from dip.appointments.changes import Change, Kind
from dip.appointments.history import LAST, YEAR_1
from dip.channels.channel import EVERY_ROLE, AppointmentRule, Event, Verb
from dip.messages.identifiers import DipId, RoleCode
from dip.messages.timestamps import read_wire_time

RolesOf = Callable[[DipId], Collection[RoleCode] | None]
"""The roles of a participant, its main one first; None where there is none."""

_KINDS: Mapping[Verb, Kind] = {
    Verb.APPOINT: Kind.APPOINT,
    Verb.MOVE: Kind.MOVE,
    Verb.END: Kind.END,
    Verb.RESUME: Kind.RESUME,
}


def changes_of(
    event: Event, common: object, custom: object, *, received_at: datetime, roles_of: RolesOf
) -> tuple[Change, ...]:
    """The changes, in the order of the channel's rules.

    A rule whose party is not in the message says nothing; one without a readable date holds from the receipt.
    """
    found: list[Change] = []
    for rule in event.appointments:
        if rule.when is not None and not rule.when.holds(common, custom):
            continue
        party = _party(rule, common, custom)
        if rule.party is not None and party is None:
            continue
        dates = [value for value in rule.at.values(common, custom) if isinstance(value, str)]
        if rule.party is None and not dates:
            continue
        times = [time for value in dates if (time := read_wire_time(value)) is not None]
        at = int((rule.takes_effect(times[0]) if times else received_at).timestamp())
        at = min(max(at, YEAR_1), LAST)
        found.append(_change(rule, at, party, roles_of))
    return tuple(found)


def role_of(among: Collection[RoleCode], party: DipId, roles_of: RolesOf) -> RoleCode | None:
    """In which of these roles a participant can be appointed: the first that it holds; None where it holds none."""
    return next((role for role in roles_of(party) or () if role in among), None)


def _change(rule: AppointmentRule, at: int, party: DipId | None, roles_of: RolesOf) -> Change:
    if rule.roles == (EVERY_ROLE,):
        return Change(Kind.END_ALL if rule.verb is Verb.END else Kind.RESUME, at)
    role = role_of(rule.roles, party, roles_of) if party is not None else None
    return Change(_KINDS[rule.verb], at, rule.roles, role, party, only_new=rule.only_new)


def _party(rule: AppointmentRule, common: object, custom: object) -> DipId | None:
    values = rule.party.values(common, custom) if rule.party is not None else ()
    return next((DipId(value) for value in values if isinstance(value, str)), None)

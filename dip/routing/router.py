"""Routing (5.5.3): targeted by the sender, looked up by MPAN, always; any mix on one channel."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any

import msgspec

from dip.channels.channel import EVERY_ROLE, Channel, Event, Routing
from dip.channels.roles import Role
from dip.ground.clock import moment
from dip.messages.identifiers import DipId, Mpan, RoleCode
from dip.messages.timestamps import read_wire_time, wire_time
from dip.participants.registry import Participants
from dip.routing.dates import Span, at, periods_of, span, spans_of, unique
from dip.routing.look_up import Appointed, Holding
from dip.routing.route import Party, RecipientClass, Route, RoutingFault

_NAMED = "/payload/CommonBlock/A0/primaryRecipients"
_INSTANT = timedelta(microseconds=1)


class NamedRecipientRefused(msgspec.Struct, frozen=True):
    """A recipient that the sender named and that can't be: known at once, so it stands in the answer."""

    code: str
    pointer: str
    expected: str


class Enquiry(msgspec.Struct, gc=False):
    """What routing looks at of one message: its typed blocks and what its header says."""

    channel: Channel
    event: Event
    sender: DipId
    sender_role: RoleCode
    named: Sequence[str | None]
    common: object
    custom: object
    mpans: Sequence[Mpan]
    received_at: datetime


def mpans_of(event: Event, common: object, custom: object) -> list[Mpan]:
    """The MPANs by which a message is routed, each once (5.5.14)."""
    found: list[Any] = [
        value for path in event.routing_mpans for value in path.values(common, custom) if isinstance(value, str)
    ]
    return found if len(found) < 2 else list(dict.fromkeys(found))


class _Plan(msgspec.Struct, frozen=True):
    """What the rules of an event for one sender's role come to, worked out once for many messages."""

    primary: tuple[RoleCode, ...]
    primary_alone: bool
    wanted: str
    """The primary roles in words."""
    secondary: frozenset[RoleCode]
    groups: tuple[str, ...]
    """Of the secondary roles, in order."""
    places: Mapping[RoleCode, int]
    """Of each secondary role: where its group stands among `groups`."""
    always: tuple[Party, ...]
    absent: tuple[str, ...]
    """Notes on roles that nobody holds."""
    holders: Mapping[RoleCode, frozenset[DipId]]
    """Who gets the channel in each role: in an optional one, who signed up for it (5.7.1)."""


class Router:
    """Finds the recipients of messages from the channel's rules, the participants and the appointments.

    Made for one snapshot of participants; it keeps what it worked out of each event's rules.
    """

    def __init__(self, *, participants: Participants, look_up: Appointed, roles: Mapping[RoleCode, Role]) -> None:
        self._participants = participants
        self._look_up = look_up
        self._groups = {code: role.group or code for code, role in roles.items()}
        self._holders = {role: frozenset(participants.by_role(role)) for role in roles}
        self._plans: dict[tuple[int, RoleCode], tuple[Event, _Plan]] = {}

    def check_named(self, enquiry: Enquiry) -> Sequence[NamedRecipientRefused]:
        """What is wrong with the recipients that the sender named (MSG1031, MSG1032)."""
        plan = self._plan(enquiry)
        if not enquiry.named and not plan.primary_alone:
            return ()
        refused: list[NamedRecipientRefused] = []
        some = False
        for index, name in enumerate(enquiry.named):
            if name is None:
                continue
            some = True
            place = f"{_NAMED}/{index}"
            participant = self._participants.present(DipId(name))
            if participant is None:
                expected = f"the DIP id of a participant in role {plan.wanted or '-'}"
                refused.append(NamedRecipientRefused("MSG1031", place, expected))
            elif not any(participant.dip_id in plan.holders.get(role, ()) for role in plan.primary):
                expected = (
                    f"a participant in role {plan.wanted}" if plan.wanted else "no primary recipient on this event"
                )
                refused.append(NamedRecipientRefused("MSG1032", place, expected))
        if not some and plan.primary_alone:
            expected = f"at least one DIP id of a participant in role {plan.wanted}: nobody else gets this event"
            refused.append(NamedRecipientRefused("MSG1031", _NAMED, expected))
        return refused

    def route(self, enquiry: Enquiry) -> Route:
        """Everybody who gets the message, and why; faults are MSG1033 to MSG1038."""
        plan = self._plan(enquiry)
        route = Route([], [], [])
        if enquiry.named:
            self._primary(enquiry, plan, route)
        wider = enquiry.event.wider_when
        if wider is None or wider.holds(enquiry.common, enquiry.custom):
            if plan.secondary:
                self._secondary(enquiry, plan, route)
            if enquiry.event.also:
                self._former(enquiry, plan, route)
            route.parties.extend(plan.always)
            route.notes.extend(plan.absent)
        else:
            route.notes.append("only the primary recipients get this outcome")
        route.parties = [party for party in route.parties if party.dip_id != enquiry.sender]
        return route

    def _plan(self, enquiry: Enquiry) -> _Plan:
        key = (id(enquiry.event), enquiry.sender_role)
        # The event is kept beside its plan, so that its identity stays its own.
        known = self._plans.get(key)
        if known is None:
            rules = enquiry.event.routing(enquiry.sender_role)
            known = self._plans[key] = enquiry.event, self._plan_of(enquiry.channel, rules)
        return known[1]

    def _plan_of(self, channel: Channel, rules: Routing) -> _Plan:
        holders = self._holders_of(channel)
        always: list[Party] = []
        absent: list[str] = []
        for role in rules.always:
            members = self._participants.by_role(role)
            if role in channel.optional_roles:
                members = tuple(dip_id for dip_id in members if dip_id in holders[role])
            reason = "every participant" if role == EVERY_ROLE else "every participant in the role"
            always.extend(Party(dip_id, role, RecipientClass.ALWAYS, reason) for dip_id in members)
            if not members:
                absent.append(f"no participant in role {role}")
        groups = tuple(dict.fromkeys(self._group(role) for role in rules.secondary))
        return _Plan(
            primary=rules.primary,
            primary_alone=bool(rules.primary) and not rules.secondary and not rules.always,
            wanted=" or ".join(rules.primary),
            secondary=frozenset(rules.secondary),
            groups=groups,
            places={role: groups.index(self._group(role)) for role in rules.secondary},
            always=tuple(always),
            absent=tuple(absent),
            holders=holders,
        )

    def _holders_of(self, channel: Channel) -> Mapping[RoleCode, frozenset[DipId]]:
        if not channel.optional_roles:
            return self._holders
        signed_up = {one.dip_id for one in self._participants if channel.id in one.optional_channels}
        narrowed = {role: self._holders.get(role, frozenset()) & signed_up for role in channel.optional_roles}
        return {**self._holders, **narrowed}

    def _group(self, role: RoleCode) -> str:
        return self._groups.get(role, role)

    def _primary(self, enquiry: Enquiry, plan: _Plan, route: Route) -> None:
        for name in dict.fromkeys(name for name in enquiry.named if name is not None):
            participant = self._participants.present(DipId(name))
            if participant is None:
                continue
            for role in plan.primary:
                if participant.dip_id in plan.holders.get(role, ()):
                    route.parties.append(Party(participant.dip_id, role, RecipientClass.PRIMARY, "named by the sender"))

    def _secondary(self, enquiry: Enquiry, plan: _Plan, route: Route) -> None:
        wanted, groups = plan.secondary, plan.groups
        if route.parties:
            named = {self._group(party.role) for party in route.parties}
            wanted = frozenset(role for role in wanted if self._group(role) not in named)
            groups = tuple(group for group in groups if group not in named)
            if not wanted:
                return
        if not enquiry.mpans:
            help_text = f"{enquiry.channel.id} looks its recipients up by MPAN; the message has none."
            route.faults.append(RoutingFault("MSG1037", help_text))
            return
        spans = times_asked(enquiry)
        found, known = self._look_up.holders(enquiry.mpans[0], wanted, spans)
        for mpan in enquiry.mpans[1:]:
            holders, is_known = self._look_up.holders(mpan, wanted, spans)
            found.extend(holders)
            known = known or is_known
        if not found:
            reason = "nobody holds it in a role of this channel" if known else "the DIP has no appointment for it"
            help_text = (
                f"MPAN of the message: {reason} at {_shown(spans)}. Roles looked up: {', '.join(sorted(wanted))}."
            )
            route.faults.append(RoutingFault("MSG1038", help_text))
            return
        places = plan.places
        if len(found) > 1:
            found.sort(key=lambda row: places[row.role])
        held = {places[row.role] for row in found}
        if len(held) < len(groups):
            missing = [group for group in groups if plan.groups.index(group) not in held]
            route.notes.extend(f"nobody appointed as {group}" for group in missing)
        for row in found:
            self._appointed(row, plan, route, row.party)

    def _appointed(self, row: Holding, plan: _Plan, route: Route, party: Party) -> None:
        if row.dip_id in plan.holders.get(row.role, ()):
            if party not in route.parties:
                route.parties.append(party)
        elif row.dip_id in self._holders.get(row.role, ()):
            route.notes.append(f"{row.dip_id} has not signed up for the channel as {row.role}")
        elif self._participants.present(row.dip_id) is None:
            help_text = f"{row.dip_id} is appointed as {row.role} but is no participant."
            route.faults.append(RoutingFault("MSG1033", help_text))
        else:
            help_text = f"{row.dip_id} is appointed as {row.role} but does not hold that role."
            route.faults.append(RoutingFault("MSG1034", help_text))

    def _former(self, enquiry: Enquiry, plan: _Plan, route: Route) -> None:
        for former in enquiry.event.also:
            for value in former.before.values(enquiry.common, enquiry.custom):
                change = read_wire_time(value) if isinstance(value, str) else None
                if change is None:
                    continue
                for mpan in enquiry.mpans:
                    holders, _ = self._look_up.holders(mpan, [former.role], [at(change - _INSTANT)])
                    for row in holders:
                        reason = f"{former.role} until the change of {wire_time(change)}"
                        self._appointed(row, plan, route, Party(row.dip_id, row.role, RecipientClass.SECONDARY, reason))


def times_asked(enquiry: Enquiry) -> Sequence[Span]:
    """For which times a message asks who is appointed: what the sender says, else its dates, else its receipt."""
    given = addressing_time(enquiry.common)
    if given is not None:
        return [span(given, "instant")]
    found: list[Span] = []
    for date in enquiry.event.addressing_dates:
        values = date.path.values(enquiry.common, enquiry.custom)
        if date.until is None:
            found.extend(spans_of(values, date.covers))
        else:
            lasts = date.until.values(enquiry.common, enquiry.custom)
            found.extend(periods_of(zip_longest(values, lasts), date.covers))
    return unique(found) or [at(enquiry.received_at)]


def addressing_time(common: object) -> datetime | None:
    """A0.addressingDateTime, where the message has a readable one (spec profile)."""
    value = getattr(getattr(common, "A0", None), "addressingDateTime", None)
    return read_wire_time(value) if isinstance(value, str) else None


def _shown(spans: Sequence[Span]) -> str:
    return ", ".join(wire_time(moment(span.first)) for span in spans[:3]) + (" …" if len(spans) > 3 else "")

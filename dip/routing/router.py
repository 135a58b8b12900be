"""Routing (5.5.3): targeted by the sender, looked up by MPAN, always; any mix on one channel."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from dip.channels.channel import EVERY_ROLE, Channel, Event, Routing
from dip.channels.roles import Role
from dip.ground.clock import moment
from dip.messages.identifiers import DipId, Mpan, RoleCode
from dip.messages.timestamps import read_wire_time, wire_time
from dip.participants.registry import Participants
from dip.routing.dates import Span, at, span, spans_of
from dip.routing.look_up import LookUp
from dip.routing.route import Party, RecipientClass, Route, RoutingFault
from dip.store.records import Appointment

_INSTANT = timedelta(microseconds=1)


class NamedRecipientRefused(msgspec.Struct, frozen=True):
    """A recipient that the sender named and that can't be: known at once, so it stands in the answer."""

    code: str
    pointer: str
    expected: str


class Enquiry(msgspec.Struct):
    """What routing looks at of one message: its typed blocks and what its header says."""

    channel: Channel
    event: Event
    sender: DipId
    sender_role: RoleCode
    named: Sequence[str | None]
    common: object
    custom: object
    received_at: datetime


class Router:
    """Finds the recipients of messages from the channel's rules, the participants and the appointments."""

    def __init__(self, *, participants: Participants, look_up: LookUp, roles: Mapping[RoleCode, Role]) -> None:
        self._participants = participants
        self._look_up = look_up
        self._groups = {code: role.group or code for code, role in roles.items()}

    def check_named(self, enquiry: Enquiry) -> list[NamedRecipientRefused]:
        """What is wrong with the recipients that the sender named (MSG1031, MSG1032)."""
        rules = enquiry.event.routing(enquiry.sender_role)
        refused: list[NamedRecipientRefused] = []
        named = [name for name in enquiry.named if name is not None]
        wanted = " or ".join(rules.primary)
        for index, name in enumerate(enquiry.named):
            place = f"/payload/CommonBlock/A0/primaryRecipients/{index}"
            if name is None:
                continue
            participant = self._participants.get(DipId(name))
            if participant is None:
                refused.append(
                    NamedRecipientRefused("MSG1031", place, f"the DIP id of a participant in role {wanted or '-'}")
                )
            elif not set(participant.roles) & set(rules.primary):
                expected = f"a participant in role {wanted}" if wanted else "no primary recipient on this event"
                refused.append(NamedRecipientRefused("MSG1032", place, expected))
        if not named and rules.primary and not rules.secondary and not rules.always:
            refused.append(
                NamedRecipientRefused(
                    "MSG1031",
                    "/payload/CommonBlock/A0/primaryRecipients",
                    f"at least one DIP id of a participant in role {wanted}: nobody else gets this event",
                )
            )
        return refused

    def route(self, enquiry: Enquiry) -> Route:
        """Everybody who gets the message, and why; faults are MSG1033 to MSG1038."""
        rules = enquiry.event.routing(enquiry.sender_role)
        route = Route([], [], [])
        self._primary(enquiry, rules, route)
        wider = enquiry.event.wider_when
        if wider is None or wider.holds(enquiry.common, enquiry.custom):
            self._secondary(enquiry, rules, route)
            self._former(enquiry, route)
            self._always(rules, route)
        else:
            route.notes.append("only the primary recipients get this outcome")
        route.parties = [party for party in route.parties if party.dip_id != enquiry.sender]
        return route

    def _primary(self, enquiry: Enquiry, rules: Routing, route: Route) -> None:
        for name in dict.fromkeys(name for name in enquiry.named if name is not None):
            participant = self._participants.get(DipId(name))
            if participant is None:
                continue
            for role in rules.primary:
                if role in participant.roles:
                    route.parties.append(Party(participant.dip_id, role, RecipientClass.PRIMARY, "named by the sender"))

    def _secondary(self, enquiry: Enquiry, rules: Routing, route: Route) -> None:
        named_groups = {self._groups.get(party.role, party.role) for party in route.parties}
        wanted = [role for role in rules.secondary if self._groups.get(role, role) not in named_groups]
        if not wanted:
            return
        mpans = self._mpans(enquiry)
        if not mpans:
            route.faults.append(
                RoutingFault("MSG1037", f"{enquiry.channel.id} looks its recipients up by MPAN; the message has none.")
            )
            return
        found: list[Appointment] = []
        known = False
        spans = self._spans(enquiry)
        for mpan in mpans:
            holders, is_known = self._look_up.holders(mpan, wanted, spans)
            found.extend(holders)
            known = known or is_known
        if not found:
            reason = (
                "nobody is appointed to it in a role of this channel" if known else "the DIP has no appointment for it"
            )
            route.faults.append(
                RoutingFault(
                    "MSG1038",
                    f"MPAN of the message: {reason} at {_shown(spans)}. Roles looked up: {', '.join(wanted)}.",
                )
            )
            return
        for group in dict.fromkeys(self._groups.get(role, role) for role in wanted):
            holders = [row for row in found if self._groups.get(row.role, row.role) == group]
            if not holders:
                route.notes.append(f"nobody appointed as {group}")
            for row in holders:
                self._appointed(row, route, _since(row))

    def _appointed(self, row: Appointment, route: Route, reason: str) -> None:
        participant = self._participants.get(row.dip_id)
        if participant is None:
            route.faults.append(
                RoutingFault("MSG1033", f"{row.dip_id} is appointed as {row.role} but is no participant.")
            )
        elif row.role not in participant.roles:
            route.faults.append(
                RoutingFault("MSG1034", f"{row.dip_id} is appointed as {row.role} but does not hold that role.")
            )
        else:
            party = Party(row.dip_id, row.role, RecipientClass.SECONDARY, reason)
            if party not in route.parties:
                route.parties.append(party)

    def _former(self, enquiry: Enquiry, route: Route) -> None:
        for former in enquiry.event.also:
            for value in former.before.values(enquiry.common, enquiry.custom):
                change = read_wire_time(value) if isinstance(value, str) else None
                if change is None:
                    continue
                for mpan in self._mpans(enquiry):
                    holders, _ = self._look_up.holders(mpan, [former.role], [at(change - _INSTANT)])
                    for row in holders:
                        self._appointed(row, route, f"{former.role} until the change of {wire_time(change)}")

    def _always(self, rules: Routing, route: Route) -> None:
        for role in rules.always:
            members = self._participants.by_role(role)
            if not members:
                route.notes.append(f"no participant in role {role}")
            reason = "every participant" if role == EVERY_ROLE else "every participant in the role"
            for dip_id in members:
                route.parties.append(Party(dip_id, role, RecipientClass.ALWAYS, reason))

    def _mpans(self, enquiry: Enquiry) -> list[Mpan]:
        return list(
            dict.fromkeys(
                Mpan(value)
                for path in enquiry.event.routing_mpans
                for value in path.values(enquiry.common, enquiry.custom)
                if isinstance(value, str)
            )
        )

    def _spans(self, enquiry: Enquiry) -> Sequence[Span]:
        given = addressing_time(enquiry.common)
        if given is not None:
            return [span(given, "instant")]
        spans = spans_of(
            (value, date.covers)
            for date in enquiry.event.addressing_dates
            for value in date.path.values(enquiry.common, enquiry.custom)
        )
        return spans or [at(enquiry.received_at)]


def addressing_time(common: object) -> datetime | None:
    """A0.addressingDateTime, where the message has a readable one (spec profile)."""
    value = getattr(getattr(common, "A0", None), "addressingDateTime", None)
    return read_wire_time(value) if isinstance(value, str) else None


def _since(row: Appointment) -> str:
    until = f" until {wire_time(moment(row.effective_to))}" if row.effective_to is not None else ""
    return f"appointed from {wire_time(moment(row.effective_from))}{until}"


def _shown(spans: Sequence[Span]) -> str:
    return ", ".join(wire_time(moment(span.first)) for span in spans[:3]) + (" …" if len(spans) > 3 else "")

"""The look-up for people: who gets a message about an MPAN, and why (5.5.14, FS-35)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from dip.appointments.history import Row
from dip.channels.channel import EVERY_ROLE, Channel, Event, Routing
from dip.channels.registry import Registry
from dip.ground.clock import microseconds
from dip.ground.current import Current
from dip.ground.errors import BadRequest
from dip.messages.identifiers import DipId, EventCode, InterfaceId, Mpan, RoleCode
from dip.participants.registry import Participants
from dip.routing.dates import Span, at
from dip.routing.explanation import Explanation, NearMiss, Recipient, Rule, Thought
from dip.routing.look_up import Holding, LookUp, holding
from dip.routing.near_misses import in_words, meets, near_misses
from dip.routing.route import Party, RecipientClass, Route
from dip.routing.router import Enquiry, Router, times_asked

_SECOND = 1_000_000


class Explainer:
    """Explains look-ups by today's channels and participants, on the table as it was known at any time."""

    def __init__(self, *, registry: Current[Registry], participants: Current[Participants], look_up: LookUp) -> None:
        self._registry = registry
        self._participants = participants
        self._look_up = look_up

    def thought(self, mpan: Mpan, known_at: datetime | None, now: datetime) -> Thought:
        """An MPAN's appointments as they were thought to be; known_at: None: all that is known."""
        history = self._look_up.history(mpan)
        newest = max((one.at for one in history.knowledge), default=0)
        return Thought(mpan, history, max(microseconds(now), newest) if known_at is None else microseconds(known_at))

    def look_up(self, thought: Thought, when: datetime, channel_id: str | None, event_code: str | None) -> Explanation:
        """Who gets a message about the MPAN at a moment; on a channel, or in every role.

        event_code: without it, all events of the channel. Raises BadRequest: no such channel or event.
        """
        spans = [at(when)]
        if channel_id is None:
            if event_code is not None:
                raise BadRequest("event: name its channel, too.")
            return self._in_every_role(thought, spans)
        channel = self._registry.value.find(InterfaceId(channel_id))
        if channel is None:
            raise BadRequest(f"channel: no interface {channel_id[:20]}")
        events = [event for code, event in channel.events.items() if event_code in (None, code, code.strip("[]"))]
        if not events:
            raise BadRequest(f"event: expected one of {', '.join(channel.events)}.")
        rules = self._rules(channel, events)
        looked_up = _by_role(rule for rule in rules if rule.part is RecipientClass.SECONDARY and not rule.also)
        recipients: list[Recipient] = []
        missed: list[NearMiss] = []
        for row in thought.rows:
            if row.role in looked_up and meets(row, spans):
                self._judge(row, looked_up[row.role], channel, recipients, missed)
        for rule in rules:
            if rule.part is RecipientClass.ALWAYS:
                self._everybody(rule, channel, recipients, missed)
            elif rule.also:
                missed.extend(self._former(thought, rule, spans, recipients))
        primary = {rule.role for rule in rules if rule.part is RecipientClass.PRIMARY}
        got = {(one.party.dip_id, one.party.role) for one in recipients}
        missed += _beside(got, near_misses(thought, spans, looked_up, primary))
        asked = EventCode(events[0].code) if event_code is not None else None
        return Explanation(thought, spans, recipients, missed, channel.id, asked)

    def message(self, enquiry: Enquiry, mpan: Mpan, number: int) -> tuple[Explanation, Route]:
        """A message's look-up of one MPAN, on the table as its routing knew it, and whom today's rules send it to.

        number: of the message in the store.
        """
        thought = Thought(mpan, self._look_up.history(mpan), microseconds(enquiry.received_at), number)
        channel, spans = enquiry.channel, times_asked(enquiry)
        router = Router(
            participants=self._participants.value, look_up=_AsThought({mpan: thought}), roles=self._registry.value.roles
        )
        route = router.route(_about(enquiry, mpan))
        rules = self._rules(channel, [enquiry.event], enquiry.sender_role)
        looked_up = _by_role(rule for rule in rules if rule.part is RecipientClass.SECONDARY and not rule.also)
        recipients = [_found(party, rules, thought, spans) for party in route.parties]
        got = {(one.party.dip_id, one.party.role) for one in recipients}
        missed: list[NearMiss] = []
        condition = enquiry.event.wider_when
        wider = condition is None or condition.holds(enquiry.common, enquiry.custom)
        for row in thought.rows:
            if row.role in looked_up and meets(row, spans) and (row.dip_id, row.role) not in got:
                why = (
                    "is the sender" if row.dip_id == enquiry.sender else self._unfit(row, looked_up[row.role], channel)
                )
                why = why or ("the sender named another for this role" if wider else "only the named get this outcome")
                missed.append(NearMiss(row.role, why, row.dip_id, row))
        primary = {rule.role for rule in rules if rule.part is RecipientClass.PRIMARY}
        missed += _beside(got, near_misses(thought, spans, looked_up, primary))
        return Explanation(thought, spans, recipients, missed, channel.id, enquiry.event.code), route

    def _in_every_role(self, thought: Thought, spans: Sequence[Span]) -> Explanation:
        recipients: list[Recipient] = []
        missed: list[NearMiss] = []
        for row in thought.rows:
            if meets(row, spans):
                self._judge(row, None, None, recipients, missed)
        return Explanation(thought, spans, recipients, [*missed, *near_misses(thought, spans, None, ())])

    def _rules(self, channel: Channel, events: Iterable[Event], sender: RoleCode | None = None) -> list[Rule]:
        """The rules of these events, each once; sender: of messages from that role alone."""
        found: dict[Rule, list[EventCode]] = {}
        for event in events:
            routings = [event.routing(role) for role in ([sender] if sender is not None else sorted(event.senders))]
            for rule in (rule for routing in routings for rule in self._of_routing(channel, event, routing)):
                codes = found.setdefault(rule, [])
                if event.code not in codes:
                    codes.append(event.code)
        return [
            Rule(
                rule.part,
                rule.role,
                rule.group,
                tuple(codes),
                or_named=rule.or_named,
                optional=rule.optional,
                also=rule.also,
                only_when=rule.only_when,
            )
            for rule, codes in found.items()
        ]

    def _of_routing(self, channel: Channel, event: Event, routing: Routing) -> Iterable[Rule]:
        wider = event.wider_when
        when = None if wider is None else f"{wider.path} is {wider.value}"
        named = {self._group(role) for role in routing.primary}
        for role in routing.primary:
            yield Rule(RecipientClass.PRIMARY, role, (role,), (), optional=role in channel.optional_roles)
        for role in routing.secondary:
            group = tuple(one for one in routing.secondary if self._group(one) == self._group(role))
            yield Rule(
                RecipientClass.SECONDARY,
                role,
                group,
                (),
                or_named=self._group(role) in named,
                optional=role in channel.optional_roles,
                only_when=when,
            )
        for former in event.also:
            yield Rule(RecipientClass.SECONDARY, former.role, (former.role,), (), also=True, only_when=when)
        for role in routing.always:
            optional = role in channel.optional_roles
            yield Rule(RecipientClass.ALWAYS, role, (role,), (), optional=optional, only_when=when)

    def _group(self, role: RoleCode) -> str:
        known = self._registry.value.roles.get(role)
        return known.group or role if known is not None else role

    def _judge(
        self,
        row: Row,
        rule: Rule | None,
        channel: Channel | None,
        recipients: list[Recipient],
        missed: list[NearMiss],
    ) -> None:
        why = self._unfit(row, rule, channel)
        if why is None:
            recipients.append(Recipient(holding(row).party, rule, row))
        else:
            missed.append(NearMiss(row.role, why, row.dip_id, row))

    def _unfit(self, row: Row, rule: Rule | None, channel: Channel | None) -> str | None:
        """Why a holder does not get it all the same."""
        participant = self._participants.value.present(row.dip_id)
        if participant is None:
            return f"is appointed as {row.role} but is no participant"
        if row.role not in participant.roles:
            return f"is appointed as {row.role} but does not have that role as a participant"
        if rule is None or not rule.optional or channel is None or channel.id in participant.optional_channels:
            return None
        return f"is appointed as {row.role} but has not signed up for {channel.id}"

    def _everybody(self, rule: Rule, channel: Channel, recipients: list[Recipient], missed: list[NearMiss]) -> None:
        members = self._participants.value.by_role(rule.role)
        reason = "every participant" if rule.role == EVERY_ROLE else "every participant in the role"
        for dip_id in members:
            participant = self._participants.value.get(dip_id)
            if rule.optional and (participant is None or channel.id not in participant.optional_channels):
                missed.append(NearMiss(rule.role, f"has not signed up for {channel.id}", dip_id))
            else:
                recipients.append(Recipient(Party(dip_id, rule.role, RecipientClass.ALWAYS, reason), rule))
        if not members:
            missed.append(NearMiss(rule.role, f"no participant has the role {rule.role}"))

    def _former(
        self, thought: Thought, rule: Rule, spans: Sequence[Span], recipients: Sequence[Recipient]
    ) -> Iterable[NearMiss]:
        before = [Span(span.first - 1, span.first - 1) for span in spans]
        got = {(one.party.dip_id, one.party.role) for one in recipients}
        events = ", ".join(rule.events)
        for row in thought.rows:
            held = row.role == rule.role and meets(row, before) and not meets(row, spans)
            if held and (row.dip_id, row.role) not in got:
                why = f"held {row.role} until {in_words(row.ends)}: gets {events} about a change at that moment"
                yield NearMiss(row.role, why, row.dip_id, row)


class _AsThought:
    """Appointed: the rows as they were thought to be."""

    def __init__(self, thoughts: Mapping[Mpan, Thought]) -> None:
        self._thoughts = thoughts

    def holders(self, mpan: Mpan, roles: Collection[RoleCode], spans: Sequence[Span]) -> tuple[list[Holding], bool]:
        """Those who were thought to hold one of the roles in any of the spans, and whether the MPAN was known."""
        rows = self._thoughts[mpan].rows
        return [holding(row) for row in rows if row.role in roles and meets(row, spans)], bool(rows)


def _about(enquiry: Enquiry, mpan: Mpan) -> Enquiry:
    return Enquiry(
        channel=enquiry.channel,
        event=enquiry.event,
        sender=enquiry.sender,
        sender_role=enquiry.sender_role,
        named=enquiry.named,
        common=enquiry.common,
        custom=enquiry.custom,
        mpans=[mpan],
        received_at=enquiry.received_at,
    )


def _beside(got: Collection[tuple[DipId, RoleCode]], missed: Iterable[NearMiss]) -> Iterable[NearMiss]:
    """The near misses without those of who gets it by another row."""
    return (one for one in missed if one.dip_id is None or (one.dip_id, one.role) not in got)


def _by_role(rules: Iterable[Rule]) -> dict[RoleCode, Rule]:
    found: dict[RoleCode, Rule] = {}
    for rule in rules:
        found.setdefault(rule.role, rule)
    return found


def _found(party: Party, rules: Sequence[Rule], thought: Thought, spans: Sequence[Span]) -> Recipient:
    """The recipient with the rule and the row that brought it."""
    fitting = [rule for rule in rules if rule.part is party.found_as and rule.role == party.role]
    if party.found_as is not RecipientClass.SECONDARY:
        return Recipient(party, next(iter(fitting), None))
    rows = [row for row in thought.rows if (row.role, row.dip_id) == (party.role, DipId(party.dip_id))]
    for row in rows:
        if meets(row, spans) and holding(row).party == party:
            return Recipient(party, next((rule for rule in fitting if not rule.also), None), row)
    ended = max(rows, key=lambda row: row.ends, default=None)
    return Recipient(party, next((rule for rule in fitting if rule.also), None), ended)

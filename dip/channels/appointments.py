"""What a channel's YAML says about who its messages appoint, move and end (5.5.14)."""

from collections.abc import Mapping, Sequence
from typing import Final

from dip.channels.addressing import AddressingReader
from dip.channels.channel import EVERY_ROLE, AppointmentRule, Condition, Verb
from dip.channels.document import Entry
from dip.channels.formats import MessageFormat
from dip.channels.paths import ItemPath
from dip.channels.shapes import Scalar
from dip.messages.identifiers import RoleCode

_KEYS: Final = (*Verb, "party", "at", "last_day", "only_new", "when")
_VERBS: Final = ", ".join(Verb)
_NEW_HOLDER: Final = frozenset({Verb.APPOINT, Verb.MOVE})
_ALL_AT_ONCE: Final = frozenset({Verb.END, Verb.RESUME})


class AppointmentsReader:
    """Reads `appointments`: rules by event. formats: of each event, every edition.

    A path that no edition of its event has is a fault; in an edition without it the rule says nothing.
    """

    def __init__(self, addressing: AddressingReader, formats: Mapping[str, Sequence[MessageFormat]]) -> None:
        self._addressing = addressing
        self._formats = formats

    def rules(self, entry: Entry | None) -> dict[str, tuple[AppointmentRule, ...]]:
        """`{DSDeApp: [{end: [SDS, ADS, UMSDS], party: …, at: …}]}`; the order of an event's rules is kept."""
        found = {}
        for event, held in entry.mapping().items() if entry else ():
            if event not in self._formats:
                held.fault(f"no event {event!r}", at_key=True)
            rules = [self._rule(event, part) for part in held.entries()]
            found[event] = tuple(rule for rule in rules if rule)
        return found

    def _rule(self, event: str, entry: Entry) -> AppointmentRule | None:
        fields = entry.fields(_KEYS)
        if entry.is_text or entry.is_list:
            return None
        items = {name: self._item(event, fields[name]) for name in ("at", "last_day", "party") if name in fields}
        when = self._condition(event, fields.get("when"))
        only_new = fields["only_new"].flag() if "only_new" in fields else False
        verb = _verb(entry, fields)
        if verb is None:
            return None
        _check_keys(verb, entry, fields)
        roles = self._roles(verb, fields[verb])
        if roles == (EVERY_ROLE,) and verb is Verb.END and "party" in fields:
            fields["party"].fault("a party goes with roles, not with all", at_key=True)
        at, last_day = items.get("at") or items.get("last_day"), "last_day" in fields
        return AppointmentRule(verb, roles, at, items.get("party"), only_new, when, last_day) if at else None

    def _roles(self, verb: Verb, entry: Entry) -> tuple[RoleCode, ...]:
        if entry.is_text and entry.text() == EVERY_ROLE:
            if verb not in _ALL_AT_ONCE:
                entry.fault(f"{verb} goes with the roles of one group, not with all")
            return (EVERY_ROLE,)
        if verb is Verb.RESUME:
            entry.fault("expected '*': all that ended together goes on")
            return ()
        return self._addressing.one_service(entry)

    def _condition(self, event: str, entry: Entry | None) -> Condition | None:
        found = self._addressing.condition(entry)
        if entry is None or found is None:
            return None
        shapes = self._scalars(event, found.path, entry.mapping()["path"])
        if shapes and all(shape.choices and found.value not in shape.choices for shape in shapes):
            entry.mapping()["is"].fault(f"the list of values of {found.path} has no {found.value!r}")
        return found

    def _item(self, event: str, entry: Entry) -> ItemPath | None:
        """The path of a single text of the event."""
        path = self._addressing.path(entry)
        if path and any(many for _, many in path.steps):
            entry.fault(f"expected an item that stands there once, found the list of {path}")
        elif path:
            self._scalars(event, path, entry)
        return path

    def _scalars(self, event: str, path: ItemPath, entry: Entry) -> Sequence[Scalar]:
        """What stands at a path that must lead to a text in some edition of the event."""
        formats = self._formats.get(event)
        if formats is None:
            return ()
        shapes = [shape for layout in formats if (shape := path.shape(layout.common, layout.custom)) is not None]
        if not shapes:
            entry.fault(f"no format of {event} has an item {path}")
        scalars = [shape for shape in shapes if isinstance(shape, Scalar) and shape.kind == "string"]
        if len(scalars) < len(shapes):
            entry.fault(f"{path} is no text")
        return scalars


def _verb(entry: Entry, fields: Mapping[str, Entry]) -> Verb | None:
    verbs = [Verb(name) for name in fields if name in set(Verb)]
    if not verbs:
        entry.fault(f"expected one of {_VERBS}")
        return None
    for other in verbs[1:]:
        fields[other].fault(f"either {verbs[0]} or {other}", at_key=True)
    return verbs[0]


def _check_keys(verb: Verb, entry: Entry, fields: Mapping[str, Entry]) -> None:
    """Report keys that a verb needs and lacks, and those that say nothing beside it."""
    if verb in _NEW_HOLDER and "party" not in fields:
        entry.fault("the key 'party' is missing")
    if verb is Verb.RESUME and "party" in fields:
        fields["party"].fault("resume goes without a party", at_key=True)
    if verb is not Verb.APPOINT and "only_new" in fields:
        fields["only_new"].fault("only_new goes with appoint", at_key=True)
    if verb is not Verb.END and "last_day" in fields:
        fields["last_day"].fault("last_day goes with end", at_key=True)
    elif "at" not in fields and "last_day" not in fields:
        entry.fault("the key 'at' is missing")
    elif "at" in fields and "last_day" in fields:
        fields["last_day"].fault("either at or last_day", at_key=True)

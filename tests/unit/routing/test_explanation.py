"""Who gets a message, by which rule and row, and who was near to getting it (5.5.14)."""

import dataclasses
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from dip.appointments.changes import Change, Kind, amend
from dip.appointments.history import NOTHING, OPEN, History, Knowledge
from dip.appointments.pending import PendingChanges
from dip.channels.channel import FormerHolder, Routing
from dip.channels.paths import ItemPath
from dip.channels.registry import Registry, load
from dip.ground.assets import asset
from dip.ground.clock import microseconds
from dip.ground.current import Current
from dip.ground.errors import BadRequest
from dip.messages.identifiers import DipId, EventCode, InterfaceId, Mpan, RoleCode
from dip.participants.participant import Participant
from dip.participants.registry import Participants
from dip.routing.explain import Explainer
from dip.routing.explanation import Explanation
from dip.routing.look_up import LookUp
from tests.unit.routing.test_router import Standing

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
MPAN = Mpan("2000056535971")
ROLES = {"SUP1": "SUP", "SUP2": "SUP", "REG1": "REGS", "MSS1": "MSS", "SDS1": "SDS", "MDS1": "MDS", "LOST": "MRS"}


class Kept:
    """The look-up's store: one history."""

    def __init__(self, history: History) -> None:
        self._history = history

    def standing(self, mpan: int) -> list[Standing]:
        """Not asked for."""
        raise AssertionError

    def history(self, mpan: int) -> History:
        """The history."""
        return self._history


def row(role: str, dip_id: str, starts: datetime = NOW - 900 * DAY, ends: datetime | None = None) -> Change:
    """An appointment."""
    until = OPEN if ends is None else int(ends.timestamp())
    return Change(Kind.APPOINT, int(starts.timestamp()), (RoleCode(role),), RoleCode(role), DipId(dip_id), until)


def history(*known: tuple[datetime, list[Change]]) -> History:
    """What became known when."""
    made = NOTHING
    for at, changes in known:
        made = amend(made, changes, Knowledge(microseconds(at))).history
    return made


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load(asset("channels"), specification_items=True)


def explained(
    registry: Registry,
    kept: History,
    *,
    secondary: str = "SUP MSS MSA UMSO SDS",
    primary: str = "REGS",
    always: str = "MDS",
    optional: str = "",
    signed_up: str = "",
    known_at: datetime | None = None,
    former: str = "",
    channel: str | None = "IF-031",
) -> Explanation:
    """A look-up at NOW on a channel with these rules."""
    rules = Routing(*(tuple(RoleCode(role) for role in part.split()) for part in (primary, secondary, always)))
    known = registry.channels[InterfaceId("IF-031")]
    also = (FormerHolder(RoleCode(former), ItemPath.parse("CommonBlock.M0.MPANCore")),) if former else ()
    event = dataclasses.replace(
        known.events[EventCode("[DSApp]")], usual_routing=rules, routing_by_sender={}, wider_when=None, also=also
    )
    changed = dataclasses.replace(
        known, events={event.code: event}, optional_roles=frozenset(RoleCode(role) for role in optional.split())
    )
    catalogue = Current(dataclasses.replace(registry, channels={**registry.channels, changed.id: changed}))
    everyone = [
        msgspec.structs.replace(
            Participant(DipId(dip_id), "MPID", dip_id, (RoleCode(role),), "", NOW),
            optional_channels=(InterfaceId("IF-031"),) if dip_id in signed_up.split() else (),
        )
        for dip_id, role in ROLES.items()
    ]
    explainer = Explainer(
        registry=catalogue,
        participants=Current(Participants(everyone, [])),
        look_up=LookUp(Kept(kept), PendingChanges(), cached_mpans=10),
    )
    return explainer.look_up(explainer.thought(MPAN, known_at, NOW), NOW, channel, None)


def reached(found: Explanation) -> list[tuple[str, str]]:
    return [(one.party.dip_id, one.party.role) for one in found.recipients]


def missed(found: Explanation, role: str) -> list[tuple[str | None, str]]:
    return [(one.dip_id, one.why) for one in found.near_misses if one.role == role]


@pytest.mark.requirement("FS-21", "FS-35")
def test_each_recipient_has_its_rule_and_its_row(registry: Registry) -> None:
    found = explained(registry, history((NOW - DAY, [row("SUP", "SUP1"), row("MSS", "MSS1")])))
    assert reached(found) == [("MSS1", "MSS"), ("SUP1", "SUP"), ("MDS1", "MDS")]
    metering, supplier, always = found.recipients
    assert metering.rule is not None and metering.rule.group == ("MSS", "MSA", "UMSO")
    assert supplier.rule is not None and supplier.rule.words == "looked up by MPAN: SUP"
    assert supplier.row is not None and supplier.row.dip_id == "SUP1"
    assert always.rule is not None and (always.rule.part, always.row) == ("always", None)


NEAR = [
    ([row("SUP", "SUP1", ends=NOW)], "SUP", ("SUP1", "ended 2026-03-01, before the day asked for")),
    ([row("SUP", "SUP1", NOW + DAY)], "SUP", ("SUP1", "begins 2026-03-02, after the day asked for")),
    ([row("REGS", "REG1")], "REGS", ("REG1", "holds REGS then, but the sender names who gets it as REGS; it is not")),
    ([row("LSS", "SUP1")], "LSS", ("SUP1", "holds LSS then, but this is not sent to the role")),
    ([row("SUP", "GONE")], "SUP", ("GONE", "is appointed as SUP but is no participant")),
    ([row("SUP", "LOST")], "SUP", ("LOST", "is appointed as SUP but does not have that role as a participant")),
    ([row("SUP", "SUP1")], "MSS", (None, "nobody is appointed as MSS or MSA or UMSO then")),
]


@pytest.mark.parametrize(("rows", "role", "expected"), NEAR, ids=[expected[1][:20] for _, _, expected in NEAR])
@pytest.mark.requirement("FS-21", "FS-35")
def test_a_near_miss_says_why(
    registry: Registry, rows: list[Change], role: str, expected: tuple[str | None, str]
) -> None:
    found = explained(registry, history((NOW - DAY, rows)))
    assert [(dip_id, why[: len(expected[1])]) for dip_id, why in missed(found, role)][:1] == [expected]
    assert (expected[0], role) not in reached(found)


@pytest.mark.requirement("FS-21", "FS-35")
def test_of_each_group_the_nearest_rows_on_either_side_are_told(registry: Registry) -> None:
    rows = [row("SUP", "SUP1", NOW - days * DAY, NOW - (days - 1) * DAY) for days in (9, 6, 3)]
    rows += [row("SUP", "SUP2", NOW + days * DAY, NOW + (days + 1) * DAY) for days in (2, 5)]
    found = explained(registry, history((NOW - 20 * DAY, rows)))
    assert [why for dip_id, why in missed(found, "SUP") if dip_id] == [
        "ended 2026-02-27, before the day asked for",
        "begins 2026-03-03, after the day asked for",
    ]


@pytest.mark.requirement("FS-21", "FS-35")
def test_who_has_not_signed_up_for_an_optional_channel_is_a_near_miss(registry: Registry) -> None:
    kept = history((NOW - DAY, [row("SUP", "SUP1")]))
    found = explained(registry, kept, optional="SUP MDS", signed_up="MDS1")
    assert reached(found) == [("MDS1", "MDS")]
    assert missed(found, "SUP")[0] == ("SUP1", "is appointed as SUP but has not signed up for IF-031")
    found = explained(registry, kept, optional="SUP MDS", signed_up="SUP1")
    assert reached(found) == [("SUP1", "SUP")]
    assert missed(found, "MDS") == [("MDS1", "has not signed up for IF-031")]


@pytest.mark.requirement("FS-35")
def test_a_corrected_row_is_told_with_the_time_at_which_it_was_replaced(registry: Registry) -> None:
    kept = history((NOW - 9 * DAY, [row("SUP", "SUP1")]), (NOW - 4 * DAY, [row("SUP", "SUP2")]))
    found = explained(registry, kept)
    assert ("SUP2", "SUP") in reached(found)
    assert missed(found, "SUP") == [("SUP1", "was replaced when something else became known at 2026-02-25")]
    then = explained(registry, kept, known_at=NOW - 5 * DAY)
    assert ("SUP1", "SUP") in reached(then)
    assert missed(then, "SUP") == [("SUP2", "became known 2026-02-25, after the time at which it is asked")]
    before = explained(registry, kept, known_at=NOW - 10 * DAY)
    assert reached(before) == [("MDS1", "MDS")]
    assert {dip_id for dip_id, _ in missed(before, "SUP")} == {"SUP1", "SUP2", None}


@pytest.mark.requirement("FS-35")
def test_who_still_holds_it_after_a_correction_is_no_near_miss(registry: Registry) -> None:
    kept = history((NOW - 9 * DAY, [row("SUP", "SUP1")]), (NOW - 4 * DAY, [row("SUP", "SUP2", NOW + 30 * DAY)]))
    found = explained(registry, kept)
    assert missed(found, "SUP") == [("SUP2", "begins 2026-03-31T00:00:00+00:00, after the day asked for")]
    assert "SUP1" not in {dip_id for dip_id, _ in missed(found, "SUP")}


@pytest.mark.requirement("FS-21")
def test_the_former_holder_is_told_where_the_event_goes_to_it_too(registry: Registry) -> None:
    rows = [row("SUP", "SUP1", ends=NOW), row("SUP", "SUP2", NOW)]
    found = explained(registry, history((NOW - DAY, rows)), former="SUP")
    assert ("SUP1", "held SUP until 2026-03-01: gets [DSApp] about a change at that moment") in missed(found, "SUP")


@pytest.mark.requirement("FS-35")
def test_without_a_channel_every_role_counts(registry: Registry) -> None:
    found = explained(registry, history((NOW - DAY, [row("SUP", "SUP1"), row("REGS", "REG1")])), channel=None)
    assert reached(found) == [("REG1", "REGS"), ("SUP1", "SUP")]
    assert [one.rule for one in found.recipients] == [None, None]


@pytest.mark.requirement("FS-35")
def test_an_unknown_channel_is_refused(registry: Registry) -> None:
    with pytest.raises(BadRequest):
        explained(registry, NOTHING, channel="IF-999")

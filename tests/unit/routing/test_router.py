"""The router's rules over channels of any mix (5.5.3): groups, notes, faults."""

import dataclasses
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from dip.appointments.history import OPEN, History, Knowledge, Row
from dip.appointments.pending import PendingChanges
from dip.channels.channel import Condition, Event, Routing
from dip.channels.paths import ItemPath
from dip.channels.registry import Registry, load
from dip.ground.assets import asset
from dip.messages.identifiers import DipId, EventCode, InterfaceId, Mpan, RoleCode
from dip.participants.participant import Participant
from dip.participants.registry import Participants
from dip.routing.dates import at
from dip.routing.look_up import LookUp
from dip.routing.obfuscation import hidden_for
from dip.routing.route import RecipientClass, Route
from dip.routing.router import Enquiry, Router, mpans_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)
MPAN = "2000056535971"
SUP, OTHER_SUP, REGS, MSS, MSA, SDS, MDS = "SUP1", "SUP2", "REG1", "MSS1", "MSA1", "SDS1", "MDS1"
ROLES = {SUP: "SUP", OTHER_SUP: "SUP", REGS: "REGS", MSS: "MSS", MSA: "MSA", SDS: "SDS", MDS: "MDS"}


Standing = tuple[tuple[RoleCode, DipId], int, int]


class Held:
    """Appointments in memory: the look-up's store, where only reading is asked for."""

    def __init__(self, rows: dict[str, list[Standing]]) -> None:
        self.rows = rows
        self.asked = 0

    def standing(self, mpan: int) -> list[Standing]:
        """The rows of an MPAN."""
        self.asked += 1
        return self.rows.get(f"{mpan:013}", [])

    def history(self, mpan: int) -> History:
        """The same as a history."""
        rows = [Row(*holder, starts, ends, 0) for holder, starts, ends in self.standing(mpan)]
        return History([Knowledge(0)], rows)


def row(role: str, dip_id: str, start: int = 0, end: int = OPEN) -> Standing:
    """A row; seconds."""
    return (RoleCode(role), DipId(dip_id)), start, end


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load(asset("channels"), specification_items=True)


def router(registry: Registry, *rows: Standing) -> Router:
    everyone = [
        Participant(DipId(dip_id), "MPID", dip_id, (RoleCode(role),), "", NOW) for dip_id, role in ROLES.items()
    ]
    return Router(
        participants=Participants(everyone, []),
        look_up=LookUp(Held({MPAN: list(rows)} if rows else {}), PendingChanges(), cached_mpans=10),
        roles=registry.roles,
    )


def enquiry(
    registry: Registry,
    primary: str = "",
    secondary: str = "",
    always: str = "",
    *,
    named: tuple[str | None, ...] = (),
    mpan: str | None = MPAN,
    answer: str | None = None,
    wider_when: Condition | None = None,
) -> Enquiry:
    channel = registry.find(InterfaceId("IF-031"))
    assert channel is not None
    rules = Routing(*(tuple(RoleCode(role) for role in part.split()) for part in (primary, secondary, always)))
    event: Event = dataclasses.replace(
        channel.events[EventCode("[DSApp]")], usual_routing=rules, routing_by_sender={}, wider_when=wider_when
    )
    common = SimpleNamespace(M0=SimpleNamespace(MPANCore=mpan), R0=SimpleNamespace(responseCode=answer))
    return Enquiry(
        channel=channel,
        event=event,
        sender=DipId(SUP),
        sender_role=RoleCode("SUP"),
        named=named,
        common=common,
        custom=None,
        mpans=mpans_of(event, common, None),
        received_at=NOW,
    )


def ids(route: Route) -> dict[str, list[DipId]]:
    return {one.value: route.ids(one) for one in RecipientClass if route.ids(one)}


@pytest.mark.requirement("FS-20", "FS-21", "FS-22")
def test_the_three_classes_mix_on_one_channel(registry: Registry) -> None:
    asked = enquiry(registry, "REGS", "MSS SDS", "MDS", named=(REGS,))
    route = router(registry, row("MSS", MSS), row("SDS", SDS), row("REGS", "ELSE")).route(asked)
    assert ids(route) == {"primary": [REGS], "secondary": [MSS, SDS], "always": [MDS]}
    assert route.faults == []


@pytest.mark.requirement("FS-21")
def test_metering_services_of_every_kind_are_one_group(registry: Registry) -> None:
    asked = enquiry(registry, "MSS MSA UMSO", "MSS MSA UMSO SDS", named=(MSA,))
    route = router(registry, row("MSS", MSS), row("SDS", SDS)).route(asked)
    assert ids(route) == {"primary": [MSA], "secondary": [SDS]}


@pytest.mark.requirement("FS-21")
def test_a_group_without_a_holder_is_noted_and_no_fault(registry: Registry) -> None:
    route = router(registry, row("MSA", MSA)).route(enquiry(registry, "", "MSS MSA UMSO SDS LDSO"))
    assert ids(route) == {"secondary": [MSA]}
    assert route.faults == []
    assert len(route.notes) == 2


@pytest.mark.parametrize(
    ("rows", "mpan", "code"),
    [
        ([], MPAN, "MSG1038"),
        ([row("SDS", SDS)], MPAN, "MSG1038"),
        ([row("MSS", MSS, end=1)], MPAN, "MSG1038"),
        ([row("MSS", MSS)], None, "MSG1037"),
        ([row("MSS", "GONE")], MPAN, "MSG1033"),
        ([row("MSS", SDS)], MPAN, "MSG1034"),
    ],
)
@pytest.mark.requirement("FS-19", "FS-21")
def test_what_the_look_up_can_not_find_is_a_fault_and_the_others_get_it(
    registry: Registry, rows: list[Standing], mpan: str | None, code: str
) -> None:
    route = router(registry, *rows).route(enquiry(registry, "", "MSS", "MDS", mpan=mpan))
    assert [fault.code for fault in route.faults] == [code]
    assert ids(route) == {"always": [MDS]}
    assert MPAN not in route.faults[0].help


def test_no_look_up_is_made_where_the_named_ones_cover_every_group(registry: Registry) -> None:
    route = router(registry).route(enquiry(registry, "REGS", "REGS", named=(REGS,), mpan=None))
    assert ids(route) == {"primary": [REGS]}
    assert route.faults == []


@pytest.mark.parametrize(("answer", "wider"), [("A", True), ("R", False), (None, False)])
@pytest.mark.requirement("FS-20")
def test_a_refusal_goes_to_the_requester_alone(registry: Registry, answer: str | None, wider: bool) -> None:
    condition = Condition(ItemPath.parse("CommonBlock.R0.responseCode"), "A")
    asked = enquiry(registry, "MSS", "SDS", "MDS", named=(MSS,), answer=answer, wider_when=condition)
    route = router(registry, row("SDS", SDS)).route(asked)
    expected = {"primary": [MSS], "secondary": [SDS], "always": [MDS]} if wider else {"primary": [MSS]}
    assert ids(route) == expected


@pytest.mark.requirement("FS-22")
def test_everyone_gets_what_goes_to_every_role_but_its_sender(registry: Registry) -> None:
    route = router(registry).route(enquiry(registry, "", "", "*"))
    assert set(route.ids(RecipientClass.ALWAYS)) == set(ROLES) - {SUP}


def test_a_role_that_nobody_holds_is_noted(registry: Registry) -> None:
    route = router(registry).route(enquiry(registry, "", "", "EES"))
    assert (route.parties, route.notes) == ([], ["no participant in role EES"])


def test_the_look_up_asks_the_store_once_and_forgets_on_demand_and_when_full() -> None:
    other, third = "2000000000001", "2000000000002"
    store = Held({one: [row("MSS", MSS)] for one in (MPAN, other, third)})
    look_up = LookUp(store, PendingChanges(), cached_mpans=2)
    for _ in range(3):
        assert [one.dip_id for one in look_up.holders(Mpan(MPAN), [RoleCode("MSS")], [at(NOW)])[0]] == [MSS]
    assert store.asked == 1
    look_up.forget([Mpan(MPAN)])
    look_up.holders(Mpan(MPAN), [RoleCode("MSS")], [at(NOW)])[0]
    assert store.asked == 2
    for one in (other, third):
        look_up.holders(Mpan(one), [RoleCode("MSS")], [at(NOW)])[0]
    look_up.holders(Mpan(MPAN), [RoleCode("MSS")], [at(NOW)])[0]
    assert store.asked == 5
    look_up.forget()
    look_up.holders(Mpan(MPAN), [RoleCode("MSS")], [at(NOW)])[0]
    assert store.asked == 6


@pytest.mark.requirement("FS-26")
def test_an_item_is_hidden_only_where_every_role_hides_it() -> None:
    sup, mds = RoleCode("SUP"), RoleCode("MDS")
    first, second, third = (f"CustomBlock.B909.{key}" for key in ("appointmentCode", "supplierID", "MPANCore"))
    hidden = {sup: (first, second), mds: (second, third)}
    assert hidden_for(hidden, [sup]) == (first, second)
    assert hidden_for(hidden, [sup, mds]) == (second,)
    assert hidden_for(hidden, [sup, RoleCode("LSS")]) == ()
    assert hidden_for({}, [sup]) == ()

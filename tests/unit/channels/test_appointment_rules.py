"""What channels say about appointments (5.5.14): the grammar, its faults, and every rule of the shipped catalogue."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

import dip
from dip.channels.channel import Channel, Event, Verb
from dip.channels.differences import differences
from dip.channels.errors import CatalogueRefused
from dip.channels.examples import example
from dip.channels.registry import Registry, build
from dip.messages.identifiers import EventCode, InterfaceId
from dip.messages.timestamps import read_wire_time

FILE = "interfaces/IF-990.yaml"
CHANNEL = """\
id: IF-990
template: pattern-a
name: A new channel
publication: PUB-990
category: 2
senders: [REGS]
routing: {primary: [], secondary: [SUP], always: []}
correlation: create
blocks:
  Told: {items: [who: {type: string, maxLength: 10}, on: DT-003-DateTime,
    code: {type: string, enum: [A, R]}, flag: {type: boolean}]}
events:
  New: {meaning: Something new}
  Other: {meaning: Something else}
formats:
  New: {custom: [Told, B905List?: [B905]]}
  Other: {custom: [B013]}
appointments:
  New:
    - {appoint: [SUP], party: CustomBlock.Told.who, at: CustomBlock.Told.on}
"""
RULE = "{appoint: [SUP], party: CustomBlock.Told.who, at: CustomBlock.Told.on}"
AT = "at: CustomBlock.Told.on"
PARTY = "party: CustomBlock.Told.who"
DATA, METERING = "SDS ADS UMSDS", "MSS MSA UMSO"


def built(texts: dict[str, str], rule: str = RULE) -> Registry:
    assert RULE in CHANNEL
    return build({**texts, FILE: CHANNEL.replace(RULE, rule)}, Path("channels"), specification_items=True)


def event_of(registry: Registry) -> Event:
    return registry.channels[InterfaceId("IF-990")].events[EventCode("[New]")]


@pytest.mark.requirement("FS-21")
def test_a_rule_is_read_with_all_that_it_says(texts: dict[str, str]) -> None:
    when = "when: {path: CustomBlock.Told.code, is: A}"
    (rule,) = event_of(built(texts, f"{{appoint: [SDS, ADS], {PARTY}, {AT}, only_new: true, {when}}}")).appointments
    assert (rule.verb, rule.roles, rule.only_new, rule.last_day) == (Verb.APPOINT, ("SDS", "ADS"), True, False)
    assert (str(rule.party), str(rule.at)) == ("CustomBlock.Told.who", "CustomBlock.Told.on")
    assert rule.when is not None and (str(rule.when.path), rule.when.value) == ("CustomBlock.Told.code", "A")
    assert str(rule) == (
        "appoint SDS ADS (CustomBlock.Told.who) from CustomBlock.Told.on for a new MPAN when CustomBlock.Told.code is A"
    )


@pytest.mark.requirement("FS-21")
def test_rules_keep_their_order_and_stand_at_their_event_alone(texts: dict[str, str]) -> None:
    channel = built(texts, f"{{end: [SUP], {AT}}}\n    - {RULE}").channels[InterfaceId("IF-990")]
    assert [rule.verb for rule in channel.events[EventCode("[New]")].appointments] == [Verb.END, Verb.APPOINT]
    assert channel.events[EventCode("[Other]")].appointments == ()


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (f"{{end: '*', {AT}}}", "end * (whoever holds it) until CustomBlock.Told.on"),
        (f"{{resume: '*', {AT}}}", "resume * from CustomBlock.Told.on"),
        (f"{{move: [SUP], {PARTY}, {AT}}}", "move SUP (CustomBlock.Told.who) from CustomBlock.Told.on"),
        ("{end: [MDR], last_day: CustomBlock.Told.on}", None),
        (f"{{appoint: [LDSO], party: CommonBlock.M0.distributorDIPID, {AT}}}", None),
    ],
)
def test_a_rule_may_be_one_of_these(texts: dict[str, str], rule: str, words: str | None) -> None:
    (found,) = event_of(built(texts, rule)).appointments
    assert words is None or str(found) == words


@pytest.mark.requirement("FS-10")
@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        (f"{{{PARTY}, {AT}}}", "7: expected one of appoint, move, end, resume"),
        ("New", "7: expected keys and values"),
        (f"{{appoint: [SUP], end: [SUP], {PARTY}, {AT}}}", "24: either appoint or end"),
        (f"{{appoint: [SUP], {AT}}}", "7: the key 'party' is missing"),
        (f"{{move: [SUP], {AT}}}", "7: the key 'party' is missing"),
        (f"{{appoint: [SUP], {PARTY}}}", "7: the key 'at' is missing"),
        (f"{{appoint: [SUP], {PARTY}, {AT}, until: x}}", "78: unknown key 'until'"),
        (f"{{appoint: [XXX], {PARTY}, {AT}}}", "18: no role 'XXX'"),
        (f"{{appoint: [], {PARTY}, {AT}}}", "17: expected at least one role"),
        (f"{{appoint: SUP, {PARTY}, {AT}}}", "17: expected a list"),
        (f"{{appoint: [SDS, MSS], {PARTY}, {AT}}}", "23: SDS and MSS are not of one group"),
        (f"{{appoint: [SUP, LDSO], {PARTY}, {AT}}}", "23: SUP and LDSO are not of one group"),
        (f"{{appoint: [SDS, SDS], {PARTY}, {AT}}}", "23: SDS comes twice"),
        (f"{{appoint: '*', {PARTY}, {AT}}}", "17: appoint goes with the roles of one group, not with all"),
        (f"{{resume: [SUP], {AT}}}", "16: expected '*': all that ended together goes on"),
        (f"{{resume: '*', {PARTY}, {AT}}}", "21: resume goes without a party"),
        (f"{{end: '*', {PARTY}, {AT}}}", "18: a party goes with roles, not with all"),
        (f"{{end: [SUP], {AT}, only_new: true}}", "45: only_new goes with appoint"),
        (f"{{appoint: [SUP], {PARTY}, {AT}, only_new: maybe}}", "88: expected one of false, true, found 'maybe'"),
        (f"{{appoint: [SUP], {PARTY}, last_day: CustomBlock.Told.on}}", "53: last_day goes with end"),
        (f"{{end: [SUP], {AT}, last_day: CustomBlock.Told.on}}", "45: either at or last_day"),
        ("{end: [SUP], at: Told.on}", "24: 'Told.on' is no path such as"),
        ("{end: [SUP], at: CustomBlock.B013.CSSRegistrationID}", "24: no format of New has an item CustomBlock.B013"),
        ("{end: [SUP], at: CustomBlock.Told}", "24: CustomBlock.Told is no text"),
        ("{end: [SUP], at: CustomBlock.Told.flag}", "24: CustomBlock.Told.flag is no text"),
        (
            "{end: [SUP], at: 'CustomBlock.B905List[*].existingMeter.meterInstallationDate'}",
            "24: expected an item that stands there once, found the list of CustomBlock.B905List[*]",
        ),
        (f"{{end: [SUP], {AT}, when: {{path: CustomBlock.Told.code}}}}", "51: the key 'is' is missing"),
        (
            f"{{end: [SUP], {AT}, when: {{path: CustomBlock.Told.code, is: W}}}}",
            "85: the list of values of CustomBlock.Told.code has no 'W'",
        ),
        (f"{{end: [SUP], {AT}, when: {{path: CustomBlock.Told.flag, is: A}}}}", "58: CustomBlock.Told.flag is no text"),
    ],
)
def test_a_fault_of_a_rule_is_reported_once_where_it_stands(texts: dict[str, str], rule: str, fault: str) -> None:
    with pytest.raises(CatalogueRefused) as refused:
        built(texts, rule)
    (found,) = refused.value.faults
    assert str(found).startswith(f"channels/{FILE}:20:{fault}"), found


def test_rules_of_an_event_that_is_not_there_are_a_fault_at_its_name(texts: dict[str, str]) -> None:
    mine = CHANNEL.replace("appointments:\n  New:", "appointments:\n  Newer:")
    with pytest.raises(CatalogueRefused) as refused:
        build({**texts, FILE: mine}, Path("channels"), specification_items=True)
    assert [str(fault) for fault in refused.value.faults] == [f"channels/{FILE}:19:3: no event 'Newer'"]


def test_a_rule_may_name_an_item_that_one_edition_alone_has(texts: dict[str, str]) -> None:
    edition = "editions: {'012': {formats: {New: {custom: [Told, B041]}}}}\nappointments:"
    mine = CHANNEL.replace("appointments:", edition).replace(AT, "at: CustomBlock.B041.disconnectionEffectiveFromDate")
    registry = build({**texts, FILE: mine}, Path("channels"), specification_items=True)
    assert len(event_of(registry).appointments) == 1


def test_a_rule_that_changed_is_told_where_it_is(texts: dict[str, str]) -> None:
    (change,) = differences(built(texts), built(texts, f"{{end: [SUP], {AT}}}"))
    assert str(change) == (
        "~ IF-990 events [New] appointments: appoint SUP (CustomBlock.Told.who) from CustomBlock.Told.on"
        " -> end SUP (whoever holds it) until CustomBlock.Told.on"
    )


@pytest.mark.parametrize(
    ("stated", "ends"),
    [
        (datetime(2026, 3, 20, tzinfo=UTC), datetime(2026, 3, 21, tzinfo=UTC)),
        (datetime(2026, 3, 20, 23, 59, 59, tzinfo=UTC), datetime(2026, 3, 21, tzinfo=UTC)),
        (datetime(2026, 6, 20, 23, tzinfo=UTC), datetime(2026, 6, 21, 23, tzinfo=UTC)),
        (datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 3, 29, 23, tzinfo=UTC)),
        (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_last_day_ends_at_the_local_midnight_after_it(
    texts: dict[str, str], stated: datetime, ends: datetime
) -> None:
    (until,) = event_of(built(texts, f"{{end: [SUP], {AT}}}")).appointments
    (through,) = event_of(built(texts, "{end: [SUP], last_day: CustomBlock.Told.on}")).appointments
    assert through.takes_effect(stated) == ends
    assert until.takes_effect(stated) == stated


def short(path: object) -> str:
    return str(path).removeprefix("CustomBlock.").removeprefix("CommonBlock.")


# Every rule of the shipped catalogue: verb, roles, party, when; a change of one is to be seen here.
RULES = {
    "IF-001 [ChangeOfSupplier]": [
        ("end", "SUP", "B003.outgoingSupplierDIPID", "last day B003.supplierEffectiveToDate"),
        ("appoint", "SUP", "B002.incomingSupplierDIPID", "B002.supplierEffectiveFromDate"),
    ],
    "IF-001 [InitialRegistration]": [
        ("appoint", "SUP", "B002.incomingSupplierDIPID", "B002.supplierEffectiveFromDate"),
    ],
    "IF-003 [DSDeAppRM]": [
        ("end", DATA, "B009.deAppointedDataServiceDIPID", "B009.dataServiceEffectiveToDate"),
        ("appoint", "SUP", "B002.incomingSupplierDIPID", "B002.supplierEffectiveFromDate"),
    ],
    "IF-003 [MSDeAppRM]": [
        ("end", METERING, "B008.deAppointedMeteringServiceDIPID", "B008.meteringServiceEffectiveToDate"),
        ("appoint", "SUP", "B002.incomingSupplierDIPID", "B002.supplierEffectiveFromDate"),
    ],
    "IF-003 [ReverseMigNotification]": [
        ("end", METERING, None, "last day B094.MHHSRegimeEndDate"),
        ("end", DATA, None, "last day B094.MHHSRegimeEndDate"),
        ("end", "MDR", None, "last day B094.MHHSRegimeEndDate"),
        ("appoint", "SUP", "B002.incomingSupplierDIPID", "B002.supplierEffectiveFromDate"),
    ],
    "IF-009 [CSSDeRegistration]": [("end", "*", None, "B042.CSSMPANDeRegistrationDate")],
    "IF-009 [MPANDisconnection]": [("end", "*", None, "B041.disconnectionEffectiveFromDate")],
    "IF-009 [MPANReconnection]": [("resume", "*", None, "B098.reconnectionEffectiveFromDate")],
    "IF-035 [DCC-MDROutcome]": [
        ("appoint", "MDR", "B066.assignedMDRDIPID", "B066.assignedMDREffectiveFromDate when B066.responseCode is A"),
    ],
    "IF-035 [SDS-MDROutcome]": [
        ("appoint", "MDR", "B092.assignedMDRDIPID", "B092.assignedMDREffectiveFromDate when B099.responseCode is A"),
    ],
    "IF-036 [DSAppActive]": [
        ("appoint", DATA, "B015.incomingDataServiceDIPID", "B015.incomingDataServiceEffectiveFromDate"),
        ("appoint", METERING, "B016.incomingMeteringServiceDIPID", "B016.incomingMeteringServiceEffectiveFromDate"),
        ("appoint", "MDR", "B019.assignedMDRDIPID", "B019.assignedMDREffectiveFromDate"),
    ],
    "IF-036 [MSAppActive]": [
        ("appoint", METERING, "B014.incomingMeteringServiceDIPID", "B014.incomingMeteringServiceEffectiveFromDate"),
        ("appoint", DATA, "B017.incomingDataServiceDIPID", "B017.incomingDataServiceEffectiveFromDate"),
    ],
    "IF-037 [DSDeApp]": [
        ("end", DATA, "B009.deAppointedDataServiceDIPID", "B009.dataServiceEffectiveToDate"),
        ("appoint", DATA, "B011.incomingDataServiceDIPID", "B011.incomingDataServiceEffectiveFromDate"),
        ("appoint", "SUP", "B002.incomingSupplierDIPID", "B002.supplierEffectiveFromDate"),
    ],
    "IF-037 [DSDeAppUpdate]": [
        ("move", DATA, "B011.incomingDataServiceDIPID", "B011.incomingDataServiceEffectiveFromDate"),
    ],
    "IF-037 [MSDeApp]": [
        ("end", METERING, "B008.deAppointedMeteringServiceDIPID", "B008.meteringServiceEffectiveToDate"),
        ("appoint", METERING, "B010.incomingMeteringServiceDIPID", "B010.incomingMeteringServiceEffectiveFromDate"),
        ("appoint", "SUP", "B002.incomingSupplierDIPID", "B002.supplierEffectiveFromDate"),
    ],
    "IF-037 [MSDeAppUpdate]": [
        ("move", METERING, "B010.incomingMeteringServiceDIPID", "B010.incomingMeteringServiceEffectiveFromDate"),
    ],
    "IF-050 [MPANCreation]": [
        ("appoint", "LDSO", "M0.distributorDIPID", "B079.MPStatusEffectiveFromDate if new"),
        ("appoint", "REGS", "S1.senderDIPID", "B079.MPStatusEffectiveFromDate if new"),
    ],
    "IF-051 [EESRefresh]": [
        ("appoint", "LDSO", "M0.distributorDIPID", "B079.MPStatusEffectiveFromDate if new"),
        ("appoint", "REGS", "S1.senderDIPID", "B079.MPStatusEffectiveFromDate if new"),
        ("appoint", "SUP", "B085.currentSupplierDIPID", "B085.currentSupplierEffectiveFromDate"),
        ("appoint", METERING, "B081.currentMeteringServiceDIPID", "B081.currentMeteringServiceEffectiveFromDate"),
        ("appoint", DATA, "B082.currentDataServiceDIPID", "B082.currentDataServiceEffectiveFromDate"),
        ("appoint", "MDR", "B019.assignedMDRDIPID", "B019.assignedMDREffectiveFromDate"),
    ],
}


def shown(channel: Channel, event: Event) -> Iterator[tuple[str, str, str | None, str]]:
    for rule in event.appointments:
        time = f"{'last day ' * rule.last_day}{short(rule.at)}{' if new' * rule.only_new}"
        if rule.when:
            time += f" when {short(rule.when.path)} is {rule.when.value}"
        yield rule.verb.value, " ".join(rule.roles), short(rule.party) if rule.party else None, time


@pytest.mark.requirement("FS-21", "FS-35")
@pytest.mark.parametrize("profile", ["registry", "live_registry"])
def test_the_shipped_catalogue_has_these_rules_and_no_other(profile: str, request: pytest.FixtureRequest) -> None:
    registry: Registry = request.getfixturevalue(profile)
    found = {
        f"{channel.id} {event.code}": list(shown(channel, event))
        for channel in registry.channels.values()
        for event in channel.events.values()
        if event.appointments
    }
    assert found == RULES


@pytest.mark.requirement("FS-21")
def test_each_rule_finds_its_party_and_its_time_in_a_message(registry: Registry) -> None:
    for event in (event for channel in registry.channels.values() for event in channel.events.values()):
        for rule in event.appointments:
            message = example(event.format.schema())
            common = event.format.decode_common(msgspec.json.encode(message["CommonBlock"]))
            custom = event.format.decode_custom(msgspec.json.encode(message["CustomBlock"]))
            (time,) = rule.at.values(common, custom)
            assert read_wire_time(time) is not None
            for path, length in ((rule.party, 10), (rule.when and rule.when.path, 1)):
                assert [len(value) for value in path.values(common, custom)] == [length] if path else True, str(rule)


@pytest.mark.requirement("FS-21")
def test_registration_alone_changes_appointments(registry: Registry) -> None:
    """A request or a proposal of another role must not move anybody's messages."""
    events = [event for channel in registry.channels.values() for event in channel.events.values()]
    assert {role for event in events if event.appointments for role in event.senders} == {"REGS"}
    assert all(event.routing_mpans for event in events if event.appointments)


PLAYERS = {"benchmark", "cli", "conformance", "market", "simulation"}
"""Rooms that make messages and parties of their own."""
NAMED = re.compile(r"(IF|REP)-\d{3}[A-Z]?|(CustomBlock\.)?B\d{3}(\.\w+)*")


def test_no_module_that_takes_messages_in_names_a_channel_or_a_block() -> None:
    """What messages say about appointments stands in the channels' files."""
    found = [
        f"{path.name}: {node.value}"
        for path in sorted(Path(dip.__file__).parent.rglob("*.py"))
        if path.relative_to(Path(dip.__file__).parent).parts[0] not in PLAYERS
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and NAMED.fullmatch(node.value)
    ]
    assert found == []

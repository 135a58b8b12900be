"""Traffic of a month as requests: workflows of appointments step by step, and consumption; the same ones each time."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from dip.messages.identifiers import DipId, EventCode, InterfaceId, Mpan, RoleCode

SPAN: Final = timedelta(days=30)
COMPANY: Final = "09000001"
"""The company of a first start whose user looks at the pages."""
SUPPLIER: Final = DipId("2300000001")
"""Its participant; nothing waits for it but status messages."""
MUCH: Final = Mpan("2000056535971")
"""An MPAN with many messages, which a first start has in its MPAN table."""
_MPANS: Final = 50_000
_MUCH_EVERY: Final = 80
_LARGEST: Final = 100
_LARGEST_WORKFLOW: Final = 10
_LEAST_REQUESTS: Final = 200
_CONSUMPTION_EVERY: Final = 2
"""After so many workflows there is one request with consumption."""
_ENVELOPE_EVERY: Final = 2


class Party(msgspec.Struct, frozen=True):
    """Who takes part, in a role."""

    dip_id: DipId
    role: RoleCode


class Step(msgspec.Struct, frozen=True):
    """One message of a workflow. after: its start; sender, recipients: lanes. response: what it answers, or nothing."""

    after: timedelta
    interface: str
    event: str
    sender: str
    recipients: tuple[str, ...]
    response: str = ""


class Request(msgspec.Struct, frozen=True):
    """Messages of one request: all of the same sender and event to the same recipients, one for each MPAN.

    workflow: what their correlation ids are made of; empty for none. envelope: their envelope reference.
    """

    at: datetime
    interface: InterfaceId
    event: EventCode
    response: str
    sender: Party
    recipients: tuple[Party, ...]
    mpans: tuple[Mpan, ...]
    workflow: str = ""
    envelope: str | None = None


def _party(dip_id: str, role: str) -> Party:
    return Party(DipId(dip_id), RoleCode(role))


_SUPPLIERS: Final = (_party(SUPPLIER, "SUP"), _party("2300000002", "SUP"))
_REGISTRATIONS: Final = (_party("2200000001", "REGS"), _party("2200000002", "REGS"))
_PROVIDERS: Final = {
    "DS": (_party("1400000001", "SDS"), _party("1400000002", "SDS")),
    "MS": (_party("1200000001", "MSS"), _party("1200000002", "MSS")),
}
_DISTRIBUTORS: Final = (_party("2500000001", "LDSO"), _party("2500000002", "LDSO"))
_ALWAYS: Final = {"mds": _party("1800000001", "MDS"), "ees": _party("2400000001", "EES")}


def _steps(kind: str) -> tuple[Step, ...]:
    """An appointment of a data service (DS) or a metering service (MS) that goes well."""
    hours = [timedelta(hours=number) for number in (0, 1, 2, 26, 27, 30, 50)]
    everybody = ("supplier", "provider", "distributor", "mds", "ees")
    return (
        Step(hours[0], "IF-031", f"[{kind}App]", "supplier", ("registration",)),
        Step(hours[1], "IF-032", f"[{kind}AppInitialResp]", "registration", ("supplier",), "A"),
        Step(hours[2], "IF-033", f"[{kind}AppSPRequest]", "registration", ("provider",)),
        Step(hours[3], "IF-034", f"[{kind}AppSPResponse]", "provider", ("registration",), "A"),
        Step(hours[4], "IF-035", f"[{kind}AppAccepted]", "registration", ("supplier", "provider")),
        Step(hours[5], "IF-036", f"[{kind}AppActive]", "registration", everybody),
        *((Step(hours[6], "IF-041", "[ReadingCOR]", "provider", ("supplier", "distributor")),) if kind == "DS" else ()),
    )


_WELL: Final = {kind: _steps(kind) for kind in _PROVIDERS}


def requests(messages: int, until: datetime) -> list[Request]:
    """So many messages, in order of time: the last of what was sent in the month before a moment."""
    size = max(1, min(_LARGEST, messages // _LEAST_REQUESTS))
    started = max(1, min(_LARGEST_WORKFLOW, size // 2))
    # Some workflows stop early, and the last ones are not through: a quarter more is enough.
    many = 1 + messages * 5 // 4 // (size // _CONSUMPTION_EVERY + started * 5)
    apart = SPAN / many
    made: list[Request] = []
    for number in range(many):
        at = until - SPAN + apart * number
        made += (one for one in _workflow(number, at, started) if one.at < until)
        if number % _CONSUMPTION_EVERY == 0:
            made.append(_consumption(number // _CONSUMPTION_EVERY, at, size))
    made.sort(key=lambda one: one.at)
    return list(_last(made, messages))


def correlation(workflow: str, place: int) -> str:
    """The correlation id of a message by its workflow and its place in the request."""
    return f"CI-{workflow}{place:05X}"


def _workflow(number: int, start: datetime, size: int) -> Iterator[Request]:
    kind = ("DS", "MS")[number % 2]
    turn = number // 2
    lanes = {
        "supplier": _SUPPLIERS[turn % 2],
        "registration": _REGISTRATIONS[turn // 2 % 2],
        "provider": _PROVIDERS[kind][turn // 4 % 2],
        "distributor": _DISTRIBUTORS[turn // 8 % 2],
        **_ALWAYS,
    }
    mpans = tuple(_mpan(number * size + place) for place in range(size))
    unique = f"{start:%Y%m%d}-{number:021X}"
    for step in _taken(kind, number):
        recipients = tuple(lanes[name] for name in step.recipients)
        yield Request(
            start + step.after,
            InterfaceId(step.interface),
            EventCode(step.event),
            step.response,
            lanes[step.sender],
            recipients,
            mpans,
            unique,
        )


def _taken(kind: str, number: int) -> Sequence[Step]:
    """The steps of a workflow: one in ten is turned down, one in ten stops after its first message."""
    steps = _WELL[kind]
    if number % 10 == 3:
        return (steps[0], msgspec.structs.replace(steps[1], response="R"))
    return steps[:1] if number % 10 == 6 else steps


def _consumption(number: int, at: datetime, size: int) -> Request:
    sender = _PROVIDERS["DS"][number % 2]
    recipients = (_SUPPLIERS[number // 2 % 2], _ALWAYS["mds"])
    first = number * size
    mpans = tuple(MUCH if one % _MUCH_EVERY == 0 else _mpan(one) for one in range(first, first + size))
    envelope = None if number % _ENVELOPE_EVERY else f"E-IF-021-{number:08d}"
    return Request(
        at, InterfaceId("IF-021"), EventCode("[ActivePower]"), "", sender, recipients, mpans, envelope=envelope
    )


def _mpan(number: int) -> Mpan:
    """One of some MPANs that were made up."""
    return Mpan(f"{1_900_000_000_000 + number % _MPANS:013}")


def _last(made: Sequence[Request], messages: int) -> Iterator[Request]:
    """The last of them with so many messages; of the first of these, what is still wanted."""
    spare = sum(len(one.mpans) for one in made) - messages
    for one in made:
        dropped = min(max(spare, 0), len(one.mpans))
        spare -= dropped
        if not dropped:
            yield one
        elif dropped < len(one.mpans):
            yield msgspec.structs.replace(one, mpans=one.mpans[: len(one.mpans) - dropped])

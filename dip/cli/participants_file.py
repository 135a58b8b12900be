"""The file with a whole market: companies, participants, sign-ups, agents; exported and imported (5.7.2)."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import yaml
from rich.console import Console
from rich.progress import track

from dip.cli.asking import ask, asked
from dip.ground.errors import DipError

Ask = Callable[[str, str], dict[str, Any]]


class BadFile(DipError):
    """The file can't be used."""

    code = "bad_file"


class CompanyLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A company."""

    number: str
    name: str


class AgentLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An agent that acts for the participant in a role."""

    agent: str
    role: str
    encrypts: bool = False


class ParticipantLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    """A participant. roles: those that it was given, without the optional ones."""

    dip_id: str
    mpid: str
    name: str
    roles: tuple[str, ...]
    company: str = ""
    optional_roles: tuple[str, ...] = ()
    optional_channels: tuple[str, ...] = ()
    agents: tuple[AgentLine, ...] = ()


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    companies: tuple[CompanyLine, ...]
    participants: tuple[ParticipantLine, ...]


def read_file(path: Path) -> File:
    """A file as `export` writes it; JSON is YAML too. Raises BadFile."""
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
        return msgspec.convert(found, File)
    except OSError as exc:
        raise BadFile(f"{path} can't be read: {exc.strerror}.") from exc
    except (UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError, RecursionError) as exc:
        raise BadFile(f"{path}: {exc}") from exc


def written(file: File, *, as_json: bool) -> str:
    """The text of a file."""
    encoded = msgspec.json.encode(file)
    if as_json:
        return msgspec.json.format(encoded).decode() + "\n"
    text: str = yaml.safe_dump(msgspec.json.decode(encoded), sort_keys=False, allow_unicode=True, width=120)
    return text


def export_file(ask_: Ask) -> File:
    """Everything that takes part now."""
    items = [one for one in ask_("GET", "participants")["items"] if one["dipId"] != "0000000001"]
    companies = {one["company"]: CompanyLine(one["company"], one["companyName"]) for one in items if one["company"]}
    lines = [_line(one, ask_("GET", f"participants/{one['dipId']}/agents")["items"]) for one in items]
    return File(tuple(companies[number] for number in sorted(companies)), tuple(lines))


def import_file(file: File, data: Path, portal: str | None) -> list[str]:
    """Have all of it be so; what was refused, in words. Progress on a terminal, a line of JSON for each in a pipe."""
    known = {one["dipId"]: one for one in ask("GET", "participants", data, portal)["items"]}
    names = {one.number: one.name for one in file.companies}
    faults: list[str] = []
    done: dict[str, int] = {}
    for line in _watched(file.participants):
        change = _order(line, names)
        present = known.get(line.dip_id)
        if present is not None and _line(present, ()) == msgspec.structs.replace(line, agents=()):
            what, refusal, body = "same", "", b""
            if names.get(line.company) not in (None, present["companyName"]):
                what = "changed"
                refusal, body = asked("PATCH", f"participants/{line.dip_id}", data, portal, change)
        elif present is not None:
            what = "changed"
            refusal, body = asked("PATCH", f"participants/{line.dip_id}", data, portal, change)
        else:
            what = "added"
            refusal, body = asked("POST", "participants", data, portal, {"dipId": line.dip_id, **change})
        if refusal:
            faults.append(f"{line.dip_id}: {refusal}")
            continue
        done[what] = done.get(what, 0) + 1
        key = msgspec.json.decode(body).get("apiKey") if body else None
        _say({"dipId": line.dip_id, "done": what, **({"apiKey": key} if key else {})})
    faults += _assign(file, data, portal)
    if sys.stdout.isatty():
        said = ", ".join(f"{count} {what}" for what, count in sorted(done.items())) or "nothing done"
        Console().print(f"{said}; {len(faults)} refused" if faults else said)
    return faults


def _assign(file: File, data: Path, portal: str | None) -> list[str]:
    """Agents act as the file says, when everybody is there."""
    faults = []
    for line in file.participants:
        for one in line.agents:
            order = {"agent": one.agent, "role": one.role, "encrypts": one.encrypts}
            refusal, _ = asked("POST", f"participants/{line.dip_id}/agents", data, portal, order)
            if refusal:
                faults.append(f"{line.dip_id}: agent {one.agent} as {one.role}: {refusal}")
    return faults


def _order(line: ParticipantLine, names: dict[str, str]) -> dict[str, Any]:
    order: dict[str, Any] = {
        "mpid": line.mpid,
        "name": line.name,
        "roles": line.roles,
        "optionalRoles": line.optional_roles,
        "optionalChannels": line.optional_channels,
    }
    if line.company:
        order |= {"company": line.company, "companyName": names.get(line.company)}
    return order


def _line(one: dict[str, Any], agencies: Sequence[dict[str, Any]]) -> ParticipantLine:
    optional = tuple(one["optionalRoles"])
    return ParticipantLine(
        dip_id=one["dipId"],
        mpid=one["mpid"],
        name=one["name"],
        roles=tuple(role for role in one["roles"] if role not in optional),
        company=one["company"],
        optional_roles=optional,
        optional_channels=tuple(one["optionalChannels"]),
        agents=tuple(
            AgentLine(agency["agent"], agency["role"], agency["encrypts"])
            for agency in agencies
            if agency["withdrawnAt"] is None
        ),
    )


def _watched(lines: Sequence[ParticipantLine]) -> Any:
    if not sys.stderr.isatty():
        return lines
    return track(lines, description="Participants", console=Console(stderr=True))


def _say(said: dict[str, Any]) -> None:
    if not sys.stdout.isatty():
        sys.stdout.write(msgspec.json.encode(said).decode() + "\n")

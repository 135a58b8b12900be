"""Market roles, security categories and response codes, read from their files."""

from collections.abc import Mapping
from dataclasses import dataclass

from dip.channels.document import Entry
from dip.messages.identifiers import RoleCode


@dataclass(frozen=True, slots=True)
class Role:
    """A market role. prefix: the first two digits of its DIP ids; specification: its other code there.

    group: the service that several roles offer, one of them for an MPAN at a time (5.5.14).
    optional: a participant may sign up for it itself (5.7.1).
    """

    code: RoleCode
    name: str
    kind: str
    """participant, central, platform or agent."""
    prefix: str
    specification: str | None
    group: str | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class SecurityPattern:
    """What is done to a message on its way (5.2.2)."""

    number: int
    meaning: str
    signed: bool
    encrypted: bool


@dataclass(frozen=True, slots=True)
class SecurityCategory:
    """What kind of data a channel carries, and the pattern that protects it (5.2.2)."""

    number: int
    meaning: str
    pattern: SecurityPattern


def roles(entry: Entry) -> dict[RoleCode, Role]:
    """The roles of `roles.yaml` by code."""
    found = {}
    for code, held in entry.mapping().items():
        known = ("name", "kind", "prefix", "specification", "group", "optional")
        fields = held.fields(known, required=("name", "kind", "prefix"))
        kinds = ("participant", "central", "platform", "agent")
        found[RoleCode(code)] = Role(
            code=RoleCode(code),
            name=fields["name"].text() if "name" in fields else "",
            kind=fields["kind"].one_of(kinds) if "kind" in fields else "",
            prefix=_prefix(fields["prefix"]) if "prefix" in fields else "",
            specification=fields["specification"].text() if "specification" in fields else None,
            group=fields["group"].text() if "group" in fields else None,
            optional=fields["optional"].flag() if "optional" in fields else False,
        )
    return found


def _prefix(entry: Entry) -> str:
    text = entry.text()
    if not (len(text) == 2 and text.isascii() and text.isdecimal()):
        entry.fault(f"a prefix is two digits, found {text!r}")
    return text


def response_codes(entry: Entry) -> dict[str, str]:
    """The labels of `response-codes.yaml` by code."""
    return {code: held.text() for code, held in entry.mapping().items()}


def categories(entry: Entry) -> Mapping[int, SecurityCategory]:
    """The categories of `security.yaml`, each with its pattern."""
    fields = entry.fields(("patterns", "categories"), required=("patterns", "categories"))
    patterns = {number: _pattern(number, held) for number, held in _numbered(fields.get("patterns")).items()}
    found = {}
    for number, held in _numbered(fields.get("categories")).items():
        parts = held.fields(("meaning", "pattern"), required=("meaning", "pattern"))
        if "pattern" not in parts:
            continue
        pattern = patterns.get(parts["pattern"].whole())
        if pattern is None:
            parts["pattern"].fault(f"no security pattern {parts['pattern'].text()}")
        else:
            found[number] = SecurityCategory(number, parts["meaning"].text() if "meaning" in parts else "", pattern)
    return found


def _pattern(number: int, entry: Entry) -> SecurityPattern:
    fields = entry.fields(("meaning", "actions"), required=("meaning", "actions"))
    parts = fields["actions"].entries() if "actions" in fields else []
    actions = [part.one_of(("sign", "encrypt", "none")) for part in parts]
    if "actions" in fields and (not actions or len(set(actions)) < len(actions) or "none" in actions[1:]):
        fields["actions"].fault("expected sign, encrypt or both, or none alone")
    return SecurityPattern(
        number=number,
        meaning=fields["meaning"].text() if "meaning" in fields else "",
        signed="sign" in actions,
        encrypted="encrypt" in actions,
    )


def _numbered(entry: Entry | None) -> dict[int, Entry]:
    found = {}
    for name, held in entry.mapping().items() if entry else ():
        if name.isdecimal():
            found[int(name)] = held
        else:
            held.fault(f"expected a number, found {name!r}", at_key=True)
    return found

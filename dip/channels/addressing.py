"""What a channel's YAML says about who gets a message, read to the types of a channel."""

from collections.abc import Mapping
from typing import cast

from dip.channels.channel import (
    EVERY_ROLE,
    AddressingDate,
    Condition,
    Correlation,
    Coverage,
    FormerHolder,
    Routing,
)
from dip.channels.document import Entry
from dip.channels.obfuscation import HiddenItem
from dip.channels.paths import ItemPath
from dip.channels.roles import Role
from dip.messages.identifiers import RoleCode


class AddressingReader:
    """Reads the parts that name roles and items; a role that isn't in `roles.yaml` is a fault."""

    def __init__(self, roles: Mapping[RoleCode, Role], *, specification_items: bool) -> None:
        self._roles = roles
        self._specification_items = specification_items

    def role(self, entry: Entry) -> RoleCode:
        """A role code."""
        return self._known(entry.text(), entry)

    def roles(self, entry: Entry) -> tuple[RoleCode, ...]:
        """A list of role codes."""
        return tuple(self.role(part) for part in entry.entries())

    def one_service(self, entry: Entry) -> tuple[RoleCode, ...]:
        """Roles of which an MPAN has one holder at a time: one role, or those of one group (5.5.14)."""
        codes: list[RoleCode] = []
        for part in entry.entries():
            code = self.role(part)
            if code in codes:
                part.fault(f"{code} comes twice")
            elif codes and not self._of_one_group(codes[0], code):
                part.fault(f"{codes[0]} and {code} are not of one group")
            codes.append(code)
        if entry.is_list and not codes:
            entry.fault("expected at least one role")
        return tuple(codes)

    def by_role(self, entry: Entry | None) -> dict[RoleCode, Entry]:
        """A mapping with role codes as keys."""
        parts = entry.mapping() if entry else {}
        return {self._known(code, held, at_key=True): held for code, held in parts.items()}

    def routing(self, entry: Entry) -> Routing:
        """`{primary: [SUP], secondary: [], always: ['*']}`."""
        fields = entry.fields(("primary", "secondary", "always"))
        always = fields["always"].entries() if "always" in fields else []
        return Routing(
            self.roles(fields["primary"]) if "primary" in fields else (),
            self.roles(fields["secondary"]) if "secondary" in fields else (),
            tuple(EVERY_ROLE if part.is_text and part.text() == EVERY_ROLE else self.role(part) for part in always),
        )

    def correlation(self, entry: Entry) -> Correlation:
        """`create`, `copy` or `none`."""
        text = entry.one_of(Correlation)
        return Correlation(text) if text in set(Correlation) else Correlation.NONE

    def condition(self, entry: Entry | None) -> Condition | None:
        """`{path: CommonBlock.R0.responseCode, is: A}`."""
        if entry is None:
            return None
        fields = entry.fields(("path", "is"), required=("path", "is"))
        path = self.path(fields["path"]) if "path" in fields else None
        return Condition(path, fields["is"].text()) if path and "is" in fields else None

    def dates(self, entry: Entry | None) -> tuple[AddressingDate, ...]:
        """Paths, or `{path: …, covers: day, until: …}`."""
        found = []
        for part in entry.entries() if entry else ():
            fields = {"path": part} if part.is_text else part.fields(("path", "covers", "until"), required=("path",))
            path = self.path(fields["path"]) if "path" in fields else None
            covers = fields["covers"].one_of(("instant", "day", "boundary")) if "covers" in fields else "instant"
            until = self.path(fields["until"]) if "until" in fields else None
            if path:
                found.append(AddressingDate(path, cast(Coverage, covers), until))
        return tuple(found)

    def also(self, entry: Entry | None) -> tuple[FormerHolder, ...]:
        """`{role: SUP, before: path, profile: spec}`; one for another profile is checked and left out."""
        found = []
        for part in entry.entries() if entry else ():
            fields = part.fields(("role", "before", "profile"), required=("role", "before"))
            role = self.role(fields["role"]) if "role" in fields else None
            before = self.path(fields["before"]) if "before" in fields else None
            profile = fields["profile"].one_of(("spec", "live")) if "profile" in fields else None
            if role and before and profile in {None, "spec" if self._specification_items else "live"}:
                found.append(FormerHolder(role, before))
        return tuple(found)

    def paths(self, entry: Entry | None) -> tuple[ItemPath, ...]:
        """A list of item paths."""
        found = [self.path(part) for part in (entry.entries() if entry else ())]
        return tuple(path for path in found if path)

    def hidden(self, entry: Entry) -> tuple[HiddenItem, ...]:
        """A list of item paths, some with the value that stands in the item's place."""
        found = [self.hidden_item(part) for part in entry.entries()]
        return tuple(item for item in found if item)

    def hidden_item(self, entry: Entry) -> HiddenItem | None:
        """An item path, or `path=x`; None where it is neither, with the fault reported."""
        try:
            return HiddenItem.parse(entry.text())
        except ValueError as error:
            entry.fault(str(error))
            return None

    def path(self, entry: Entry) -> ItemPath | None:
        """An item path; None where it is none, with the fault reported."""
        try:
            return ItemPath.parse(entry.text())
        except ValueError as error:
            entry.fault(str(error))
            return None

    def _of_one_group(self, one: RoleCode, other: RoleCode) -> bool:
        held = [self._roles.get(code) for code in (one, other)]
        groups = {role.group for role in held if role is not None}
        return None in held or (len(groups) == 1 and None not in groups)

    def _known(self, text: str, entry: Entry, *, at_key: bool = False) -> RoleCode:
        if text and text not in self._roles:
            entry.fault(f"no role {text!r}", at_key=at_key)
        return RoleCode(text)

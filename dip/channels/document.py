"""A YAML text whose every part knows its line and column, so that each fault can be pointed at.

Scalars stay text until a reader asks for something else: YAML's own guesses (08, no, 2026-03-21) never apply.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import yaml


@dataclass(frozen=True, slots=True, order=True)
class CatalogueFault:
    """One fault of the catalogue; line and column count from 1."""

    file: str
    line: int
    column: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.reason}"


@dataclass(slots=True)
class Entry:
    """A part of a document. Readers report to `faults` and go on with a stand-in value."""

    node: yaml.Node
    file: str
    faults: list[CatalogueFault]
    key: yaml.Node | None = field(default=None)

    def fault(self, reason: str, *, at_key: bool = False) -> None:
        """Report a fault here, or at the key that this part stands under."""
        node = self.key if at_key and self.key is not None else self.node
        mark = node.start_mark
        self.faults.append(CatalogueFault(self.file, mark.line + 1, mark.column + 1, reason))

    @property
    def missing(self) -> bool:
        """Nothing, `~` or `null` stands here."""
        node = self.node
        return isinstance(node, yaml.ScalarNode) and node.value in {"", "~", "null"} and not node.style

    @property
    def is_text(self) -> bool:
        """A scalar stands here."""
        return isinstance(self.node, yaml.ScalarNode)

    @property
    def is_list(self) -> bool:
        """A sequence stands here."""
        return isinstance(self.node, yaml.SequenceNode)

    def text(self) -> str:
        """The text that stands here."""
        if self.missing or not isinstance(self.node, yaml.ScalarNode):
            self.fault("expected text")
            return ""
        return str(self.node.value)

    def one_of(self, allowed: Iterable[str]) -> str:
        """One of the allowed texts."""
        text, choices = self.text(), sorted(allowed)
        if text and text not in choices:
            self.fault(f"expected one of {', '.join(choices)}, found {text!r}")
        return text

    def whole(self) -> int:
        """A whole number."""
        return int(self._number("a whole number", int))

    def number(self) -> float:
        """A number; whole ones stay whole."""
        return self._number("a number", float)

    def _number(self, what: str, kind: type[int] | type[float]) -> float:
        text = self.text()
        try:
            return int(text)
        except ValueError:
            pass
        try:
            return kind(text)
        except ValueError:
            self.fault(f"expected {what}, found {text!r}")
            return 0

    def flag(self) -> bool:
        """`true` or `false`."""
        return self.one_of(("true", "false")) == "true"

    def entries(self) -> list["Entry"]:
        """The parts of a sequence."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.fault("expected a list")
            return []
        return [Entry(node, self.file, self.faults) for node in self.node.value]

    def texts(self) -> list[str]:
        """A sequence of texts."""
        return [entry.text() for entry in self.entries()]

    def mapping(self) -> dict[str, "Entry"]:
        """Keys and their parts; a key that comes twice is a fault."""
        if not isinstance(self.node, yaml.MappingNode):
            self.fault("expected keys and values")
            return {}
        found: dict[str, Entry] = {}
        for key, value in self.node.value:
            entry = Entry(value, self.file, self.faults, key)
            if not isinstance(key, yaml.ScalarNode):
                entry.fault("expected a key of text", at_key=True)
            elif key.value in found:
                entry.fault(f"the key {key.value!r} comes twice", at_key=True)
            else:
                found[key.value] = entry
        return found

    def fields(self, known: Iterable[str], required: Iterable[str] = ()) -> dict[str, "Entry"]:
        """A mapping of known keys; unknown and missing ones are faults, an empty value counts as absent."""
        found, known = self.mapping(), set(known)
        for name in [name for name in found if name not in known]:
            found.pop(name).fault(f"unknown key {name!r}", at_key=True)
        found = {name: entry for name, entry in found.items() if not entry.missing}
        for name in required:
            if name not in found and isinstance(self.node, yaml.MappingNode):
                self.fault(f"the key {name!r} is missing")
        return found


def parse(text: str, file: str, faults: list[CatalogueFault]) -> Entry | None:
    """The document in `text`; None where it can't be read, with the fault reported."""
    try:
        node = yaml.compose(text, yaml.CBaseLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        faults.append(CatalogueFault(file, line, column, error.problem or "can't be read as YAML"))
        return None
    except yaml.YAMLError as error:
        faults.append(CatalogueFault(file, 1, 1, f"can't be read as YAML: {str(error).splitlines()[0]}"))
        return None
    if node is None:
        faults.append(CatalogueFault(file, 1, 1, "the file is empty"))
        return None
    return Entry(node, file, faults)

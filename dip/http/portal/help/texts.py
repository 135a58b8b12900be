"""The texts of the help, read from the files that ship with the product."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
import yaml


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A paragraph with a title; link: the page that it leads to."""

    title: str
    text: str
    link: str | None = None


class Start(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What this is, for whom, and the ways in."""

    about: Sequence[str]
    audiences: Sequence[Section]
    ways: Sequence[Section]


class PageText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a page of the portal shows and what one can do there.

    routes: the addresses as the portal's rules name them, `/messages/{transaction_id}`; the first is the page itself.
    """

    title: str
    routes: Sequence[str]
    shows: str
    can: Sequence[str]

    @property
    def path(self) -> str:
        """The address of the page itself; with a name in braces where it needs to be told of what."""
        return self.routes[0]


class CodeGroup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The response codes of one sender; moment: when and where they are said."""

    title: str
    sender: str
    moment: str


class CodeText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A response code. moment: where it differs from its group's; example: the help field of an answer."""

    means: str
    do: str
    moment: str | None = None
    example: str | None = None


class Term(msgspec.Struct, frozen=True):
    """A word of the field; code in the text stands between backticks."""

    name: str
    text: str

    @property
    def anchor(self) -> str:
        """Its place on the page of words."""
        return self.name.lower().replace(" ", "-")


class HelpTexts(msgspec.Struct, frozen=True):
    """Every text of the help. groups: by the letters that a code begins with; pages: by name."""

    start: Start
    pages: Mapping[str, PageText]
    groups: Mapping[str, CodeGroup]
    codes: Mapping[str, CodeText]
    terms: Sequence[Term]


def read_help(folder: Path, glossary: Path) -> HelpTexts:
    """The help of a folder with `start.yaml`, `pages.yaml` and `codes.yaml`, and the words of a Markdown file."""
    codes = _yaml(folder / "codes.yaml")
    return HelpTexts(
        start=msgspec.convert(_yaml(folder / "start.yaml"), Start),
        pages=MappingProxyType(msgspec.convert(_yaml(folder / "pages.yaml"), dict[str, PageText])),
        groups=MappingProxyType(msgspec.convert(codes["groups"], dict[str, CodeGroup])),
        codes=MappingProxyType(msgspec.convert(codes["codes"], dict[str, CodeText])),
        terms=terms(glossary.read_text(encoding="utf-8")),
    )


def terms(markdown: str) -> Sequence[Term]:
    """The terms of a glossary: each heading of the second level, and what stands below it as one paragraph."""
    found = []
    for part in markdown.split("\n## ")[1:]:
        name, _, text = part.partition("\n")
        found.append(Term(name.strip(), " ".join(text.split())))
    return tuple(found)


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))

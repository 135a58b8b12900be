"""The codes of problem documents that this server answers with, and what each means."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from dip.ground.errors import DipError
from dip.http.problems import STATUSES

_NOT_ANSWERED: Final = ("dip.benchmark.", "dip.cli.", "dip.client.")
"""Rooms whose errors are printed where they happen, and never answered."""
_WITHOUT_CLASS: Final[Mapping[str, tuple[int, str]]] = {
    "method_not_allowed": (405, "This address does not take that method."),
    "too_slow": (408, "The request did not arrive in the time that it has."),
    "version_not_supported": (505, "The request is of a version of HTTP that is not spoken here."),
}
"""What is refused before any part of the product is asked."""


class ProblemCode(msgspec.Struct, frozen=True):
    """A code of problem documents with its status; meanings: a sentence for each case in which it is said."""

    code: str
    status: int
    meanings: tuple[str, ...]

    @property
    def title(self) -> str:
        """The code in words, as problem documents have it."""
        return self.code.replace("_", " ").capitalize()


def problem_codes() -> Mapping[str, ProblemCode]:
    """The codes by name, from the error classes of the parts that are loaded; the sentences are their docstrings."""
    sentences: dict[str, set[str]] = {}
    for kind in _and_below(DipError):
        if (
            kind.code in STATUSES
            and kind.__module__.startswith("dip.")
            and not kind.__module__.startswith(_NOT_ANSWERED)
        ):
            sentences.setdefault(kind.code, set()).add((kind.__doc__ or "").strip().partition("\n")[0])
    found = {code: ProblemCode(code, STATUSES[code], tuple(sorted(said))) for code, said in sentences.items()}
    found |= {code: ProblemCode(code, status, (text,)) for code, (status, text) in _WITHOUT_CLASS.items()}
    return MappingProxyType(dict(sorted(found.items())))


def _and_below(kind: type[DipError]) -> Iterator[type[DipError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _and_below(child)

"""The help as the other pages need it: what leads where, and a search over all of it."""

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

import msgspec

from dip.http.portal.help.problem_codes import ProblemCode
from dip.http.portal.help.texts import CodeGroup, HelpTexts
from dip.reporting.verdicts import RULES as VERDICT_RULES

CODES = "/help/codes"
PAGES = "/help/pages"
WORDS = "/help/words"
VERDICTS = "/help/verdicts"


class Place(msgspec.Struct, frozen=True):
    """A place of the help that a search can find. kind: `code`, `page`, `verdict`, `word` or `way in`."""

    kind: str
    title: str
    text: str
    link: str
    words: str


class HelpBook:
    """The texts of the help and the codes of problem documents."""

    def __init__(self, texts: HelpTexts, problems: Mapping[str, ProblemCode]) -> None:
        self.texts = texts
        self.problems = problems
        self._names = {route: name for name, page in texts.pages.items() for route in page.routes}

    def page_at(self, route: str) -> str | None:
        """The name of the help on a page; route: its address as the rules name it."""
        return self._names.get(route)

    def about(self, code: str) -> str | None:
        """The address of the help on a response code or a problem code; None where there is none."""
        known = code in self.texts.codes or code in self.problems
        return f"{CODES}/{quote(code, safe='')}" if known else None

    def group_of(self, code: str) -> CodeGroup | None:
        """Who says a response code."""
        return self.texts.groups.get(code.rstrip("0123456789"))

    def find(self, text: str, labels: Mapping[str, str]) -> Sequence[Place]:
        """Every place with all the words of a text, those first that have them in the title.

        labels: the labels of the response codes.
        """
        words = text.casefold().split()
        found = [place for place in self._places(labels) if all(word in place.words for word in words)]
        return sorted(found, key=lambda place: not all(word in place.title.casefold() for word in words))

    def _places(self, labels: Mapping[str, str]) -> Iterator[Place]:
        for code, label in labels.items():
            said = self.texts.codes.get(code)
            means, do = (said.means, said.do) if said else ("", "")
            yield _place("code", f"{code} {label}", means, f"{CODES}/{quote(code, safe='')}", do)
        for name, page in self.texts.pages.items():
            yield _place("page", page.title, page.shows, f"{PAGES}/{name}", *page.can)
        for term in self.texts.terms:
            yield _place("word", term.name, term.text.replace("`", ""), f"{WORDS}#{term.anchor}")
        for way in self.texts.start.ways:
            yield _place("way in", way.title, way.text, "/help#ways")
        for rule in VERDICT_RULES.values():
            link = f"{VERDICTS}#{rule.number}"
            yield _place("verdict", f"{rule.number} {rule.side}", f"{rule.condition}: {rule.why}", link, rule.remedy)
        for code, problem in self.problems.items():
            yield _place("code", code, " ".join(problem.meanings), f"{CODES}/{quote(code, safe='')}", problem.title)


def _place(kind: str, title: str, text: str, link: str, *more: str) -> Place:
    return Place(kind, title, text, link, " ".join((title, text, *more)).casefold())

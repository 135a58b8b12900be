"""The pages of the help, open to everybody: what this is, its pages, codes and words (5.12.1)."""

from collections.abc import Sequence
from typing import Final

import msgspec
from aiohttp import web

from dip.channels.registry import Registry
from dip.ground.current import Current
from dip.ground.errors import NotFound
from dip.http.portal.guard import visitor_of
from dip.http.portal.help.book import CODES, PAGES, VERDICTS, WORDS, HelpBook
from dip.http.portal.help.texts import PageText
from dip.http.portal.navigation import allows, sections
from dip.http.portal.permissions import RULES, Rule
from dip.http.portal.powers import Power, Visitor
from dip.http.portal.renderer import Renderer
from dip.reporting.verdicts import RULES as VERDICT_RULES

_START: Final = "/help"
_FOUND_SHOWN: Final = 50
_TEXT_LIMIT: Final = 200


class PageLine(msgspec.Struct, frozen=True):
    """A page of the portal in a list. help_link: its help; link: the page, for a visitor who may open it."""

    title: str
    shows: str
    help_link: str | None
    link: str | None
    is_below: bool = False


class HelpPages:
    """Handlers of `/help` and below."""

    def __init__(self, *, book: HelpBook, registry: Current[Registry], renderer: Renderer) -> None:
        self._book = book
        self._registry = registry
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """The addresses of the help."""
        return [
            web.get(_START, self.start),
            web.get(WORDS, self.words),
            web.get(VERDICTS, self.verdicts),
            web.get(CODES, self.codes),
            web.get(f"{CODES}/{{code}}", self.code),
            web.get(f"{PAGES}/{{name}}", self.page),
        ]

    async def start(self, request: web.Request) -> web.Response:
        """What this is, or what fits a search; `text`: words, which all have to occur."""
        text = request.query.get("text", "").strip()[:_TEXT_LIMIT]
        found = self._book.find(text, self._registry.value.response_codes) if text else ()
        values = {
            "text": text,
            "found": found[:_FOUND_SHOWN],
            "many": len(found),
            "start": self._book.texts.start,
            "groups": self._lines(visitor_of(request)),
        }
        return self._renderer.page(request, "help/start.html", values)

    async def words(self, request: web.Request) -> web.Response:
        """The glossary."""
        return self._renderer.page(request, "help/words.html", {"terms": self._book.texts.terms})

    async def verdicts(self, request: web.Request) -> web.Response:
        """Every rule by which a failed exchange is judged (FS-55)."""
        return self._renderer.page(request, "help/verdicts.html", {"rules": VERDICT_RULES.values()})

    async def codes(self, request: web.Request) -> web.Response:
        """Every response code by who says it, then the codes of problem documents."""
        labels, texts = self._registry.value.response_codes, self._book.texts
        groups = [
            (letters, group, {code: label for code, label in labels.items() if code.rstrip("0123456789") == letters})
            for letters, group in texts.groups.items()
        ]
        values = {"groups": groups, "texts": texts.codes, "problems": self._book.problems.values()}
        return self._renderer.page(request, "help/codes.html", values)

    async def code(self, request: web.Request) -> web.Response:
        """One code. Raises NotFound."""
        code = request.match_info["code"]
        problem, label = self._book.problems.get(code), self._registry.value.response_codes.get(code)
        if problem is not None:
            return self._renderer.page(request, "help/problem.html", {"problem": problem})
        if label is None:
            raise NotFound("There is no such code.")
        values = {
            "code": code,
            "label": label,
            "about": self._book.texts.codes.get(code),
            "group": self._book.group_of(code),
        }
        return self._renderer.page(request, "help/code.html", values)

    async def page(self, request: web.Request) -> web.Response:
        """The help on one page of the portal. Raises NotFound."""
        text = self._book.texts.pages.get(request.match_info["name"])
        if text is None:
            raise NotFound("There is no help under this name.")
        rules = [RULES.get(f"{method} {text.path}") for method in ("GET", "POST")]
        values = {
            "page": text,
            "who": [who(rule) if rule else None for rule in rules],
            "link": _link(text, visitor_of(request)),
        }
        return self._renderer.page(request, "help/page.html", values)

    def _lines(self, visitor: Visitor | None) -> Sequence[tuple[str, Sequence[PageLine]]]:
        """Every page by the groups of the navigation, each followed by those below it; the rest under `Also here`."""
        below: dict[str, list[PageText]] = {}
        at = {path: label for pages in sections().values() for path, label in pages.items()}
        for page in self._book.texts.pages.values():
            if page.path not in at:
                upper = max((path for path in at if page.path.startswith(f"{path}/")), key=len, default="")
                below.setdefault(upper, []).append(page)
        groups = []
        for group, pages in sections().items():
            lines = []
            for path, label in pages.items():
                lines.append(self._line(path, label, visitor))
                lines += [self._line(page.path, page.title, visitor, is_below=True) for page in below.get(path, ())]
            groups.append((group, lines))
        rest = [self._line(page.path, page.title, visitor) for page in below.get("", ())]
        return [*groups, ("Also here", rest)]

    def _line(self, path: str, label: str, visitor: Visitor | None, *, is_below: bool = False) -> PageLine:
        name = self._book.page_at(path)
        if name is None:
            return PageLine(label, "", None, path if allows(visitor, f"GET {path}") else None, is_below)
        text = self._book.texts.pages[name]
        return PageLine(text.title, text.shows, f"{PAGES}/{name}", _link(text, visitor), is_below)


def _link(text: PageText, visitor: Visitor | None) -> str | None:
    return text.path if "{" not in text.path and allows(visitor, f"GET {text.path}") else None


def who(rule: Rule) -> str:
    """Who may use what a rule guards, in words."""
    if rule.is_open:
        return "Everybody, without a log-in"
    if rule.powers is None:
        return "Everybody who is logged in"
    powers = [power for power in Power if power is Power.ADMINISTRATOR or power in rule.powers]
    return f"Users with one of these powers: {', '.join(powers)}"

"""Pages from templates, in the one shell that shows where one is."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import jinja2
from aiohttp import web

from dip import __version__
from dip.ground.clock import Clock
from dip.ground.settings import Settings
from dip.http.portal import wording
from dip.http.portal.guard import visitor_of
from dip.http.portal.help.book import HelpBook
from dip.http.portal.navigation import allows, navigation
from dip.http.portal.page_head import HeadOf, bare
from dip.http.portal.paths import tone_of, tone_of_state, words_of
from dip.http.portal.permissions import route_key
from dip.http.portal.powers import Visitor
from dip.http.portal.view_as import stop_viewing
from dip.http.portal.views import PauseView, windows_of

_TEMPLATES: Final = Path(__file__).resolve().parent / "templates"


class Renderer:
    """Renders a template. Every page gets environment, profile, version and the clock's offset."""

    def __init__(
        self,
        *,
        settings: Settings,
        clock: Clock,
        maintenance: Callable[[], Sequence[PauseView]] = tuple,
        book: HelpBook | None = None,
        alarms: Callable[[Visitor], int] = lambda visitor: 0,
        head: HeadOf = bare,
    ) -> None:
        """maintenance: what is paused now, or will be; it stands on every page. book: the help that pages lead to.

        alarms: how many that concern somebody go on; it stands in the head of every page. head: what else stands there.
        """
        self._settings = settings
        self._clock = clock
        self._maintenance = maintenance
        self._book = book
        self._alarms = alarms
        self._head = head
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters.update(
            bytes=wording.size,
            date=wording.date,
            date_and_time=wording.date_and_time,
            duration=wording.duration,
            hour_and_minute=wording.hour_and_minute,
            microseconds=wording.of_microseconds,
            time_of_day=wording.time_of_day,
            time_since=wording.time_since,
            tone=tone_of,
            tone_of_state=tone_of_state,
            when=wording.when,
            words=words_of,
        )
        self._templates.globals["help_on"] = lambda code: book and book.about(code)

    def page(
        self, request: web.Request, template: str, values: Mapping[str, Any], *, status: int = 200
    ) -> web.Response:
        """The page that a template makes of these values; it may ask whether the visitor may use a route."""
        offset, visitor = self._clock.offset, visitor_of(request)
        head = self._head(request, visitor)
        text = self._templates.get_template(template).render(
            values,
            visitor=visitor,
            navigation=navigation(visitor, request.path, self._settings.environment),
            may=lambda route: allows(visitor, route),
            environment=self._settings.environment,
            profile=self._settings.profile,
            version=__version__,
            path=request.path,
            offset=wording.duration(offset) if offset else None,
            business_now=self._clock.now(),
            maintenance=windows_of(self._maintenance()),
            page_help=self._page_help(request),
            open_alarms=self._alarms(visitor) if visitor is not None else 0,
            page_head=head,
        )
        response = web.Response(text=text, status=status, content_type="text/html")
        if head.has_gone:
            # The page says so, once.
            stop_viewing(request, response)
        return response

    def fragment(self, template: str, values: Mapping[str, Any], visitor: Visitor) -> str:
        """A part of a page that a template makes of these values; it may ask whether the visitor may use a route."""
        return self._templates.get_template(template).render(
            values, may=lambda route: allows(visitor, route), business_now=self._clock.now()
        )

    def _page_help(self, request: web.Request) -> str | None:
        """The name of the help on the page that was asked for."""
        key = route_key(request)
        return None if key is None or self._book is None else self._book.page_at(key.partition(" ")[2])

"""Who may ask about an MPAN, and what a look-up answers (5.5.14, FS-35, FS-50)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from dip.channels.registry import Registry
from dip.ground.clock import Clock, microseconds
from dip.ground.current import Current
from dip.ground.errors import BadRequest, NotFound, NotPermitted
from dip.http.portal.mpan_views import LookUpView, Origins, Views
from dip.http.portal.powers import Visitor
from dip.http.portal.searches import check_mpan
from dip.messages.identifiers import Mpan
from dip.messages.timestamps import moment_of
from dip.routing.explain import Explainer
from dip.routing.explanation import Explanation, Thought
from dip.store.pages import SqlitePages

_SECOND: Final = 1_000_000
_PLAIN_DATE: Final = 10


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to know of an MPAN. at: None: now. known_at: None: all that is known."""

    mpan: Mpan
    channel: str | None = None
    event: str | None = None
    at: datetime | None = None
    known_at: datetime | None = None


class Answer(msgspec.Struct, frozen=True):
    """What is known of an MPAN, a look-up of it, and both as they are shown to this visitor."""

    thought: Thought
    explanation: Explanation
    view: LookUpView
    views: Views


class MpanDesk:
    """Answers questions about MPANs.

    A company's users may ask where a participant of theirs is responsible for the MPAN, now or soon; they see what
    stands, past holders included, as every message about it tells them anyway. What was thought before and corrected
    is the DIP's own book-keeping and can name parties that never had to do with the MPAN: administrators see it.
    """

    def __init__(self, *, explainer: Explainer, registry: Current[Registry], pages: SqlitePages, clock: Clock) -> None:
        self._explainer = explainer
        self._registry = registry
        self._pages = pages
        self._clock = clock

    async def answer(self, question: Question, visitor: Visitor) -> Answer:
        """Raises BadRequest: no such channel or event; NotFound: nobody of the visitor's is responsible.

        Also NotPermitted: a company's user asked what was thought at another time.
        """
        now = self._clock.now()
        if question.channel is not None and self._registry.value.find(question.channel) is None:
            raise BadRequest("channel names no channel of this server; GET /admin/api/channels lists them.")
        is_whole = visitor.dip_ids is None
        thought = self._explainer.thought(question.mpan, question.known_at, now)
        if not is_whole:
            if not self._is_responsible(visitor, thought, now):
                raise NotFound("No participant of yours is appointed for this MPAN.")
            if question.known_at is not None:
                raise NotPermitted("What was thought at another time is for the DIP's administrators.")
        found = self._explainer.look_up(thought, question.at or now, question.channel, question.event)
        views = Views(thought, await self.origins(thought, visitor), is_whole=is_whole)
        return Answer(thought, found, views.look_up(found), views)

    async def origins(self, thought: Thought, visitor: Visitor) -> Origins:
        """What brought the rows of an MPAN, as far as the visitor may see it."""
        knowledge = thought.history.knowledge
        messages = {one.message for one in knowledge if one.message is not None}
        runs = {one.run for one in knowledge if one.run is not None} if visitor.dip_ids is None else set()
        return Origins(await self._pages.transactions(messages, visitor.dip_ids), await self._pages.run_names(runs))

    def _is_responsible(self, visitor: Visitor, thought: Thought, now: datetime) -> bool:
        """Whether a participant of the visitor's holds an appointment, or is about to; not one that is over (FS-50)."""
        second = microseconds(now) // _SECOND
        return any(visitor.sees(row.dip_id) and row.ends > second for row in thought.history.rows)


def question_of(mpan: str, query: Mapping[str, str]) -> Question:
    """The question that a path and a query ask. Raises BadRequest that does not repeat the MPAN."""
    return Question(
        mpan=Mpan(check_mpan(mpan)),
        channel=query.get("channel") or None,
        event=query.get("event") or None,
        at=_time("at", query),
        known_at=_time("known_at", query),
    )


def _time(name: str, query: Mapping[str, str]) -> datetime | None:
    """A date, which begins at local midnight, or a time with an offset."""
    text = query.get(name, "").strip()
    if not text:
        return None
    try:
        # A plus sign that was not escaped reaches us as a space.
        found = moment_of(text) if len(text) == _PLAIN_DATE else datetime.fromisoformat(text.replace(" ", "+"))
        if found is not None and found.tzinfo is not None:
            microseconds(found)
            return found
    except (ValueError, OverflowError):
        pass
    raise BadRequest(f"{name} is a date, or a time with an offset, such as 2026-03-21T00:00:00+00:00.")

"""What stands in the head of every page beside its navigation: through whose eyes one looks, and what can be kept."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from aiohttp import web

from dip.http.portal.permissions import RULES, route_key
from dip.http.portal.powers import Visitor
from dip.http.portal.view_addresses import view_address
from dip.http.portal.view_as import ViewAs
from dip.participants.participant import Participant

_OFFERED: Final = 100
"""Participants in the list of each page; the others are found by typing, and on the page of their own."""
_FIRST: Final = "/"


class PageHead(msgspec.Struct, frozen=True, kw_only=True):
    """The head of a page.

    may_view_as: the visitor may choose one of the participants. viewed_as: the one whose user's eyes one looks through.
    has_gone: the chosen one takes no part any more. here: where a form of the head leads back to. view: the address
    that can be kept as a view, "" for none.
    """

    may_view_as: bool = False
    viewed_as: Participant | None = None
    has_gone: bool = False
    participants: Sequence[Participant] = ()
    here: str = _FIRST
    view: str = ""


HeadOf = Callable[[web.Request, Visitor | None], PageHead]


def bare(request: web.Request, visitor: Visitor | None) -> PageHead:
    """A head with nothing to choose."""
    return PageHead()


def head_of(view_as: ViewAs) -> HeadOf:
    """Makes the head of each page."""

    def made(request: web.Request, visitor: Visitor | None) -> PageHead:
        may_view_as = view_as.may(visitor)
        # With a participant's eyes one sees no list of the others.
        viewed_as = view_as.participant(visitor)
        is_user = visitor is not None and visitor.form_token is not None and not visitor.must_change
        return PageHead(
            may_view_as=may_view_as,
            viewed_as=viewed_as,
            has_gone=view_as.has_gone(request, visitor),
            participants=view_as.first(_OFFERED) if may_view_as and viewed_as is None else (),
            here=_here(request),
            view=view_address(request.rel_url.raw_path, request.query) if is_user and request.method == "GET" else "",
        )

    return made


def _here(request: web.Request) -> str:
    """The address of the page that is shown, as long as it can be asked for again."""
    key = route_key(request)
    is_page = key is not None and f"GET {key.partition(' ')[2]}" in RULES
    if not is_page:
        return _FIRST
    return request.rel_url.raw_path_qs if request.method == "GET" else request.rel_url.raw_path

"""The portal as a participant's users see it: for the DIP's own people, outside of production (5.12)."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec
from aiohttp import web

from dip.ground.current import Current
from dip.ground.errors import NotPermitted
from dip.http.portal.powers import Power, Visitor
from dip.http.portal.scope import COMPANY_POWERS
from dip.messages.identifiers import DIP, DipId
from dip.participants.participant import Participant
from dip.participants.registry import Participants

COOKIE: Final = "dip_view_as"
_PRODUCTION: Final = "PRD"
_OF_RANK: Final[Mapping[Power, frozenset[Power]]] = MappingProxyType(
    {
        Power.ADMINISTRATOR: COMPANY_POWERS,
        Power.OPERATIONS: frozenset({Power.COMPANY_MESSAGES}),
        Power.CERTIFICATES: frozenset({Power.COMPANY_CERTIFICATES}),
        Power.PARTICIPANTS: frozenset({Power.COMPANY_USERS}),
    }
)
"""What each of the DIP's people may do as a company's user, besides reading."""


class ViewAs:
    """Who may view the portal as whom, and what is seen then."""

    def __init__(self, *, participants: Current[Participants], environment: str) -> None:
        self._participants = participants
        self._is_production = environment == _PRODUCTION

    def may(self, visitor: Visitor | None) -> bool:
        """Whether somebody may choose a participant: the DIP's own people with a session, never in production."""
        if visitor is None or self._is_production or visitor.form_token is None or visitor.must_change:
            return False
        return visitor.viewer is not None or (visitor.company is None and visitor.dip_ids is None)

    def seen(self, request: web.Request, visitor: Visitor) -> Visitor:
        """Who asks, as the participant that was chosen; without one, or for who may not, as it is.

        Raises NotPermitted where something is to be changed as a participant that takes no part any more.
        """
        chosen = request.cookies.get(COOKIE)
        if not chosen or not self.may(visitor):
            return visitor
        participant = self._participants.value.present(DipId(chosen))
        if participant is not None and participant.dip_id != DIP:
            return narrowed(visitor, participant)
        if request.method not in {"GET", "HEAD", "OPTIONS"}:
            raise NotPermitted(
                "The participant as which you saw the portal takes no part any more. Load the page again."
            )
        return visitor

    def has_gone(self, request: web.Request, visitor: Visitor | None) -> bool:
        """Whether somebody chose a participant that takes no part any more."""
        return bool(request.cookies.get(COOKIE)) and self.may(visitor) and (visitor is None or visitor.viewer is None)

    def participant(self, visitor: Visitor | None) -> Participant | None:
        """The participant as which somebody views the portal."""
        chosen = None if visitor is None else visitor.viewed_as
        return None if chosen is None else self._participants.value.get(chosen)

    def first(self, most: int) -> Sequence[Participant]:
        """The first participants by DIP id, to choose from."""
        return self._present()[:most]

    def found(self, text: str, most: int) -> Sequence[Participant]:
        """Participants by DIP id, MPID or name; where none is exactly that, those whose name or ids hold the words."""
        wanted = text.strip().casefold()
        if not wanted:
            return []
        everybody = self._present()
        exact = [one for one in everybody if wanted in {one.dip_id, one.mpid.casefold(), one.name.casefold()}]
        alike = (one for one in everybody if wanted in f"{one.name} {one.mpid} {one.dip_id}".casefold())
        return exact[:most] or list(alike)[:most]

    def _present(self) -> list[Participant]:
        known = (one for one in self._participants.value if one.left_at is None and one.dip_id != DIP)
        return sorted(known, key=lambda one: one.dip_id)


def narrowed(visitor: Visitor, participant: Participant) -> Visitor:
    """One of the DIP's people as a user of a participant's company that works for this participant alone.

    It never has more than before: what it may do takes a power of the company's user and one of its own.
    """
    viewer = visitor if visitor.viewer is None else visitor.viewer
    powers = frozenset({Power.READ_ONLY}).union(*(_OF_RANK.get(power, frozenset()) for power in viewer.powers))
    if not participant.company:
        # Without a company there are no users to manage.
        powers -= {Power.COMPANY_USERS}
    return msgspec.structs.replace(
        viewer,
        powers=powers,
        dip_ids=frozenset({participant.dip_id}),
        company=participant.company,
        viewer=viewer,
    )


def stop_viewing(request: web.Request, response: web.StreamResponse) -> None:
    """See the portal with one's own eyes from here on."""
    if COOKIE in request.cookies:
        response.del_cookie(COOKIE, path="/")

"""Whose affairs a user of the portal sees (5.11, 5.12): its company's participants, or everybody's."""

from dip.http.portal.powers import Power, Visitor
from dip.messages.identifiers import DipId
from dip.participants.registry import Participants
from dip.store.users import User

_KNOWN = frozenset(power.value for power in Power)
COMPANY_POWERS = frozenset({Power.COMPANY_USERS, Power.COMPANY_CERTIFICATES, Power.COMPANY_MESSAGES, Power.READ_ONLY})
"""What a company's users may do at most."""


def seen_by(user: User, participants: Participants) -> frozenset[DipId] | None:
    """The participants that a user may see; None: all of them.

    An agent's users see what the agent itself sent and was addressed; what it did for others stands under their names.
    """
    if user.company is None:
        return None
    own = participants.of_company(user.company)
    return own if user.dip_ids is None else own.intersection(user.dip_ids)


def visitor(user: User, participants: Participants, form_token: str) -> Visitor:
    """A user as somebody who asks. What the present server does not know as a power is none."""
    return Visitor(
        name=user.name,
        form_token=form_token,
        powers=frozenset(Power(power) for power in user.powers if power in _KNOWN),
        dip_ids=seen_by(user, participants),
        company=user.company,
        must_change=user.must_change,
    )

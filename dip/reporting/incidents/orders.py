"""What somebody may ask of incidents, and as whom."""

from collections.abc import Iterable
from datetime import date

import msgspec
from msgspec import UNSET, UnsetType

from dip.ground.errors import BadRequest
from dip.messages.identifiers import DipId, InterfaceId
from dip.store.incidents import ContactWay, Incident, Level, ReviewAction
from dip.store.page_records import Parties

_TITLE_LIMIT = 120
_TEXT_LIMIT = 8000
_SHORT_LIMIT = 120
_MOST_CHANNELS = 200
_MOST_ACTIONS = 50


class Author(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks. company: None for the DIP's own people; parties: the participants whose affairs it sees.

    is_desk: works for the service desk, which manages incidents.
    """

    name: str
    company: str | None = None
    parties: Parties = None
    is_desk: bool = False

    def sees(self, incident: Incident) -> bool:
        """Whether the whole of an incident is open to this user: it concerns its company and participants."""
        if self.parties is None:
            return True
        own = self.company is not None and incident.company == self.company
        return own and (incident.participant is None or incident.participant in self.parties)


class NewIncident(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """An incident to be raised. participant: whom it concerns; without it the whole company, or the DIP.

    related: numbers of incidents that it has to do with. transaction_id, alarm: a message or alarm that it is about.
    """

    title: str
    description: str
    impact: Level
    urgency: Level
    channels: tuple[InterfaceId, ...] = ()
    participant: DipId | None = None
    related: tuple[int, ...] = ()
    transaction_id: str | None = None
    alarm: int | None = None

    def check(self) -> None:
        """Raise BadRequest where it can't be kept."""
        check_text("title", self.title, limit=_TITLE_LIMIT)
        check_text("description", self.description)
        check_text("transactionId", self.transaction_id or "-", limit=_SHORT_LIMIT)
        check_channels(self.channels)
        _check_numbers("related", self.related)
        _check_numbers("alarm", () if self.alarm is None else (self.alarm,))


class IncidentChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What is to be different; what is left out stays.

    owner: who works on it from now on; team: whom it is escalated to; one of them at a time. notice: what everybody
    may read of it, null: nothing. related: further incidents that it has to do with. text: why. version: the one that
    was seen, where a later change by somebody else is not to be overwritten.
    """

    impact: Level | UnsetType = UNSET
    urgency: Level | UnsetType = UNSET
    channels: tuple[InterfaceId, ...] | UnsetType = UNSET
    owner: str | UnsetType = UNSET
    team: str | UnsetType = UNSET
    root_cause: str | UnsetType = UNSET
    notice: str | UnsetType | None = UNSET
    related: tuple[int, ...] = ()
    text: str = ""
    version: int | None = None

    def check(self) -> None:
        """Raise BadRequest where it can't be kept."""
        for name, value, limit in (
            ("owner", self.owner, _SHORT_LIMIT),
            ("team", self.team, _SHORT_LIMIT),
            ("notice", self.notice, _TEXT_LIMIT),
        ):
            if isinstance(value, str):
                check_text(name, value, limit=limit)
        check_text("rootCause", self.root_cause or "", may_be_empty=True)
        check_text("text", self.text, may_be_empty=True)
        if self.owner is not UNSET and self.team is not UNSET:
            raise BadRequest("An incident is given to an owner, or escalated to a team: one at a time.")
        if self.channels is not UNSET:
            check_channels(self.channels)
        _check_numbers("related", self.related)


class NewContact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A contact about an incident: with whom, and what was said."""

    way: ContactWay
    text: str
    person: str = ""

    def check(self) -> None:
        """Raise BadRequest where it can't be kept."""
        check_text("text", self.text)
        check_text("person", self.person, limit=_SHORT_LIMIT, may_be_empty=True)


class Resolution(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """That the service is restored: how, and what the cause was as far as it is known."""

    resolution: str
    root_cause: str = ""

    def check(self) -> None:
        """Raise BadRequest where it can't be kept."""
        check_text("resolution", self.resolution)
        check_text("rootCause", self.root_cause, may_be_empty=True)


class Confirmation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the one who raised an incident finds it resolved; where not, text says why."""

    solved: bool
    text: str = ""

    def check(self) -> None:
        """Raise BadRequest where it can't be kept."""
        check_text("text", self.text, may_be_empty=self.solved)


class NewReview(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A post-incident review (7.4.1). held_on: a date."""

    held_on: date
    text: str
    actions: tuple[ReviewAction, ...] = ()

    def check(self) -> None:
        """Raise BadRequest where it can't be kept."""
        check_text("text", self.text)
        if len(self.actions) > _MOST_ACTIONS:
            raise BadRequest(f"actions: at most {_MOST_ACTIONS}.")
        for one in self.actions:
            check_text("actions.what", one.what, limit=_TEXT_LIMIT)
            check_text("actions.who", one.who, limit=_SHORT_LIMIT)


def check_text(name: str, text: str, *, limit: int = _TEXT_LIMIT, may_be_empty: bool = False) -> None:
    """Raise BadRequest where a text is missing, too long, or holds what can't be shown."""
    if not may_be_empty and not text.strip():
        raise BadRequest(f"{name}: say something.")
    if len(text) > limit:
        raise BadRequest(f"{name}: at most {limit} characters.")
    if any(ord(char) < ord(" ") and char not in "\r\n\t" for char in text) or "\x7f" in text:
        raise BadRequest(f"{name}: without control characters.")


def check_channels(channels: Iterable[InterfaceId]) -> None:
    """Raise BadRequest where these are more channels than there can be."""
    if len(tuple(channels)) > _MOST_CHANNELS:
        raise BadRequest(f"channels: at most {_MOST_CHANNELS}.")


def _check_numbers(name: str, numbers: Iterable[int]) -> None:
    found = tuple(numbers)
    if len(found) > _MOST_ACTIONS or any(not 0 < one < 2**63 for one in found):
        raise BadRequest(f"{name}: expected numbers from 1, at most {_MOST_ACTIONS} of them.")

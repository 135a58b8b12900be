"""In whose name somebody may try the participants' API out: its own participants, where the server has their keys."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from dip.client import Credentials, credentials_of
from dip.ground.current import Current
from dip.ground.errors import Conflict, NotFound
from dip.ground.settings import Settings
from dip.http.portal.navigation import allows
from dip.http.portal.powers import Visitor
from dip.messages.identifiers import DipId, RoleCode
from dip.participants.folder import has_key
from dip.participants.participant import Participant
from dip.participants.registry import Participants
from dip.security.pki import CertificateUse

TRY: Final = "POST /docs/try"
_OF_A_ROLE: Final = 20
"""How many participants of one main role are offered; any other one is chosen by `?as=`."""
_PRODUCTION: Final = "PRD"


class Offered(msgspec.Struct, frozen=True, rename="camel"):
    """A participant in whose name a call can be sent."""

    dip_id: DipId
    name: str
    roles: tuple[RoleCode, ...]


class Senders:
    """Whom somebody may choose. directory: the data directory, with the keys that the server made."""

    def __init__(self, *, directory: Path, settings: Settings, participants: Current[Participants]) -> None:
        self._directory = directory
        self._is_production = settings.environment == _PRODUCTION
        self._participants = participants

    def offered(self, visitor: Visitor | None, wanted: str) -> list[Offered]:
        """Those that a page offers, by main role and id; `wanted` comes first. Blocks for looks at files."""
        if visitor is None or visitor.must_change or self._is_production or not allows(visitor, TRY):
            return []
        chosen = [self._participants.value.present(DipId(wanted))]
        found: dict[DipId, Participant] = {}
        for one in (*chosen, *self._first_of_each_role(visitor)):
            if one is not None and visitor.sees(one.dip_id) and self._has_keys(one.dip_id):
                found[one.dip_id] = one
        return [Offered(one.dip_id, one.name, one.roles) for one in found.values()]

    def participant(self, visitor: Visitor, dip_id: str) -> Participant:
        """The participant of that id. Raises NotFound where it is none of the visitor's, or in production."""
        if self._is_production:
            raise NotFound("In production nothing is sent in a participant's name.")
        visitor.check_sees(dip_id)
        found = self._participants.value.present(DipId(dip_id))
        if found is None:
            raise NotFound("No participant of yours has this DIP id.")
        return found

    def credentials(self, dip_id: DipId) -> Credentials:
        """Its certificates and keys. Raises Conflict where it brought a key itself. Blocks for reading files."""
        if not self._has_keys(dip_id):
            raise Conflict(
                "This participant brought a key of its own, which the server does not have and can't sign with. "
                "Send with its own program, or with the client: docs/how-to/use-the-client.md."
            )
        return credentials_of(self._directory, dip_id)

    def _first_of_each_role(self, visitor: Visitor) -> Iterator[Participant]:
        taken: dict[RoleCode, int] = {}
        for one in sorted(self._participants.value, key=lambda one: (one.roles, one.dip_id)):
            role = one.roles[0] if one.roles else RoleCode("")
            if one.left_at is None and visitor.sees(one.dip_id) and taken.get(role, 0) < _OF_A_ROLE:
                taken[role] = taken.get(role, 0) + 1
                yield one

    def _has_keys(self, dip_id: DipId) -> bool:
        """Whether the server made every key of the participant, so that they lie in its folder."""
        folder = self._directory / "participants" / dip_id
        return (folder / "participant.json").exists() and all(
            has_key(self._directory, dip_id, use) for use in CertificateUse
        )

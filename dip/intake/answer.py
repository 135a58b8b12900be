"""The answer to a request: an entry for each message, and the status that the profile asks for (5.5.10)."""

from collections.abc import Mapping, Sequence

import msgspec

from dip.ground.profiles import Profile
from dip.intake.refusal import Refusal, help_text
from dip.messages.identifiers import DIP, DipId
from dip.messages.standard_response import Entry, StandardResponse, clip, label
from dip.store.records import Outcome, Verdict

SOME_TAKEN = 207
NONE_TAKEN = 400
FORBIDDEN = 403
UNAVAILABLE = 503
_LEFT = "Nothing is wrong with this message; another one of the request is refused, so none was taken. Send it again."
_REFERENCE = "/payload/CommonBlock/S1/senderUniqueReference"


class Judged(msgspec.Struct):
    """One message of a request: refused by the checks, or the store's to judge."""

    reference: str | None
    refusal: Refusal | None
    principal: DipId | None = None
    """Whose message it is, where an agent calls for it."""


class Answering:
    """Writes answers in one profile's way."""

    def __init__(self, profile: Profile, texts: Mapping[str, str]) -> None:
        self._profile = profile
        self._texts = texts

    def conclude(
        self, judged: Sequence[Judged], outcomes: Sequence[Outcome], recipient: DipId, timestamp: str
    ) -> tuple[int, bytes]:
        """Status and body; `outcomes` belong, in order, to the messages that the checks let pass.

        recipient: who called.
        """
        entries: list[Entry] = []
        taken = not_taken = 0
        waiting = iter(outcomes)
        for index, one in enumerate(judged):
            entry = Entry(
                sender_unique_reference=one.reference,
                sent_timestamp=timestamp,
                sender_id=DIP,
                recipient_id=one.principal or recipient,
                connection_provider_id=None if one.principal is None else recipient,
            )
            if one.refusal is not None:
                self._refuse(entry, one.refusal, index)
            else:
                outcome = next(waiting)
                if self._enter(entry, outcome, index):
                    taken += 1
                else:
                    not_taken += 1
            entries.append(entry)
        body = msgspec.json.encode(StandardResponse(entries, timestamp))
        return self._status(judged, taken, not_taken), body

    def refuse_whole(self, code: str, help_: str, recipient: DipId | None, timestamp: str) -> bytes:
        """The body for a request that can't be told into messages: one entry."""
        entry = Entry(
            sent_timestamp=timestamp,
            sender_id=DIP,
            recipient_id=recipient,
            message=label(code, self._texts),
            help=clip(help_),
        )
        return msgspec.json.encode(StandardResponse([entry], timestamp))

    def _refuse(self, entry: Entry, refusal: Refusal, index: int) -> None:
        entry.message = label(refusal.code, self._texts)
        entry.help = help_text(refusal, index)

    def _enter(self, entry: Entry, outcome: Outcome, index: int) -> bool:
        """Fill the entry; whether the message counts as taken."""
        entry.transaction_id = outcome.transaction_id
        entry.correlation_id = outcome.correlation_id
        if outcome.verdict is Verdict.NEW or (outcome.verdict is Verdict.SAME and self._profile.repeat_is_success):
            entry.message = label("MSG0000", self._texts)
            return True
        if outcome.verdict is Verdict.LEFT:
            entry.message = label("MSG1000", self._texts)
            entry.help = _LEFT
            return False
        entry.message = label("MSG1006", self._texts)
        same = "the same content" if outcome.verdict is Verdict.SAME else "other content"
        entry.help = (
            f"/{index}{_REFERENCE}: expected a reference not used before on this channel; it was used with {same}"
        )
        return False

    def _status(self, judged: Sequence[Judged], taken: int, not_taken: int) -> int:
        if taken == len(judged):
            return self._profile.status_all_taken
        if taken:
            return SOME_TAKEN
        refusals = [one.refusal for one in judged if one.refusal is not None]
        if not not_taken and all(refusal.retry_after_s is not None for refusal in refusals):
            return UNAVAILABLE
        only_permission = bool(refusals) and all(refusal.permission for refusal in refusals)
        return FORBIDDEN if only_permission and not not_taken else NONE_TAKEN

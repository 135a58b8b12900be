"""The way in of status messages: a recipient reports later what it found wrong with a message (5.5.9, 5.5.13 E)."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta

import msgspec

from dip.archive.archive import Archive
from dip.channels.registry import Registry
from dip.ground.clock import Clock, microseconds
from dip.ground.current import Current
from dip.ground.settings import Settings
from dip.intake.answer import Answering, Judged
from dip.intake.body import read_entries
from dip.intake.refusal import Refusal, one, permission, several
from dip.intake.request import Answer, InboundRequest
from dip.intake.status_entry import GivenEntry, read_entry
from dip.messages.identifiers import DipId, RoleCode, original_of
from dip.messages.standard_response import SUCCESS_CODES, Entry, code_of
from dip.messages.timestamps import read_wire_time, wire_time
from dip.participants.access import ANY_ROLE, Caller, agent_of, represents
from dip.participants.agency import receiving_roles
from dip.participants.rates import Rate
from dip.participants.registry import Participants
from dip.participants.signatures import Signatures, Signed
from dip.security.vault import Vault
from dip.store.evidence import inbound_call
from dip.store.protocol import ReportStore
from dip.store.records import NewStatus
from dip.store.reports import Report, Reportable, StatusArrival

_BREATH = 50
"""Status messages checked between two turns of the event loop."""
_TAKEN = 201


class StatusIntake:
    """Takes status messages of participants in. Nothing is answered before it is committed.

    The delivery that a status message is about stays as it is. The same one again is answered like the first time
    and goes out once.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        clock: Clock,
        registry: Current[Registry],
        participants: Current[Participants],
        store: ReportStore,
        archive: Archive,
        vault: Vault,
        signatures: Signatures,
        rate: Rate,
        wake: Callable[[Iterable[int]], None],
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._registry = registry
        self._participants = participants
        self._store = store
        self._archive = archive
        self._vault = vault
        self._signatures = signatures
        self._rate = rate
        self._wake = wake

    async def receive(self, request: InboundRequest) -> Answer:
        """Take a request of status messages in and answer it.

        Raises RateExceeded, RequestRefused, SignatureRefused, NotAuthenticated, NotPermitted where nothing of it can
        be told apart; StoreUnavailable where the disk fails.
        """
        signed = self._signatures.check(
            request.headers,
            method=request.method,
            urls=request.urls,
            body=request.body,
            caller=request.caller.dip_id,
        )
        raws = read_entries(
            request.body, message_limit=self._settings.message_limit, nesting_limit=self._settings.nesting_limit
        )
        self._rate.take(request.caller.dip_id, len(raws))
        now = self._clock.now()
        folds = self._settings.switches.folds_names
        given = [read_entry(raw, folds_names=folds) for raw in raws]
        named = {original_of(entry.transaction_id) for entry in given if isinstance(entry, GivenEntry)}
        messages = self._store.reportable(named)
        judged: list[Judged] = []
        reports: list[Report] = []
        for index, entry in enumerate(given):
            if index % _BREATH == _BREATH - 1:
                await asyncio.sleep(0)
            if not isinstance(entry, GivenEntry):
                judged.append(Judged(None, several("MSG1001", entry)))
                continue
            about = messages.get(original_of(entry.transaction_id))
            found = self._check(entry, about, request.caller, signed, now)
            judged.append(Judged(entry.sender_unique_reference, found if isinstance(found, Refusal) else None))
            judged[-1].principal = self._principal(entry, request.caller)
            if isinstance(found, Reportable):
                reports.append(self._report(entry, found, request.caller))
                judged[-1].reference = entry.sender_unique_reference or found.reference
        return await self._commit(request, signed, judged, reports, now)

    def _check(
        self, entry: GivenEntry, about: Reportable | None, caller: Caller, signed: Signed, now: datetime
    ) -> Reportable | Refusal:
        """The message that an entry is about, or why the entry is refused."""
        sender = DipId(entry.sender_id)
        participants = self._participants.value
        for actor, use in (caller.dip_id, "client"), (signed.signer, "signing"):
            if not represents(participants, actor, sender):
                expected = f"{actor}, to whom the {use} certificate belongs, or one that it acts for"
                return permission("MSG1009", "/senderID", expected)
        known = about if about is not None and sender in about.recipients else None
        # Some name the agent that reports, others repeat the one that had sent the message.
        if entry.connection_provider_id not in (None, caller.dip_id, known.agent if known else None):
            expected = f"null, or {caller.dip_id}, which connects"
            return permission("MSG1011", "/DIPConnectionProviderID", expected)
        # An unknown transaction is refused in the same words: whether it exists is nobody else's business.
        if known is None:
            expected = f"the transaction id of a message that was addressed to {sender}"
            return permission("MSG1000", "/transactionID", expected)
        for actor in (caller.dip_id, signed.signer):
            if not represents(participants, actor, sender, self._roles(known, sender)):
                expected = f"a message of a channel for which {actor} acts for {sender}"
                return permission("MSG1000", "/transactionID", expected)
        return self._content(entry, known, now) or known

    def _roles(self, about: Reportable, recipient: DipId) -> AbstractSet[RoleCode]:
        """The roles by which a message's channel reaches its recipient."""
        party = self._participants.value.get(recipient)
        return receiving_roles(self._registry.value.find(about.interface), party) if party is not None else ANY_ROLE

    def _content(self, entry: GivenEntry, about: Reportable, now: datetime) -> Refusal | None:
        if entry.recipient_id not in (None, about.sender):
            return one("MSG1000", "/recipientID", f"null, or {about.sender}, who sent that message")
        code = code_of(entry.message)
        if code not in self._registry.value.response_codes:
            expected = "a response code with its label, such as RCP1061 - MPAN Invalid or Unknown"
            return one("MSG1001", "/message", expected)
        if code in SUCCESS_CODES:
            return one("MSG1001", "/message", f"the code of a problem; {code} reports none, and nobody waits for it")
        sent = read_wire_time(entry.sent_timestamp)
        if sent is None:
            return one("MSG1007", "/sentTimestamp", "a time such as 2026-03-21T19:05:00+00:00")
        ahead = self._settings.sender_timestamp_ahead_s
        if sent - max(now, self._clock.wall()) > timedelta(seconds=ahead):
            return one("MSG1007", "/sentTimestamp", f"a time at most {ahead} s ahead of the DIP's clock")
        return None

    def _principal(self, given: GivenEntry, caller: Caller) -> DipId | None:
        """For whom an agent reports."""
        sender = DipId(given.sender_id)
        is_agents = caller.dip_id != sender and represents(self._participants.value, caller.dip_id, sender)
        return sender if is_agents else None

    def _report(self, given: GivenEntry, about: Reportable, caller: Caller) -> Report:
        """The status message as the original sender gets it: what was null is filled, an R- stands for its original."""
        correlation = original_of(given.correlation_id) if given.correlation_id else about.correlation_id
        entry = Entry(
            transaction_id=about.transaction_id,
            sender_unique_reference=given.sender_unique_reference or about.reference,
            correlation_id=correlation,
            sent_timestamp=given.sent_timestamp,
            sender_id=given.sender_id,
            recipient_id=about.sender,
            connection_provider_id=given.connection_provider_id or agent_of(DipId(given.sender_id), caller.dip_id),
            message=given.message,
            help=given.help,
            service_ticket_url=given.service_ticket_url,
        )
        encoded = msgspec.json.encode(entry)
        status = NewStatus(
            about.sender,
            code_of(given.message) or "",
            self._vault.seal(encoded, about.transaction_id.encode()),
            origin=DipId(given.sender_id),
            digest=self._vault.digest(encoded.decode()),
        )
        return Report(about, status)

    async def _commit(
        self,
        request: InboundRequest,
        signed: Signed,
        judged: Sequence[Judged],
        reports: Sequence[Report],
        now: datetime,
    ) -> Answer:
        switches = self._settings.switches
        # One status for both profiles, and the same one again is no fault in either (live API 2.2.1).
        profile = msgspec.structs.replace(switches, status_all_taken=_TAKEN, repeat_is_success=True)
        answering = Answering(profile, self._texts())
        timestamp = wire_time(now)
        refused = any(one.refusal is not None for one in judged)
        arrival = StatusArrival(
            exchange=inbound_call(
                request.caller,
                signed,
                at=microseconds(now),
                method=request.method,
                url=request.urls[0],
                duration_us=int((self._clock.monotonic() - request.started) * 1_000_000),
            ),
            reports=reports,
            none_taken=refused and not switches.takes_good_of_mixed,
            seal=self._archive.seal_answer,
            conclude=lambda outcomes: answering.conclude(judged, outcomes, request.caller.dip_id, timestamp),
        )
        taken = await self._store.take_in(arrival)
        self._wake(taken.lanes)
        return Answer(taken.status, taken.answer)

    def _texts(self) -> Mapping[str, str]:
        return self._registry.value.response_codes

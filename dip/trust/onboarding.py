"""Participants join, change their roles and leave while messages flow (5.7; FS-40, 41, 43)."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from dip.channels.registry import Registry
from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.errors import BadRequest, Conflict, NotFound, StoreUnavailable
from dip.ground.log import Log
from dip.messages.identifiers import DIP, DipId
from dip.participants.folder import (
    MadeParticipant,
    describe_participant,
    made_participant,
    new_api_key,
    write_participant,
)
from dip.participants.participant import Company, HeldCertificate, Participant, Qualification, api_key_digest
from dip.participants.registry import Participants
from dip.security.pki import Authority
from dip.security.vault import Vault
from dip.store.companies import Onboarded
from dip.store.protocol import CompanyStore
from dip.trust.company_form import StatedCompany
from dip.trust.keeping import sealed
from dip.trust.onboarding_orders import CompanyOrder, NewParticipant, ParticipantChange, changed, joining
from dip.trust.onboarding_plan import Planner, Step, left

_LONGEST_REST_S: Final = 60.0
_Result = TypeVar("_Result")


class Applied(msgspec.Struct, frozen=True):
    """What statements of companies changed: the DIP ids that joined, changed and left; companies: how many stated."""

    companies: int
    joined: tuple[DipId, ...] = ()
    changed: tuple[DipId, ...] = ()
    left: tuple[DipId, ...] = ()


class Joined(msgspec.Struct, frozen=True):
    """A participant as it is now. api_key: in clear where a new one was made; it is never shown again."""

    participant: Participant
    api_key: str | None = None


async def _nothing() -> None:
    """For a server in which nothing follows."""


class Onboarding:
    """Everything that changes who takes part, in which roles: one change at a time, each committed before it counts.

    Channels follow from roles: routing and receiving look at the snapshot that this puts in place. directory: the data
    directory. revoked: told of each certificate that a leaving participant had. executor: makes keys.
    """

    def __init__(
        self,
        *,
        directory: Path,
        authority: Authority,
        store: CompanyStore,
        vault: Vault,
        participants: Current[Participants],
        registry: Current[Registry],
        clock: Clock,
        executor: Executor,
        revoked: Callable[[HeldCertificate], None],
        log: Log,
    ) -> None:
        self._directory = directory
        self._authority = authority
        self._store = store
        self._vault = vault
        self._participants = participants
        self._registry = registry
        self._clock = clock
        self._executor = executor
        self._revoked = revoked
        self._log = log
        self._turn = asyncio.Lock()
        self._woken = asyncio.Event()
        self.companies: Mapping[str, Company] = store.companies()
        """Every company by its number."""
        self.qualifications: Mapping[DipId, Sequence[Qualification]] = store.qualifications()
        """What the central feed said of roles, by DIP id."""
        self.follow: Callable[[], Awaitable[object]] = _nothing
        """Withdraws what nobody may receive any more; called where somebody lost a channel."""

    async def add(self, order: NewParticipant) -> Joined:
        """A new participant, or one that left and comes back under its id.

        Raises OnboardingRefused, CertificateRequestRefused, Conflict where the id takes part already,
        StoreUnavailable.
        """
        async with self._turn:
            participants = self._participants.value
            step = joining(order, participants, self._registry.value, self._clock.wall())
            if not step.joins:
                raise Conflict(f"{step.after.dip_id} takes part already; PATCH changes it.")
            keys = await self._commit([step], self._company(order.company, order.company_name))
        return Joined(self._present(step.after.dip_id), keys[step.after.dip_id])

    async def change(self, dip_id: DipId, change: ParticipantChange) -> Joined:
        """Change what is known of a participant, its roles or what it signed up for.

        Raises NotFound, OnboardingRefused, StoreUnavailable.
        """
        async with self._turn:
            before = self._present(dip_id)
            step = changed(before, change, self._registry.value, self.qualifications.get(dip_id, ()))
            api_key = new_api_key() if change.new_api_key else None
            if api_key is not None:
                after = msgspec.structs.replace(step.after, api_key_digest=api_key_digest(api_key))
                step = msgspec.structs.replace(step, after=after)
            await self._commit([step], self._company(change.company, change.company_name))
            if api_key is not None:
                await self._in_executor(partial(describe_participant, self._directory, step.after, api_key))
        await self._follow([step])
        return Joined(self._present(dip_id), api_key)

    async def offboard(self, dip_id: DipId) -> Participant:
        """A participant leaves: its roles, certificates, API key, webhooks and waiting messages are withdrawn.

        Raises NotFound, StoreUnavailable.
        """
        async with self._turn:
            before = self._present(dip_id)
            step = Step(before=before, after=left(before, self._clock.wall()), qualifications=())
            await self._commit([step])
        await self._follow([step])
        return step.after

    async def apply(self, companies: Sequence[StatedCompany]) -> Applied:
        """Make so what the central feed says; the same again changes nothing.

        Nothing is done where anything of it can't be so; then each company is committed for itself. Raises
        OnboardingRefused with every fault, StoreUnavailable.
        """
        async with self._turn:
            self._planner().check(companies)
            done: list[Step] = []
            try:
                for company in companies:
                    steps = self._planner().steps(company)
                    await self._commit(steps, self._company(company.number, company.name))
                    done += steps
            finally:
                self._woken.set()
                await self._follow(done)
        joined = tuple(step.after.dip_id for step in done if step.joins)
        gone = tuple(step.after.dip_id for step in done if step.leaves)
        others = tuple(step.after.dip_id for step in done if not step.joins and not step.leaves)
        if done:
            self._log.info("companies_applied", joined=len(joined), changed=len(others), left=len(gone))
        return Applied(len(companies), joined, others, gone)

    async def bring_up_to_date(self) -> None:
        """Have roles begin and end whose dates have come. Raises StoreUnavailable."""
        async with self._turn:
            steps = self._planner().due()
            await self._commit(steps)
        await self._follow(steps)

    async def save_companies(self, orders: Iterable[CompanyOrder]) -> None:
        """Companies, new or with another name. Raises StoreUnavailable."""
        async with self._turn:
            for order in orders:
                await self._commit([], self._company(order.number, order.name))

    async def run(self) -> None:
        """Have roles begin and end on their dates, until cancelled."""
        ended = self._clock.watch(self._woken.set)
        try:
            while True:
                self._woken.clear()
                try:
                    await self.bring_up_to_date()
                except StoreUnavailable:
                    self._log.warning("role_dates_postponed")
                except Exception:
                    self._log.exception("role_dates_failed")
                await self._rest()
        finally:
            ended()

    async def _rest(self) -> None:
        now = self._clock.now()
        moments = (at for held in self.qualifications.values() for one in held for at in _dates(one) if at > now)
        wait_s = min(((at - now).total_seconds() for at in moments), default=_LONGEST_REST_S)
        try:
            async with asyncio.timeout(min(max(wait_s, 0.05), _LONGEST_REST_S)):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _commit(self, steps: Sequence[Step], companies: tuple[Company, ...] = ()) -> dict[DipId, str]:
        """Keep steps and serve by them; the API keys of those who join."""
        if not steps and not companies:
            return {}
        made = {step.after.dip_id: await self._made(step) for step in steps if step.joins}
        ended = [held for step in steps if step.leaves for held in self._ended(step.after)]
        issued = [one.held for each in made.values() for one in each.issued]
        qualifications = {step.after.dip_id: step.qualifications for step in steps if step.qualifications is not None}
        participants = tuple(
            made[step.after.dip_id].participant if step.after.dip_id in made else step.after for step in steps
        )
        await self._store.save(
            Onboarded(
                companies=companies,
                participants=participants,
                certificates=tuple(sealed(self._vault, held) for held in (*issued, *ended)),
                qualifications=qualifications,
            )
        )
        for each in made.values():
            # Before anything is encrypted to it: its key has to be at hand by then.
            await self._in_executor(partial(write_participant, self._directory, each))
        self.companies = {**self.companies, **{one.number: one for one in companies}}
        self.qualifications = {**self.qualifications, **qualifications}
        if steps:
            self._participants.value = self._participants.value.with_participants(participants, (*issued, *ended))
        for held in ended:
            self._revoked(held)
        for step in steps:
            self._tell(step)
            if not step.joins and not step.leaves:
                await self._in_executor(partial(describe_participant, self._directory, step.after))
        return {dip_id: each.api_key for dip_id, each in made.items()}

    async def _made(self, step: Step) -> MadeParticipant:
        make = partial(made_participant, self._authority, step.after, self._clock.wall(), own_keys=step.own_keys)
        return await self._in_executor(make)

    async def _follow(self, steps: Sequence[Step]) -> None:
        if any(step.loses for step in steps):
            try:
                await self.follow()
            except StoreUnavailable:
                # It is looked for again and again.
                self._log.warning("withdrawals_postponed")

    async def _in_executor(self, work: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def _ended(self, participant: Participant) -> list[HeldCertificate]:
        """The certificates of a participant that leaves, revoked now."""
        now = self._clock.wall()
        return [
            msgspec.structs.replace(held, revoked_at=now)
            for held in self._participants.value.certificates()
            if held.holder == participant.dip_id and held.revoked_at is None and not held.drill
        ]

    def _company(self, number: str | None, name: str | None) -> tuple[Company, ...]:
        """A company to be kept, where something of it is new."""
        if not number:
            return ()
        known = self.companies.get(number)
        if known is not None and name in (None, known.name):
            return ()
        since = self._clock.wall() if known is None else known.since
        return (Company(number, name or number, since),)

    def _present(self, dip_id: DipId) -> Participant:
        found = self._participants.value.present(dip_id)
        if found is None:
            raise NotFound("No participant that takes part has this DIP id.")
        if dip_id == DIP:
            raise BadRequest("The DIP itself is not changed here.")
        return found

    def _planner(self) -> Planner:
        return Planner(
            participants=self._participants.value,
            qualifications=self.qualifications,
            registry=self._registry.value,
            now=self._clock.now(),
            wall=self._clock.wall(),
        )

    def _tell(self, step: Step) -> None:
        event = "participant_joined" if step.joins else "participant_left" if step.leaves else "participant_changed"
        self._log.info(event, participant=step.after.dip_id, roles=list(step.after.roles))


def _dates(one: Qualification) -> list[datetime]:
    return [at for at in (one.effective_from, one.effective_to) if at is not None]

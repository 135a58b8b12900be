"""Every certificate renewed and the master key changed while messages flow: is one lost, or refused (8.1, 8.4)."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import aiohttp
import msgspec

from dip.benchmark.even import EvenCall, Prepared, prepared, sample, send_evenly, session_of
from dip.benchmark.measure import Round, Unaccounted, measure
from dip.benchmark.report import Cell, Report
from dip.benchmark.singles import CHANNEL, HEADS, RECIPIENT, SENDER
from dip.benchmark.stage import Stage, stage
from dip.client import Credentials, credentials_of, known_participants
from dip.security.pki import CertificateUse

_PATIENCE_S = 60.0
_OWN_USES = (CertificateUse.TLS, CertificateUse.SIGNING)
_CALL_S = 30.0


class Plan(msgspec.Struct, frozen=True):
    """Messages a second for how many seconds: half of them before the sender takes up its new keys, half after.

    key_changes: how often the master key is changed.
    """

    rate: int = 200
    seconds: int = 60
    key_changes: int = 5


class RenewalResult(msgspec.Struct, frozen=True):
    """The figures of the messages; how many certificates were renewed and revoked, and master keys changed."""

    messages: Round | Unaccounted
    renewed: int
    revoked: int
    key_changes: int
    opened: int
    wrong: int
    took_s: float
    in_time: bool
    """Whether all was done before the last message was sent."""


async def run_renewal(plan: Plan, say: Callable[[str], None]) -> Report:
    """Send single IF-031, encrypted both ways, while everything that can be renewed is."""
    found = await measure_renewal(plan, say)
    title = (
        f"{plan.rate} IF-031 a second for {plan.seconds} s, encrypted both ways, while {found.renewed} certificates "
        f"are renewed, {found.revoked} revoked, and the master key is changed {found.key_changes} times"
    )
    if isinstance(found.messages, Unaccounted):
        return Report(mode="renewal", title=title, plan=plan, unaccounted=[found.messages.reason])
    if found.wrong or found.opened < plan.rate * plan.seconds:
        reason = f"{found.opened} messages were opened, {found.wrong} of them were not what was sent"
        return Report(mode="renewal", title=title, plan=plan, unaccounted=[reason])
    rows: dict[str, Sequence[Cell]] = {
        "answer, ms": list(found.messages.answer_ms.values()),
        "delivery, ms": list(found.messages.delivery_ms.values()),
        "lost, refused, doubled": [f"0, 0, {found.messages.duplicates}"],
        "opened and right": [found.opened],
        "all renewed in, s": [found.took_s],
        "while messages flowed": ["all of it" if found.in_time else "not all"],
    }
    return Report(mode="renewal", title=title, plan=plan, heads=HEADS, rows=rows, detail=found)


async def measure_renewal(plan: Plan, say: Callable[[str], None]) -> RenewalResult:
    """Renew everything while an even pace of messages goes on, then revoke what was replaced."""
    template = sample("if-031-dsapp")
    half = plan.rate * plan.seconds // 2
    async with stage("spec") as standing:
        receivers = await standing.receivers(
            [RECIPIENT], 2 * half, opens_every=1, custom_block=template["payload"]["CustomBlock"]
        )
        await standing.post_to(CHANNEL, receivers.urls())
        sender = credentials_of(standing.directory, SENDER)
        url = f"{standing.api}/dip-channel/{CHANNEL}"
        say(f"signing {half} messages")
        first = prepared(sender, url, template, half, encrypted=True)
        async with _administrator(standing) as desk:
            replaced = [(holder, one) for holder in (SENDER, RECIPIENT) for one in await desk.fingerprints(holder)]
            say("sending, while everything is renewed")
            sending = asyncio.create_task(_sent(sender, url, first, plan.rate))
            began = time.monotonic()
            # These two first: the second half is sent and opened with their new keys.
            renewed = await desk.renew([SENDER, RECIPIENT])
            sender = credentials_of(standing.directory, SENDER)
            later = await asyncio.to_thread(prepared, sender, url, template, half, encrypted=True)
            others = [one for one in known_participants(standing.directory) if one not in (SENDER, RECIPIENT)]
            rest = asyncio.gather(desk.renew(others), desk.renew_own(), desk.change_key(plan.key_changes))
            calls = await sending
            say("sending with the new keys, while the earlier ones are revoked")
            sending = asyncio.create_task(_sent(sender, url, later, plan.rate))
            await desk.revoke(replaced)
            renewed += sum((await rest)[:2])
            took_s = round(time.monotonic() - began, 1)
            in_time = not sending.done()
            calls += await sending
        await receivers.complete(_PATIENCE_S)
        record = await receivers.record()
    return RenewalResult(
        messages=measure(calls, record.arrivals, [RECIPIENT], cpu_s=None, memory_mb=None),
        renewed=renewed,
        revoked=len(replaced),
        key_changes=plan.key_changes,
        opened=record.opened,
        wrong=record.wrong,
        took_s=took_s,
        in_time=in_time,
    )


async def _sent(sender: Credentials, url: str, requests: Sequence[Prepared], rate: float) -> list[EvenCall]:
    async with session_of(sender) as session:
        return await send_evenly(session, url, requests, rate)


class _Desk:
    """The calls of the administration API that renew, revoke and change the key."""

    def __init__(self, session: aiohttp.ClientSession, api: str) -> None:
        self._session = session
        self._api = api

    async def fingerprints(self, holder: str) -> list[str]:
        """The certificates that a participant has."""
        async with self._session.get(f"{self._api}/participants/{holder}/certificates") as response:
            response.raise_for_status()
            return [one["fingerprint"] for one in (await response.json())["items"]]

    async def renew(self, holders: Sequence[str]) -> int:
        """Renew every certificate of these, with keys that the DIP makes; how many."""
        for holder in holders:
            for use in CertificateUse:
                await self._post(f"participants/{holder}/certificates", {"use": use})
        return len(holders) * len(CertificateUse)

    async def renew_own(self) -> int:
        """Renew the DIP's own certificates; how many."""
        for use in _OWN_USES:
            await self._post("platform/certificates", {"use": use})
        return len(_OWN_USES)

    async def change_key(self, times: int) -> int:
        """Change the master key; how often."""
        for _ in range(times):
            await self._post("master-key/rotate", {})
        return times

    async def revoke(self, certificates: Sequence[tuple[str, str]]) -> None:
        """Revoke certificates, given by holder and fingerprint."""
        for holder, fingerprint in certificates:
            async with self._session.delete(
                f"{self._api}/participants/{holder}/certificates/{fingerprint}"
            ) as response:
                response.raise_for_status()

    async def _post(self, path: str, order: dict[str, str]) -> None:
        async with self._session.post(f"{self._api}/{path}", json=order) as response:
            response.raise_for_status()


@asynccontextmanager
async def _administrator(standing: Stage) -> AsyncIterator[_Desk]:
    token = (standing.directory / "admin.token").read_text(encoding="utf-8")
    timeout = aiohttp.ClientTimeout(total=_CALL_S)
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}, timeout=timeout) as session:
        yield _Desk(session, f"{standing.portal}/admin/api")

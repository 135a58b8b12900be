"""Every way to be refused that we know: 4xx with a code, the place and what was expected; then all goes on."""

import msgspec
import pytest

from dip.participants.registry import Participants
from dip.security.pki import CertificateUse
from tests.conftest import Serve
from tests.integration.intake.calls import SUPPLIER, Call, Calls, Reply, array, calls_to
from tests.integration.intake.faulty_messages import CUSTOM, HEADER, RECIPIENTS, SENDER
from tests.integration.intake.ways import ADDRESS, BODY, BODY_LIMIT, CONNECTION, MESSAGE_LIMIT, SIGNATURE, Way
from tests.support.platform import Platform

WAYS = [*CONNECTION, *SIGNATURE, *ADDRESS, *BODY, *HEADER, *SENDER, *RECIPIENTS, *CUSTOM]
KEYS = {
    "transactionID",
    "senderUniqueReference",
    "correlationID",
    "sentTimestamp",
    "senderID",
    "recipientID",
    "DIPConnectionProviderID",
    "message",
    "help",
    "serviceTicketURL",
}


def amiss(way: Way, reply: Reply) -> str | None:
    """What is wrong with the answer to a bad request."""
    if not reply.entries:
        return f"{way.name}: {reply.status} without an entry"
    found = (reply.status, reply.code)
    if found != (way.status, way.code):
        return f"{way.name}: expected {(way.status, way.code)}, found {found}: {reply.help}"
    if way.help not in reply.help:
        return f"{way.name}: expected {way.help!r} in the help: {reply.help!r}"
    for entry in reply.entries:
        if set(entry) != KEYS or entry["transactionID"] is not None or not 0 < len(entry["help"]) <= 500:
            return f"{way.name}: {entry}"
    return None


@pytest.mark.parametrize("profile", ["spec", "live"])
@pytest.mark.requirement("FS-02", "FS-07", "FS-19", "FS-29", "FS-30", "FS-66")
async def test_whatever_is_wrong_is_refused_in_words_and_nothing_of_it_is_kept(serve: Serve, profile: str) -> None:
    ways = [way for way in WAYS if way.profile in ("", profile)]
    assert len(ways) > 80
    async with (
        serve(profile=profile, body_limit_bytes=BODY_LIMIT, message_limit=MESSAGE_LIMIT) as platform,
        calls_to(platform) as calls,
    ):
        faults = [fault for way in ways if (fault := amiss(way, await calls.make(way.make(calls))))]
        assert not faults, "\n".join(faults)
        assert await calls.counted("message") == 0
        assert await calls.counted("delivery") == 0
        await goes_on(calls, profile)


async def goes_on(calls: Calls, profile: str) -> None:
    reply = await calls.post(calls.good())
    assert (reply.status, reply.code) == (202 if profile == "spec" else 201, "MSG0000")
    assert await calls.counted("message") == 1


@pytest.mark.parametrize("use", [CertificateUse.TLS, CertificateUse.SIGNING])
@pytest.mark.requirement("FS-68")
async def test_a_revoked_certificate_is_refused_until_another_one_is_used(serve: Serve, use: CertificateUse) -> None:
    async with serve() as platform, calls_to(platform) as calls:
        before = platform.dip.participants.value
        platform.dip.participants.value = without_certificates(platform, use)
        reply = await calls.post(calls.good())
        assert (reply.status, reply.code) == (403, "MSG1000")
        assert "revoked" in reply.help
        assert await calls.counted("message") == 0
        platform.dip.participants.value = before
        await goes_on(calls, "spec")


def without_certificates(platform: Platform, use: CertificateUse) -> Participants:
    """The participants, with the supplier's certificates for one use revoked."""
    now = platform.dip.clock.wall()
    certificates = [
        msgspec.structs.replace(held, revoked_at=now) if (held.holder, held.use) == (SUPPLIER, use) else held
        for held in platform.dip.store.parties.certificates()
    ]
    return Participants(platform.dip.participants.value, certificates)


async def test_a_bad_message_in_a_good_call_names_every_fault_up_to_ten(serve: Serve) -> None:
    async with serve() as platform, calls_to(platform) as calls:
        message = calls.good()
        sender = message["payload"]["CommonBlock"]["S1"]
        for number in range(12):
            sender[f"extra{number}"] = 1
        del sender["subText"]
        reply = await calls.make(Call(body=array(calls.good(), message)))
        assert (reply.status, reply.codes) == (207, ["MSG0000", "MSG1001"])
        assert "/1/payload/CommonBlock/S1/" in reply.help
        assert "more" in reply.help

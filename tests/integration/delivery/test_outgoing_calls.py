"""A webhook call as the recipient sees it: signed, encrypted to it alone, obfuscated, with or without the headers."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa

from dip.client import Credentials
from dip.ground.clock import Clock
from dip.security.encryption import UndecryptableBlock
from dip.security.keys import new_rsa_key, to_pem
from dip.security.pki import Authority, CertificateUse
from dip.security.signing import SignatureRefused, SignedHeaders, verify
from dip.security.tls import page_context
from tests.conftest import Serve
from tests.integration.delivery.conftest import REGISTRATION, SUPPLIER, Receive, journal_of, send
from tests.integration.delivery.receiver import Incoming, status
from tests.support.platform import sample
from tests.support.waiting import until

METERING = "1200000001"
HIDDEN = ("meteringServiceID", "meteringServiceEffectiveFromDate", "appointmentCode")
PLATFORM_HEADERS = ("X-DIP-Environment", "X-DIP-Sequence")


def check_signature(call: Incoming, credentials: Credentials, url: str, body: bytes | None = None) -> None:
    verify(
        SignedHeaders.of(call.headers),
        method="POST",
        urls=(url,),
        body=call.body if body is None else body,
        public_key=credentials.dip_signing_key,
        allow_empty_braces=False,
    )


@pytest.mark.requirement("FS-07", "FS-09")
@pytest.mark.parametrize("profile", ["live", "spec"])
async def test_every_call_is_signed_by_the_dip_over_address_time_and_exact_body(
    serve: Serve, receive: Receive, profile: str
) -> None:
    async with serve(profile=profile) as platform:
        registration = await receive(platform)
        await send(platform, 2)
        call = await registration.called()
        credentials = registration.credentials
        assert isinstance(credentials.dip_signing_key, rsa.RSAPublicKey)
        check_signature(call, credentials, registration.url())
        with pytest.raises(SignatureRefused):
            check_signature(call, credentials, registration.url("elsewhere"))
        with pytest.raises(SignatureRefused):
            check_signature(call, credentials, registration.url(), call.body + b" ")


@pytest.mark.requirement("FS-05", "FS-08")
async def test_in_spec_the_custom_block_is_encrypted_to_its_recipient_and_to_nobody_else(
    serve: Serve, receive: Receive
) -> None:
    async with serve() as platform:
        distributor = await receive(platform, "2500000001", "IF-021")
        supplier = await receive(platform, SUPPLIER, "IF-021")
        sent = sample("if-021")
        client = await platform.client("1400000001")
        assert (await client.send("IF-021", [sent])).status == 202
        blocks = {}
        for receiver in (distributor, supplier):
            (element,) = (await receiver.called()).elements
            block = blocks[receiver.credentials.dip_id] = element["payload"]["CustomBlock"]
            assert isinstance(block, str)
            plain = msgspec.json.decode(receiver.credentials.decryptor.decrypt(block))
            assert plain == sent["payload"]["CustomBlock"]
        assert len(set(blocks.values())) == 2
        for receiver in (distributor, supplier):
            other = next(block for dip_id, block in blocks.items() if dip_id != receiver.credentials.dip_id)
            with pytest.raises(UndecryptableBlock):
                receiver.credentials.decryptor.decrypt(other)


async def test_in_live_the_custom_block_is_plain_json(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live") as platform:
        registration = await receive(platform)
        await send(platform)
        (element,) = (await registration.called()).elements
        assert element["payload"]["CustomBlock"] == sample("if-031")["payload"]["CustomBlock"]


@pytest.mark.requirement("FS-14", "FS-60")
async def test_in_spec_a_call_names_the_environment_and_the_sequence_of_each_channel(
    serve: Serve, receive: Receive
) -> None:
    async with serve() as platform:
        await send(platform, 3)
        await send(platform, 1, "if-909", METERING)
        await send(platform, 1)
        registration = await receive(platform, REGISTRATION, "all")
        call = await registration.called()
        assert call.headers["X-DIP-Environment"] == "DEV"
        assert call.headers["X-DIP-Sequence"] == "IF-031=1-4; IF-909=1"
        await send(platform, 2)
        assert (await registration.called(2)).headers["X-DIP-Sequence"].startswith("IF-031=5")


async def test_in_live_a_call_has_neither_header(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live") as platform:
        registration = await receive(platform)
        await send(platform)
        call = await registration.called()
        assert not [name for name in PLATFORM_HEADERS if name in call.headers]


@pytest.mark.requirement("FS-24", "FS-20", "FS-21")
async def test_the_senders_own_blocks_pass_unchanged_between_addressing_and_wrapper(
    serve: Serve, receive: Receive
) -> None:
    async with serve(profile="live") as platform:
        registration = await receive(platform)
        message = sample("if-031")
        client = await platform.client(SUPPLIER)
        result = await client.send("IF-031", [message])
        ((_, transaction, correlation),) = result.accepted
        (element,) = (await registration.called()).elements
        common = element["payload"]["CommonBlock"]
        wrapper, address = common.pop("D0"), common.pop("A0")
        assert common == message["payload"]["CommonBlock"]
        assert address == {"primaryRecipients": [], "secondaryRecipients": [REGISTRATION], "always": []}
        assert wrapper["transactionID"] == transaction
        assert wrapper["initialCorrelationID"] == correlation
        assert wrapper["publicationID"] == "PUB-031"
        assert wrapper["replayIndicator"] is False
        assert len(wrapper["transactionTimestamp"]) == 25


@pytest.mark.requirement("FS-26", "FS-33")
@pytest.mark.parametrize("profile", ["live", "spec"])
async def test_the_worked_example_reaches_registration_whole_and_suppliers_without_three_items(
    serve: Serve, receive: Receive, profile: str
) -> None:
    async with serve(profile=profile) as platform:
        registration = await platform.listener(REGISTRATION, "IF-909")
        supplier = await platform.listener(SUPPLIER, "IF-909")
        message = sample("if-909")
        client = await platform.client(METERING)
        assert (await client.send("IF-909", [message])).all_accepted
        sent = message["payload"]["CustomBlock"]["B909"]
        whole, part = await registration.next(5), await supplier.next(5)
        assert whole.custom["B909"] == sent
        assert part.custom["B909"] == {key: value for key, value in sent.items() if key not in HIDDEN}
        assert whole.common == part.common
        assert whole.encrypted == part.encrypted == (profile == "spec")


@pytest.mark.requirement("FS-07")
async def test_signatures_follow_the_wall_clock_whatever_business_time_is(serve: Serve) -> None:
    async with serve(profile="live", clock=Clock(timedelta(days=400))) as platform:
        registration = await platform.listener(REGISTRATION, "IF-031")
        ((_, transaction, _),) = await send(platform)
        received = await registration.next(5)
        assert received.transaction_id == transaction
        stamped = received.common["D0"]["transactionTimestamp"]
        assert stamped.startswith(f"{platform.dip.clock.now():%Y-%m}")


@pytest.mark.requirement("FS-66")
@pytest.mark.parametrize("trusted", [True, False])
async def test_a_webhook_with_a_certificate_of_another_root_gets_nothing(serve: Serve, trusted: bool) -> None:
    async with serve(profile="live", retry_first_s=0.05) as platform:
        stranger, now, key = Authority.create("DEV", datetime.now(UTC)), datetime.now(UTC), new_rsa_key()
        leaf = stranger.issue(CertificateUse.TLS, REGISTRATION, key.public_key(), now=now, names=("127.0.0.1",))
        calls: list[bytes] = []

        async def take(request: web.Request) -> web.Response:
            calls.append(await request.read())
            return web.Response(status=204)

        application = web.Application()
        application.router.add_post("/", take)
        context = (
            platform.credentials(REGISTRATION).listening_context()
            if trusted
            else page_context(stranger.chain(leaf), to_pem(key))
        )
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
            client = await platform.client(REGISTRATION)
            await client.configure_webhook("IF-031", f"https://127.0.0.1:{runner.addresses[0][1]}/")
            ((_, transaction, _),) = await send(platform)
            journal = await until(lambda: journal_of(platform, transaction))
        finally:
            await runner.cleanup()
        assert bool(calls) == trusted
        assert journal[0] == ("Delivered" if trusted else "Retrying")


@pytest.mark.requirement("FS-18", "FS-09")
async def test_every_call_and_its_answer_stand_in_the_record(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live") as platform:
        registration = await receive(platform, answering=status(202))
        ((_, transaction, _),) = await send(platform)
        await until(lambda: journal_of(platform, transaction))
        detail = await platform.dip.store.pages.message(transaction)
        assert detail is not None
        (row,) = (row for row in detail.journal if row.recipient == REGISTRATION)
        assert (row.method, row.url, row.call_status) == ("POST", registration.url(), 202)
        assert row.call_duration_us is not None
        assert row.detail == "answered 202 without entries"

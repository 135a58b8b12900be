"""Faults on demand in the DIP's calls to webhooks, seen by real receivers."""

from typing import Any

import aiohttp
import pytest
from aiohttp import ClientPayloadError, web

from dip.client import Credentials
from dip.messages.headers import SIGNATURE_CERTIFICATE
from dip.security.certificates import CertificateReader
from dip.security.signing import SignatureRefused, SignedHeaders, verify
from tests.conftest import Serve
from tests.integration.delivery.conftest import REGISTRATION, SUPPLIER, Receive, journal_of, send, state_of
from tests.integration.delivery.fault_desk import QUICK, ask, has_struck, notes, struck, switch_on
from tests.integration.delivery.receiver import Incoming, Receiver, entries
from tests.integration.delivery.test_outgoing_calls import check_signature
from tests.support.platform import Platform
from tests.support.waiting import until


class Interrupted(Receiver):
    """A receiver that notes how much came of the calls that broke off."""

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials)
        self.broken: list[tuple[int, int]] = []
        """Bytes that were announced, and bytes that came."""

    async def _body(self, request: web.Request) -> bytes:
        came = b""
        try:
            async for chunk in request.content.iter_any():
                came += chunk
        except (ClientPayloadError, ConnectionError):
            self.broken.append((request.content_length or 0, len(came)))
            raise
        return came


async def delivered(platform: Platform, transaction: str) -> None:
    await until(lambda: _is(platform, transaction, "delivered"))


async def _is(platform: Platform, transaction: str, state: str) -> bool:
    return await state_of(platform, transaction) == state


def refused_signature(call: Incoming, credentials: Credentials, url: str) -> bool:
    try:
        check_signature(call, credentials, url)
    except SignatureRefused:
        return True
    return False


@pytest.mark.requirement("FS-34")
@pytest.mark.parametrize("fault", [{"kind": "drop_delivery"}, {"kind": "stall_delivery", "seconds": 0.3}])
async def test_half_a_request_comes_and_then_the_whole_one(serve: Serve, fault: dict[str, Any]) -> None:
    async with serve(profile="live", **QUICK) as platform:
        async with Interrupted(platform.credentials(REGISTRATION)) as registration:
            client = await platform.client(REGISTRATION)
            await client.configure_webhook("IF-031", registration.url())
            await switch_on(platform, fault)
            started = platform.dip.clock.monotonic()
            ((reference, transaction, _),) = await send(platform)
            await registration.called(timeout_s=30)
            assert platform.dip.clock.monotonic() - started >= fault.get("seconds", 0)
            ((announced, came),) = registration.broken
            assert came == announced // 2 and announced == len(registration.calls[0].body)
            assert registration.references == [reference]
            await delivered(platform, transaction)
            assert await journal_of(platform, transaction) == ["Retrying", "Delivered"]
            assert await notes(platform) == [f"fault: {fault['kind']}"]


async def test_a_stalled_request_that_is_answered_is_judged_by_its_answer(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live", delivery_timeout_s=0.3, **QUICK) as platform:
        registration = await receive(platform)
        await switch_on(platform, {"kind": "stall_delivery", "seconds": 60})
        ((_, transaction, _),) = await send(platform)
        await registration.called()
        await delivered(platform, transaction)
        assert await journal_of(platform, transaction) == ["Retrying", "Delivered"]


async def test_a_delayed_delivery_is_signed_before_it_waits(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live") as platform:
        registration = await receive(platform)
        await switch_on(platform, {"kind": "delay_delivery", "seconds": 0.4})
        started = platform.dip.clock.monotonic()
        await send(platform)
        call = await registration.called()
        assert platform.dip.clock.monotonic() - started >= 0.4
        check_signature(call, registration.credentials, registration.url())


async def test_a_duplicate_comes_twice_and_the_second_answer_counts(serve: Serve, receive: Receive) -> None:
    def takes_nothing_twice(incoming: Incoming) -> web.Response:
        if len(registration.calls) == 1:
            return entries(incoming)
        return entries(incoming, code=400, refused=dict.fromkeys(incoming.transactions, "RCP1006 - Duplicated"))

    async with serve(profile="live") as platform:
        registration = await receive(platform, answering=takes_nothing_twice)
        await switch_on(platform, {"kind": "duplicate"})
        ((_, transaction, _),) = await send(platform)
        await until(lambda: _is(platform, transaction, "rejected"))
        first, second = registration.calls
        assert (first.body, dict(first.headers)) == (second.body, dict(second.headers))
        assert await notes(platform) == ["fault: duplicate"]


@pytest.mark.requirement("FS-31")
async def test_the_messages_of_a_call_come_in_reverse(serve: Serve, receive: Receive) -> None:
    async with serve() as platform:
        sent = await send(platform, 3)
        await switch_on(platform, {"kind": "reorder"})
        registration = await receive(platform)
        call = await registration.called()
        assert call.references == [one.reference for one in reversed(sent)]
        assert call.headers["X-DIP-Sequence"] == "IF-031=1-3"
        check_signature(call, registration.credentials, registration.url())
        for one in sent:
            await delivered(platform, one.transaction_id)


@pytest.mark.parametrize("count", [{}, {"max_message_count": 1}])
async def test_a_message_alone_is_held_back_until_the_next_went_before_it(
    serve: Serve, receive: Receive, count: dict[str, int]
) -> None:
    async with serve(profile="live") as platform:
        registration = await receive(platform, **count)
        await switch_on(platform, {"kind": "reorder", "seconds": 30})
        (first,) = await send(platform)
        await until(lambda: has_struck(platform))
        assert not registration.calls
        (second,) = await send(platform)
        await registration.called(2)
        assert registration.references == [second.reference, first.reference]
        await delivered(platform, first.transaction_id)
        assert await journal_of(platform, first.transaction_id) == ["Delivered"]


async def test_a_message_alone_is_not_held_back_for_ever(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live") as platform:
        registration = await receive(platform)
        await switch_on(platform, {"kind": "reorder", "seconds": 0.2, "rate": 1})
        for _ in range(2):
            (sent,) = await send(platform)
            await delivered(platform, sent.transaction_id)
        assert len(registration.calls) == 2


@pytest.mark.requirement("FS-07")
async def test_a_bad_signature_fits_nothing_and_what_the_receiver_answers_decides(
    serve: Serve, receive: Receive
) -> None:
    async with serve(profile="live", **QUICK) as platform:

        def answer(incoming: Incoming) -> web.Response:
            try:
                check_signature(incoming, registration.credentials, registration.url())
            except SignatureRefused:
                return entries(incoming, code=400, refused=dict.fromkeys(incoming.transactions, "RCP9999 - No"))
            return entries(incoming)

        registration = await receive(platform, answering=answer)
        supplier = await platform.listener(SUPPLIER, "statusmessage")
        await switch_on(platform, {"kind": "bad_signature", "channel": "IF-031", "event": "DSApp"})
        bad, good = *await send(platform), *await send(platform)
        assert (await supplier.next(5)).item["message"] == "RCP9999 - No"
        await delivered(platform, good.transaction_id)
        assert await state_of(platform, bad.transaction_id) == "rejected"
        assert await notes(platform) == ["fault: bad_signature"]


@pytest.mark.requirement("FS-07")
async def test_a_wrong_signing_certificate_fits_its_own_signature_but_is_not_the_dips(
    serve: Serve, receive: Receive
) -> None:
    async with serve(profile="live") as platform:
        registration = await receive(platform)
        await switch_on(platform, {"kind": "wrong_signing_certificate"})
        await send(platform)
        call = await registration.called(timeout_s=30)
        shown = CertificateReader().read(call.headers[SIGNATURE_CERTIFICATE])
        verify(
            SignedHeaders.of(call.headers),
            method="POST",
            urls=(registration.url(),),
            body=call.body,
            public_key=shown.public_key,
            allow_empty_braces=False,
        )
        assert refused_signature(call, registration.credentials, registration.url())
        (certificate,) = await until(lambda: _signing_certificates(platform))
        assert certificate == shown.fingerprint


async def test_a_wrong_tls_certificate_is_refused_by_the_connection(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live", **QUICK) as platform:
        registration = await receive(platform)
        await switch_on(platform, {"kind": "wrong_tls_certificate", "count": 2})
        ((_, transaction, _),) = await send(platform)
        await registration.called(timeout_s=30)
        await delivered(platform, transaction)
        assert len(registration.calls) == 1
        assert await journal_of(platform, transaction) == ["Retrying", "Retrying", "Delivered"]
        assert await notes(platform) == ["fault: wrong_tls_certificate"] * 2


async def test_status_messages_are_struck_by_their_channels_name(serve: Serve, receive: Receive) -> None:
    def refuse(incoming: Incoming) -> web.Response:
        return entries(incoming, code=400, refused=dict.fromkeys(incoming.transactions, "RCP1061 - No"))

    async with serve(profile="live") as platform:
        await receive(platform, answering=refuse)
        supplier = await receive(platform, SUPPLIER, "statusmessage")
        await switch_on(
            platform,
            {"kind": "wrong_sender", "rate": 1, "participant": SUPPLIER},
            {"kind": "duplicate", "channel": "statusmessage"},
        )
        ((_, transaction, _),) = await send(platform)
        await supplier.called(2)
        assert [call.transactions for call in supplier.calls] == [[transaction]] * 2
        assert await struck(platform) == {"wrong_sender": 0, "duplicate": 1}


async def test_each_strike_is_counted_for_prometheus(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live") as platform:
        await receive(platform)
        await switch_on(platform, {"kind": "duplicate", "count": 2})
        for _ in range(2):
            ((_, transaction, _),) = await send(platform)
            await delivered(platform, transaction)
        (listed,) = (await ask(platform, "GET")).body["items"]
        assert (listed["struck"], listed["count"]) == (2, 2)
        async with aiohttp.ClientSession(platform.dip.portal_url) as session, session.get("/metrics") as answer:
            assert 'dip_faults_struck_total{kind="duplicate"} 2.0' in await answer.text()


async def _signing_certificates(platform: Platform) -> list[str]:
    rows = await platform.dip.store.writer.ask(
        lambda connection: connection.execute(
            "SELECT signing_certificate FROM exchange WHERE note LIKE 'fault: wrong_signing%'"
        ).fetchall()
    )
    return [str(row[0]) for row in rows]

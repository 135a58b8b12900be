"""What people do about messages: find one, read it, see what waits, look after the dead, ask for it once more."""

import re

import pytest

from tests.browser.office import Office
from tests.integration.delivery.conftest import REGISTRATION, send
from tests.integration.delivery.receiver import Receiver, status
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.requirement("FS-53", "FS-57")
async def test_somebody_finds_a_message_by_its_id_and_reads_what_is_in_it(office: Office) -> None:
    async with office.sitting() as desk:
        sent, _ = await send(desk.platform, 2)
        await desk.go("Messages")
        await desk.page.get_by_label("Transaction id").fill(str(sent.transaction_id))
        await desk.page.keyboard.press("Enter")
        await desk.page.wait_for_url(re.compile("transaction="))
        assert await desk.page.get_by_role("row").count() == 2
        await desk.page.get_by_role("row").nth(1).get_by_role("link").first.click()
        await desk.sees_heading("At a glance")
        await desk.go("Header and payload")
        await desk.sees_heading("As the sender meant it")
        assert str(sent.transaction_id) in await desk.page.inner_text("main")


@pytest.mark.requirement("FS-53", "FS-57")
async def test_somebody_sees_what_waits_and_looks_after_dead_letters(office: Office) -> None:
    async with office.sitting() as desk:
        page = desk.page
        await send(desk.platform, 2)
        await desk.go("Queues")
        row = page.get_by_role("row").filter(has_text=REGISTRATION).filter(has_text="IF-031")
        assert "no webhook" in await row.inner_text()
        async with Receiver(desk.platform.credentials(REGISTRATION), status(418)) as receiver:
            client = await desk.platform.client(REGISTRATION)
            await client.configure_webhook("IF-031", receiver.url())

            async def nothing_waits() -> bool:
                await desk.open("/queues")
                return await row.count() == 0

            await until(nothing_waits)
        await desk.go("Dead letters")
        await page.get_by_label("Recipient").select_option(REGISTRATION)
        await desk.press("Search")
        await page.wait_for_url(re.compile("recipient="))
        dead = await page.get_by_role("button", name="Withdraw").count()
        assert dead >= 2
        async with page.expect_download() as waiting:
            await desk.go("Export as CSV")
        assert (await waiting.value).suggested_filename.endswith(".csv")
        await desk.press("Withdraw")
        await desk.sees("1 dead letter moved.")
        assert await page.get_by_role("button", name="Withdraw").count() == dead - 1


@pytest.mark.requirement("FS-57")
async def test_somebody_has_messages_queued_again(office: Office) -> None:
    async with office.sitting() as desk:
        async with Receiver(desk.platform.credentials(REGISTRATION)) as receiver:
            client = await desk.platform.client(REGISTRATION)
            await client.configure_webhook("IF-031", receiver.url())
            await send(desk.platform)
            await receiver.called()
            await desk.go("Messages", "Replay")
            await desk.page.get_by_label("Participant", exact=True).select_option(REGISTRATION)
            await desk.page.get_by_label("Channel", exact=True).select_option("IF-031")
            await desk.press("Queue again")
            await desk.sees("has begun")

            async def is_completed() -> bool:
                await desk.open("/replay")
                return "Completed" in await desk.page.inner_text("table")

            await until(is_completed)

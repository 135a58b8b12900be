"""A trainer tries the participants' API out in a browser, and finds the message that this made."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Locator, Page

from tests.conftest import Serve
from tests.support.browser import Complaints, browsing, log_in_first

SUPPLIER, REGISTRATION = "2300000001", "2200000001"


@asynccontextmanager
async def trainer(serve: Serve) -> AsyncIterator[tuple[Page, str]]:
    """A page of somebody who is logged in, and the portal's address; the browser complains of nothing meanwhile."""
    async with serve() as platform, browsing() as browser:
        page = await (await browser.new_context()).new_page()
        complaints = Complaints(page)
        await log_in_first(page, platform)
        yield page, platform.dip.portal_url
        assert complaints.heard == []


async def opened_call(page: Page, url: str, tag: str, name: str) -> Locator:
    """A call of the document, open and ready to be filled in."""
    await page.goto(f"{url}#/{tag}/{name}")
    block = page.locator(".opblock.is-open")
    await block.get_by_role("button", name="Try it out").click()
    return block


async def status_of(block: Locator) -> str:
    """The status of the real answer, once it is there."""
    await block.get_by_role("heading", name="What was sent").wait_for()
    return (await block.locator(".live-responses-table tbody .response-col_status").first.inner_text()).strip()


@pytest.mark.requirement("FS-44", "FS-57")
async def test_an_example_is_sent_as_a_participant_and_found_among_the_messages(serve: Serve) -> None:
    async with trainer(serve) as (page, portal):
        docs = f"{portal}/docs"
        block = await opened_call(page, docs, "IF-031", "send-IF-031")
        await block.get_by_label("Send as").select_option(SUPPLIER)
        await block.get_by_role("button", name="Execute").click()
        assert await status_of(block) == "202"
        await block.get_by_text("Request as it went over the wire").click()
        request = await block.locator(".try-sent pre").inner_text()
        assert "X-DIP-Signature:" in request and "CSSRegistrationID" not in request, "it went out encrypted"
        assert await block.locator(".curl-command").count() == 0
        transaction = await block.locator(".try-sent a").inner_text()
        block = await opened_call(
            page, f"{docs}?as={REGISTRATION}", "Pull%20and%20stream", "get-dip-channel-channel-id-messages-recipient-id"
        )
        await block.get_by_label("Send as").select_option(REGISTRATION)
        await block.locator("tr[data-param-name=channel_id] select").select_option("IF-031")
        await block.get_by_role("button", name="Execute").click()
        assert await status_of(block) == "200"
        assert (
            "CSSRegistrationID" in await block.locator(".try-sent details", has_text="Answer, decrypted").inner_text()
        )
        await page.goto(f"{portal}/messages")
        await page.locator(f'a[href$="{transaction}"]').first.click()
        await page.get_by_text(transaction).first.wait_for()


@pytest.mark.requirement("FS-44")
async def test_a_refusal_is_shown_as_the_api_says_it(serve: Serve) -> None:
    async with trainer(serve) as (page, portal):
        block = await opened_call(page, f"{portal}/docs", "IF-021", "send-IF-021")
        choice = block.get_by_label("Send as")
        groups = choice.locator("optgroup")
        assert [await group.get_attribute("label") for group in await groups.all()] == [
            "May send IF-021",
            "May not: see it refused",
        ]
        await choice.select_option(SUPPLIER)
        await block.get_by_role("button", name="Execute").click()
        assert await status_of(block) == "403"
        assert "MSG" in await block.locator(".live-responses-table").inner_text()


@pytest.mark.requirement("FS-44")
async def test_calls_of_the_administration_api_work_beside_them(serve: Serve) -> None:
    async with trainer(serve) as (page, portal):
        await page.goto(f"{portal}/docs#/Administration/get-admin-api-clock")
        block = page.locator(".opblock.is-open")
        await block.get_by_role("button", name="Try it out").click()
        assert await block.get_by_label("Send as").count() == 0
        await block.get_by_role("button", name="Execute").click()
        await block.locator(".curl-command").wait_for()
        assert (
            await block.locator(".live-responses-table tbody .response-col_status").first.inner_text()
        ).strip() == "200"
        assert "X-Form-Token" not in await block.locator(".curl-command").inner_text()

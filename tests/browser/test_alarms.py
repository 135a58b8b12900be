"""Alarms in a browser: a rule, a subscription and an acknowledgement, without scripts, on a telephone and on a wall."""

import re

import pytest

from dip.store.alarms import AlarmKind
from tests.conftest import Serve
from tests.support.browser import browsing

PATHS = ("/alarms?state=", "/alarms/rules", "/alarms/subscriptions")


@pytest.mark.requirement("FS-56", "FS-57")
async def test_somebody_makes_a_rule_subscribes_and_looks_after_an_alarm(serve: Serve) -> None:
    async with serve(alarm_check_s=3600.0) as platform, browsing() as browser:
        platform.dip.duties.alarms.raised(AlarmKind.CENTRAL_FEED, "feed of companies", "It gives no answer.")
        context = await browser.new_context(java_script_enabled=False)
        page, url = await context.new_page(), platform.dip.portal_url
        await page.goto(f"{url}/login")
        await page.locator("[name=name]").fill("admin")
        password = (platform.dip.directory / "admin.password").read_text().split()[-1]
        await page.locator("[name=password]").fill(password)
        await page.keyboard.press("Enter")
        await page.wait_for_url(re.compile("/account/password"))
        for name, text in (("old", password), ("new", "a long new password"), ("again", "a long new password")):
            await page.locator(f"[name={name}]").fill(text)
        await page.keyboard.press("Enter")
        await page.wait_for_url(re.compile("changed=1"))
        await page.get_by_role("link", name="1 alarm", exact=True).click()
        await page.wait_for_url(re.compile("state=open"))
        await page.get_by_label("Note").fill("I call them")
        await page.get_by_role("button", name="Acknowledge central feed").click()
        await page.wait_for_url(re.compile("done="))
        assert await page.get_by_text("I call them").is_visible()
        await page.get_by_role("link", name="Alarm rules", exact=True).click()
        await page.wait_for_url(re.compile("/alarms/rules"))
        await page.get_by_label("Name").fill("Tight")
        await page.get_by_label("How many").fill("10")
        await page.get_by_role("button", name="Add it").click()
        await page.wait_for_url(re.compile("done=add"))
        assert await page.get_by_role("button", name="Switch Tight off").is_visible()
        await page.goto(f"{url}/alarms/subscriptions")
        await page.get_by_label("Mail address").fill("me@dip.example")
        await page.get_by_label("messages late").check()
        await page.get_by_role("button", name="Add it").click()
        await page.wait_for_url(re.compile("done=add"))
        assert await page.get_by_role("button", name="Test me@dip.example").is_visible()
        for width in (390, 1440):
            await page.set_viewport_size({"width": width, "height": 900})
            for path in PATHS:
                await page.goto(url + path)
                assert await page.locator("html").evaluate("e => e.scrollWidth") <= width, (path, width)
        await browser.close()

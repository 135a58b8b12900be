"""The page of throughput and performance, and the page of this moment (5.11.1, 5.11.2)."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from tests.conftest import Serve
from tests.integration.duties.test_throughput import REGISTRATION, SUPPLIER, counts, report
from tests.support.platform import Platform, sample
from tests.support.waiting import until


async def page(platform: Platform, query: str, status: int = 200, path: str = "/throughput") -> str:
    token = (platform.dip.directory / "admin.token").read_text().strip()
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/html"}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.get(f"{platform.dip.portal_url}{path}{query}") as answer:
            text = await answer.text()
            assert answer.status == status, text
            return text


async def sent(platform: Platform, many: int) -> None:
    listener = await platform.listener(REGISTRATION)
    client = await platform.client(SUPPLIER)
    for _ in range(many):
        assert (await client.send("IF-031", [sample("if-031")])).all_accepted
        await listener.next()

    async def all_delivered() -> bool:
        return counts(await report(platform, side="recipient")).get("delivered") == many

    await until(all_delivered)


def figure(text: str, name: str) -> str:
    """The first figure of this name in the summary."""
    found = re.search(rf"<dt>{re.escape(name)}</dt><dd>([^<]*)</dd>", text)
    assert found is not None, name
    return found[1]


@pytest.mark.requirement("FS-51", "FS-52")
async def test_the_page_shows_what_passed_and_how_long_it_took(serve: Serve) -> None:
    async with serve() as platform:
        await sent(platform, 2)
        text = await page(platform, "?period=today&bucket=PT1H&channel=IF-031")
        assert figure(text, "Taken in") == "2"
        assert figure(text, "Delivered") == "2"
        assert figure(text, "Within 30 s") == "100%"
        assert text.count('class="chart-drawing" role="img"') == 4
        assert "90% within 3 s" in text
        assert "all within 30 s" in text
        assert 'value="IF-031" checked' in text
        assert "until it lies in its recipients" in unescape(text)
        nothing = await page(platform, "?period=today&channel=IF-001")
        assert figure(nothing, "Taken in") == "0"
        assert "Nothing passed in this time." in nothing


@pytest.mark.requirement("FS-51")
async def test_the_call_and_the_files_that_the_page_names_give_the_same_report(serve: Serve) -> None:
    async with serve() as platform:
        await sent(platform, 1)
        text = unescape(
            await page(platform, "?period=hour&by=channel,party&side=recipient&channel=IF-031&channel=IF-001")
        )
        found = re.search(r"<code>GET (\S+)</code>", text)
        assert found is not None
        query = {name: values[0] for name, values in parse_qs(urlsplit(found[1]).query).items()}
        assert query["channel"] == "IF-031,IF-001"
        answer = await report(platform, **query)
        assert [(one["channel"], one["party"], one["count"]) for one in answer["items"]] == [
            ("IF-031", REGISTRATION, 1)
        ]
        assert f'href="{found[1]}&form=csv"' in text
        assert "Out: deliveries, told apart" in text
        assert "In: messages" not in text
        assert f"IF-031 {REGISTRATION}" in text


@pytest.mark.requirement("FS-51")
async def test_a_quick_choice_takes_the_place_of_the_times_in_the_form_and_keeps_the_rest(serve: Serve) -> None:
    async with serve() as platform:
        token = (platform.dip.directory / "admin.token").read_text().strip()
        query = "?from=2026-01-01T00:00&to=&channel=IF-001&channel=IF-031&bucket=&period=hour&choose=week"
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
            address = f"{platform.dip.portal_url}/throughput{query}"
            async with session.get(address, allow_redirects=False) as answer:
                assert answer.status == 303
                assert answer.headers["Location"] == "/throughput?period=week&channel=IF-001,IF-031"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?from=soon", "from: expected a date"),
        ("?period=age", "period: expected hour"),
        ("?bucket=PT90S", "bucket: expected whole minutes"),
        ("?outcome=lost", "outcome: expected taken"),
        ("?from=2026-02-02T00:00&to=2026-02-01T00:00", "to: expected a time after from"),
        ("?size=1", "'size': no such parameter"),
    ],
)
@pytest.mark.requirement("FS-51")
async def test_what_is_wrong_is_named_on_the_page_which_keeps_what_was_chosen(
    serve: Serve, query: str, said: str
) -> None:
    async with serve() as platform:
        text = unescape(await page(platform, f"{query}&channel=IF-031&sender={SUPPLIER}", 400))
        assert said in text
        assert 'value="IF-031" checked' in text
        assert f'value="{SUPPLIER}" checked' in text


@pytest.mark.requirement("FS-51")
async def test_what_is_no_longer_kept_is_said(serve: Serve) -> None:
    async with serve(throughput_minutes_days=2) as platform:
        assert "Figures by minute are kept since" in await page(platform, "?period=week&bucket=PT15M")
        assert "are kept since" not in await page(platform, "?period=week&bucket=PT1H")


@pytest.mark.requirement("FS-52")
async def test_the_page_of_this_moment_shows_the_queues_and_the_servers_own_figures(serve: Serve) -> None:
    async with serve() as platform:
        client = await platform.client(SUPPLIER)
        assert (await client.send("IF-031", [sample("if-031")])).all_accepted
        text = await page(platform, "", path="/performance")
        assert figure(text, "Messages in queues") == "1"
        assert "dip_store_commits" in text
        assert "dip_messages_taken" in text
        assert re.search(r"database: <strong>[\d.]+ [kM]B</strong>", text)
        metrics = await page(platform, "", path="/metrics")
        assert re.search(r'dip_store_bytes\{file="database"\} [1-9]', metrics)
        assert re.search(r"dip_store_commits_total [1-9]", metrics)

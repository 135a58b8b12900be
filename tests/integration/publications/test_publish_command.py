"""`python run.py publish`, from outside: files are uploaded and announced once, whatever breaks (FS-36 to FS-39)."""

import asyncio
import gzip
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from dip.client import ParticipantClient, Received, credentials_of
from tests.support.platform import copied
from tests.support.process import Ended, finished, server, started
from tests.support.relay import relay

pytestmark = pytest.mark.requirement("FS-36", "FS-37", "FS-38", "FS-39")
PUBLISHER, READER, AGENT, SUPPLIER = "2700000001", "1200000001", "1000000001", "2300000001"
OUTSIDE = "https://files.example/isd.zip"
CONTENT = ("mpan,role\n" + "".join(f"{16 * 10**11 + number},SUP\n" for number in range(50_000))).encode()
LARGE = 24 * 1024 * 1024
WHAT = ("--as", PUBLISHER, "--channel", "IF-047", "--description", "ISD", "--version", "1.1.1")
SMALL_STEPS = {"DIP_PUBLICATION_SYNC_BYTES": str(1024 * 1024)}


@pytest.fixture
def data(laid_out: Path, tmp_path: Path) -> Path:
    """A data directory of its own."""
    return copied(laid_out, tmp_path / "state")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A payload that takes a while."""
    made = tmp_path / "isd.bin"
    made.write_bytes(os.urandom(LARGE))
    return made


async def content_of(file: Path) -> bytes:
    return await asyncio.to_thread(file.read_bytes)


async def publish(data: Path, *words: str | Path, code: int = 0) -> Ended:
    ended = await finished("publish", *words, "--data", data, within_s=120)
    assert ended.code == code, ended.stderr
    assert "Traceback" not in ended.stderr
    return ended


def line(ended: Ended) -> dict[str, Any]:
    """The one line that it printed."""
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


async def announced(data: Path, api_url: str) -> list[Received]:
    """What a participant that subscribes was told since it looked last."""
    credentials = credentials_of(data, READER)
    async with ParticipantClient(credentials, api_url) as client:
        pulled = await client.pull("IF-047", most=100)
        if pulled.items:
            await client.acknowledge("IF-047", pulled.entries, lease=pulled.lease)
        return pulled.messages


async def fetched(uri: str) -> bytes:
    """The bytes under an address, as anybody reads them."""
    headers = {"Accept-Encoding": "identity"}
    async with aiohttp.ClientSession(headers=headers, auto_decompress=False) as session:
        async with session.get(uri) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.read()


@asynccontextmanager
async def serving(data: Path) -> AsyncIterator[dict[str, Any]]:
    """A server; its ready line."""
    async with server(data, environment=SMALL_STEPS) as running:
        yield await running.ready()


async def test_two_variants_and_an_outside_address_are_published_and_read_and_told_once(
    data: Path, tmp_path: Path
) -> None:
    plain, packed = tmp_path / "isd.csv", tmp_path / "isd.csv.gz"
    plain.write_bytes(CONTENT)
    packed.write_bytes(gzip.compress(CONTENT))
    words = (plain, packed, "--outside", OUTSIDE, *WHAT, "--date", "2026-03-21")
    titles = [word for title in ("Plain", "Packed", "Elsewhere") for word in ("--variant-name", title)]
    async with serving(data) as ready:
        done = line(await publish(data, *words, *titles))
        (message,) = await announced(data, ready["api"])
        assert message.transaction_id == done["transactionID"]
        assert message.custom["P01"]["publicationVersionID"] == "1.1.1"
        assert message.custom["P01"]["publicationDate"] == "2026-03-21T00:00:00+00:00"
        variants = message.custom["P02List"]
        uris = [one["uri"] for one in done["payloads"]]
        assert uris == [f"{ready['portal']}/publications/IF-047/{name}/1.1.1" for name in ("isd.csv", "isd.csv.gz")]
        assert [one["distributionDeliveryURI"] for one in variants] == [*uris, OUTSIDE]
        assert [one["distributionVariantName"] for one in variants] == ["Plain", "Packed", "Elsewhere"]
        assert [one["distributionVariantFormat"] for one in variants] == ["CSV", "CSV", None]
        assert [one["distributionDeliveryFormat"] for one in variants] == [None, "GZIP", "ZIP"]
        for told, said, path in zip(variants, done["payloads"], (plain, packed), strict=False):
            assert told["additionalInformation"] == f"size={said['bytes']}; sha-256={said['sha256']}"
            assert await fetched(told["distributionDeliveryURI"]) == path.read_bytes()
        # The same again is a repeat; another description of it is another publication.
        assert line(await publish(data, *words, *titles)) == done
        assert await announced(data, ready["api"]) == []
        assert line(await publish(data, *words)) != done
        assert len(await announced(data, ready["api"])) == 1


async def test_a_date_to_come_is_announced_once_too(data: Path, tmp_path: Path) -> None:
    (tmp_path / "isd.csv").write_bytes(CONTENT)
    words = (tmp_path / "isd.csv", *WHAT, "--date", "2099-01-01")
    async with serving(data) as ready:
        done = line(await publish(data, *words))
        assert line(await publish(data, *words)) == done
        (message,) = await announced(data, ready["api"])
        assert message.custom["P01"]["publicationDate"] == "2099-01-01T00:00:00+00:00"


async def test_a_command_that_was_killed_goes_on_where_it_was_and_announces_once(data: Path, file: Path) -> None:
    async with serving(data) as ready, relay(urlsplit(ready["api"]).port or 0) as between:
        between.hold_at = LARGE // 2
        async with started("publish", file, *WHAT, "--data", data, "--url", between.url) as command:
            await between.held.wait()
            await command.kill()
        between.go_on.set()
        assert await announced(data, ready["api"]) == []
        before = between.passed
        done = line(await publish(data, file, *WHAT, "--url", between.url))
        # What came before the kill is kept, but for what the connection still held.
        assert between.passed - before < LARGE * 3 // 4
        (message,) = await announced(data, ready["api"])
        assert message.transaction_id == done["transactionID"]
        assert await fetched(done["payloads"][0]["uri"]) == await content_of(file)


async def test_a_command_outlives_a_server_that_was_killed(data: Path, file: Path) -> None:
    async with server(data, environment=SMALL_STEPS) as running:
        ready = await running.ready()
        ports = {name: urlsplit(ready[name]).port for name in ("api", "portal")}
        async with relay(ports["api"] or 0) as between:
            between.hold_at = LARGE // 2
            async with started("publish", file, *WHAT, "--data", data, "--url", between.url) as command:
                await between.held.wait()
                await running.kill()
                between.go_on.set()
                options = "--api-port", str(ports["api"]), "--portal-port", str(ports["portal"])
                async with started("--data", data, *options, environment=SMALL_STEPS) as second:
                    await second.ready()
                    ended = await command.end(100)
                    assert ended.code == 0, ended.stderr
                    done = line(ended)
                    (message,) = await announced(data, ready["api"])
                    assert message.transaction_id == done["transactionID"]
                    assert await fetched(done["payloads"][0]["uri"]) == await content_of(file)
                    assert line(await publish(data, file, *WHAT)) == done
                    assert await announced(data, ready["api"]) == []


async def test_a_command_that_is_stopped_by_hand_announces_nothing(data: Path, file: Path) -> None:
    async with serving(data) as ready, relay(urlsplit(ready["api"]).port or 0) as between:
        between.hold_at = LARGE // 2
        async with started("publish", file, *WHAT, "--data", data, "--url", between.url) as command:
            await between.held.wait()
            command.signal(signal.SIGINT)
            ended = await command.end()
        assert ended.code != 0 and "Traceback" not in ended.stderr
        assert await announced(data, ready["api"]) == []


async def test_an_agent_publishes_for_its_principal(data: Path, tmp_path: Path) -> None:
    (tmp_path / "isd.csv").write_bytes(CONTENT)
    words = (tmp_path / "isd.csv", "--for", PUBLISHER, "--as", AGENT, *WHAT[2:])
    async with serving(data) as ready:
        refused = await publish(data, *words, code=1)
        assert "may not upload for 2700000001" in refused.stderr
        assigned = await finished("agents", "assign", PUBLISHER, AGENT, "--role", "ISD", "--data", data)
        assert assigned.code == 0, assigned.stderr
        await publish(data, *words)
        (message,) = await announced(data, ready["api"])
        assert message.sender == PUBLISHER
        assert message.common["S1"]["DIPConnectionProviderID"] == AGENT


async def test_a_refusal_says_why_and_ends_with_1(data: Path, tmp_path: Path) -> None:
    plain, broken = tmp_path / "isd.csv", tmp_path / "broken.csv.gz"
    plain.write_bytes(CONTENT)
    broken.write_bytes(gzip.compress(CONTENT)[:-1000])
    other = tmp_path / "other.csv"
    other.write_bytes(CONTENT + b"1,2\n")
    async with serving(data) as ready:
        await publish(data, plain, *WHAT)
        for words, reason in (
            ((plain, *WHAT, "--name", "../isd.csv"), "name: expected"),
            ((plain, *WHAT, "--name", "isd csv"), "name: expected"),
            ((other, *WHAT, "--name", "isd.csv"), "Choose another version"),
            ((broken, *WHAT), "compression: expected"),
            ((plain, *WHAT, "--channel", "IF-031"), "takes no payloads"),
            ((plain, *WHAT, "--as", SUPPLIER), "come from ISD"),
            ((other, *WHAT, "--variant-format", "MUCH TOO LONG"), "distributionVariantFormat"),
            (("--outside", f"{ready['portal']}/publications/IF-047/none.csv/1.1.1", *WHAT), "upload it first"),
        ):
            event = ("--event", "DSApp") if "IF-031" in words else ()
            refused = await publish(data, *words, *event, code=1)
            assert reason in refused.stderr and not refused.stdout, refused.stderr
        assert len(await announced(data, ready["api"])) == 1


async def test_what_can_not_be_sent_ends_with_2(data: Path, tmp_path: Path) -> None:
    plain, empty = tmp_path / "isd.csv", tmp_path / "empty.csv"
    plain.write_bytes(CONTENT)
    empty.write_bytes(b"")
    async with serving(data):
        for words, reason in (
            ((*WHAT, tmp_path / "none.csv"), "can't be read"),
            ((*WHAT, empty), "is empty"),
            (WHAT, "expected files"),
            ((*WHAT, plain, plain), "the same name"),
            ((*WHAT, plain, "--name", "a", "--name", "b"), "expected once for each of 1"),
            ((*WHAT, plain, "--date", "tomorrow"), "expected a date"),
            ((*WHAT, plain, "--as", "9999999999"), "No participant"),
        ):
            refused = await publish(data, *words, code=2)
            said = " ".join(refused.stderr.replace("│", " ").split())
            assert reason in said and not refused.stdout, refused.stderr


async def test_without_a_server_the_command_says_so(data: Path, tmp_path: Path) -> None:
    (tmp_path / "isd.csv").write_bytes(CONTENT)
    refused = await publish(data, tmp_path / "isd.csv", *WHAT, code=2)
    assert "No server has announced itself" in refused.stderr

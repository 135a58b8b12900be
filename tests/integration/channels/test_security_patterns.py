"""Security categories and patterns are configuration: a new one takes a line, a channel names its category (5.2.2)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from tests.conftest import Serve
from tests.integration.channels.changed_catalogue import copied_catalogue
from tests.support.platform import Platform, sample

SUPPLIER, REGISTRATION = "2300000001", "2200000001"


def catalogue_with(target: Path, actions: str) -> str:
    """The shipped catalogue with a pattern 3 of these actions, a category 6 that has it, and IF-031 in category 6."""
    path = copied_catalogue(target)
    security, channel = Path(path) / "security.yaml", Path(path) / "interfaces" / "IF-031.yaml"
    text = security.read_text(encoding="utf-8")
    text = text.replace("categories:\n", f"  '3': {{meaning: Tried out, actions: [{actions}]}}\ncategories:\n")
    security.write_text(text + "  '6': {meaning: Tried out, pattern: '3'}\n", encoding="utf-8")
    changed = channel.read_text(encoding="utf-8").replace("category: 2", "category: 6")
    channel.write_text(changed, encoding="utf-8")
    return path


async def post_unsigned(platform: Platform, message: Any, **headers: str) -> int:
    """The status of a request that carries no signature but these headers."""
    async with connection(platform) as session:
        url = f"{platform.dip.api_url}/dip-channel/IF-031"
        async with session.post(url, data=msgspec.json.encode([message]), headers=headers) as response:
            return response.status


@asynccontextmanager
async def connection(platform: Platform) -> AsyncIterator[aiohttp.ClientSession]:
    """A session with the supplier's certificate."""
    connector = aiohttp.TCPConnector(ssl=platform.credentials(SUPPLIER).calling_context())
    async with aiohttp.ClientSession(connector=connector) as session:
        yield session


@pytest.mark.requirement("FS-06", "FS-07", "FS-71")
async def test_a_channel_without_any_security_action_takes_what_is_neither_signed_nor_encrypted(
    serve: Serve, tmp_path: Path
) -> None:
    async with serve(channels=catalogue_with(tmp_path / "channels", "none")) as platform:
        registration = await platform.listener(REGISTRATION)
        assert await post_unsigned(platform, sample("if-031")) == 202
        received = await registration.next(5)
        assert not received.encrypted


@pytest.mark.requirement("FS-06", "FS-07")
async def test_a_signature_that_is_given_without_need_must_be_right(serve: Serve, tmp_path: Path) -> None:
    async with serve(channels=catalogue_with(tmp_path / "channels", "none")) as platform:
        assert await post_unsigned(platform, sample("if-031"), **{"X-DIP-Signature": "bm8="}) == 401


@pytest.mark.requirement("FS-06", "FS-07")
async def test_a_channel_that_signs_only_takes_plain_bodies_and_wants_the_signature(
    serve: Serve, tmp_path: Path
) -> None:
    async with serve(channels=catalogue_with(tmp_path / "channels", "sign")) as platform:
        registration = await platform.listener(REGISTRATION)
        supplier = await platform.client(SUPPLIER)
        assert await post_unsigned(platform, sample("if-031")) == 401
        assert (await supplier.send("IF-031", [sample("if-031")], encrypt=False)).status == 202
        assert not (await registration.next(5)).encrypted

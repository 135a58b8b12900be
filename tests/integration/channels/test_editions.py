"""The next edition of a channel is tried beside the current one, by those who send it."""

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Serve
from tests.integration.channels.changed_catalogue import copied_catalogue
from tests.support.platform import changed, sample

EDITION = """\
blocks:
  Urgency: {items: [urgency: {type: string, maxLength: 4, enum: [LOW, HIGH]}]}
editions:
  '012':
    formats:
      DSApp: {custom: [B013?, B071, Urgency]}
"""
VERSION = "CommonBlock.S0.schemaVersion"
SUPPLIER, REGISTRATION = "2300000001", "2200000001"


def next_edition() -> dict[str, Any]:
    """An IF-031 of edition 012."""
    message = changed(sample("if-031"), VERSION, "012")
    message["payload"]["CustomBlock"]["Urgency"] = {"urgency": "HIGH"}
    return message


@pytest.mark.requirement("FS-61", "FS-19")
@pytest.mark.parametrize("profile", ["spec", "live"])
async def test_two_editions_are_taken_side_by_side(serve: Serve, tmp_path: Path, profile: str) -> None:
    catalogue = copied_catalogue(tmp_path / "channels", IF_031=EDITION)
    async with serve(channels=catalogue, profile=profile) as platform:
        listener = await platform.listener(REGISTRATION, "IF-031")
        client = await platform.client(SUPPLIER)
        for message in (sample("if-031"), next_edition()):
            result = await client.send("IF-031", [message])
            assert result.all_accepted, result
            received = await listener.next(10)
            assert received.common["S0"] == message["payload"]["CommonBlock"]["S0"]
            assert received.custom == message["payload"]["CustomBlock"]


@pytest.mark.requirement("FS-61", "FS-19")
async def test_a_version_that_nobody_knows_is_refused_with_those_that_are_accepted(
    serve: Serve, tmp_path: Path
) -> None:
    async with serve(channels=copied_catalogue(tmp_path / "channels", IF_031=EDITION)) as platform:
        client = await platform.client(SUPPLIER)
        result = await client.send("IF-031", [changed(sample("if-031"), VERSION, "013")])
        (entry,) = result.entries
        assert (entry.message or "").startswith("MSG1001")
        assert entry.help == (
            '/0/payload/CommonBlock/S0/schemaVersion (DI-992 Schema Version): expected one of 011, 012, found "013"'
        )


async def test_an_item_of_the_next_edition_is_unknown_in_the_current_one(serve: Serve, tmp_path: Path) -> None:
    async with serve(channels=copied_catalogue(tmp_path / "channels", IF_031=EDITION)) as platform:
        client = await platform.client(SUPPLIER)
        result = await client.send("IF-031", [changed(next_edition(), VERSION, "011")])
        assert "/0/payload/CustomBlock/Urgency: expected no key of this name" in (result.entries[0].help or "")


async def test_names_in_any_case_find_their_edition_in_the_live_profile(serve: Serve, tmp_path: Path) -> None:
    catalogue = copied_catalogue(tmp_path / "channels", IF_031=EDITION)
    async with serve(channels=catalogue, profile="live") as platform:
        listener = await platform.listener(REGISTRATION, "IF-031")
        message = next_edition()
        header = message["payload"]["CommonBlock"]["S0"]
        header["SCHEMAVERSION"] = header.pop("schemaVersion")
        result = await (await platform.client(SUPPLIER)).send("IF-031", [message])
        assert result.all_accepted, result
        received = await listener.next(10)
        assert received.common["S0"]["schemaVersion"] == "012"
        assert received.custom["Urgency"] == {"urgency": "HIGH"}

"""The page on adding a channel, followed word by word."""

import json
import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dip.cli import application
from dip.client import ParticipantClient, fresh, load_messages
from dip.ground.assets import asset
from dip.ground.clock import Clock
from tests.conftest import Serve

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "how-to" / "add-a-channel.md").read_text(encoding="utf-8")
SUPPLIER, METERING_SERVICE = "2300000001", "1200000001"


def block(language: str) -> str:
    """The only block of the page in that language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Steps 1 and 2: the copy, with the new file; the directory of the copy is the present one."""
    shutil.copytree(asset("channels"), tmp_path / "my-channels")
    (tmp_path / "my-channels" / "interfaces" / "IF-950.yaml").write_text(block("yaml"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "my-channels"


@pytest.mark.requirement("FS-04", "FS-10", "FS-11")
def test_the_commands_of_the_page_find_no_fault_and_show_the_channel(catalogue: Path) -> None:
    commands = re.findall(r"^python run\.py (channels .*)$", PAGE, re.MULTILINE)
    assert len(commands) == 2
    check, show = [CliRunner().invoke(application(), command.split()) for command in commands]
    assert (check.exit_code, check.output) == (0, "67 channels with 156 events: no fault.\n")
    assert json.loads(show.stdout)["events"]["[MeterInspection]"]["routing"]["secondary"] == ["MSS", "MSA"]


def test_the_fault_that_the_page_speaks_of_is_shown_with_its_place(catalogue: Path) -> None:
    text = block("yaml").replace("category:", "categry:")
    (catalogue / "interfaces" / "IF-950.yaml").write_text(text, encoding="utf-8")
    result = CliRunner().invoke(application(), ["channels", "check", "my-channels"])
    assert result.exit_code == 1
    assert "IF-950.yaml:6:1: unknown key 'categry'\n" in result.stderr


@pytest.mark.requirement("FS-04", "FS-10", "FS-26")
@pytest.mark.parametrize("profile", ["spec", "live"])
async def test_the_first_message_of_the_page_arrives(serve: Serve, catalogue: Path, profile: str) -> None:
    file = catalogue.parent / "inspection.json"
    file.write_text(block("json"), encoding="utf-8")
    (message,) = load_messages(file)
    async with serve(channels="my-channels", profile=profile) as platform:
        listener = await platform.listener(METERING_SERVICE, "IF-950")
        url = platform.dip.api_url
        credentials = platform.credentials(SUPPLIER)
        async with ParticipantClient(credentials, url, profile=profile, encrypted={"IF-950"}) as client:
            result = await client.send("IF-950", [fresh(message, Clock().wall())])
            assert result.all_accepted, result
            received = await listener.next(10)
            assert received.custom == message["payload"]["CustomBlock"]
            message["payload"]["CustomBlock"]["Inspection"]["reason"] = "NOISE"
            refused = await client.send("IF-950", [fresh(message, Clock().wall())])
        (entry,) = refused.entries
        assert "/0/payload/CustomBlock/Inspection/reason: expected one of SEAL, DAMAGE, DISPLAY" in (entry.help or "")

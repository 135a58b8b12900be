"""The commands of participants: `send`, `listen`, `demo`, each a process of its own."""

import json
from pathlib import Path

import pytest

from tests.support.process import ROOT, finished, server, started

SAMPLES = ROOT / "data" / "seed" / "samples"


@pytest.mark.parametrize("profile", ["spec", "live"])
@pytest.mark.requirement("FS-05", "FS-07", "FS-34")
async def test_a_message_goes_from_one_process_to_another(data: Path, profile: str) -> None:
    async with server(data, "--profile", profile) as dip:
        await dip.ready()
        async with started("listen", "--as", "2200000001", "--data", data, "--once", "1") as listener:
            await listener.line("listening")
            sent = await finished("send", "--as", "2300000001", "--data", data, SAMPLES / "if-031-dsapp.json")
            assert sent.code == 0, sent
            received = await listener.end(15)
            assert received.code == 0, received
        transaction = next(part for part in sent.stdout.replace('"', " ").split() if part.startswith("T-IF-031"))
        assert transaction in received.stdout


@pytest.mark.requirement("FS-12")
async def test_a_message_is_fetched_without_a_webhook(data: Path) -> None:
    async with server(data) as dip:
        await dip.ready()
        sent = await finished("send", "--as", "2300000001", "--data", data, SAMPLES / "if-031-dsapp.json")
        assert sent.code == 0, sent
        fetched = await finished("listen", "--as", "2200000001", "--data", data, "--once", "1", "--pull")
        assert fetched.code == 0, fetched
        transaction = next(part for part in sent.stdout.replace('"', " ").split() if part.startswith("T-IF-031"))
        assert transaction in fetched.stdout


async def test_a_message_that_is_refused_ends_send_with_1(data: Path, tmp_path: Path) -> None:
    (message,) = json.loads((SAMPLES / "if-031-dsapp.json").read_text())
    message["payload"]["CommonBlock"]["S1"]["environmentTag"] = "PRD"
    file = tmp_path / "message.json"
    file.write_text(json.dumps([message]))
    async with server(data) as dip:
        await dip.ready()
        sent = await finished("send", "--as", "2300000001", "--data", data, file)
        assert sent.code == 1, sent
        assert "MSG1000" in sent.stdout
        assert "environmentTag" in sent.stdout


async def test_send_without_a_server_ends_with_2(data: Path) -> None:
    sent = await finished("send", "--as", "2300000001", "--data", data, SAMPLES / "if-031-dsapp.json")
    assert sent.code == 2
    assert "Traceback" not in sent.stderr


@pytest.mark.parametrize("profile", ["spec", "live"])
@pytest.mark.requirement("FS-25", "FS-34")
async def test_the_demo_plays_to_its_end(profile: str) -> None:
    ended = await finished("demo", "--profile", profile)
    assert ended.code == 0, ended


@pytest.mark.parametrize("arguments", [("--help",), ("serve", "--help"), ("send", "--help"), ("listen", "--help")])
async def test_help_is_there(arguments: tuple[str, ...]) -> None:
    ended = await finished(*arguments)
    assert ended.code == 0
    assert "Usage" in ended.stdout


@pytest.mark.parametrize("arguments", [("--no-such-option",), ("dance",), ("--api-port", "many")])
async def test_a_command_that_is_none_ends_with_2(arguments: tuple[str, ...]) -> None:
    ended = await finished(*arguments)
    assert ended.code == 2
    assert "Traceback" not in ended.stderr


@pytest.mark.requirement("FS-65")
async def test_the_master_key_of_a_running_server_is_changed_by_one_command(data: Path) -> None:
    key = data / "master.key"
    before = key.read_text()
    async with server(data) as dip:
        await dip.ready()
        changed = await finished("master-key", "rotate", "--data", data)
        assert changed.code == 0, changed
        assert json.loads(changed.stdout)["keptIn"] == "master.key"
        assert key.read_text() not in (before, changed.stdout)
        assert (await dip.stop()).code == 0
    async with server(data) as dip:
        await dip.ready()
    alone = await finished("master-key", "rotate", "--data", data)
    assert alone.code == 2
    assert "Traceback" not in alone.stderr


@pytest.mark.requirement("FS-67")
async def test_users_are_made_listed_and_removed_by_command(data: Path) -> None:
    async with server(data) as dip:
        await dip.ready()
        added = await finished("users", "add", "pat", "company-messages", "--company", "09000001", "--data", data)
        assert added.code == 0, added
        assert json.loads(added.stdout)["password"]
        listed = await finished("users", "list", "--data", data)
        assert [json.loads(line)["name"] for line in listed.stdout.splitlines()] == ["admin", "pat"]
        renewed = await finished("users", "password", "pat", "--data", data)
        assert json.loads(renewed.stdout)["password"] != json.loads(added.stdout)["password"]
        assert (await finished("users", "remove", "pat", "--data", data)).code == 0
        refused = await finished("users", "remove", "admin", "--data", data)
        assert (refused.code, "last administrator" in refused.stderr) == (1, True)

"""A start that can't be: exit 2, one clear message, nothing changed (contract, Starting)."""

import socket
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.support.process import Ended, finished, server

Snapshot = Callable[[Path], dict[str, tuple[int, bytes]]]
PORTS = ("--api-port", "0", "--portal-port", "0")


async def refused(
    data: Path, snapshot: Snapshot, part: str, *arguments: str | Path, environment: Mapping[str, str] | None = None
) -> None:
    """Start, and check that it is refused with a message that has this part, and that nothing changed."""
    before = snapshot(data)
    ended = await finished("--data", data, *(arguments or PORTS), environment=environment)
    check(ended, part)
    assert snapshot(data) == before


def check(ended: Ended, part: str) -> None:
    assert ended.code == 2, ended
    assert ended.stdout == ""
    assert part in ended.stderr
    assert "Traceback" not in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("option", ["--api-port", "--portal-port"])
async def test_a_port_in_use(tmp_path: Path, data: Path, snapshot: Snapshot, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        other = "--portal-port" if option == "--api-port" else "--api-port"
        for directory in (data, tmp_path / "new"):
            await refused(directory, snapshot, f"127.0.0.1:{port}", option, port, other, "0")


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("--profile", "dead"), "profile"),
        (("--environment", "LAB"), "environment"),
        (("--api-port", "70000"), "api_port"),
        (("--host", "no.such.host.invalid"), "no.such.host.invalid"),
    ],
)
async def test_a_bad_option(tmp_path: Path, snapshot: Snapshot, arguments: tuple[str, str], part: str) -> None:
    await refused(tmp_path / "state", snapshot, part, *arguments)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("profile = ", "dip.toml"),
        ('colour = "red"', "colour"),
        ("api_port = 'many'", "api_port"),
        ("body_limit_bytes = 1\nmessage_limit = 0", "message_limit"),
        ("profile = [1]", "profile"),
        (b"\xff", "dip.toml"),
    ],
)
async def test_a_bad_configuration_file(tmp_path: Path, snapshot: Snapshot, text: str | bytes, part: str) -> None:
    config = tmp_path / "dip.toml"
    config.write_bytes(text if isinstance(text, bytes) else text.encode())
    await refused(tmp_path / "state", snapshot, part, "--config", config)


async def test_a_configuration_file_that_is_not_there(tmp_path: Path, snapshot: Snapshot) -> None:
    await refused(tmp_path / "state", snapshot, "none.toml", "--config", tmp_path / "none.toml")


async def test_every_bad_setting_is_named_at_once(tmp_path: Path, snapshot: Snapshot) -> None:
    variables = {"DIP_COLOUR": "red", "DIP_API_PORT": "x"}
    for part in ("COLOUR", "api_port", "profile"):
        await refused(tmp_path / "state", snapshot, part, "--profile", "dead", environment=variables)


@pytest.mark.requirement("FS-60")
async def test_another_environment(data: Path, snapshot: Snapshot) -> None:
    await refused(data, snapshot, "belongs to environment DEV", *PORTS, "--environment", "SIT")


async def test_a_directory_of_somebody_else(tmp_path: Path, snapshot: Snapshot) -> None:
    directory = tmp_path / "photographs"
    directory.mkdir()
    (directory / "holiday.jpg").write_bytes(b"sea")
    await refused(directory, snapshot, "holiday.jpg")


async def test_a_file_for_a_directory(tmp_path: Path) -> None:
    file = tmp_path / "state"
    file.write_text("mine")
    check(await finished("--data", file, *PORTS), str(file))
    assert file.read_text() == "mine"


async def test_a_directory_that_may_not_be_made(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    check(await finished("--data", file / "state", *PORTS), "state")


async def test_a_directory_in_use(data: Path) -> None:
    async with server(data) as running:
        await running.ready()
        announced = (data / "server.json").read_bytes()
        check(await finished("--data", data, *PORTS), "in use by another server")
        assert (data / "server.json").read_bytes() == announced


async def test_a_directory_of_a_newer_version(data: Path, snapshot: Snapshot) -> None:
    connection = sqlite3.connect(data / "dip.sqlite")
    connection.execute("PRAGMA user_version=999")
    connection.close()
    await refused(data, snapshot, "newer server")


@pytest.mark.parametrize("damage", ["master.key", "dip.sqlite"])
async def test_a_damaged_directory(data: Path, damage: str) -> None:
    (data / damage).write_bytes(b"damaged" * 1000)
    check(await finished("--data", data, *PORTS), str(data))


async def test_a_master_key_that_is_not_there(data: Path, snapshot: Snapshot) -> None:
    (data / "master.key").unlink()
    await refused(data, snapshot, "master.key")


async def test_a_database_that_is_not_there_is_no_first_start(data: Path, snapshot: Snapshot) -> None:
    (data / "dip.sqlite").unlink()
    await refused(data, snapshot, "holds no DIP's database")

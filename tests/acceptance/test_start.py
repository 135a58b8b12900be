"""`python run.py`: the ready line, the files of a first start, later starts, the end (contract, Starting)."""

import json
import re
import signal
import stat
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.support.process import READY_WITHIN_S, server, started
from tests.support.waiting import until

PARTICIPANT_FILES = {
    "participant.json",
    "tls.pem",
    "tls.key",
    "signing.pem",
    "signing.key",
    "encryption.pem",
    "encryption.key",
    "dip-encryption.pem",
}
SEEDED_TWICE = ("SUP", "MSS", "MSA", "SDS", "ADS", "REGS", "LDSO")


async def health(portal: str) -> tuple[int, object]:
    async with aiohttp.ClientSession() as session, session.get(f"{portal}/healthz") as answer:
        return answer.status, await answer.json()


@pytest.mark.requirement("FS-60", "FS-68")
async def test_a_first_start_makes_everything_and_says_that_it_is_ready(tmp_path: Path) -> None:
    data = tmp_path / "deep" / "state"
    async with server(data) as running:
        ready = await running.ready()
        assert list(ready) == ["event", "api", "portal"]
        assert re.fullmatch(r"https://127\.0\.0\.1:\d+", ready["api"])
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", ready["portal"])
        status, body = await health(ready["portal"])
        assert status == 200
        assert isinstance(body, dict)
        assert children(running.pid) == ""
        ended = await running.stop()
    assert ended.code == 0
    assert len(ended.stdout.splitlines()) == 1
    for line in ended.stderr.splitlines():
        assert isinstance(json.loads(line), dict)
    check_files(data)


def children(pid: int) -> str:
    """The ids of a process's children, where the system tells."""
    told = Path(f"/proc/{pid}/task/{pid}/children")
    return told.read_text() if told.exists() else ""


def check_files(data: Path) -> None:
    for name in ("ca.pem", "admin.token", "admin.password", "dip/signing.pem"):
        assert (data / name).stat().st_size > 20, name
    folders = sorted((data / "participants").iterdir())
    by_role: dict[str, int] = {}
    for folder in folders:
        assert {path.name for path in folder.iterdir()} == PARTICIPANT_FILES
        identity = json.loads((folder / "participant.json").read_text())
        assert set(identity) == {"dipId", "mpid", "role", "name", "apiKey"}
        assert identity["dipId"] == folder.name
        by_role[identity["role"]] = by_role.get(identity["role"], 0) + 1
    assert all(by_role[role] >= 2 for role in SEEDED_TWICE)
    assert by_role["DCP"] == 1
    secrets = [path for path in data.rglob("*") if path.suffix == ".key" or path.name.startswith("admin.")]
    assert len(secrets) >= 3 * len(folders) + 3
    for path in secrets:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    check_certificates(data, folders[0])


def check_certificates(data: Path, folder: Path) -> None:
    root = x509.load_pem_x509_certificate((data / "ca.pem").read_bytes())
    chain = x509.load_pem_x509_certificates((folder / "tls.pem").read_bytes())
    assert len(chain) == 2
    chain[0].verify_directly_issued_by(chain[1])
    chain[1].verify_directly_issued_by(root)
    names = chain[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "localhost" in names.get_values_for_type(x509.DNSName)
    assert "127.0.0.1" in map(str, names.get_values_for_type(x509.IPAddress))
    for use in ("signing", "encryption"):
        key = load_pem_private_key((folder / f"{use}.key").read_bytes(), None)
        (certificate,) = x509.load_pem_x509_certificates((folder / f"{use}.pem").read_bytes())
        assert isinstance(key, rsa.RSAPrivateKey)
        assert key.key_size == 2048
        assert certificate.public_key() == key.public_key()


@pytest.mark.requirement("FS-01", "FS-59")
async def test_a_second_start_keeps_every_id_and_key(tmp_path: Path) -> None:
    data = tmp_path / "state"
    async with server(data) as running:
        await running.ready()
        await running.stop()
    kept = {path: path.read_bytes() for path in data.rglob("*") if path.suffix in {".pem", ".key", ".json", ".token"}}
    assert len(kept) > 100
    async with server(data) as running:
        await running.ready()
        assert json.loads((data / "server.json").read_text())["profile"] == "spec"
        assert (await running.stop()).code == 0
    assert not (data / "server.json").exists()
    assert {path: path.read_bytes() for path in kept} == kept


@pytest.mark.requirement("FS-01", "FS-59")
async def test_a_first_start_that_was_killed_is_begun_anew(tmp_path: Path) -> None:
    data = tmp_path / "state"
    async with server(data) as running:
        await until((data / "participants").exists, READY_WITHIN_S)
        assert running.stdout == []
        await running.kill()
    async with server(data) as running:
        await running.ready()
        assert (await running.stop()).code == 0
    check_files(data)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_server_in_good_order(data: Path, number: signal.Signals) -> None:
    async with server(data) as running:
        await running.ready()
        running.signal(number)
        ended = await running.end()
    assert ended.code == 0
    assert "Traceback" not in ended.stderr


async def test_settings_come_from_options_then_the_environment_then_a_file(data: Path, tmp_path: Path) -> None:
    config = tmp_path / "dip.toml"
    config.write_text('profile = "spec"\nenvironment = "DEV"\nportal_port = 1\napi-port = 1\n')
    variables = {"DIP_CONFIG": str(config), "DIP_PROFILE": "live", "DIP_API_PORT": "2", "DIP_PORTAL_PORT": "0"}
    async with server(data, environment=variables) as running:
        await running.ready()
        assert json.loads((data / "server.json").read_text())["profile"] == "live"
    variables = {"DIP_PROFILE": "live", "DIP_DATA": str(data), "DIP_API_PORT": "0"}
    config.write_text('profile = "spec"\nportal_port = 0\n')
    async with started("--config", config, environment=variables) as running:
        await running.ready()
        assert json.loads((data / "server.json").read_text())["profile"] == "live"


async def test_the_server_may_be_started_from_any_directory(data: Path, tmp_path: Path) -> None:
    async with server(data, directory=tmp_path) as running:
        ready = await running.ready()
        assert (await health(ready["portal"]))[0] == 200


async def test_a_later_start_listens_where_it_is_told(data: Path) -> None:
    async with server(data, "--host", "127.0.0.2") as running:
        ready = await running.ready()
        assert ready["api"].startswith("https://127.0.0.2:")
        assert ready["portal"].startswith("http://127.0.0.2:")

import shutil
from pathlib import Path

import pytest

from dip.client import (
    Credentials,
    CredentialsIncomplete,
    Server,
    ServerNotReached,
    credentials_of,
    find_server,
)
from tests.unit.client.conftest import SUPPLIER, Platform


@pytest.fixture
def copy(platform: Platform, tmp_path: Path) -> Path:
    return Path(shutil.copytree(platform.directory, tmp_path / "state"))


def test_a_participants_folder_is_read_whole(platform: Platform) -> None:
    credentials = credentials_of(platform.directory, SUPPLIER)
    assert (credentials.dip_id, credentials.role, credentials.identity.mpid) == (SUPPLIER, "SUP", "EMEB")


@pytest.mark.parametrize(
    "name",
    [
        "participant.json",
        "signing.pem",
        "signing.key",
        "encryption.pem",
        "encryption.key",
        "dip-encryption.pem",
        "../../ca.pem",
        "../../dip/signing.pem",
    ],
)
@pytest.mark.parametrize("content", [None, b"nonsense"])
def test_a_file_that_is_missing_or_broken_is_named(copy: Path, name: str, content: bytes | None) -> None:
    folder = copy / "participants" / SUPPLIER
    file = folder / name
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CredentialsIncomplete, match=Path(name).name.replace(".", r"\.")):
        Credentials.load(folder)


def test_a_certificate_without_its_key_can_not_connect(copy: Path) -> None:
    (copy / "participants" / SUPPLIER / "tls.key").unlink()
    with pytest.raises(CredentialsIncomplete, match=r"tls\.key"):
        credentials_of(copy, SUPPLIER).calling_context()


def test_an_unknown_participant_is_answered_with_the_known_ones(platform: Platform) -> None:
    with pytest.raises(CredentialsIncomplete, match=SUPPLIER):
        credentials_of(platform.directory, "9900000001")


def test_an_empty_data_directory_is_answered_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CredentialsIncomplete, match=r"python run\.py"):
        credentials_of(tmp_path, SUPPLIER)


def test_the_server_is_found_by_what_it_wrote(tmp_path: Path) -> None:
    (tmp_path / "server.json").write_text(
        '{"api": "https://a", "portal": "http://p", "profile": "spec", "environment": "DEV", "pid": 7}'
    )
    assert find_server(tmp_path) == Server("https://a", "http://p", "spec", "DEV")


def test_a_server_that_does_not_run_is_answered_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ServerNotReached, match=r"python run\.py"):
        find_server(tmp_path)

"""Settings: where a value comes from, and every fault at once."""

from pathlib import Path

import msgspec
import pytest

from dip.ground.errors import SetupRefused
from dip.ground.given_settings import read_settings
from dip.ground.profiles import PROFILES
from dip.ground.settings import Settings


def config(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "dip.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_without_anything_given_every_default_holds() -> None:
    assert read_settings({}, {}) == Settings()


def test_the_command_line_comes_before_the_environment_and_that_before_the_file(tmp_path: Path) -> None:
    file = config(tmp_path, 'api-port = 1\nhost = "file"\nprofile = "live"\n')
    environment = {"DIP_API_PORT": "2", "DIP_HOST": "environment", "DIP_CONFIG": str(file), "HOME": "/"}
    settings = read_settings({"api_port": 3, "host": None}, environment, file)
    assert (settings.api_port, settings.host, settings.profile) == (3, "environment", "live")


@pytest.mark.parametrize(("text", "expected"), [("true", True), ("1", True), ("false", False), ("0", False)])
def test_the_environment_gives_numbers_and_truth_as_text(text: str, expected: bool) -> None:
    settings = read_settings({}, {"DIP_API_KEY_REQUIRED": text, "DIP_RETRY_FIRST_S": "0.5", "DIP_API_PORT": "0"})
    assert settings.api_key_required is expected
    assert settings.retry_first_s == 0.5
    assert settings.api_port == 0


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    file = config(tmp_path, 'colour = "green"\nmessage_limit = 0\nportal-port = "many"\n')
    environment = {"DIP_API_PORT": "70000", "DIP_SMELL": "sweet", "DIP_API_KEY_REQUIRED": "perhaps"}
    with pytest.raises(SetupRefused) as refused:
        read_settings({"environment": "MARS", "retry_jitter": 1.5}, environment, file)
    named = ("colour", "message_limit", "portal_port", "api_port", "DIP_SMELL", "api_key_required", "environment")
    for name in (*named, "retry_jitter"):
        assert f"{name}: " in refused.value.message
    assert refused.value.message.count(";") >= len(named)


@pytest.mark.parametrize(
    ("text", "reason"), [("this is = = not", "not TOML"), (None, "can't be read"), ("[table]\na = 1", "table: no such")]
)
def test_a_file_that_can_not_be_read_is_named(tmp_path: Path, text: str | None, reason: str) -> None:
    file = tmp_path / "dip.toml" if text is None else config(tmp_path, text)
    with pytest.raises(SetupRefused, match=reason):
        read_settings({}, {}, file)


def test_every_setting_is_described_and_its_default_is_allowed() -> None:
    for field in msgspec.structs.fields(Settings):
        assert read_settings({field.name: field.default}, {}) == Settings()


def test_a_profile_is_a_set_of_switches_of_that_name() -> None:
    assert {name: profile.name for name, profile in PROFILES.items()} == {"spec": "spec", "live": "live"}
    assert read_settings({"profile": "live"}, {}).switches is PROFILES["live"]


def test_further_names_are_split_at_commas() -> None:
    assert read_settings({"name": "a.example, 10.0.0.1,,"}, {}).host_names == ("a.example", "10.0.0.1")

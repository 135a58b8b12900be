"""The file of the master key, and a change of the key that is cut short at any point (8.1)."""

from pathlib import Path

import pytest

from dip.ground.errors import SetupRefused
from dip.security.master_key import MasterKeyFile, key_of


def kept(directory: Path) -> MasterKeyFile:
    return MasterKeyFile(directory / "master.key")


def test_the_key_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    key = kept(tmp_path).read()
    assert kept(tmp_path).read() == key
    assert len(key) == 32
    assert (tmp_path / "master.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "zz", "ab" * 31, "ab" * 33, "é" * 64])
def test_a_file_that_is_no_master_key_is_refused_without_its_content(tmp_path: Path, text: str) -> None:
    (tmp_path / "master.key").write_text(text, encoding="utf-8")
    with pytest.raises(SetupRefused, match="64 hexadecimal digits") as refusal:
        kept(tmp_path).read()
    assert not text or text not in str(refusal.value)


def test_the_next_key_takes_the_place_of_this_one(tmp_path: Path) -> None:
    file, key = kept(tmp_path), bytes(range(32))
    file.read()
    file.put_next(key)
    assert kept(tmp_path).read_next() == key
    assert (tmp_path / "master.key.next").stat().st_mode & 0o777 == 0o600
    file.adopt_next()
    assert kept(tmp_path).read() == key
    assert kept(tmp_path).read_next() is None


def test_a_next_key_that_nothing_was_wrapped_with_is_forgotten(tmp_path: Path) -> None:
    file = kept(tmp_path)
    key = file.read()
    file.put_next(bytes(32))
    file.put_next(bytes(range(32)))
    file.drop_next()
    assert (file.read(), file.read_next()) == (key, None)


def test_blanks_around_the_digits_do_not_matter() -> None:
    assert key_of(f" {'ab' * 32}\n", "key") == bytes([0xAB] * 32)

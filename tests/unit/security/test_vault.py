from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dip.security.vault import MasterKeyRefused, SealBroken, Vault, WrappedKey

MASTER, OTHER_MASTER = b"m" * 32, b"n" * 32
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def opened(*kept: WrappedKey, master: bytes = MASTER) -> tuple[Vault, list[WrappedKey]]:
    return Vault.opened(master, kept, NOW)


@pytest.mark.requirement("FS-08", "FS-65")
@given(plaintext=st.binary(max_size=500), context=st.binary(max_size=50))
@settings(max_examples=50)
def test_what_is_sealed_opens_in_its_context(plaintext: bytes, context: bytes) -> None:
    vault, _ = opened()
    sealed = vault.seal(plaintext, context)
    assert plaintext not in sealed or len(plaintext) < 4
    assert vault.open(sealed, context) == plaintext


@pytest.mark.requirement("FS-65")
@given(data=st.data(), plaintext=st.binary(max_size=200))
@settings(max_examples=100)
def test_a_flipped_bit_does_not_open(data: st.DataObject, plaintext: bytes) -> None:
    vault, _ = opened()
    sealed = bytearray(vault.seal(plaintext, b"row"))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SealBroken):
        vault.open(bytes(sealed), b"row")


@given(context=st.binary(max_size=20).filter(lambda context: context != b"row"))
@settings(max_examples=30)
def test_nothing_opens_in_another_place(context: bytes) -> None:
    vault, _ = opened()
    with pytest.raises(SealBroken):
        vault.open(vault.seal(b"secret", b"row"), context)


@pytest.mark.parametrize("length", range(0, 32, 5))
def test_a_cut_seal_does_not_open(length: int) -> None:
    vault, _ = opened()
    with pytest.raises(SealBroken):
        vault.open(vault.seal(b"secret", b"row")[:length], b"row")


def test_no_nonce_comes_twice_under_a_key_over_several_runs() -> None:
    kept: list[WrappedKey] = []
    heads: set[bytes] = set()
    for _ in range(4):
        vault, new = opened(*kept)
        kept += new
        heads |= {vault.seal(b"", b"")[:16] for _ in range(250)}
    assert len(heads) == 1000
    assert len({key.id for key in kept}) == len(kept) == 5


def test_a_later_run_opens_what_an_earlier_one_sealed() -> None:
    first, kept = opened()
    sealed = first.seal(b"secret", b"row")
    later, new = opened(*kept)
    assert later.open(sealed, b"row") == b"secret"
    assert [key.purpose for key in new] == ["seal"]


def test_a_missing_data_key_is_said_and_not_guessed() -> None:
    first, kept = opened()
    sealed = first.seal(b"secret", b"row")
    without = Vault(MASTER, [key for key in kept if key.purpose == "digest"])
    with pytest.raises(SealBroken):
        without.open(sealed, b"row")
    with pytest.raises(SealBroken, match="no data key"):
        without.seal(b"", b"")


def test_another_master_key_is_refused() -> None:
    _, kept = opened()
    with pytest.raises(MasterKeyRefused):
        Vault(OTHER_MASTER, kept)


def test_a_key_wrapped_for_another_purpose_is_refused() -> None:
    _, kept = opened()
    with pytest.raises(MasterKeyRefused):
        Vault(MASTER, [msgspec.structs.replace(kept[0], purpose="seal")])


@pytest.mark.requirement("FS-65")
def test_rotating_the_master_key_leaves_seals_and_digests_valid() -> None:
    vault, kept = opened()
    sealed, digest = vault.seal(b"secret", b"row"), vault.digest("2000056535971")
    rewrapped = vault.wrapped_under(OTHER_MASTER)
    assert {key.id for key in rewrapped} == {key.id for key in kept}
    rotated, _ = opened(*rewrapped, master=OTHER_MASTER)
    assert rotated.open(sealed, b"row") == b"secret"
    assert rotated.digest("2000056535971") == digest
    with pytest.raises(MasterKeyRefused):
        Vault(MASTER, rewrapped)


def test_a_digest_says_nothing_of_the_value_and_differs_between_directories() -> None:
    here, there = opened()[0], opened()[0]
    assert here.digest("2000056535971") == here.digest("2000056535971")
    assert here.digest("2000056535971") != here.digest("2000056535972")
    assert here.digest("2000056535971") != there.digest("2000056535971")
    assert len(here.digest("2000056535971")) == 16

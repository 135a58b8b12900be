import base64
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from joserfc import jwe
from joserfc.jwk import RSAKey

from dip.security.encryption import Decryptor, Encryptor, UndecryptableBlock, encrypt, thumbprint

from .conftest import Holder

PLAINTEXT = b'{"B071":{"proposedDataServiceDIPID":"1400000001"}}'


def decryptor(*holders: Holder) -> Decryptor:
    return Decryptor(
        {thumbprint(holder.encryption): holder.key for holder in holders},
        current=thumbprint(holders[0].encryption),
    )


def header_of(compact: str) -> dict[str, Any]:
    encoded = compact.partition(".")[0]
    header: dict[str, Any] = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    return header


def with_header(compact: str, header: object) -> str:
    encoded = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    return ".".join([encoded, *compact.split(".")[1:]])


@pytest.mark.requirement("FS-08")
def test_what_is_encrypted_decrypts(holder: Holder) -> None:
    assert decryptor(holder).decrypt(encrypt(PLAINTEXT, holder.encryption)) == PLAINTEXT


@pytest.mark.requirement("FS-08")
def test_the_key_decides_the_algorithm_and_the_header_names_the_certificate(
    rsa_holder: Holder, curve_holder: Holder
) -> None:
    for holder, algorithm in ((rsa_holder, "RSA-OAEP-256"), (curve_holder, "ECDH-ES+A256KW")):
        header = header_of(encrypt(PLAINTEXT, holder.encryption))
        assert (header["alg"], header["enc"]) == (algorithm, "A256GCM")
        assert header["x5t#S256"] == thumbprint(holder.encryption)


def test_two_encryptions_differ(holder: Holder) -> None:
    encryptor = Encryptor(holder.encryption)
    assert encryptor.encrypt(PLAINTEXT) != encryptor.encrypt(PLAINTEXT)


def test_an_older_key_is_found_by_its_thumbprint(rsa_holder: Holder, stranger: Holder) -> None:
    both = decryptor(rsa_holder, stranger)
    assert both.decrypt(encrypt(PLAINTEXT, stranger.encryption)) == PLAINTEXT


def test_without_a_thumbprint_the_current_key_is_tried(rsa_holder: Holder, stranger: Holder) -> None:
    protected = {"alg": "RSA-OAEP-256", "enc": "A256GCM"}
    key = RSAKey.import_key(rsa_holder.encryption.public_key())  # type: ignore[arg-type]
    compact = jwe.encrypt_compact(protected, PLAINTEXT, key, algorithms=list(protected.values()))
    assert decryptor(rsa_holder, stranger).decrypt(compact) == PLAINTEXT
    with pytest.raises(UndecryptableBlock, match="does not verify"):
        decryptor(stranger, rsa_holder).decrypt(compact)


def test_a_block_larger_than_the_librarys_default_passes(rsa_holder: Holder) -> None:
    large = b"x" * 1_000_000
    assert decryptor(rsa_holder).decrypt(encrypt(large, rsa_holder.encryption)) == large


@pytest.mark.requirement("FS-08")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"zip": "DEF"}, "zip"),
        ({"crit": ["exp"]}, "crit"),
        ({"jku": "https://keys.example"}, "jku"),
        ({"jwk": {}}, "jwk"),
        ({"alg": "RSA-OAEP"}, "alg must be"),
        ({"alg": "RSA1_5"}, "alg must be"),
        ({"alg": "dir"}, "alg must be"),
        ({"alg": None}, "alg must be"),
        ({"alg": ["RSA-OAEP-256"]}, "alg must be"),
        ({"enc": "A128GCM"}, "enc must be"),
        ({"enc": "A256CBC-HS512"}, "enc must be"),
        ({"enc": None}, "enc must be"),
        ({"x5t#S256": "unknown"}, "names no certificate"),
        ({"x5t#S256": None}, "names no certificate"),
        ({"x5t#S256": ["a"]}, "names no certificate"),
        ({"extra": 1}, "does not verify"),
    ],
)
def test_an_attack_on_the_header_is_refused(holder: Holder, change: dict[str, Any], said: str) -> None:
    compact = encrypt(PLAINTEXT, holder.encryption)
    with pytest.raises(UndecryptableBlock, match=said):
        decryptor(holder).decrypt(with_header(compact, header_of(compact) | change))


@pytest.mark.parametrize("epk", [None, {}, "text", {"kty": "EC"}, {"kty": "oct", "k": "AAAA"}, 7])
def test_a_bad_ephemeral_key_is_refused(curve_holder: Holder, epk: object) -> None:
    compact = encrypt(PLAINTEXT, curve_holder.encryption)
    with pytest.raises(UndecryptableBlock, match="does not verify"):
        decryptor(curve_holder).decrypt(with_header(compact, header_of(compact) | {"epk": epk}))


@pytest.mark.parametrize("header", [[], 1, "text", None])
def test_a_header_that_is_no_object_is_refused(rsa_holder: Holder, header: object) -> None:
    compact = with_header(encrypt(PLAINTEXT, rsa_holder.encryption), header)
    with pytest.raises(UndecryptableBlock, match="JSON object"):
        decryptor(rsa_holder).decrypt(compact)


@pytest.mark.parametrize(
    "text", ["", "a", "a.b.c.d", "a.b.c.d.e.f", "a.b.c.d.é", '{"protected":""}', "a..c.d.e", "x" * 99]
)
def test_what_is_not_compact_is_refused(rsa_holder: Holder, text: str) -> None:
    with pytest.raises(UndecryptableBlock, match="compact form"):
        decryptor(rsa_holder).decrypt(text)


def test_an_oversized_block_is_refused_before_it_is_read(rsa_holder: Holder) -> None:
    with pytest.raises(UndecryptableBlock, match="longer than"):
        decryptor(rsa_holder).decrypt("a" * (16 * 1024 * 1024 + 1))


@pytest.mark.requirement("FS-08")
@pytest.mark.parametrize("part", [1, 2, 3, 4])
def test_a_changed_part_does_not_verify(holder: Holder, part: int) -> None:
    parts = encrypt(PLAINTEXT, holder.encryption).split(".")
    parts[part] = ("B" if parts[part][0] == "A" else "A") + parts[part][1:]
    with pytest.raises(UndecryptableBlock, match="does not verify"):
        decryptor(holder).decrypt(".".join(parts))


def test_another_kind_of_key_under_a_known_thumbprint_is_refused(rsa_holder: Holder, curve_holder: Holder) -> None:
    compact = encrypt(PLAINTEXT, curve_holder.encryption)
    header = header_of(compact) | {"x5t#S256": thumbprint(rsa_holder.encryption)}
    with pytest.raises(UndecryptableBlock, match="alg must be RSA-OAEP-256"):
        decryptor(rsa_holder, curve_holder).decrypt(with_header(compact, header))


def test_several_threads_share_one_decryptor(holder: Holder) -> None:
    shared, encryptor = decryptor(holder), Encryptor(holder.encryption)
    blocks = [str(number).encode() for number in range(32)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda block: shared.decrypt(encryptor.encrypt(block)), blocks)) == blocks

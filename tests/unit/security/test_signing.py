import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from dip.messages.headers import CONTENT_HASH, SIGNATURE
from dip.security.certificates import VerificationKey
from dip.security.signing import (
    SignatureRefused,
    SignedHeaders,
    Signer,
    check_age,
    content_hash,
    string_to_sign,
    verify,
)

from .conftest import Holder

URL = "https://localhost:8443/dip-channel/IF-031?wait=20"
PATH = "/dip-channel/IF-031?wait=20"
BODY = b'[{"payload":{}}]'
AT = datetime(2025, 6, 27, 14, 29, 9, 61_000, tzinfo=UTC)


def signed(holder: Holder, url: str = URL, method: str = "POST", body: bytes = BODY) -> SignedHeaders:
    return SignedHeaders.of(Signer(holder.key, holder.signing_pem).headers(method, url, body, AT))


def check(
    headers: SignedHeaders,
    key: VerificationKey,
    *,
    method: str = "POST",
    url: str = URL,
    body: bytes = BODY,
    allow_empty_braces: bool = False,
) -> None:
    verify(
        headers,
        method=method,
        urls=(url, PATH),
        body=body,
        public_key=key,
        allow_empty_braces=allow_empty_braces,
    )


def by_hand(holder: Holder, text: str, headers: SignedHeaders) -> SignedHeaders:
    assert isinstance(holder.key, rsa.RSAPrivateKey)
    signature = holder.key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return msgspec.structs.replace(headers, signature=base64.b64encode(signature).decode())


@pytest.mark.requirement("FS-07")
def test_a_signed_request_verifies(holder: Holder) -> None:
    check(signed(holder), holder.key.public_key())


@pytest.mark.requirement("FS-07")
def test_the_recipe_is_the_published_one(rsa_holder: Holder) -> None:
    text = "POST;https://localhost:8443/dip-channel/if-031?wait=20;2025-06-27T14:29:09.061Z;" + content_hash(BODY)
    headers = signed(rsa_holder)
    assert headers.date == "2025-06-27T14:29:09.061Z"
    assert string_to_sign("post", URL, headers.date, headers.content_hash) == text
    assert by_hand(rsa_holder, text, headers).signature == headers.signature
    assert base64.b64decode(headers.certificate) == rsa_holder.signing_pem


def test_the_url_may_be_signed_without_scheme_and_host(rsa_holder: Holder) -> None:
    check(signed(rsa_holder, PATH), rsa_holder.key.public_key())


@pytest.mark.parametrize("hashed", [b"", b"{}"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_call_without_a_body_may_hash_braces_or_nothing(rsa_holder: Holder, method: str, hashed: bytes) -> None:
    headers = signed(rsa_holder, method=method, body=hashed)
    check(headers, rsa_holder.key.public_key(), method=method, body=b"", allow_empty_braces=True)


def test_braces_do_not_stand_for_an_empty_body_where_there_should_be_one(rsa_holder: Holder) -> None:
    with pytest.raises(SignatureRefused, match="content hash differs"):
        check(signed(rsa_holder, body=b"{}"), rsa_holder.key.public_key(), body=b"")


@pytest.mark.requirement("FS-07")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"body": BODY + b" "}, "content hash differs"),
        ({"method": "GET"}, "covers another string"),
        ({"url": URL.replace("031", "032")}, "covers another string"),
    ],
)
def test_a_changed_request_is_refused(holder: Holder, change: dict[str, object], said: str) -> None:
    with pytest.raises(SignatureRefused, match=said):
        check(signed(holder), holder.key.public_key(), **change)  # type: ignore[arg-type]


@pytest.mark.requirement("FS-07")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"date": "2025-06-27T14:29:09.062Z"}, "covers another string"),
        ({"date": "yesterday"}, "can't be read"),
        ({"date": "2025-06-27T14:29:09"}, "can't be read"),
        ({"date": ""}, "can't be read"),
        ({"date": "2025-06-27\udcff14:29:09Z"}, "can't be read"),
        ({"content_hash": "\udcff"}, "content hash differs"),
        ({"signature": "\udcff"}, "not base64"),
        ({"content_hash": content_hash(b"other")}, "content hash differs"),
        ({"signature": "!"}, "not base64"),
        ({"signature": ""}, "not made with the key"),
        ({"signature": base64.b64encode(bytes(256)).decode()}, "not made with the key"),
    ],
)
def test_a_changed_header_is_refused(rsa_holder: Holder, change: dict[str, str], said: str) -> None:
    headers = msgspec.structs.replace(signed(rsa_holder), **change)
    with pytest.raises(SignatureRefused, match=said):
        check(headers, rsa_holder.key.public_key())


def test_another_holders_key_is_refused(rsa_holder: Holder, stranger: Holder) -> None:
    with pytest.raises(SignatureRefused, match="not made with the key of the certificate"):
        check(signed(stranger), rsa_holder.key.public_key())


def test_a_signature_of_another_kind_of_key_is_refused(rsa_holder: Holder, curve_holder: Holder) -> None:
    with pytest.raises(SignatureRefused):
        check(signed(rsa_holder), curve_holder.key.public_key())
    with pytest.raises(SignatureRefused):
        check(signed(curve_holder), rsa_holder.key.public_key())


Slip = Callable[[str, str], str]


@pytest.mark.parametrize(
    ("slip", "said"),
    [
        (lambda date, digest: f"POST;{URL};{date};{digest}", "capital letters"),
        (lambda date, digest: f"POST;{URL.lower().partition('?')[0]};{date};{digest}", "without its query"),
        (lambda date, digest: f"post;{URL.lower()};{date};{digest}", "small letters"),
        (lambda date, digest: f"POST;{URL.lower()[8:]};{date};{digest}", "without its scheme"),
        (lambda date, digest: f"POST;{URL.lower()}/;{date};{digest}", "slash at its end"),
        (
            lambda date, digest: f"POST;http{URL.lower()[5:]};{date};{digest}",
            "http for https",
        ),
        (
            lambda date, digest: f"POST;{URL.lower()};{date};{content_hash(b'{}')}",
            "another content hash was signed",
        ),
    ],
)
def test_the_usual_slips_are_named(rsa_holder: Holder, slip: Slip, said: str) -> None:
    headers = signed(rsa_holder)
    headers = by_hand(rsa_holder, slip(headers.date, headers.content_hash), headers)
    with pytest.raises(SignatureRefused) as refused:
        check(headers, rsa_holder.key.public_key())
    assert said in refused.value.help


def test_a_refusal_gives_the_string_signed_over_and_the_content_hash(rsa_holder: Holder, stranger: Holder) -> None:
    headers = signed(stranger)
    with pytest.raises(SignatureRefused) as refused:
        check(headers, rsa_holder.key.public_key())
    assert string_to_sign("POST", URL, headers.date, content_hash(BODY)) in refused.value.help


def test_a_refusal_has_at_most_500_characters_whatever_was_sent(rsa_holder: Holder) -> None:
    headers = msgspec.structs.replace(signed(rsa_holder), content_hash="x" * 9000)
    with pytest.raises(SignatureRefused) as refused:
        check(headers, rsa_holder.key.public_key(), url=URL + "y" * 9000)
    assert len(refused.value.help) <= 500
    assert refused.value.help.endswith(content_hash(BODY))


def test_a_url_that_is_no_utf_8_is_refused_in_words_that_can_be_sent(rsa_holder: Holder) -> None:
    with pytest.raises(SignatureRefused) as refused:
        check(signed(rsa_holder), rsa_holder.key.public_key(), url=URL + "\udcff")
    assert refused.value.help.encode()


def test_missing_headers_are_all_named(rsa_holder: Holder) -> None:
    headers = Signer(rsa_holder.key, rsa_holder.signing_pem).headers("POST", URL, BODY, AT)
    del headers[SIGNATURE]
    headers[CONTENT_HASH] = ""
    with pytest.raises(SignatureRefused, match=r"X-DIP-Signature, X-DIP-Content-Hash"):
        SignedHeaders.of(headers)


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_a_date_within_the_tolerance_is_taken(rsa_holder: Holder, seconds: int) -> None:
    check_age(signed(rsa_holder), AT + timedelta(seconds=seconds), timedelta(seconds=300))


@pytest.mark.parametrize(("seconds", "side"), [(-301, "ahead of"), (301, "behind")])
def test_a_date_beyond_the_tolerance_is_refused(rsa_holder: Holder, seconds: int, side: str) -> None:
    with pytest.raises(SignatureRefused, match=side):
        check_age(signed(rsa_holder), AT + timedelta(seconds=seconds), timedelta(seconds=300))

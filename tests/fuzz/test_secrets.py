"""What stands in headers and JWEs: opened, read or refused in words; never anything else."""

import base64
import contextlib
import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from dip.security.certificates import CertificateReader, CertificateUnreadable
from dip.security.encryption import Decryptor, Encryptor, UndecryptableBlock, thumbprint
from dip.security.pki import Authority, CertificateUse
from dip.security.signing import (
    ALL_HEADERS,
    SignatureRefused,
    SignedHeaders,
    Signer,
    check_age,
    verify,
)
from tests.fuzz.changes import JSON, broken_bytes
from tests.fuzz.conftest import cases

NOW = datetime(2026, 3, 21, 19, 5, tzinfo=UTC)
PLAIN = b'{"B071":{}}'
URL = "https://dip.example/dip-channel/IF-031"


@cache
def holder() -> tuple[ec.EllipticCurvePrivateKey, Any, Any]:
    """A key, and certificates of it for encryption and for signing. P-256: quick enough for many cases."""
    authority, key = Authority.create("DEV", NOW), ec.generate_private_key(ec.SECP256R1())
    encryption, signing = (
        authority.issue(use, "2300000001", key.public_key(), now=NOW)
        for use in (CertificateUse.ENCRYPTION, CertificateUse.SIGNING)
    )
    return key, encryption, signing


@cache
def decryptor() -> Decryptor:
    key, certificate, _ = holder()
    return Decryptor({thumbprint(certificate): key}, thumbprint(certificate))


@cache
def good() -> str:
    return Encryptor(holder()[1]).encrypt(PLAIN)


def opened(compact: str) -> bytes | None:
    try:
        return decryptor().decrypt(compact)
    except UndecryptableBlock as refused:
        assert len(refused.help) <= 500
        return None


@cases
@given(data=st.data())
def test_a_jwe_that_was_changed_does_not_open_to_anything_else(data: st.DataObject) -> None:
    changed = data.draw(broken_bytes(good().encode())).decode("utf-8", "replace")
    assert opened(changed) in (None, PLAIN)


HEADER_NAMES = st.sampled_from(
    ["alg", "enc", "zip", "crit", "jku", "jwk", "kid", "x5t#S256", "epk", "apu", "p2c", "iv"]
)
HEADER_VALUES = JSON | st.sampled_from(["RSA-OAEP-256", "ECDH-ES+A256KW", "dir", "none", "A256GCM", "DEF", ["b64"]])


@cases
@given(changes=st.dictionaries(HEADER_NAMES, HEADER_VALUES, max_size=4), keeps=st.booleans())
def test_a_jwe_with_any_header_opens_or_is_refused(changes: dict[str, Any], keeps: bool) -> None:
    first, *rest = good().split(".")
    header = json.loads(base64.urlsafe_b64decode(first + "=="))
    made = {**header, **changes} if keeps else changes
    text = base64.urlsafe_b64encode(msgspec.json.encode(made)).rstrip(b"=").decode()
    # The header is bound to the content: nothing but what was encrypted with it opens.
    assert opened(".".join([text, *rest])) in (None, PLAIN)


@cases
@given(data=st.data())
def test_a_certificate_header_is_read_or_refused(data: st.DataObject) -> None:
    certificate = holder()[2]
    pem, der = certificate.public_bytes(Encoding.PEM), certificate.public_bytes(Encoding.DER)
    content = data.draw(broken_bytes(pem) | broken_bytes(der).map(_as_pem) | broken_bytes(der) | st.binary(max_size=50))
    text = base64.b64encode(content).decode()
    if data.draw(st.booleans()):
        text = data.draw(broken_bytes(text.encode())).decode("latin-1")
    with contextlib.suppress(CertificateUnreadable):
        assert CertificateReader().read(text).fingerprint


def _as_pem(der: bytes) -> bytes:
    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"


@cache
def signed() -> dict[str, str]:
    """The headers of one call. Made once: no two signatures by such a key are alike, not even in length."""
    key, _, certificate = holder()
    return Signer(key, certificate.public_bytes(Encoding.PEM)).headers("POST", URL, b"[]", NOW)


@cases
@given(data=st.data())
def test_a_set_of_signature_headers_is_verified_or_refused(data: st.DataObject) -> None:
    (key, _, _), whole = holder(), signed()
    touched = data.draw(st.lists(st.sampled_from(sorted(ALL_HEADERS)), unique=True, max_size=4))
    headers = dict(whole)
    for name in touched:
        broken = broken_bytes(whole[name].encode()).map(lambda raw: raw.decode("latin-1"))
        value = data.draw(st.none() | broken | st.text(max_size=60))
        if value is None:
            headers.pop(name)
        else:
            headers[name] = value
    try:
        found = SignedHeaders.of(headers)
        check_age(found, NOW, timedelta(seconds=300))
        verify(found, method="POST", urls=[URL], body=b"[]", public_key=key.public_key(), allow_empty_braces=False)
    except SignatureRefused as refused:
        assert refused.message
        return
    # The certificate is read elsewhere; what the signature covers is as it was.
    assert (found.content_hash, found.date) == (whole["X-DIP-Content-Hash"], whole["X-DIP-Signature-Date"])

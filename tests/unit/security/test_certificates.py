import base64

import pytest

from dip.security.certificates import TEXT_LIMIT, CertificateReader, CertificateUnreadable, fingerprint
from dip.security.keys import to_pem

from .conftest import Holder


def text_of(pem: bytes) -> str:
    return base64.b64encode(pem).decode()


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_both_line_ends_are_read(holder: Holder, line_end: bytes) -> None:
    read = CertificateReader().read(text_of(holder.signing_pem.replace(b"\n", line_end)))
    assert read.certificate == holder.signing
    assert read.fingerprint == fingerprint(holder.signing)
    assert read.public_key == holder.key.public_key()


def test_a_certificate_is_parsed_once(rsa_holder: Holder) -> None:
    reader = CertificateReader()
    text = text_of(rsa_holder.signing_pem)
    assert reader.read(text) is reader.read(text)


def test_the_memory_is_bounded_and_forgets_the_oldest(rsa_holder: Holder) -> None:
    reader = CertificateReader(remembered=2)
    texts = [text_of(b"\n" * lines + rsa_holder.signing_pem) for lines in range(3)]
    first = [reader.read(text) for text in texts]
    assert len(reader) == 2
    assert reader.read(texts[2]) is first[2]
    assert reader.read(texts[0]) is not first[0]


@pytest.mark.requirement("FS-07")
def test_a_key_in_the_header_is_refused_and_called_disclosed(rsa_holder: Holder) -> None:
    with pytest.raises(CertificateUnreadable, match="disclosed"):
        CertificateReader().read(text_of(rsa_holder.signing_pem + to_pem(rsa_holder.key)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "%%%",
        "é",
        text_of(b"hello"),
        text_of(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        text_of(b"-----BEGIN CERTIFICATE-----\n"),
        "A" * (TEXT_LIMIT + 4),
    ],
)
def test_garbage_is_refused_and_not_remembered(text: str) -> None:
    reader = CertificateReader()
    with pytest.raises(CertificateUnreadable):
        reader.read(text)
    assert len(reader) == 0

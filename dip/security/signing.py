"""Signatures of requests, in and out (5.2.2): four headers over method, URL, date and content hash."""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Self

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from dip.ground.errors import DipError
from dip.messages.headers import CONTENT_HASH, SIGNATURE, SIGNATURE_CERTIFICATE, SIGNATURE_DATE
from dip.security.certificates import VerificationKey, fingerprint

__all__ = [
    "ALL_HEADERS",
    "SignatureRefused",
    "SignedHeaders",
    "Signer",
    "SigningKey",
    "VerificationKey",
    "check_age",
    "content_hash",
    "signature_date",
    "signed_at",
    "string_to_sign",
    "verify",
]

ALL_HEADERS = (SIGNATURE, SIGNATURE_DATE, CONTENT_HASH, SIGNATURE_CERTIFICATE)

HELP_LIMIT = 500
"""Characters that the `help` of a refusal may have."""

SigningKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_BRACES = b"{}"
_SHA256 = hashes.SHA256()
_PADDING = padding.PKCS1v15()
_ENCODING = ("utf-8", "surrogateescape")
"""A URL arrives as bytes that need not be UTF-8; the signature is over these bytes."""
_ECDSA = ec.ECDSA(_SHA256)


class SignatureRefused(DipError):
    """The signature does not fit the request."""

    code: ClassVar[str] = "signature_refused"

    def __init__(self, explanation: str | None = None) -> None:
        # Header values may hold bytes that are no UTF-8; an answer may not.
        super().__init__(explanation and explanation.encode("utf-8", "replace").decode())
        self.help = self.message[:HELP_LIMIT]


class SignedHeaders(msgspec.Struct, frozen=True):
    """The values of the four signature headers, as received."""

    signature: str
    date: str
    content_hash: str
    certificate: str

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Self:
        """The four values out of a request's headers. Raises SignatureRefused that names what is missing."""
        missing = [name for name in ALL_HEADERS if not headers.get(name)]
        if missing:
            raise SignatureRefused(f"Missing headers: {', '.join(missing)}. Send all four with every call.")
        return cls(*(headers[name] for name in ALL_HEADERS))


def content_hash(body: bytes) -> str:
    """Base64 of the SHA-256 of a body."""
    return base64.b64encode(hashlib.sha256(body).digest()).decode("ascii")


def string_to_sign(method: str, url: str, date: str, content_hash: str) -> str:
    """What a signature covers: METHOD;url in lower case;date;content hash."""
    return f"{method.upper()};{url.lower()};{date};{content_hash}"


def signature_date(at: datetime) -> str:
    """A moment as the date header writes it: 2025-06-27T14:29:09.061Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def signed_at(headers: SignedHeaders) -> datetime:
    """The moment in the date header. Raises SignatureRefused where it can't be read."""
    try:
        at = datetime.fromisoformat(headers.date[:64])
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or not headers.date.isascii():
        raise SignatureRefused(
            f"{SIGNATURE_DATE} {headers.date[:40]!r} can't be read; write it like 2025-06-27T14:29:09.061Z."
        )
    return at


def check_age(headers: SignedHeaders, wall_now: datetime, tolerance: timedelta) -> None:
    """Raise SignatureRefused where the date header is further than `tolerance` from the wall clock."""
    distance = signed_at(headers) - wall_now
    if abs(distance) > tolerance:
        side = "ahead of" if distance > timedelta(0) else "behind"
        raise SignatureRefused(
            f"{SIGNATURE_DATE} {headers.date[:40]} is {abs(distance).total_seconds():.0f} s {side} the DIP's "
            f"clock ({signature_date(wall_now)}); {tolerance.total_seconds():.0f} s are allowed. "
            "Set the clock right and sign each attempt anew."
        )


class Signer:
    """Signs requests with one key, as one holder. Safe to use from several threads."""

    def __init__(self, private_key: SigningKey, certificate_pem: bytes) -> None:
        self._private_key = private_key
        self.fingerprint = fingerprint(x509.load_pem_x509_certificate(certificate_pem))
        """Of the certificate that goes with the signatures: SHA-256 of its DER form, hexadecimal."""
        self._certificate = base64.b64encode(certificate_pem.replace(b"\r\n", b"\n")).decode("ascii")

    def headers(self, method: str, url: str, body: bytes, at: datetime, digest: str | None = None) -> dict[str, str]:
        """The four headers for a request made at `at` (wall time). digest: the body's content hash, if it is known."""
        date, digest = signature_date(at), digest or content_hash(body)
        signed = string_to_sign(method, url, date, digest).encode()
        key = self._private_key
        if isinstance(key, rsa.RSAPrivateKey):
            signature = key.sign(signed, _PADDING, _SHA256)
        else:
            signature = key.sign(signed, _ECDSA)
        return {
            SIGNATURE: base64.b64encode(signature).decode("ascii"),
            SIGNATURE_DATE: date,
            CONTENT_HASH: digest,
            SIGNATURE_CERTIFICATE: self._certificate,
        }


def verify(
    headers: SignedHeaders,
    *,
    method: str,
    urls: Sequence[str],
    body: bytes,
    public_key: VerificationKey,
    allow_empty_braces: bool,
) -> None:
    """Verify that the holder of `public_key` signed this request (5.2.2).

    urls: the forms of the address that may have been signed, the full one first. allow_empty_braces:
    the call has no body by nature (GET, DELETE), so the hash of `{}` and of nothing both pass.
    Raises SignatureRefused; its help gives the string that the DIP signed over, its content hash and
    the part that differs. The age of the date is `check_age`'s.
    """
    signed_at(headers)
    own_hash = content_hash(body)
    accepted = {own_hash}
    if allow_empty_braces and body in (b"", _BRACES):
        accepted = {content_hash(b""), content_hash(_BRACES)}
    if headers.content_hash not in accepted:
        raise _refusal(
            f"the content hash differs: the header says {headers.content_hash[:64]}",
            method,
            urls[0],
            headers,
            own_hash,
        )
    try:
        signature = base64.b64decode(headers.signature, validate=True)
    except ValueError:
        raise _refusal("the signature is not base64", method, urls[0], headers, own_hash) from None
    for url in urls:
        signed = string_to_sign(method, url, headers.date, headers.content_hash).encode(*_ENCODING)
        if _is_signed(public_key, signature, signed):
            return
    differing = _differing_part(headers, method, urls, body, public_key=public_key, signature=signature)
    raise _refusal(differing, method, urls[0], headers, headers.content_hash)


def _is_signed(public_key: VerificationKey, signature: bytes, signed: bytes) -> bool:
    try:
        if isinstance(public_key, rsa.RSAPublicKey):
            public_key.verify(signature, signed, _PADDING, _SHA256)
        else:
            public_key.verify(signature, signed, _ECDSA)
    except InvalidSignature:
        return False
    return True


def _refusal(differing: str, method: str, url: str, headers: SignedHeaders, own_hash: str) -> SignatureRefused:
    # The difference stands first and the address last but one, so that a long address loses the least.
    head = f"Signature refused: {differing}. Content hash received: {own_hash}. The DIP signed over: "
    signed = string_to_sign(method, url, headers.date[:40], own_hash)
    room = HELP_LIMIT - len(head)
    if len(signed) > room:
        tail = f"…;{headers.date[:40]};{own_hash}"
        signed = signed[: max(0, room - len(tail))] + tail
    return SignatureRefused(head + signed)


def _differing_part(
    headers: SignedHeaders,
    method: str,
    urls: Sequence[str],
    body: bytes,
    *,
    public_key: VerificationKey,
    signature: bytes,
) -> str:
    """Try the usual slips and name the one that explains the signature."""
    if isinstance(public_key, rsa.RSAPublicKey):
        try:
            public_key.recover_data_from_signature(signature, _PADDING, _SHA256)
        except InvalidSignature:
            return "it was not made with the key of the certificate given (RSA PKCS#1 v1.5, SHA-256)"
    digests = (headers.content_hash, content_hash(body), content_hash(b""), content_hash(_BRACES))
    for url_slip, url in _addresses(urls):
        for verb in (method.upper(), method.lower()):
            for digest in dict.fromkeys(digests):
                if _is_signed(public_key, signature, f"{verb};{url};{headers.date};{digest}".encode(*_ENCODING)):
                    slips = [
                        "the method was signed in small letters" if verb != method.upper() else "",
                        url_slip,
                        f"another content hash was signed ({digest})" if digest != headers.content_hash else "",
                    ]
                    return " and ".join(slip for slip in slips if slip)
    return "the signature covers another string: compare method, URL, date and content hash with the one below"


def _addresses(urls: Sequence[str]) -> Iterator[tuple[str, str]]:
    for url in urls:
        plain = url.lower()
        yield "", plain
        yield "the URL was signed with capital letters", url
        yield "the URL was signed without its query", plain.partition("?")[0]
        yield "the URL was signed with a slash at its end", plain + "/"
        yield "the URL was signed without the slash at its end", plain.rstrip("/")
        yield "the URL was signed with http for https", plain.replace("https://", "http://", 1)
        yield "the URL was signed without its scheme", plain.partition("://")[2] or plain

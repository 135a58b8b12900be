"""Encryption of CustomBlocks on the wire (5.2.2, pattern 2): JWE in compact form (RFC 7516)."""

import base64
import hashlib
import re
from collections.abc import Mapping
from copy import copy
from typing import Any, ClassVar, NewType, Self

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from dip.ground.errors import DipError

Thumbprint = NewType("Thumbprint", str)
"""`x5t#S256`: SHA-256 of a certificate's DER form, base64url without padding."""
DecryptionKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

CONTENT_ENCRYPTION = "A256GCM"
SIZE_LIMIT = 16 * 1024 * 1024
"""Characters that a JWE may have."""

_RSA_ALGORITHM = "RSA-OAEP-256"
_EC_ALGORITHM = "ECDH-ES+A256KW"
_REFUSED_PARAMETERS = ("zip", "crit", "jku", "jwk")
_COMPACT = re.compile(r"([\w-]+)\.([\w-]+)\.([\w-]+)\.([\w-]*)\.([\w-]+)", re.ASCII)
_HEADER_LIMIT = 2048


class UndecryptableBlock(DipError):
    """The CustomBlock can't be decrypted."""

    code: ClassVar[str] = "undecryptable_block"

    @property
    def help(self) -> str:
        """What is wrong with the JWE and what was expected, at most 500 characters."""
        return self.message[:500]


class _Registry(jwe.JWERegistry):
    max_protected_header_length = _HEADER_LIMIT
    max_ciphertext_length = SIZE_LIMIT


def thumbprint(certificate: x509.Certificate) -> Thumbprint:
    """The certificate's `x5t#S256`."""
    digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
    return Thumbprint(base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii"))


def encrypt(plaintext: bytes, certificate: x509.Certificate) -> str:
    """The plaintext as a compact JWE that only the certificate's holder can read.

    Raises ValueError where the certificate's key is neither RSA nor on an elliptic curve of NIST.
    """
    return Encryptor(certificate).encrypt(plaintext)


class Encryptor:
    """Encrypts to one certificate. Safe to use from several threads."""

    def __init__(self, certificate: x509.Certificate) -> None:
        public_key = certificate.public_key()
        if isinstance(public_key, rsa.RSAPublicKey):
            self._key: RSAKey | ECKey = RSAKey.import_key(public_key)
            algorithm = _RSA_ALGORITHM
        elif isinstance(public_key, ec.EllipticCurvePublicKey):
            self._key = ECKey.import_key(public_key)
            algorithm = _EC_ALGORITHM
        else:
            raise ValueError("a certificate for encryption has an RSA key or one on a curve of NIST")
        self._header = {"alg": algorithm, "enc": CONTENT_ENCRYPTION, "x5t#S256": thumbprint(certificate)}
        self._registry = _registry()

    def encrypt(self, plaintext: bytes) -> str:
        """The plaintext as a compact JWE."""
        return jwe.encrypt_compact(dict(self._header), plaintext, self._key, registry=self._registry)


class Decryptor:
    """Decrypts what participants encrypt to the DIP, choosing the key by `x5t#S256`.

    keys: private keys by the thumbprint of their certificate, old ones included. current: the one that
    is tried where a JWE does not name its certificate. Safe to use from several threads.
    """

    def __init__(self, keys: Mapping[Thumbprint, DecryptionKey], current: Thumbprint) -> None:
        self._keys = {name: _imported(key) for name, key in keys.items()}
        self._current = self._keys[current]
        self._registry = _registry()

    def __contains__(self, certificate: Thumbprint) -> bool:
        return certificate in self._keys

    def joined(self, other: Self) -> Self:
        """One that has the keys of another one too; the current one stays this one's."""
        made = copy(self)
        made._keys = {**other._keys, **self._keys}
        return made

    def decrypt(self, compact: str) -> bytes:
        """The plaintext of a compact JWE. Raises UndecryptableBlock."""
        header = _protected_header(compact)
        key = self._key_for(header)
        expected = _RSA_ALGORITHM if isinstance(key, RSAKey) else _EC_ALGORITHM
        if header.get("alg") != expected:
            raise UndecryptableBlock(f"The JWE's alg must be {expected}: it follows from the certificate's key.")
        if header.get("enc") != CONTENT_ENCRYPTION:
            raise UndecryptableBlock(f"The JWE's enc must be {CONTENT_ENCRYPTION}.")
        try:
            plaintext = jwe.decrypt_compact(compact, key, registry=self._registry).plaintext
        except (JoseError, InvalidTag, UnsupportedAlgorithm, ValueError, TypeError, KeyError, AssertionError):
            plaintext = None
        if plaintext is None:
            # One sentence for a wrong key and a wrong tag: a caller learns nothing about the key.
            raise UndecryptableBlock(
                "The JWE does not verify: it was changed on its way, or encrypted to another key than its "
                "x5t#S256 names."
            )
        return plaintext

    def _key_for(self, header: Mapping[str, Any]) -> RSAKey | ECKey:
        if "x5t#S256" not in header:
            return self._current
        named = header["x5t#S256"]
        key = self._keys.get(Thumbprint(named)) if isinstance(named, str) else None
        if key is None:
            raise UndecryptableBlock(
                "The JWE's x5t#S256 names no certificate that the DIP issued for encryption by this sender; "
                "encrypt to dip-encryption.pem."
            )
        return key


def _protected_header(compact: str) -> dict[str, Any]:
    if len(compact) > SIZE_LIMIT:
        raise UndecryptableBlock(f"The JWE is longer than {SIZE_LIMIT} characters.")
    parts = _COMPACT.fullmatch(compact)
    if parts is None:
        raise UndecryptableBlock("Not a JWE in compact form: five base64url parts, joined by dots (RFC 7516).")
    encoded = parts[1]
    try:
        if len(encoded) > _HEADER_LIMIT:
            raise ValueError
        decoded = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
        header = msgspec.json.decode(decoded, type=dict[str, Any])
    except (ValueError, RecursionError):
        raise UndecryptableBlock("The JWE's protected header is not a JSON object in base64url.") from None
    refused = [name for name in _REFUSED_PARAMETERS if name in header]
    if refused:
        raise UndecryptableBlock(f"The JWE's header must not carry {', '.join(refused)}.")
    return header


def _imported(key: DecryptionKey) -> RSAKey | ECKey:
    imported: RSAKey | ECKey = RSAKey(key, key) if isinstance(key, rsa.RSAPrivateKey) else ECKey(key, key)
    # The library works out the key's parts at the first use; done here, before threads share it.
    imported.keys()
    return imported


def _registry() -> jwe.JWERegistry:
    # Parameters that nobody here knows are ignored, as RFC 7516 says; the dangerous ones are refused above.
    return _Registry(algorithms=[_RSA_ALGORITHM, _EC_ALGORITHM, CONTENT_ENCRYPTION], strict_check_header=False)

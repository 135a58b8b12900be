"""Somebody who claims to be the DIP: keys and certificates of an authority that nobody trusts."""

import ssl
from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from threading import Lock

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from dip.messages.identifiers import DIP
from dip.security.certificates import VerificationKey, fingerprint
from dip.security.encryption import Encryptor
from dip.security.keys import new_rsa_key, new_tls_key, to_pem
from dip.security.pki import Authority, CertificateUse
from dip.security.signing import Signer
from dip.security.tls import client_context


class Impostor:
    """Makes each of its keys at first use, which takes a moment: ask in a worker thread."""

    def __init__(self, *, environment: str, root: bytes, wall: Callable[[], datetime]) -> None:
        """root: PEM of the true root, by which it knows the webhooks that it calls. wall: the wall clock."""
        self._environment = environment
        self._root = root
        self._wall = wall
        self._lock = Lock()

    @property
    def signing_fingerprint(self) -> str:
        """Of the certificate that it signs with."""
        return fingerprint(self._signing_certificate)

    @property
    def tls_fingerprint(self) -> str:
        """Of the certificate that it connects with."""
        return fingerprint(self._tls_certificate)

    @property
    def signer(self) -> Signer:
        """Signs with a key of its own, and shows the certificate that belongs to it."""
        with self._lock:
            return self._signer

    @property
    def encryptor(self) -> Encryptor:
        """Encrypts to a key that nobody else has."""
        with self._lock:
            return self._encryptor

    @property
    def context(self) -> ssl.SSLContext:
        """TLS of its calls, with a client certificate of its own authority."""
        with self._lock:
            return self._context

    @cached_property
    def _authority(self) -> Authority:
        return Authority.create(self._environment, self._wall())

    @cached_property
    def _signing_key(self) -> rsa.RSAPrivateKey:
        return new_rsa_key()

    @cached_property
    def _signing_certificate(self) -> x509.Certificate:
        return self._issued(CertificateUse.SIGNING, self._signing_key.public_key())

    @cached_property
    def _tls_key(self) -> ec.EllipticCurvePrivateKey:
        return new_tls_key()

    @cached_property
    def _tls_certificate(self) -> x509.Certificate:
        return self._issued(CertificateUse.TLS, self._tls_key.public_key())

    @cached_property
    def _signer(self) -> Signer:
        return Signer(self._signing_key, self._signing_certificate.public_bytes(Encoding.PEM))

    @cached_property
    def _encryptor(self) -> Encryptor:
        return Encryptor(self._issued(CertificateUse.ENCRYPTION, new_rsa_key().public_key()))

    @cached_property
    def _context(self) -> ssl.SSLContext:
        return client_context(self._authority.chain(self._tls_certificate), to_pem(self._tls_key), self._root)

    def _issued(self, use: CertificateUse, key: VerificationKey) -> x509.Certificate:
        return self._authority.issue(use, DIP, key, now=self._wall())

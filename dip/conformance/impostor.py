"""Somebody who claims to be the DIP: keys and certificates of an authority that nobody trusts."""

import ssl
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property
from threading import Lock

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from dip.messages.identifiers import DIP
from dip.security.certificates import VerificationKey, fingerprint
from dip.security.encryption import Encryptor
from dip.security.keys import new_rsa_key, new_tls_key, to_pem
from dip.security.pki import CERTIFICATE_DAYS, Authority, CertificateUse
from dip.security.signing import Signer
from dip.security.tls import TlsIdentity

_NOBODY = "9999999999"


class Impostor:
    """Makes each of its keys at first use, which takes a moment: ask in a worker thread."""

    def __init__(
        self, *, authority: Authority, calling: Callable[[TlsIdentity], ssl.SSLContext], wall: Callable[[], datetime]
    ) -> None:
        """authority: the true one. calling: the context of calls to webhooks that show it. wall: wall clock."""
        self._true = authority
        self._calling = calling
        self._environment = authority.environment
        self._wall = wall
        self._lock = Lock()
        self._tls: dict[str, x509.Certificate] = {}
        self._contexts: dict[str, ssl.SSLContext] = {}

    @property
    def signing_fingerprint(self) -> str:
        """Of the certificate that it signs with."""
        return fingerprint(self._signing_certificate)

    def tls_fingerprint(self, kind: str) -> str:
        """Of the certificate that it connects with, by the kind of the fault."""
        with self._lock:
            return fingerprint(self._tls_certificate(kind))

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

    def context(self, kind: str) -> ssl.SSLContext:
        """TLS of its calls, with a client certificate that is wrong as the kind of the fault says."""
        with self._lock:
            if kind not in self._contexts:
                leaf = self._tls_certificate(kind)
                shown = TlsIdentity(self._issuer(kind).chain(leaf), to_pem(self._tls_key), fingerprint(leaf))
                self._contexts[kind] = self._calling(shown)
            return self._contexts[kind]

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
    def _foreign(self) -> Authority:
        return Authority.create("UIT" if self._environment == "SIT" else "SIT", self._wall())

    def _issuer(self, kind: str) -> Authority:
        match kind:
            case "expired_tls_certificate" | "wrong_name_tls_certificate":
                return self._true
            case "wrong_environment_tls_certificate":
                return self._foreign
        return self._authority

    def _tls_certificate(self, kind: str) -> x509.Certificate:
        if kind not in self._tls:
            begins, days = self._wall(), CERTIFICATE_DAYS
            if kind == "expired_tls_certificate":
                begins, days = begins - timedelta(days=30), 29
            subject = _NOBODY if kind == "wrong_name_tls_certificate" else DIP
            key = self._tls_key.public_key()
            self._tls[kind] = self._issuer(kind).issue(CertificateUse.TLS, subject, key, now=begins, days=days)
        return self._tls[kind]

    @cached_property
    def _signer(self) -> Signer:
        return Signer(self._signing_key, self._signing_certificate.public_bytes(Encoding.PEM))

    @cached_property
    def _encryptor(self) -> Encryptor:
        return Encryptor(self._issued(CertificateUse.ENCRYPTION, new_rsa_key().public_key()))

    def _issued(self, use: CertificateUse, key: VerificationKey) -> x509.Certificate:
        return self._authority.issue(use, DIP, key, now=self._wall())

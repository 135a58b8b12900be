"""TLS with certificates on both sides (8.2)."""

import asyncio
import os
import secrets
import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

_CIPHERS = "ECDHE+AESGCM"
"""Of TLS 1.2: those that FIPS 140 approves. Those of 1.3 are good as they are."""
_NO_CHECK_TIME = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which the ssl module has no name for."""


class TlsIdentity(msgspec.Struct, frozen=True):
    """What one side of a connection shows. chain: PEM, leaf first; key: PEM; fingerprint: of the leaf, hexadecimal."""

    chain: bytes
    key: bytes
    fingerprint: str


PeerRefusal = Callable[[bytes], str]
"""Why a certificate (DER) is refused, in words; empty where it is not."""


def server_context(
    chain_pem: bytes, key_pem: bytes, root_pem: bytes, refused: Callable[[str], None] = lambda reason: None
) -> ssl.SSLContext:
    """The context of the API port.

    Client certificates are verified against the environment's root, and what `trust` adds, where one is presented; a
    caller without one, or with one outside its dates, still gets through to HTTP, which refuses it in words. TLS 1.2 at
    least. refused: told why TLS refused a certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _harden(context, chain_pem, key_pem, root_pem)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.verify_flags |= ssl.VerifyFlags(_NO_CHECK_TIME)
    context.sslobject_class = _alerting(refused)
    return context


def page_context(chain_pem: bytes, key_pem: bytes, root_pem: bytes | None = None) -> ssl.SSLContext:
    """The context of the portal, where people come without a certificate.

    root_pem: where people may log in by a certificate of this environment; a browser then asks which one to show.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _harden(context, chain_pem, key_pem, root_pem)
    if root_pem is not None:
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def client_context(
    chain_pem: bytes, key_pem: bytes, root_pem: bytes, refusal: PeerRefusal | None = None
) -> ssl.SSLContext:
    """The context of calls to webhooks: presents the DIP's certificate, verifies root and host name.

    refusal: what speaks against a certificate that TLS verified, asked on every connection before anything is sent.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _harden(context, chain_pem, key_pem, root_pem)
    if refusal is not None:
        context.sslobject_class = _checking(refusal)
    return context


def trust(context: ssl.SSLContext, authority_pem: str) -> None:
    """Have a context that may be in use already accept what an authority issued; the next handshake does."""
    context.load_verify_locations(cadata=authority_pem)


def _checking(refusal: PeerRefusal) -> type[ssl.SSLObject]:
    """A connection that ends with the handshake where something speaks against the other side's certificate."""

    class Checking(ssl.SSLObject):
        def do_handshake(self) -> None:
            super().do_handshake()
            der = self.getpeercert(binary_form=True)
            reason = refusal(der) if der is not None else ""
            if reason:
                raise ssl.SSLCertVerificationError(reason)

    return Checking


def present(context: ssl.SSLContext, identity: TlsIdentity) -> None:
    """Have a context that is in use show another certificate from the next handshake on; open connections go on."""
    _load_chain(context, identity.chain, identity.key)


def _alerting(refused: Callable[[str], None]) -> type[ssl.SSLObject]:
    """A connection whose caller is told by an alert why TLS refused its certificate, before it is closed."""

    class Alerting(ssl.SSLObject):
        _failure: ssl.SSLCertVerificationError | None = None

        def do_handshake(self) -> None:
            if self._failure is not None:
                raise self._failure
            try:
                super().do_handshake()
            except ssl.SSLCertVerificationError as exc:
                self._failure = exc
                refused(exc.verify_message)
                # asyncio closes at once on a failure, with the alert unsent; on this it sends it, and waits for what
                # the caller does next, or for the handshake's timeout.
                raise ssl.SSLWantReadError from exc

    return Alerting


def peer_certificate(transport: asyncio.BaseTransport | None) -> bytes | None:
    """DER of the certificate that the other side presented and TLS verified; None where there is none."""
    secured = transport.get_extra_info("ssl_object") if transport is not None else None
    if secured is None:
        return None
    der: bytes | None = secured.getpeercert(binary_form=True)
    return der


def _harden(context: ssl.SSLContext, chain_pem: bytes, key_pem: bytes, root_pem: bytes | None) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    if root_pem is not None:
        context.load_verify_locations(cadata=root_pem.decode("ascii"))
    _load_chain(context, chain_pem, key_pem)


def _load_chain(context: ssl.SSLContext, chain_pem: bytes, key_pem: bytes) -> None:
    # The ssl module reads from files alone: the key passes through one under a password of the moment.
    password = secrets.token_bytes(24).hex().encode()
    key = load_pem_private_key(key_pem, None, unsafe_skip_rsa_key_validation=True)
    encrypted = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password))
    descriptor, name = tempfile.mkstemp(suffix=".pem")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(encrypted + chain_pem)
        context.load_cert_chain(name, password=password)
    finally:
        Path(name).unlink()

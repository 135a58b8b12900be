"""TLS with certificates on both sides (8.2)."""

import asyncio
import os
import secrets
import ssl
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2; those of 1.3 are good as they are."""


def server_context(chain_pem: bytes, key_pem: bytes, root_pem: bytes) -> ssl.SSLContext:
    """The context of the API port.

    Client certificates are verified against the environment's root where one is presented; a caller
    without one still gets through to HTTP, which refuses it in words. TLS 1.2 at least.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _harden(context, chain_pem, key_pem, root_pem)
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def page_context(chain_pem: bytes, key_pem: bytes) -> ssl.SSLContext:
    """The context of the portal, where people come without a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _harden(context, chain_pem, key_pem, None)
    return context


def client_context(chain_pem: bytes, key_pem: bytes, root_pem: bytes) -> ssl.SSLContext:
    """The context of calls to webhooks: presents the DIP's certificate, verifies root and host name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _harden(context, chain_pem, key_pem, root_pem)
    return context


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

"""Private keys: making, writing down and reading back."""

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

RSA_BITS = 2048


def new_rsa_key() -> rsa.RSAPrivateKey:
    """A new RSA key of 2048 bits: signing and encryption."""
    return rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)


def new_tls_key() -> ec.EllipticCurvePrivateKey:
    """A new key on P-256: TLS, where handshakes have to be cheap."""
    return ec.generate_private_key(ec.SECP256R1())


def to_der(key: PrivateKey) -> bytes:
    """The key in PKCS#8, DER, without a password."""
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def to_pem(key: PrivateKey) -> bytes:
    """The key in PKCS#8, PEM, without a password."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def from_der(der: bytes) -> PrivateKey:
    """A key that `to_der` wrote. Raises ValueError where it is another kind of key."""
    # The DIP made or checked the key itself; the check of RSA's numbers costs a quarter of a second.
    key = load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise ValueError("the key is neither RSA nor on an elliptic curve")
    return key

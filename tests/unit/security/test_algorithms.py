"""Which algorithms the product computes with: those that the reference page lists, and no others (8.1)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "reference" / "at-rest.md"

NAMED_ON_THE_PAGE = {
    "hashlib.sha256": "SHA-256",
    "hashlib.blake2b": "BLAKE2b",
    "hashes.SHA256": "SHA-256",
    "hashes.SHA384": "SHA-384",
    "hashes.SHA512": "SHA-512",
    "aead.AESGCM": "AES-256-GCM",
    "padding.PKCS1v15": "RSASSA-PKCS1-v1_5",
    "ec.ECDSA": "ECDSA",
    "ec.SECP256R1": "ECDSA",
    "ec.SECP384R1": "ECDSA",
    "serialization.BestAvailableEncryption": "AES-256-CBC",
    "argon2.PasswordHasher": "Argon2id",
    "joserfc.RSA-OAEP-256": "RSA-OAEP-256",
    "joserfc.ECDH-ES+A256KW": "ECDH-ES+A256KW",
    "joserfc.A256GCM": "AES-256-GCM",
}
PRIMITIVES = {"hashlib", "hashes", "padding", "ec", "aead", "ciphers", "algorithms", "modes", "kdf", "keywrap"}
HARMLESS = {
    # Not algorithms: kinds of keys and of numbers, and a reader that takes an algorithm by name.
    *("ec.EllipticCurvePrivateKey", "ec.EllipticCurvePublicKey", "ec.EllipticCurve", "ec.generate_private_key"),
    "hashes.HashAlgorithm",
    "hashlib.file_digest",
}
MODULES = {
    "cryptography.hazmat.primitives.ciphers.aead": "aead",
    "cryptography.hazmat.primitives.serialization": "serialization",
    "argon2": "argon2",
}
JOSE = re.compile(r"RSA-OAEP[\w-]*|ECDH-ES[\w+]*|dir|A\d{3}(?:GCM|CBC-HS\d{3})|RSA1_5|A\d{3}KW")


def trees() -> Iterator[ast.AST]:
    for path in (ROOT / "dip").rglob("*.py"):
        yield ast.parse(path.read_text(encoding="utf-8"))


def used() -> set[str]:
    """Every algorithm that the product's code names."""
    found: set[str] = set()
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in PRIMITIVES:
                found.add(f"{node.value.id}.{node.attr}")
            elif isinstance(node, ast.ImportFrom) and node.module in {"hashlib", "hmac", "random"}:
                found |= {f"{node.module}.{one.name}" for one in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module in MODULES:
                names = {one.name for one in node.names}
                if node.module.endswith("serialization"):
                    names &= {"BestAvailableEncryption"}
                found |= {f"{MODULES[node.module]}.{name}" for name in names if not name.endswith("Error")}
    jose = (ROOT / "dip" / "security" / "encryption.py").read_text(encoding="utf-8")
    found |= {
        f"joserfc.{text}" for text in re.findall(r'^_?[A-Z_]+ = "([^"]+)"', jose, re.MULTILINE) if JOSE.fullmatch(text)
    }
    return found - HARMLESS


def listed() -> set[str]:
    """Every name in the first column of the page's table."""
    table = PAGE.read_text(encoding="utf-8").partition("## Algorithms")[2]
    cells = re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


@pytest.mark.requirement("FS-65", "FS-69", "FS-72")
def test_every_algorithm_is_known_and_listed() -> None:
    assert used() <= set(NAMED_ON_THE_PAGE)
    assert {NAMED_ON_THE_PAGE[name] for name in used()} <= listed()


def test_what_is_listed_is_used() -> None:
    beside = {"HMAC-SHA-256", "PBKDF2"}
    assert listed() - beside <= {NAMED_ON_THE_PAGE[name] for name in used()}


@pytest.mark.requirement("FS-65")
@pytest.mark.parametrize("weak", ["md5", "sha1", "SHA1", "MD5", "TripleDES", "ARC4", "RSA1_5"])
def test_what_is_broken_is_not_there(weak: str) -> None:
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "dip").rglob("*.py")]
    assert not [text for text in texts if re.search(rf"\b(?:hashlib|hashes|algorithms)\.{weak}\b|\"{weak}\"", text)]


def test_no_secret_is_drawn_from_a_generator_that_can_be_guessed() -> None:
    """`random` serves times of retries, drawn faults, made-up markets; keys, tokens and ids come from the system."""
    users = {
        str(path.relative_to(ROOT / "dip"))
        for path in (ROOT / "dip").rglob("*.py")
        if re.search(r"^import random$|^from random", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert users <= {
        "benchmark/drill/webhooks.py",
        "conformance/faults.py",
        "delivery/endpoint.py",
        "delivery/worker.py",
        "market/drawing.py",
    }

import json
import re
from datetime import datetime
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from dip.messages.identifiers import DIP, DipId, RoleCode
from dip.participants.files import write_file
from dip.participants.folder import add_participant, issue_certificate
from dip.participants.foundation import Foundation, lay_out, new_password
from dip.participants.registry import Participants
from dip.participants.seeds import SeededParticipant
from dip.security.keys import new_rsa_key
from dip.security.pki import CertificateUse

from .conftest import Market

SEEDS = (
    SeededParticipant(DipId("2300000001"), "EMEB", "Kestrel Energy Supply", (RoleCode("SUP"),)),
    SeededParticipant(DipId("1000000001"), "GATE", "Gatepost Connection", (RoleCode("DCP"), RoleCode("MDR"))),
)
FOLDER = {
    "participant.json": 0o600,
    "tls.pem": 0o644,
    "tls.key": 0o600,
    "signing.pem": 0o644,
    "signing.key": 0o600,
    "encryption.pem": 0o644,
    "encryption.key": 0o600,
    "dip-encryption.pem": 0o644,
}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def foundation(directory: Path, now: datetime) -> Foundation:
    return lay_out(directory, "DEV", ("dip.example", "localhost"), now, seeds=SEEDS)


def modes(directory: Path) -> dict[str, int]:
    files = (path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): path.stat().st_mode & 0o777 for path in files}


def certificates(path: Path) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(path.read_bytes())


@pytest.mark.requirement("FS-68")
def test_the_first_start_writes_these_files_with_these_modes(directory: Path, foundation: Foundation) -> None:
    expected = {"ca.pem": 0o644, "admin.token": 0o600, "admin.password": 0o600, "dip/signing.pem": 0o644}
    for seed in SEEDS:
        expected |= {f"participants/{seed.dip_id}/{name}": mode for name, mode in FOLDER.items()}
    assert modes(directory) == expected


def test_a_participants_file_says_who_it_is(directory: Path, foundation: Foundation) -> None:
    described = json.loads((directory / "participants/1000000001/participant.json").read_bytes())
    api_key = described.pop("apiKey")
    assert described == {"dipId": "1000000001", "mpid": "GATE", "role": "DCP", "name": "Gatepost Connection"}
    assert len(api_key) >= 32
    assert all(api_key != participant.api_key_digest for participant in foundation.participants)


@pytest.mark.requirement("FS-66", "FS-68")
def test_keys_belong_to_their_certificates(directory: Path, foundation: Foundation) -> None:
    folder = directory / "participants/2300000001"
    for use in ("tls", "signing", "encryption"):
        key = load_pem_private_key((folder / f"{use}.key").read_bytes(), None)
        assert key.public_key() == certificates(folder / f"{use}.pem")[0].public_key()
    for use in ("signing", "encryption", "dip-encryption"):
        (only,) = certificates(folder / f"{use}.pem")
        public_key = only.public_key()
        assert isinstance(public_key, rsa.RSAPublicKey)
        assert public_key.key_size == 2048


def test_a_tls_file_holds_leaf_then_issuing_certificate(directory: Path, foundation: Foundation) -> None:
    leaf, issuing = certificates(directory / "participants/2300000001/tls.pem")
    (root,) = certificates(directory / "ca.pem")
    leaf.verify_directly_issued_by(issuing)
    issuing.verify_directly_issued_by(root)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]


def test_the_servers_certificate_carries_its_names_once(foundation: Foundation, now: datetime) -> None:
    held = Participants(foundation.participants, foundation.certificates).current(DIP, CertificateUse.TLS, now)
    leaf = x509.load_pem_x509_certificates(held.pem.encode())[0]
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "dip.example"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]


@pytest.mark.requirement("FS-08")
def test_the_dip_alone_holds_the_keys_that_participants_encrypt_to(foundation: Foundation) -> None:
    holding = {(held.holder, held.use) for held in foundation.certificates if held.private_key is not None}
    assert holding == {
        (DIP, CertificateUse.TLS),
        (DIP, CertificateUse.SIGNING),
        *((seed.dip_id, CertificateUse.DIP_ENCRYPTION) for seed in SEEDS),
    }


def test_the_administrators_secrets_fit_what_is_kept(directory: Path, foundation: Foundation) -> None:
    assert (directory / "admin.token").read_text() == foundation.admin_token
    password = (directory / "admin.password").read_text()
    assert PasswordHasher().verify(foundation.admin_password_hash, password)
    assert password not in foundation.admin_password_hash


def test_a_password_can_be_typed_from_paper() -> None:
    passwords = {new_password() for _ in range(20)}
    assert len(passwords) == 20
    assert all(re.fullmatch(r"[a-z]{6}(-[a-z]{6}){3}", password) for password in passwords)


def test_progress_is_told_to_the_end(tmp_path: Path, now: datetime) -> None:
    told: list[tuple[int, int]] = []
    lay_out(tmp_path, "SIT", (), now, lambda done, total: told.append((done, total)), seeds=SEEDS)
    assert told == [(1, 2), (2, 2)]


def test_a_start_cut_short_is_laid_out_anew(tmp_path: Path, now: datetime) -> None:
    first = lay_out(tmp_path, "DEV", (), now, seeds=SEEDS)
    before = modes(tmp_path)
    second = lay_out(tmp_path, "DEV", (), now, seeds=SEEDS)
    assert modes(tmp_path) == before
    assert (tmp_path / "ca.pem").read_bytes() == second.authority.root_pem != first.authority.root_pem


@pytest.mark.requirement("FS-68")
def test_a_participant_that_brings_its_keys_has_no_key_files(market: Market, tmp_path: Path, now: datetime) -> None:
    own = new_rsa_key().public_key()
    brought = dict.fromkeys((CertificateUse.TLS, CertificateUse.SIGNING, CertificateUse.ENCRYPTION), own)
    added = add_participant(tmp_path, market.authority, SEEDS[0], now, own_keys=brought)
    assert set(modes(tmp_path / "participants/2300000001")) == {name for name in FOLDER if not name.endswith(".key")}
    assert [held.use for held in added.certificates if held.private_key] == [CertificateUse.DIP_ENCRYPTION]


def test_a_key_file_goes_when_its_holder_brings_a_key(market: Market, tmp_path: Path, now: datetime) -> None:
    add_participant(tmp_path, market.authority, SEEDS[0], now)
    key = new_rsa_key().public_key()
    issue_certificate(tmp_path, market.authority, SEEDS[0].dip_id, CertificateUse.SIGNING, now, key=key)
    assert not (tmp_path / "participants/2300000001/signing.key").exists()


def test_a_file_that_can_not_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_file(tmp_path / "ca.pem", b"text")
    assert [path.name for path in tmp_path.iterdir()] == ["ca.pem"]


def test_what_a_killed_writer_left_is_taken_over_by_the_next(tmp_path: Path) -> None:
    (tmp_path / ".ca.pem.part").write_bytes(b"half a fi")
    write_file(tmp_path / "ca.pem", b"text")
    assert [path.name for path in tmp_path.iterdir()] == ["ca.pem"]
    assert (tmp_path / "ca.pem").read_bytes() == b"text"

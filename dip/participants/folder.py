"""A participant's folder in the data directory: its certificates, and its keys where the DIP made them."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from dip.messages.identifiers import DipId
from dip.participants.files import SECRET, write_file
from dip.participants.participant import HeldCertificate, Participant, api_key_digest
from dip.participants.seeds import SeededParticipant
from dip.security.certificates import VerificationKey, fingerprint
from dip.security.keys import PrivateKey, new_rsa_key, new_tls_key, to_der, to_pem
from dip.security.pki import Authority, CertificateUse

LOCAL_NAMES = ("localhost", "127.0.0.1")
"""Host names in the TLS certificates of participants."""

_API_KEY_BYTES = 24


class AddedParticipant(msgspec.Struct, frozen=True):
    """A participant and its certificates, for the store to keep. api_key: shown once, kept as a digest."""

    participant: Participant
    certificates: tuple[HeldCertificate, ...]
    api_key: str


def new_key(use: CertificateUse) -> PrivateKey:
    """A key for a use: RSA 2048 where messages are signed or encrypted, P-256 for TLS."""
    return new_tls_key() if use is CertificateUse.TLS else new_rsa_key()


def new_keys() -> dict[CertificateUse, PrivateKey]:
    """A key for each use."""
    return {use: new_key(use) for use in CertificateUse}


def add_participant(
    directory: Path,
    authority: Authority,
    seed: SeededParticipant,
    now: datetime,
    *,
    keys: Mapping[CertificateUse, PrivateKey] | None = None,
    own_keys: Mapping[CertificateUse, VerificationKey] | None = None,
) -> AddedParticipant:
    """Issue a participant's certificates and write its folder `participants/<dip-id>`.

    directory: the data directory. keys: made beforehand; made here where None. own_keys: public keys
    that the participant brings for some uses; no `.key` file is written for these. now: wall time.
    """
    made, brought = keys or {}, own_keys or {}
    folder = directory / "participants" / seed.dip_id
    folder.mkdir(parents=True, exist_ok=True)
    api_key = secrets.token_urlsafe(_API_KEY_BYTES)
    held = tuple(
        issue_certificate(directory, authority, seed.dip_id, use, now, key=brought.get(use) or made.get(use))
        for use in CertificateUse
    )
    described = {
        "dipId": seed.dip_id,
        "mpid": seed.mpid,
        "role": seed.roles[0],
        "name": seed.name,
        "apiKey": api_key,
    }
    write_file(folder / "participant.json", msgspec.json.format(msgspec.json.encode(described)), SECRET)
    participant = Participant(
        dip_id=seed.dip_id,
        mpid=seed.mpid,
        name=seed.name,
        roles=seed.roles,
        api_key_digest=api_key_digest(api_key),
        since=now,
    )
    return AddedParticipant(participant, held, api_key)


def held_certificate(
    certificate: x509.Certificate,
    holder: DipId,
    use: CertificateUse,
    *,
    pem: bytes,
    private_key: PrivateKey | None = None,
) -> HeldCertificate:
    """What the store keeps of a certificate just issued. private_key: where the DIP is to hold it."""
    return HeldCertificate(
        fingerprint=fingerprint(certificate),
        holder=holder,
        use=use,
        pem=pem.decode("ascii"),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        private_key=to_der(private_key) if private_key is not None else None,
    )


class Issued(msgspec.Struct, frozen=True):
    """A certificate just issued. private_key: where the DIP made it."""

    held: HeldCertificate
    private_key: PrivateKey | None


def issue_certificate(
    directory: Path,
    authority: Authority,
    holder: DipId,
    use: CertificateUse,
    now: datetime,
    *,
    key: PrivateKey | VerificationKey | None = None,
) -> HeldCertificate:
    """Issue one certificate and write it, and its key where the DIP has it, into the participant's folder."""
    made = issued(authority, holder, use, now, key=key)
    write_files(directory, made)
    return made.held


def issued(
    authority: Authority,
    holder: DipId,
    use: CertificateUse,
    now: datetime,
    *,
    key: PrivateKey | VerificationKey | None = None,
) -> Issued:
    """One certificate. key: None: a new one is made. A public key is the participant's own."""
    key = key if key is not None else new_key(use)
    private_key = key if isinstance(key, PrivateKey) else None
    public_key = key.public_key() if isinstance(key, PrivateKey) else key
    is_tls = use is CertificateUse.TLS
    certificate = authority.issue(use, holder, public_key, names=LOCAL_NAMES if is_tls else (), now=now)
    pem = authority.chain(certificate) if is_tls else certificate.public_bytes(Encoding.PEM)
    kept = private_key if use is CertificateUse.DIP_ENCRYPTION else None
    return Issued(held_certificate(certificate, holder, use, pem=pem, private_key=kept), private_key)


def write_files(directory: Path, made: Issued) -> None:
    """Write a certificate, and its key where the DIP made it, into the participant's folder.

    Beside a certificate whose key the participant brought stands no `.key` file. The private key of
    dip-encryption is never written; the DIP keeps it.
    """
    use, folder = made.held.use, directory / "participants" / made.held.holder
    folder.mkdir(parents=True, exist_ok=True)
    if use is not CertificateUse.DIP_ENCRYPTION:
        if made.private_key is not None:
            write_file(folder / f"{use.value}.key", to_pem(made.private_key), SECRET)
        else:
            (folder / f"{use.value}.key").unlink(missing_ok=True)
    write_file(folder / f"{use.value}.pem", made.held.pem.encode("ascii"))

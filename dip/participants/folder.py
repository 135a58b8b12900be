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


class MadeParticipant(msgspec.Struct, frozen=True):
    """A participant with certificates just issued; nothing of it is written or kept yet. api_key: in clear."""

    participant: Participant
    issued: tuple["Issued", ...]
    api_key: str


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
    participant = Participant(
        dip_id=seed.dip_id,
        mpid=seed.mpid,
        name=seed.name,
        roles=seed.roles,
        api_key_digest="",
        since=now,
        company=seed.company,
        optional_channels=seed.optional_channels,
    )
    made = made_participant(authority, participant, now, keys=keys, own_keys=own_keys)
    write_participant(directory, made)
    return AddedParticipant(made.participant, tuple(one.held for one in made.issued), made.api_key)


def made_participant(
    authority: Authority,
    participant: Participant,
    now: datetime,
    *,
    keys: Mapping[CertificateUse, PrivateKey] | None = None,
    own_keys: Mapping[CertificateUse, VerificationKey] | None = None,
) -> MadeParticipant:
    """Issue all certificates that a participant needs, and an API key. Arguments as of `add_participant`."""
    made, brought = keys or {}, own_keys or {}
    certificates = tuple(
        issued(authority, participant.dip_id, use, now, key=brought.get(use) or made.get(use)) for use in CertificateUse
    )
    api_key = new_api_key()
    return MadeParticipant(
        msgspec.structs.replace(participant, api_key_digest=api_key_digest(api_key)), certificates, api_key
    )


def write_participant(directory: Path, made: MadeParticipant) -> None:
    """Write a participant's folder: certificates, keys where the DIP made them, and `participant.json`."""
    for one in made.issued:
        write_files(directory, one)
    describe_participant(directory, made.participant, made.api_key)


def describe_participant(directory: Path, participant: Participant, api_key: str | None = None) -> None:
    """Write `participant.json` anew. api_key: in clear; None for the one that stands there."""
    file = directory / "participants" / participant.dip_id / "participant.json"
    if api_key is None:
        if not file.exists():
            return
        api_key = msgspec.json.decode(file.read_bytes(), type=dict[str, str])["apiKey"]
    described = {
        "dipId": participant.dip_id,
        "mpid": participant.mpid,
        "role": participant.roles[0] if participant.roles else "",
        "name": participant.name,
        "apiKey": api_key,
    }
    write_file(file, msgspec.json.format(msgspec.json.encode(described)), SECRET)


def new_api_key() -> str:
    """A random API key: 32 characters that need no escaping."""
    return secrets.token_urlsafe(_API_KEY_BYTES)


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


def has_key(directory: Path, holder: DipId, use: CertificateUse) -> bool:
    """Whether the DIP made the key of the certificate that lies in the participant's folder."""
    if use is CertificateUse.DIP_ENCRYPTION:
        return True
    return (directory / "participants" / holder / f"{use.value}.key").exists()


def key_of(held: HeldCertificate) -> VerificationKey:
    """The public key of a certificate that the DIP issued."""
    key = x509.load_pem_x509_certificate(held.pem.encode("ascii")).public_key()
    if not isinstance(key, VerificationKey):
        raise TypeError("the DIP issues certificates for RSA keys and keys on elliptic curves alone")
    return key

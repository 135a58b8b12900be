"""The first start: the environment's authority, the DIP's own certificates, the seeded participants."""

import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import msgspec
from argon2 import PasswordHasher
from cryptography.hazmat.primitives.serialization import Encoding

from dip.ground.assets import asset
from dip.messages.identifiers import DIP, RoleCode
from dip.participants.files import SECRET, write_file
from dip.participants.folder import add_participant, held_certificate, new_keys
from dip.participants.participant import Company, HeldCertificate, Participant
from dip.participants.seeds import SeededParticipant, read_seeds
from dip.security.keys import new_rsa_key, new_tls_key
from dip.security.pki import Authority, AuthorityKeys, CertificateUse

Progress = Callable[[int, int], None]
"""Told how many participants are ready, of how many."""

SERVER_NAMES = ("localhost", "127.0.0.1", "::1")
"""Names in the DIP's own TLS certificate, before those of the settings."""
DIP_MPID = "DIPP"

_CONSONANTS, _VOWELS = "bdfghjklmnprstvz", "aeiou"
_PASSWORD_WORDS, _WORD_SYLLABLES = 4, 3
_TOKEN_BYTES = 32
_KEY_MAKERS = 2


class Foundation(msgspec.Struct, frozen=True):
    """What the store keeps of a first start. Private keys in it are to be kept sealed."""

    participants: tuple[Participant, ...]
    companies: tuple[Company, ...]
    certificates: tuple[HeldCertificate, ...]
    authority: AuthorityKeys
    admin_token: str
    admin_password_hash: str


def lay_out(
    directory: Path,
    environment: str,
    host_names: Sequence[str],
    now: datetime,
    progress: Progress | None = None,
    *,
    seeds: Sequence[SeededParticipant] | None = None,
) -> Foundation:
    """Make everything that an empty data directory needs and write its files.

    directory: exists already. host_names: further names for the server's certificate. now: wall time.
    seeds: the participants; None: those that ship with the product. A start that was cut short is laid
    out anew: each file is replaced.
    """
    if seeds is None:
        seeds = read_seeds(asset("data/seed") / "participants.yaml")
    authority = Authority.create(environment, now)
    own = issue_own_certificates(authority, host_names, now)
    participants = [_platform(now)]
    companies = {one.company: Company(one.company, one.name, now) for one in reversed(seeds) if one.company}
    certificates = list(own)
    # Two threads: finding primes leaves the interpreter free, and the machine may have no more cores.
    with ThreadPoolExecutor(_KEY_MAKERS, thread_name_prefix="keys") as pool:
        # Hashing is meant to be slow; it too runs beside the search for primes.
        password = new_password()
        hashed = pool.submit(PasswordHasher().hash, password)
        for done, (seed, keys) in enumerate(zip(seeds, pool.map(lambda _: new_keys(), seeds), strict=True), 1):
            added = add_participant(directory, authority, seed, now, keys=keys)
            participants.append(added.participant)
            certificates.extend(added.certificates)
            if progress is not None:
                progress(done, len(seeds))
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    signing = next(held for held in own if held.use is CertificateUse.SIGNING)
    write_file(directory / "ca.pem", authority.root_pem)
    write_signing_certificate(directory, signing)
    write_file(directory / "admin.token", token.encode("ascii"), SECRET)
    write_file(directory / "admin.password", password.encode("ascii"), SECRET)
    return Foundation(
        participants=tuple(participants),
        companies=tuple(companies.values()),
        certificates=tuple(certificates),
        authority=authority.keys,
        admin_token=token,
        admin_password_hash=hashed.result(),
    )


def issue_own_certificates(
    authority: Authority, host_names: Sequence[str], now: datetime
) -> tuple[HeldCertificate, HeldCertificate]:
    """The DIP's TLS and signing certificates, with their keys."""
    tls, signing = (
        issue_own_certificate(authority, use, host_names, now) for use in (CertificateUse.TLS, CertificateUse.SIGNING)
    )
    return tls, signing


def issue_own_certificate(
    authority: Authority, use: CertificateUse, host_names: Sequence[str], now: datetime
) -> HeldCertificate:
    """A certificate of the DIP's own with a new key: P-256 for TLS, RSA 2048 for signing."""
    if use is CertificateUse.TLS:
        key = new_tls_key()
        names = tuple(dict.fromkeys((*SERVER_NAMES, *host_names)))
        tls = authority.issue(use, DIP, key.public_key(), names=names, now=now)
        return held_certificate(tls, DIP, use, pem=authority.chain(tls), private_key=key)
    signing_key = new_rsa_key()
    signing = authority.issue(use, DIP, signing_key.public_key(), now=now)
    return held_certificate(signing, DIP, use, pem=signing.public_bytes(Encoding.PEM), private_key=signing_key)


def write_signing_certificate(directory: Path, held: HeldCertificate) -> None:
    """Write the DIP's signing certificate where participants find it, `dip/signing.pem` of the data directory."""
    (directory / "dip").mkdir(exist_ok=True)
    write_file(directory / "dip" / "signing.pem", held.pem.encode("ascii"))


def new_password() -> str:
    """A random password that can be typed from paper: four made-up words, 75 bits."""
    words = (
        "".join(secrets.choice(_CONSONANTS) + secrets.choice(_VOWELS) for _ in range(_WORD_SYLLABLES))
        for _ in range(_PASSWORD_WORDS)
    )
    return "-".join(words)


def _platform(now: datetime) -> Participant:
    return Participant(
        dip_id=DIP,
        mpid=DIP_MPID,
        name="Data Integration Platform",
        roles=(RoleCode("DIP"),),
        api_key_digest="",
        since=now,
    )

"""Certificates and the authority as the store keeps them: private keys sealed (8.1)."""

import base64

import msgspec

from dip.participants.participant import HeldCertificate
from dip.participants.registry import Participants
from dip.security.pki import Authority, AuthorityKeys
from dip.security.vault import Vault
from dip.store.platform import SqlitePlatform
from dip.store.protocol import PartyStore

AUTHORITY = "authority"
"""The fact that holds the authority's keys."""


def sealed(vault: Vault, held: HeldCertificate) -> HeldCertificate:
    """A certificate for the store."""
    if held.private_key is None:
        return held
    return msgspec.structs.replace(held, private_key=vault.seal(held.private_key, held.fingerprint.encode()))


def opened(vault: Vault, held: HeldCertificate) -> HeldCertificate:
    """A certificate out of the store. Raises SealBroken."""
    if held.private_key is None:
        return held
    return msgspec.structs.replace(held, private_key=vault.open(held.private_key, held.fingerprint.encode()))


def load_participants(store: PartyStore, vault: Vault) -> Participants:
    """The participants, their certificates with private keys open, and their agents. Raises SealBroken."""
    certificates = [opened(vault, held) for held in store.certificates()]
    return Participants(store.participants(), certificates, store.agencies.in_force())


def sealed_authority(vault: Vault, keys: AuthorityKeys, fact: str = AUTHORITY) -> str:
    """An authority's keys as a fact of the platform."""
    return base64.b64encode(vault.seal(msgspec.json.encode(keys), fact.encode())).decode()


def load_kept_authority(platform: SqlitePlatform, vault: Vault, fact: str) -> Authority | None:
    """The authority that a fact of the platform holds, where there is one. Raises SealBroken."""
    kept = platform.fact(fact)
    if kept is None:
        return None
    return Authority.load(msgspec.json.decode(vault.open(base64.b64decode(kept), fact.encode()), type=AuthorityKeys))


def load_authority(platform: SqlitePlatform, vault: Vault) -> Authority:
    """The authority of this environment. Raises SealBroken."""
    kept = base64.b64decode(platform.fact(AUTHORITY) or "")
    return Authority.load(msgspec.json.decode(vault.open(kept, AUTHORITY.encode()), type=AuthorityKeys))

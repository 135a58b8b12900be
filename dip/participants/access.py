"""Who may do what: the certificate of a connection, the signer of a message, the API key."""

import hashlib
import hmac
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Final

import msgspec
from cryptography import x509

from dip.ground.errors import NotAuthenticated, NotPermitted
from dip.messages.headers import API_KEY
from dip.messages.identifiers import DipId, RoleCode
from dip.participants.participant import HeldCertificate, api_key_digest
from dip.participants.presented import check_environment, check_presented
from dip.participants.registry import Participants
from dip.security.pki import CertificateUse

ANY_ROLE: Final[frozenset[RoleCode]] = frozenset()
"""For a question in which no role is named: one assignment is enough."""


class Caller(msgspec.Struct, frozen=True):
    """Who connects. tls_fingerprint: of the certificate that the connection was made with."""

    dip_id: DipId
    tls_fingerprint: str


def check_connection(
    participants: Participants, der: bytes | None, wall_now: datetime, environment: str = ""
) -> Caller:
    """The holder of the certificate that a connection presented (8.2). environment: of this DIP.

    Raises NotAuthenticated: no certificate, an unknown or an expired one, one not yet valid.
    Raises NotPermitted: a revoked certificate, one for another use, or of another environment.
    """
    if der is None:
        raise NotAuthenticated(
            "The connection presents no client certificate. Connect with tls.pem and tls.key (mutual TLS)."
        )
    fingerprint = hashlib.sha256(der).hexdigest()
    held = participants.certificate(fingerprint)
    if held is None or participants.get(held.holder) is None:
        _check_foreign(der, environment)
        raise NotAuthenticated(
            "The client certificate is not one that the DIP knows in this environment. Use the tls.pem that "
            "it issued for you, or have a new one issued; one of an outside authority is to be brought first."
        )
    check_presented(held, CertificateUse.TLS, "client certificate", wall_now, environment)
    if participants.present(held.holder) is None:
        raise NotPermitted(f"{held.holder} takes no part in this environment any more.")
    return Caller(dip_id=held.holder, tls_fingerprint=fingerprint)


def check_signer(
    participants: Participants,
    fingerprint: str,
    caller: DipId,
    wall_now: datetime,
    *,
    certificate: x509.Certificate | None = None,
    environment: str = "",
) -> HeldCertificate:
    """The signing certificate of a call: of who makes it, of its agent, or of somebody for whom it acts.

    certificate: as it was sent, for the words of a refusal; environment: of this DIP.
    In which roles they may sign for each other is judged where it is known what the call is about.
    Raises NotAuthenticated: unknown, expired or not yet valid. Raises NotPermitted: revoked, for
    another use, of another environment, or held by somebody who may not sign for the caller.
    """
    held = participants.certificate(fingerprint)
    if held is None:
        if certificate is not None:
            check_environment(certificate, "signing certificate", environment)
        raise NotAuthenticated(
            "The signing certificate is not one that the DIP knows in this environment. Sign with "
            "signing.key and send the signing.pem that belongs to it."
        )
    check_presented(held, CertificateUse.SIGNING, "signing certificate", wall_now, environment)
    related = represents(participants, held.holder, caller) or represents(participants, caller, held.holder)
    if not related:
        raise NotPermitted(
            f"The signing certificate belongs to {held.holder}, which may not sign for {caller}. Sign with "
            "the sender's key or its agent's."
        )
    return held


def represents(
    participants: Participants, actor: DipId, principal: DipId, roles: AbstractSet[RoleCode] = ANY_ROLE
) -> bool:
    """Whether one participant may act for another, in all of these roles: the only place that decides it (FS-42).

    Everybody acts for itself; an agent for its principals in the roles that were assigned to it.
    """
    return actor == principal or participants.agencies.acts(actor, principal, roles)


def agent_of(participant: DipId, caller: DipId) -> DipId | None:
    """Who acted, where it was not the participant itself."""
    return caller if caller != participant else None


def check_api_key(participants: Participants, caller: Caller, given: str | None, *, required: bool) -> None:
    """Raise NotAuthenticated where the API key is wrong, or missing while it is required."""
    if given is None:
        if required:
            raise NotAuthenticated(f"{API_KEY} is missing. Send the apiKey of participant.json with every call.")
        return
    participant = participants.get(caller.dip_id)
    kept = participant.api_key_digest if participant is not None else ""
    if not hmac.compare_digest(api_key_digest(given), kept):
        raise NotAuthenticated(
            f"{API_KEY} is not the key of {caller.dip_id}, to whom the client certificate belongs. Send the "
            "apiKey of its participant.json, or none."
        )


def _check_foreign(der: bytes, environment: str) -> None:
    """Raise NotPermitted where a client certificate that nobody holds is of another environment."""
    try:
        certificate = x509.load_der_x509_certificate(der)
    except ValueError:
        return
    check_environment(certificate, "client certificate", environment)

"""Who may do what: the certificate of a connection, the signer of a message, the API key."""

import hashlib
import hmac
from datetime import datetime

import msgspec

from dip.ground.errors import NotAuthenticated, NotPermitted
from dip.messages.headers import API_KEY
from dip.messages.identifiers import DipId
from dip.participants.participant import HeldCertificate, api_key_digest
from dip.participants.registry import Participants
from dip.security.pki import CertificateUse


class Caller(msgspec.Struct, frozen=True):
    """Who connects. tls_fingerprint: of the certificate that the connection was made with."""

    dip_id: DipId
    tls_fingerprint: str


def check_connection(participants: Participants, der: bytes | None, wall_now: datetime) -> Caller:
    """The holder of the certificate that a connection presented (8.2).

    Raises NotAuthenticated: no certificate, an unknown or an expired one, one not yet valid.
    Raises NotPermitted: a revoked certificate, or one for another use.
    """
    if der is None:
        raise NotAuthenticated(
            "The connection presents no client certificate. Connect with tls.pem and tls.key (mutual TLS)."
        )
    fingerprint = hashlib.sha256(der).hexdigest()
    held = participants.certificate(fingerprint)
    if held is None or participants.get(held.holder) is None:
        raise NotAuthenticated(
            "The client certificate is not one that the DIP knows in this environment. Use the tls.pem that "
            "it issued for you, or have a new one issued."
        )
    _check_valid(held, CertificateUse.TLS, "client certificate", wall_now)
    return Caller(dip_id=held.holder, tls_fingerprint=fingerprint)


def check_signer(participants: Participants, fingerprint: str, sender: DipId, wall_now: datetime) -> HeldCertificate:
    """The signing certificate of a message, which must be the sender's or its agent's.

    Raises NotAuthenticated: unknown, expired or not yet valid. Raises NotPermitted: revoked, for
    another use, or held by somebody who may not sign for the sender.
    """
    held = participants.certificate(fingerprint)
    if held is None:
        raise NotAuthenticated(
            "The signing certificate is not one that the DIP knows in this environment. Sign with "
            "signing.key and send the signing.pem that belongs to it."
        )
    _check_valid(held, CertificateUse.SIGNING, "signing certificate", wall_now)
    if not represents(held.holder, sender):
        raise NotPermitted(
            f"The signing certificate belongs to {held.holder}, which may not sign for {sender}. Sign with "
            "the sender's key or its agent's."
        )
    return held


def acts_for(caller: Caller, dip_id: DipId) -> bool:
    """Whether a caller may speak for a participant: for itself, or as its agent."""
    return represents(caller.dip_id, dip_id)


def represents(actor: DipId, principal: DipId) -> bool:
    """Whether one participant may act for another: the only place that decides it."""
    return actor == principal


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


def _check_valid(held: HeldCertificate, use: CertificateUse, what: str, wall_now: datetime) -> None:
    if held.use is not use:
        raise NotPermitted(
            f"The {what} was issued for {held.use.value}, not for {use.value}. Use {use.value}.pem and its key."
        )
    if held.revoked_at is not None:
        raise NotPermitted(
            f"The {what} of {held.holder} was revoked at {held.revoked_at:%Y-%m-%dT%H:%M:%SZ}. Have a new one issued."
        )
    if wall_now > held.not_after:
        raise NotAuthenticated(
            f"The {what} of {held.holder} expired at {held.not_after:%Y-%m-%dT%H:%M:%SZ}. Have a new one issued."
        )
    if wall_now < held.not_before:
        raise NotAuthenticated(
            f"The {what} of {held.holder} is valid from {held.not_before:%Y-%m-%dT%H:%M:%SZ} on. Use the "
            "earlier one until then."
        )

"""What is wrong with a certificate that somebody presented, in words (8.2, 8.4, FS-60)."""

from datetime import datetime
from enum import StrEnum

from cryptography import x509

from dip.ground.errors import NotAuthenticated, NotPermitted
from dip.participants.participant import HeldCertificate
from dip.security.pki import CertificateUse, common_name_of, environment_of


class Drill(StrEnum):
    """The fault that a certificate of a drill was made to show."""

    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    REVOKED = "revoked"
    WRONG_NAME = "wrong-name"
    WRONG_USE = "wrong-use"
    WRONG_ENVIRONMENT = "wrong-environment"
    UNKNOWN_AUTHORITY = "unknown-authority"
    ABOUT_TO_EXPIRE = "about-to-expire"


def check_presented(
    held: HeldCertificate, use: CertificateUse, what: str, wall_now: datetime, environment: str
) -> None:
    """Whether a certificate that the DIP knows may be used. what: how it is called; environment: of this DIP.

    Raises NotAuthenticated: outside its dates, or of an authority that this DIP does not know. Raises NotPermitted:
    revoked, for another use, of another environment, in another's name, of a removed authority, or of a drill.
    """
    if held.drill and held.drill != Drill.ABOUT_TO_EXPIRE:
        _check_drill(held, what, environment)
    if held.use is not use:
        raise NotPermitted(
            f"The {what} was issued for {held.use.value}, not for {use.value}. Use {use.value}.pem and its key."
        )
    if held.revoked_at is not None:
        raise NotPermitted(
            f"The {what} of {held.holder} was revoked at {held.revoked_at:%Y-%m-%dT%H:%M:%SZ}. Have a new one issued."
        )
    if held.authority_removed_at is not None:
        raise NotPermitted(
            f"The {what} of {held.holder} is of an outside authority that is not trusted any more, since "
            f"{held.authority_removed_at:%Y-%m-%dT%H:%M:%SZ}. Have one issued by the DIP, or bring one of an authority "
            "that it trusts."
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
    if held.drill and held.drill != Drill.ABOUT_TO_EXPIRE:
        raise NotPermitted(f"The {what} of {held.holder} was made for a drill ({held.drill}) and is never accepted.")


def check_environment(certificate: x509.Certificate, what: str, environment: str) -> None:
    """Raise NotPermitted where a certificate is of another environment of the reference DIP; both are named."""
    theirs = environment_of(certificate)
    if environment and theirs and theirs != environment:
        raise NotPermitted(
            f"The {what} was issued for {theirs}; this is {environment}. Use the one that was issued for {environment}."
        )


def webhook_refusal(held: HeldCertificate | None, wall_now: datetime, environment: str) -> str:
    """Why a webhook's certificate, which TLS verified, is refused; empty where it is not. None: one not held here."""
    if held is None:
        return ""
    try:
        check_presented(held, CertificateUse.TLS, "server certificate", wall_now, environment)
    except (NotAuthenticated, NotPermitted) as refused:
        return refused.message
    return ""


def _check_drill(held: HeldCertificate, what: str, environment: str) -> None:
    """Say what was made wrong, where neither dates nor use nor revocation tell it."""
    leaf = x509.load_pem_x509_certificate(held.pem.encode("ascii"))
    check_environment(leaf, what, environment)
    if held.drill == Drill.WRONG_NAME:
        raise NotPermitted(
            f"The {what} names {common_name_of(leaf)}; it was issued to {held.holder}. Use the one that names you."
        )
    if held.drill == Drill.UNKNOWN_AUTHORITY:
        raise NotAuthenticated(
            f"The {what} was issued by an authority that this DIP does not know, though its names are the same. Use "
            "the one that the DIP issued for you."
        )

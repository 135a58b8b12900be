"""What a correct system sees of each certificate of a drill: the one table that page and tests go by (8.4)."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from dip.participants.presented import Drill
from dip.security.pki import CertificateUse


class Expected(msgspec.Struct, frozen=True):
    """What becomes of a certificate where it is presented.

    status: of the answer, None where there is none. words: what its help, the journal's note or the alert says; with
    {holder}, {other}, {here} and {there} for the DIP ids and environments. state: of the delivery, where it is one.
    """

    words: str
    status: int | None = None
    code: str = ""
    state: str = ""


class Row(msgspec.Struct, frozen=True):
    """One kind of certificate, wherever it is presented.

    about: what is wrong with it. client: a participant's call with it as its TLS certificate. server: a webhook that
    shows it. signing: a message signed with it. fault: the fault on demand by which the DIP presents such a one.
    """

    kind: Drill
    title: str
    about: str
    client: Expected
    server: Expected
    signing: Expected
    fault: str = ""


def _refused(status: int, words: str) -> tuple[Expected, Expected]:
    """The same refusal of a client certificate and of a signing certificate."""
    texts = (words.format_map(_Named(what=what)) for what in ("client certificate", "signing certificate"))
    client, signing = (Expected(text, status, "MSG1000") for text in texts)
    return client, signing


class _Named(dict[str, str]):
    """Leaves what it has no value for as it stands."""

    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"


def _retried(words: str) -> Expected:
    return Expected(words, state="Retrying")


_NO_ISSUER: Final = "unable to get local issuer certificate"
_EXPIRED: Final = _refused(401, "The {what} of {holder} expired at")
_EARLY: Final = _refused(401, "The {what} of {holder} is valid from")
_REVOKED: Final = _refused(403, "The {what} of {holder} was revoked at")
_NAMED: Final = _refused(403, "The {what} names {other}; it was issued to {holder}.")
_ABROAD: Final = _refused(403, "The {what} was issued for {there}; this is {here}.")

ROWS: Final[Mapping[Drill, Row]] = MappingProxyType(
    {
        row.kind: row
        for row in (
            Row(
                Drill.EXPIRED,
                "Expired",
                "Its last day was yesterday.",
                _EXPIRED[0],
                _retried("certificate has expired"),
                _EXPIRED[1],
                "expired_tls_certificate",
            ),
            Row(
                Drill.NOT_YET_VALID,
                "Not yet valid",
                "It begins in thirty days.",
                _EARLY[0],
                _retried("certificate is not yet valid"),
                _EARLY[1],
            ),
            Row(
                Drill.REVOKED,
                "Revoked",
                "It was revoked when it was made, and stands in the revocation list at /crl.",
                _REVOKED[0],
                _retried("The server certificate of {holder} was revoked at"),
                _REVOKED[1],
            ),
            Row(
                Drill.WRONG_NAME,
                "Wrong name",
                "Its subject is another participant's DIP id; the one for TLS is for another host.",
                _NAMED[0],
                _retried("certificate is not valid for"),
                _NAMED[1],
                "wrong_name_tls_certificate",
            ),
            Row(
                Drill.WRONG_USE,
                "Wrong use",
                "The one for TLS was issued for signing, without clientAuth and serverAuth; the others likewise.",
                Expected("The client certificate was issued for signing, not for tls.", 403, "MSG1000"),
                _retried("The server certificate was issued for signing, not for tls."),
                Expected("The signing certificate was issued for tls, not for signing.", 403, "MSG1000"),
            ),
            Row(
                Drill.WRONG_ENVIRONMENT,
                "Wrong environment",
                "The authority of another environment issued it. This server knows that authority, and refuses it.",
                _ABROAD[0],
                _retried(_NO_ISSUER),
                _ABROAD[1],
                "wrong_environment_tls_certificate",
            ),
            Row(
                Drill.UNKNOWN_AUTHORITY,
                "Unknown authority",
                "An authority issued it that has the names of this environment's, and another key.",
                Expected("unknown CA"),
                _retried(_NO_ISSUER),
                Expected(
                    "The signing certificate was issued by an authority that this DIP does not know", 401, "MSG1000"
                ),
                "wrong_tls_certificate",
            ),
            Row(
                Drill.ABOUT_TO_EXPIRE,
                "About to expire",
                "It is good for three more days. It is accepted, and the alarm certificate_expires is raised for it.",
                Expected("", 202),
                Expected("", state="Delivered"),
                Expected("", 202),
            ),
        )
    }
)
"""By kind, in the order in which they are shown."""

ENCRYPTION: Final = Expected("names no certificate that the DIP issued for encryption by this sender", 400)
"""What becomes of a message that is encrypted to any certificate of a set, in place of dip-encryption.pem."""


def shown(expected: Expected, names: Mapping[str, str]) -> str:
    """The words, with these names in them."""
    return expected.words.format_map(names)


def general(own: str, there: str) -> Mapping[str, str]:
    """Names for a page about nobody in particular."""
    return {"holder": "your DIP id", "other": "another DIP id", "here": own, "there": there}


def uses() -> Sequence[CertificateUse]:
    """What each set has a certificate for, of every kind."""
    return (CertificateUse.TLS, CertificateUse.SIGNING, CertificateUse.ENCRYPTION)

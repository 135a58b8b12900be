"""Whether a call was signed by who may sign it, lately, and as it arrived (5.2.2, FS-07)."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import msgspec

from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.messages.identifiers import DipId
from dip.participants.access import check_signer
from dip.participants.registry import Participants
from dip.security.certificates import CertificateReader
from dip.security.signing import ALL_HEADERS, SignedHeaders, check_age, content_hash, verify


class Signed(msgspec.Struct, frozen=True):
    """A verified signature: the headers that carried it, and whose certificate it is."""

    headers: SignedHeaders
    fingerprint: str
    signer: DipId


class Signatures:
    """Verifies the signatures of calls; remembers the certificates that it has read."""

    def __init__(
        self, *, participants: Current[Participants], clock: Clock, tolerance: timedelta, environment: str = ""
    ) -> None:
        """environment: of this DIP."""
        self._participants = participants
        self._clock = clock
        self._tolerance = tolerance
        self._environment = environment
        self._certificates = CertificateReader()

    def check(
        self,
        headers: Mapping[str, str],
        *,
        method: str,
        urls: Sequence[str],
        body: bytes,
        caller: DipId,
        required: bool = True,
    ) -> Signed:
        """The signature of a call by that caller. urls: the forms of its address that may have been signed.

        Where none is required (security pattern 0) and none is given, the connection alone says who calls.
        Raises SignatureRefused, CertificateUnreadable, NotAuthenticated, NotPermitted.
        """
        if not required and not any(name in headers for name in ALL_HEADERS):
            return Signed(SignedHeaders("", "", content_hash(body), ""), "", caller)
        found = SignedHeaders.of(headers)
        read = self._certificates.read(found.certificate)
        wall = self._clock.wall()
        held = check_signer(
            self._participants.value,
            read.fingerprint,
            caller,
            wall,
            certificate=read.certificate,
            environment=self._environment,
        )
        check_age(found, wall, self._tolerance)
        verify(
            found,
            method=method,
            urls=urls,
            body=body,
            public_key=read.public_key,
            allow_empty_braces=method in {"GET", "DELETE"},
        )
        return Signed(found, read.fingerprint, held.holder)

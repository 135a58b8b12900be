"""Whose certificate a registration service shows (5.5.14, 8.2)."""

from typing import Final

from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.messages.identifiers import DipId, RoleCode
from dip.participants.presented import webhook_refusal
from dip.participants.registry import Participants
from dip.security.certificates import der_fingerprint
from dip.security.tls import PeerRefusal

REGISTRATION_SERVICE: Final = RoleCode("REGS")


def service_refusal(
    participants: Current[Participants], service: DipId, *, clock: Clock, environment: str
) -> PeerRefusal:
    """Says why a certificate, which TLS verified, is not that of this registration service; empty where it is.

    It must be one that the DIP knows as this participant's, be in force, and the participant must hold role REGS.
    """

    def refusal(der: bytes) -> str:
        held = participants.value.certificate(der_fingerprint(der))
        if held is None or held.holder != service:
            whose = "of nobody known" if held is None else f"of {held.holder}"
            return f"its server certificate is {whose}, not of {service}"
        holder = participants.value.present(service)
        if holder is None or REGISTRATION_SERVICE not in holder.roles:
            return f"{service} does not hold the role {REGISTRATION_SERVICE}"
        return webhook_refusal(held, clock.wall(), environment)

    return refusal

"""What TLS trusts beside this environment's root: outside authorities, added and removed as connections come (8.2)."""

import ssl
from collections.abc import Awaitable, Callable, Sequence

from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.log import Log
from dip.participants.presented import webhook_refusal
from dip.participants.registry import Participants
from dip.security.certificates import der_fingerprint
from dip.security.tls import TlsIdentity, client_context, trust
from dip.store.authorities import AuthorityKind, OutsideAuthority

_LOGGED_EVERY_S = 1.0


class Trusted:
    """The outside authorities as TLS sees them.

    A context that accepts calls trusts every one that was ever known, those of other environments and removed ones too:
    whose certificate it is, and whether it may be used, is said in HTTP, in words. A context of calls to webhooks
    trusts those alone that participants may bring certificates of, now.
    """

    def __init__(
        self,
        *,
        root: bytes,
        environment: str,
        authorities: Sequence[OutsideAuthority],
        participants: Current[Participants],
        clock: Clock,
        log: Log,
    ) -> None:
        """root: of this environment, PEM."""
        self._root = root
        self._environment = environment
        self._authorities = tuple(authorities)
        self._participants = participants
        self._clock = clock
        self._log = log
        self._logged_s = -_LOGGED_EVERY_S
        self._accepting: list[ssl.SSLContext] = []
        self._told: list[Callable[[], Awaitable[None]]] = []

    @property
    def authorities(self) -> Sequence[OutsideAuthority]:
        """Every one that was ever known, in the order in which they were added."""
        return self._authorities

    def on_change(self, told: Callable[[], Awaitable[None]]) -> None:
        """Have somebody told of each change, who makes calls with a context of `calling`."""
        self._told.append(told)

    async def replace(self, authorities: Sequence[OutsideAuthority]) -> None:
        """Go by these from now on: contexts in use accept what the new ones issued with the next handshake."""
        known = {one.pem for one in self._authorities}
        for authority in authorities:
            if authority.pem not in known:
                for context in self._accepting:
                    trust(context, authority.pem)
        self._authorities = tuple(authorities)
        for told in self._told:
            await told()

    def accept(self, context: ssl.SSLContext) -> ssl.SSLContext:
        """Have a context that accepts calls know the outside authorities, now and when one is added."""
        for authority in self._authorities:
            trust(context, authority.pem)
        self._accepting.append(context)
        return context

    def refused(self, reason: str) -> None:
        """Log why TLS refused a client certificate; whose it is nobody knows. Once a second at most."""
        now_s = self._clock.monotonic()
        if now_s - self._logged_s >= _LOGGED_EVERY_S:
            self._logged_s = now_s
            self._log.warning("client_certificate_refused_by_tls", reason=reason)

    def calling(self, identity: TlsIdentity) -> ssl.SSLContext:
        """A context of calls to webhooks that shows this certificate, and trusts what is trusted now."""
        context = client_context(identity.chain, identity.key, self._root, self.refusal)
        for authority in self._authorities:
            if authority.kind is AuthorityKind.TRUSTED and authority.removed_at is None:
                trust(context, authority.pem)
        return context

    def refusal(self, der: bytes) -> str:
        """Why the certificate of a webhook, which TLS verified, is refused; empty where it is not."""
        held = self._participants.value.certificate(der_fingerprint(der))
        return webhook_refusal(held, self._clock.wall(), self._environment)

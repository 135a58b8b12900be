"""Users of the portal: who may make, change and remove whom, and with which powers (5.12.2, 8.3)."""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.errors import BadRequest, Conflict, NotFound, NotPermitted
from dip.ground.log import Log
from dip.http.portal.passwords import Passwords
from dip.http.portal.powers import ADMINISTRATION, Power, Visitor
from dip.http.portal.scope import COMPANY_POWERS, seen_by
from dip.messages.identifiers import DipId
from dip.participants.foundation import new_password
from dip.participants.participant import HeldCertificate
from dip.participants.registry import Participants
from dip.security.pki import CertificateUse
from dip.store.users import SqliteUsers, User
from dip.trust.user_certificates import UserCertificates

_NAME: Final = re.compile(r"[a-z][a-z0-9._@-]{0,63}")
"""A letter first: so no name is a DIP id, which certificates name their holder by."""
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")
_MOST: Final = 10_000
"""Users that one server keeps."""


class UserOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A user to be made. company: its number, null for the DIP; dip_ids: those that the user works for, null for all.

    certificate: SHA-256 fingerprint (hexadecimal) of the client certificate that logs the user in.
    """

    name: str
    powers: tuple[Power, ...]
    company: str | None = None
    dip_ids: tuple[DipId, ...] | None = None
    certificate: str | None = None


class UserChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What is to be different; what is left out stays. new_password: make a random one, which has to be changed."""

    powers: tuple[Power, ...] | UnsetType = UNSET
    company: str | UnsetType | None = UNSET
    dip_ids: tuple[DipId, ...] | UnsetType | None = UNSET
    certificate: str | UnsetType | None = UNSET
    disabled: bool | UnsetType = UNSET
    new_password: bool = False


class Accounts:
    """The users. first_password: the file with the first administrator's password, removed when it is no longer it.

    Whatever is changed of a user ends its sessions at once.
    """

    def __init__(
        self,
        *,
        users: SqliteUsers,
        passwords: Passwords,
        participants: Current[Participants],
        clock: Clock,
        certificates: UserCertificates,
        first_password: Path,
        log: Log,
    ) -> None:
        self._users = users
        self._passwords = passwords
        self._participants = participants
        self._clock = clock
        self._certificates = certificates
        self._first_password = first_password
        self._log = log
        # Who is the last administrator is decided and written by one at a time.
        self._turn = asyncio.Lock()

    def listed(self, visitor: Visitor) -> Sequence[User]:
        """The users that the visitor may see, by name."""
        return [user for user in self._users.users() if self._manages(visitor, user)]

    def one(self, visitor: Visitor, name: str) -> User:
        """One of them. Raises NotFound."""
        user = self._users.user(name)
        if user is None or not self._manages(visitor, user):
            raise NotFound("No user of yours has this name.")
        return user

    async def add(self, visitor: Visitor, order: UserOrder) -> tuple[User, str]:
        """A new user, and its password, which nobody sees again. Raises BadRequest, Conflict, NotPermitted."""
        if not _NAME.fullmatch(order.name) or order.name == ADMINISTRATION:
            raise BadRequest("name: expected up to 64 of a-z, 0-9 and . _ @ -, a letter first.")
        password = new_password()
        made = User(
            name=order.name,
            password_hash=await self._passwords.hashed(password),
            powers=tuple(sorted(set(order.powers))),
            company=order.company or None,
            dip_ids=None if order.dip_ids is None else tuple(sorted(set(order.dip_ids))),
            must_change=True,
            certificate=self._fingerprint(order.certificate),
            made_at=self._clock.wall(),
            author=visitor.name,
        )
        async with self._turn:
            self._check(visitor, made)
            known = self._users.users()
            if any(one.name == made.name for one in known):
                raise Conflict("A user has this name already.")
            if len(known) >= _MOST:
                raise Conflict("There are as many users as this server keeps; remove one.")
            await self._users.save_user(made)
        self._log.info("user_added", by=visitor.name)
        return made, password

    async def change(self, visitor: Visitor, name: str, change: UserChange) -> tuple[User, str | None]:
        """Change a user; its new password where one was asked for. Raises NotFound, BadRequest, Conflict, NotPermitted.

        Nobody changes itself here, and an administrator is always left.
        """
        password = new_password() if change.new_password else None
        hashed = None if password is None else await self._passwords.hashed(password)
        async with self._turn:
            user = self.one(visitor, name)
            self._check_other(visitor, name)
            changed = msgspec.structs.replace(user, **self._fields(user, change))
            if hashed is not None:
                changed = msgspec.structs.replace(changed, password_hash=hashed, must_change=True)
            self._check(visitor, changed)
            self._check_last(user, changed)
            await self._users.save_user(changed)
            await self._revoke(user, changed.certificate)
        if hashed is not None:
            await self._forget_first_password(name)
        self._log.info("user_changed", by=visitor.name)
        return changed, password

    async def remove(self, visitor: Visitor, name: str) -> None:
        """Remove a user. Raises NotFound, Conflict, NotPermitted."""
        async with self._turn:
            user = self.one(visitor, name)
            self._check_other(visitor, name)
            self._check_last(user, None)
            await self._users.remove_user(name)
            await self._revoke(user, None)
        await self._forget_first_password(name)
        self._log.info("user_removed", by=visitor.name)

    async def issue(self, visitor: Visitor, name: str, request: str) -> HeldCertificate:
        """A client certificate that logs a user in from now on, in the place of an earlier one; one's own too.

        request: a certificate signing request, PEM. Raises NotFound, CertificateRequestRefused, StoreUnavailable.
        """
        async with self._turn:
            own = await self.own(visitor)
            user = own if own is not None and own.name == name else self.one(visitor, name)
            held = await self._certificates.issue(name, request.encode())
            await self._users.save_user(msgspec.structs.replace(user, certificate=held.fingerprint))
            await self._revoke(user, held.fingerprint)
        self._log.info("user_certificate_issued", by=visitor.name, fingerprint=held.fingerprint)
        return held

    async def drop_certificate(self, visitor: Visitor) -> None:
        """Have no certificate log the visitor itself in any more."""
        async with self._turn:
            user = await self.own(visitor)
            if user is not None and user.certificate is not None:
                await self._users.save_user(msgspec.structs.replace(user, certificate=None))
                await self._revoke(user, None)

    async def own(self, visitor: Visitor) -> User | None:
        """The visitor's own account; None for the administration token."""
        return None if visitor.form_token is None else self._users.user(visitor.name)

    async def change_password(self, visitor: Visitor, old: str, new: str) -> None:
        """Change one's own password; every session ends. Raises BadRequest, NotPermitted."""
        user = await self.own(visitor)
        if user is None:
            raise NotPermitted("The administration token has no password.")
        if not await self._passwords.fits(user.password_hash, old):
            raise BadRequest("The present password is another one.")
        await self._passwords.check_new(user.name, new, user.password_hash)
        hashed = await self._passwords.hashed(new)
        async with self._turn:
            present = self._users.user(user.name)
            if present is None or present.password_hash != user.password_hash:
                raise Conflict("The account was changed meanwhile; log in again.")
            await self._users.save_user(msgspec.structs.replace(present, password_hash=hashed, must_change=False))
        await self._forget_first_password(user.name)
        self._log.info("password_changed")

    def _manages(self, visitor: Visitor, user: User) -> bool:
        """Whether a user is one of those whom the visitor looks after: of its company, and within what it sees."""
        if visitor.company is None:
            return True
        seen = seen_by(user, self._participants.value)
        return user.company == visitor.company and seen is not None and seen <= (visitor.dip_ids or frozenset())

    def _check(self, visitor: Visitor, user: User) -> None:
        """Raise BadRequest where a user can't be like this, NotPermitted where the visitor can't make it so."""
        powers = frozenset(user.powers)
        if not powers:
            raise BadRequest("powers: expected at least one.")
        own = frozenset() if user.company is None else self._participants.value.of_company(user.company)
        if user.company is not None and not own:
            raise BadRequest("company: no participant is of this company.")
        if user.company is not None and not powers <= COMPANY_POWERS:
            raise BadRequest(f"powers: a company's user has {', '.join(sorted(COMPANY_POWERS))} alone.")
        if user.company is None and (powers & COMPANY_POWERS) - {Power.READ_ONLY}:
            raise BadRequest("company: powers over a company need its number.")
        if user.dip_ids is not None and (not user.dip_ids or not own.issuperset(user.dip_ids)):
            raise BadRequest("dipIds: expected DIP ids of the company; null for all of them.")
        if visitor.company is not None and not self._manages(visitor, user):
            raise NotPermitted("You look after users of your own company and its DIP ids alone.")
        if visitor.company is None and not visitor.has(Power.ADMINISTRATOR):
            raise NotPermitted("Users of the DIP are an administrator's to change.")
        if user.certificate is not None:
            self._check_certificate(user, user.certificate)

    def _check_certificate(self, user: User, fingerprint: str) -> None:
        """Raise where a certificate can't log a user in: it has to be its own, or one of its company's for TLS."""
        participants = self._participants.value
        held = participants.certificate(fingerprint)
        own = frozenset({user.name}) | (seen_by(user, participants) or frozenset())
        if held is None or held.use is not CertificateUse.TLS or held.drill or held.holder not in own:
            raise BadRequest("certificate: expected a TLS certificate of the user, or of a participant of its company.")
        other = self._users.by_certificate(fingerprint)
        if other is not None and other.name != user.name:
            raise Conflict("certificate: another user logs in with it.")

    async def _revoke(self, before: User, present: str | None) -> None:
        """Revoke the certificate that was made for a user alone, where it is no longer the user's."""
        if before.certificate is not None and before.certificate != present:
            await self._certificates.revoke(before.name, before.certificate)

    def _fields(self, user: User, change: UserChange) -> dict[str, Any]:
        given: dict[str, Any] = {}
        if change.powers is not UNSET:
            given["powers"] = tuple(sorted(set(change.powers)))
        if change.company is not UNSET:
            given["company"] = change.company or None
        if change.dip_ids is not UNSET:
            given["dip_ids"] = None if change.dip_ids is None else tuple(sorted(set(change.dip_ids)))
        if change.certificate is not UNSET:
            given["certificate"] = self._fingerprint(change.certificate)
        if change.disabled is not UNSET:
            given["disabled_at"] = (user.disabled_at or self._clock.wall()) if change.disabled else None
        return given

    def _fingerprint(self, text: str | None) -> str | None:
        """A fingerprint without colons. Raises BadRequest."""
        if not text:
            return None
        fingerprint = text.replace(":", "").strip().lower()
        if not _FINGERPRINT.fullmatch(fingerprint):
            raise BadRequest("certificate: expected a SHA-256 fingerprint, 64 hexadecimal digits.")
        return fingerprint

    def _check_other(self, visitor: Visitor, name: str) -> None:
        if visitor.form_token is not None and visitor.name == name:
            raise NotPermitted("Nobody changes an account of its own here; ask another administrator.")

    def _check_last(self, user: User, changed: User | None) -> None:
        """Raise Conflict where no administrator would be left."""
        if not _administers(user) or (changed is not None and _administers(changed)):
            return
        if not any(_administers(one) for one in self._users.users() if one.name != user.name):
            raise Conflict("This is the last administrator; make another one first.")

    async def _forget_first_password(self, name: str) -> None:
        if name == FIRST_ADMINISTRATOR:
            await asyncio.to_thread(self._first_password.unlink, missing_ok=True)


FIRST_ADMINISTRATOR: Final = "admin"
"""The name of the administrator that a first start makes."""


def _administers(user: User) -> bool:
    return user.disabled_at is None and Power.ADMINISTRATOR in user.powers

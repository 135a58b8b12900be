"""Views: a page with its conditions, kept under a name, perhaps shared with colleagues (FS-54)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from dip.ground.clock import Clock
from dip.ground.errors import BadRequest, Conflict, NotFound
from dip.security.vault import Vault
from dip.store.saved_views import SealedView, SqliteSavedViews

LONGEST_NAME: Final = 100
LONGEST_ADDRESS: Final = 2000
_MOST_SHARED: Final = 200
"""Views of colleagues that are listed, the newest ones."""
_UNKNOWN: Final = "No view of yours has this number."


class SavedView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A view. user: whose it is. address: path and query of the page. shared: with the user's colleagues."""

    id: int
    user: str
    name: str
    address: str
    shared: bool
    made_at: datetime


class _Content(msgspec.Struct, frozen=True, array_like=True):
    name: str
    address: str


class SavedViews:
    """Keeps each user's views. A name or an address may tell an MPAN, so both are sealed."""

    def __init__(self, *, store: SqliteSavedViews, vault: Vault, clock: Clock, most: int) -> None:
        """most: views that one user keeps."""
        self._store = store
        self._vault = vault
        self._clock = clock
        self._most = most

    def of(self, user: str) -> Sequence[SavedView]:
        """The views of a user, by name."""
        return sorted(map(self._opened, self._store.of(user)), key=lambda view: view.name.casefold())

    def shared_with(self, user: str, company: str | None) -> Sequence[SavedView]:
        """What colleagues share, the newest first. company: its number, None for the DIP's own people."""
        return [self._opened(one) for one in self._store.shared_with(user, company, _MOST_SHARED)]

    def one(self, number: int, user: str, company: str | None) -> SavedView:
        """A view that is the user's own, or shared by a colleague. Raises NotFound."""
        found = self._store.one(number)
        if found is None:
            raise NotFound(_UNKNOWN)
        sealed, owners = found
        if sealed.user != user and not (sealed.shared and owners == company):
            raise NotFound(_UNKNOWN)
        return self._opened(sealed)

    async def add(self, user: str, name: str, address: str, *, shared: bool) -> SavedView:
        """Keep a view. Raises BadRequest, Conflict, StoreUnavailable."""
        name = self._checked(user, name)
        if len(address) > LONGEST_ADDRESS:
            raise BadRequest(f"address: expected at most {LONGEST_ADDRESS} characters.")
        made_at = self._clock.wall()
        sealed = self._sealed(user, name, address)
        number = await self._store.add(SealedView(user=user, sealed=sealed, shared=shared, made_at=made_at), self._most)
        return SavedView(id=number, user=user, name=name, address=address, shared=shared, made_at=made_at)

    async def change(self, user: str, number: int, name: str, *, shared: bool) -> None:
        """Give one's view another name, share it or not. Raises BadRequest, Conflict, NotFound, StoreUnavailable."""
        before = self._own(user, number)
        name = self._checked(user, name, but=number)
        sealed = self._sealed(user, name, before.address)
        await self._store.change(SealedView(id=number, user=user, sealed=sealed, shared=shared, made_at=before.made_at))

    async def remove(self, user: str, number: int) -> None:
        """Keep one's view no more. Raises NotFound, StoreUnavailable."""
        self._own(user, number)
        await self._store.remove(number, user)

    def _own(self, user: str, number: int) -> SavedView:
        found = self._store.one(number)
        if found is None or found[0].user != user:
            raise NotFound(_UNKNOWN)
        return self._opened(found[0])

    def _checked(self, user: str, name: str, but: int = 0) -> str:
        """A name that can be one. but: the view that it is given to."""
        name = name.strip()
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            raise BadRequest(f"name: expected 1 to {LONGEST_NAME} characters.")
        if any(one.name == name and one.id != but for one in self.of(user)):
            raise Conflict("Another view of yours has this name.")
        return name

    def _sealed(self, user: str, name: str, address: str) -> bytes:
        return self._vault.seal(msgspec.msgpack.encode(_Content(name, address)), _context(user))

    def _opened(self, view: SealedView) -> SavedView:
        content = msgspec.msgpack.decode(self._vault.open(view.sealed, _context(view.user)), type=_Content)
        return SavedView(
            id=view.id,
            user=view.user,
            name=content.name,
            address=content.address,
            shared=view.shared,
            made_at=view.made_at,
        )


def _context(user: str) -> bytes:
    return f"saved_view/{user}".encode()

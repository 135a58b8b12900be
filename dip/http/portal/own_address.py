"""Where a user of the portal is written to: a form of the account page (5.13.5)."""

import re
from typing import Final

from dip.ground.errors import BadRequest, NotPermitted
from dip.http.portal.powers import Visitor
from dip.store.user_addresses import SqliteUserAddresses

_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")
_LONGEST: Final = 254


class OwnAddress:
    """Reads and keeps the mail address of whoever asks."""

    def __init__(self, addresses: SqliteUserAddresses) -> None:
        self._addresses = addresses

    def of(self, visitor: Visitor) -> str:
        """The address; "" for none."""
        return "" if visitor.form_token is None else self._addresses.of(visitor.name) or ""

    async def keep(self, visitor: Visitor, text: str) -> None:
        """Keep an address, or with "" none any more. Raises BadRequest, NotPermitted, StoreUnavailable."""
        if visitor.form_token is None:
            raise NotPermitted("The administration token has no mail address.")
        address = text.strip()
        if address and (len(address) > _LONGEST or not _ADDRESS.fullmatch(address)):
            raise BadRequest("Mail address: expected one such as pat@supplier.example.")
        await self._addresses.save(visitor.name, address or None)

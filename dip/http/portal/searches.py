"""A search for messages, as the query of a page or of the administration API states it."""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from dip.ground.errors import BadRequest
from dip.store.page_records import PAGE_LIMIT, MessageFilter, MessageRow, Parties

FIELDS: Final = ("channel", "sender", "mpan", "reference", "correlation", "transaction")
_MPAN_DIGITS: Final = 13
_LARGEST_KEY: Final = 2**63 - 1


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody looks for; empty text is no condition."""

    channel: str = ""
    sender: str = ""
    mpan: str = ""
    reference: str = ""
    correlation: str = ""
    transaction: str = ""
    before: int | None = None
    limit: int = 100

    def filter(self, digest: Callable[[str], bytes], parties: Parties) -> MessageFilter:
        """The store's form of it: the MPAN as its digest, and one entry more to see whether there is more.

        parties: whose messages; None: everybody's.
        """
        return MessageFilter(
            parties=parties,
            interface=self.channel or None,
            sender=self.sender or None,
            mpan_digest=digest(self.mpan) if self.mpan else None,
            reference=self.reference or None,
            correlation_id=self.correlation or None,
            transaction_id=self.transaction or None,
            before=self.before,
            limit=self.limit + 1,
        )

    def conditions(self) -> dict[str, str]:
        """The conditions that are given, by their name in a query."""
        return {name: value for name in FIELDS if (value := getattr(self, name))}


def read_search(query: Mapping[str, str], *, limit: int) -> Search:
    """Read a query; names that it doesn't know are left. Raises BadRequest for a value that can't be one."""
    given = as_typed(query)
    return msgspec.structs.replace(
        given,
        mpan=check_mpan(given.mpan) if given.mpan else "",
        before=_whole(query, "next", _LARGEST_KEY),
        limit=_whole(query, "limit", PAGE_LIMIT) or limit,
    )


def as_typed(query: Mapping[str, str]) -> Search:
    """The conditions of a query, unchecked: what a form shows again beside the fault."""
    return msgspec.convert({name: query.get(name, "").strip() for name in FIELDS}, Search)


def page_of(rows: list[MessageRow], search: Search) -> tuple[list[MessageRow], int | None]:
    """The rows of one page, and the key of the next, if there is one."""
    shown = rows[: search.limit]
    return shown, shown[-1].id if len(rows) > search.limit else None


def check_mpan(text: str) -> str:
    """An MPAN without spaces. Raises BadRequest that doesn't repeat it."""
    digits = text.replace(" ", "")
    if len(digits) != _MPAN_DIGITS or not (digits.isascii() and digits.isdecimal()):
        raise BadRequest("An MPAN has thirteen digits.")
    return digits


def _whole(query: Mapping[str, str], name: str, largest: int) -> int | None:
    text = query.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text[:20]) <= largest:
        raise BadRequest(f"{name} is a whole number from 1 to {largest}.")
    return int(text)

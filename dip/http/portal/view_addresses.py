"""Which addresses may be kept as a view: pages that one can go to, with their conditions."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from multidict import MultiMapping

from dip.ground.errors import BadRequest
from dip.http.portal.local_address import local_address
from dip.http.portal.navigation import sections

_PASSING: Final = frozenset({"done", "form", "next", "before"})
"""What belongs to one visit: what was just done, and how far one has turned the pages."""
_OWN: Final = ("/views", "/view-as")


def view_address(path: str, query: MultiMapping[str]) -> str:
    """The address of the page that is open, as a view keeps it; "" where it has no conditions, or is no such page.

    path: as it was asked for, encoded.
    """
    conditions = [(name, value) for name, value in query.items() if name not in _PASSING]
    return f"{path}?{urlencode(conditions)}" if conditions and page_of(path) else ""


def check_view_address(address: str) -> str:
    """An address that can be kept. Raises BadRequest, which doesn't repeat it."""
    if local_address(address) != address or not page_of(urlsplit(address).path):
        raise BadRequest(
            "address: expected a page of this portal with its conditions, such as /messages?channel=IF-031."
        )
    return address


def page_of(path: str) -> str:
    """The name of the page at a path, or of the one that it stands below; "" where one can't go there."""
    pages = {page: label for group in sections().values() for page, label in group.items() if page not in _OWN}
    above = [page for page in pages if path == page or (page != "/" and path.startswith(f"{page}/"))]
    return pages[max(above, key=len)] if above else ""


def in_words(address: str) -> tuple[str, Sequence[tuple[str, str]]]:
    """The name of a view's page, and the conditions that are given."""
    parts = urlsplit(address)
    return page_of(parts.path), [(name, value) for name, value in parse_qsl(parts.query) if value]

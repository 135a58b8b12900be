"""What the addresses of the audit report and the flow reports have in common: times, and the form of the answer."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from aiohttp import web

from dip.ground.errors import BadRequest
from dip.http.portal.data.tables import csv_text

_DAY_LETTERS: Final = 10


def moment_asked(query: Mapping[str, str], name: str, *, is_end: bool = False) -> datetime | None:
    """A time of the query; without an offset it is UTC, and the end that is a date is meant with its whole day.

    Raises BadRequest.
    """
    text = query.get(name, "").strip()
    if not text:
        return None
    try:
        # A plus sign that was not escaped reaches us as a space.
        found = datetime.fromisoformat(text.replace(" ", "+"))
        if is_end and len(text) == _DAY_LETTERS:
            found += timedelta(days=1)
    except (ValueError, OverflowError) as exc:
        raise BadRequest(f"{name} is a date, or a time such as 2026-03-21T00:00:00+00:00.") from exc
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def wants_csv(query: Mapping[str, str]) -> bool:
    """Whether a table is asked for instead of JSON. Raises BadRequest for another form."""
    form = query.get("form", "json")
    if form not in ("csv", "json"):
        raise BadRequest("form is csv or json.")
    return form == "csv"


def csv_response(
    name: str, head: Sequence[str], rows: Iterable[Sequence[object]], following: int | None
) -> web.Response:
    """A table to download. Where the list goes on, the header X-Next says from which key."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    if following is not None:
        headers["X-Next"] = str(following)
    return web.Response(text=csv_text(head, rows), content_type="text/csv", charset="utf-8", headers=headers)

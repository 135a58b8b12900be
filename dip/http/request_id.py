"""The id of a request: of its record in the activity log, and what the caller and the server's log know it by."""

from typing import Final

from aiohttp import web
from multidict import istr

from dip.activity.events import new_uid

REQUEST_ID: Final = istr("X-Request-Id")
_UID: Final = web.RequestKey("uid", str)


def uid_of(request: web.Request) -> str:
    """The id of a request, made when it is first asked for: 32 hexadecimal digits."""
    uid = request.get(_UID)
    if uid is None:
        uid = request[_UID] = new_uid()
    return uid


async def add_request_id(request: web.Request, response: web.StreamResponse) -> None:
    """Tell the caller the id: for `on_response_prepare`."""
    response.headers[REQUEST_ID] = uid_of(request)

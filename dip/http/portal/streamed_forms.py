"""Forms with a file of any size: the fields come first, and the file is read as it arrives."""

from collections.abc import AsyncIterator
from typing import Final

from aiohttp import BodyPartReader, ClientError, MultipartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from dip.ground.errors import BadRequest

STREAMED: Final = frozenset({"POST /mpans/imports"})
"""The routes of such forms, as the rules name them. Their first field is the form's token."""
_MULTIPART: Final = "multipart/form-data"
_MOST_FIELDS: Final = 20
_LONGEST_FIELD: Final = 4096
_PIECE: Final = 64 * 1024
_BROKEN: Final = (ValueError, AssertionError, ConnectionError, ClientError, HttpProcessingError)


class StreamedForm:
    """Reads a form once, in its order."""

    def __init__(self, reader: MultipartReader) -> None:
        self._reader = reader

    async def field(self, name: str) -> str:
        """The next field, which has to have this name. Raises BadRequest."""
        part = await self._next()
        if part is None or part.name != name or part.filename is not None:
            raise BadRequest(f"{name}: expected this field at the beginning of the form.")
        return await _text(part)

    async def fields(self) -> tuple[dict[str, str], BodyPartReader | None]:
        """The fields up to the file, and the file, None where there is none. Raises BadRequest."""
        found: dict[str, str] = {}
        while (part := await self._next()) is not None:
            if part.filename is not None:
                return found, part
            if len(found) >= _MOST_FIELDS:
                raise BadRequest(f"The form: expected {_MOST_FIELDS} fields at most before its file.")
            found[part.name or ""] = await _text(part)
        return found, None

    async def _next(self) -> BodyPartReader | None:
        try:
            part = await self._reader.next()
        except _BROKEN as exc:
            raise BadRequest("The form: expected its parts as multipart/form-data has them.") from exc
        if part is not None and not isinstance(part, BodyPartReader):
            raise BadRequest("The form: expected no form within it.")
        return part


_FORM: Final = web.RequestKey("streamed_form", StreamedForm)


async def streamed_form(request: web.Request) -> StreamedForm:
    """The form of a request, whose fields were perhaps read in part. Raises BadRequest."""
    if _FORM in request:
        return request[_FORM]
    if request.content_type != _MULTIPART:
        raise BadRequest(f"Content-Type: expected {_MULTIPART}.")
    try:
        made = StreamedForm(await request.multipart())
    except _BROKEN as exc:
        raise BadRequest("Content-Type: expected multipart/form-data with its boundary.") from exc
    request[_FORM] = made
    return made


async def pieces(part: BodyPartReader) -> AsyncIterator[bytes]:
    """What a file has, piece by piece. Raises BadRequest where it breaks off."""
    try:
        while data := await part.read_chunk(_PIECE):
            yield data
    except _BROKEN as exc:
        raise BadRequest("The file: expected all of it; the connection broke off.") from exc


async def _text(part: BodyPartReader) -> str:
    read = bytearray()
    async for data in pieces(part):
        read += data
        if len(read) > _LONGEST_FIELD:
            raise BadRequest(f"The form: expected at most {_LONGEST_FIELD} bytes in a field.")
    try:
        return read.decode().strip()
    except UnicodeDecodeError as exc:
        raise BadRequest("The form: expected UTF-8.") from exc

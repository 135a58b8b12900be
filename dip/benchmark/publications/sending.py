"""An uploader in a process of its own: one payload over mTLS, in requests of 256 MiB.

`python -m dip.benchmark.publications.sending ORDER` (JSON) prints what it found.
"""

import http.client
import sys
import time
from pathlib import Path
from typing import Final

import msgspec

from dip.benchmark.publications.payloads import Said
from dip.benchmark.publications.tus import Begun, Tus, UploadAnswered, pieces
from dip.client import credentials_of

_MOST: Final = 256 * 1024 * 1024


class Order(msgspec.Struct, frozen=True):
    """Upload a file as its sender. to: the path of an upload that nothing came of yet; empty: begin one."""

    directory: str
    sender: str
    api: str
    channel: str
    path: str
    payload: Said
    to: str = ""


class Sent(msgspec.Struct, frozen=True):
    """The address to read it at, and the seconds from the first request to the last answer; or what went wrong."""

    uri: str = ""
    seconds: float = 0.0
    fault: str = ""


def send(order: Order) -> Sent:
    """Upload; each request goes on where the server says."""
    tus = Tus(credentials_of(Path(order.directory), order.sender), order.api)
    began = time.monotonic()
    try:
        begun = Begun(order.to, "") if order.to else tus.begin(order.channel, order.payload)
        offset = 0 if order.to else tus.offset(begun.path)
        with Path(order.path).open("rb") as file:
            while offset < order.payload.size:
                file.seek(offset)
                part = min(_MOST, order.payload.size - offset)
                offset = tus.append(begun.path, offset, pieces(file, part), part)
    except (UploadAnswered, OSError, http.client.HTTPException) as exc:
        return Sent(fault=str(exc) or type(exc).__name__)
    finally:
        tus.close()
    return Sent(begun.uri, time.monotonic() - began)


if __name__ == "__main__":
    found = send(msgspec.json.decode(sys.argv[1], type=Order))
    sys.stdout.write(msgspec.json.encode(found).decode() + "\n")

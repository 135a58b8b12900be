"""How the evidence of a step is put together: a participant's call, or what the DIP does by itself."""

import re
from typing import Final

from dip.messages.identifiers import DipId
from dip.participants.access import Caller
from dip.participants.signatures import Signed
from dip.store.records import Exchange

_ASKED: Final = re.compile(r"(?:(?:wait|max)=[0-9.]{1,10}(?:&|$))*", re.ASCII)


def kept_url(url: str) -> str:
    """The address of a call as it is kept: without a query that the API does not know, which may name an MPAN."""
    plain, mark, query = url.partition("?")
    return url if not mark or _ASKED.fullmatch(query) else f"{plain}?…"


def inbound_call(
    caller: Caller,
    signed: Signed,
    *,
    at: int,
    method: str,
    url: str,
    duration_us: int,
    status: int | None = None,
    answer: bytes = b"",
    note: str | None = None,
) -> Exchange:
    """A participant's signed call. at: microseconds; url: in full; answer: its body, sealed; note: what is remarkable.

    Status and answer are left open where they are only known within the transaction that keeps the call.
    """
    return Exchange(
        direction="in",
        at=at,
        party=caller.dip_id,
        method=method,
        url=kept_url(url),
        content_hash=signed.headers.content_hash,
        signature=signed.headers.signature,
        signature_date=signed.headers.date,
        signing_certificate=signed.fingerprint,
        tls_certificate=caller.tls_fingerprint,
        status=status,
        answer=answer,
        note=note,
        duration_us=duration_us,
    )


def own_step(at: int, party: DipId, note: str | None) -> Exchange:
    """A step that the DIP takes by itself: no call, but it has its place in the journal. at: microseconds."""
    return Exchange(
        direction="own",
        at=at,
        party=party,
        method="",
        url="",
        content_hash="",
        signature="",
        signature_date="",
        signing_certificate="",
        tls_certificate="",
        note=note,
    )

"""Verdicts on calls that have no message to show them at: refused ones, as the activity log has them (FS-55, FS-45)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from dip.messages.identifiers import DipId
from dip.messages.standard_response import SUCCESS_CODES, code_of
from dip.reporting.verdict_rules import Failure, What, fault_in
from dip.reporting.verdicts import Verdict, verdict

_REFUSED: Final = 400
_ENTRIES: Final = "messageArray"


def on_call(status: int | None, answer: Any, *, note: str, reason: str, at: datetime, party: str) -> list[Verdict]:
    """What to say of a participant's call to the DIP: a verdict for each code that it was refused with.

    answer: its body, decoded, as far as it was kept. note: of the evidence, such as a fault on demand; reason: why
    there was no answer. Empty where nothing failed.
    """
    fault = fault_in(note)
    codes = _codes(answer)
    is_refused = status is None or status >= _REFUSED
    if not (codes or is_refused or fault):
        return []
    said = note if fault else reason
    return [
        verdict(
            Failure(what=What.CALL, status=status, code=code, note=said, fault=fault),
            step="Inbound",
            at=at,
            party=DipId(party) if party else None,
            is_final=is_refused,
        )
        for code in ([""] if fault else codes or [""])
    ]


def on_delivery(status: int | None, *, reason: str, at: datetime, party: str, url: str) -> list[Verdict]:
    """What to say of a webhook call of the DIP. reason: why there was no answer. Empty where it was answered well."""
    if status is not None and status < _REFUSED - 100:
        return []
    failure = Failure(what=What.DELIVERY, status=status, note=reason, fault=fault_in(reason))
    return [verdict(failure, step="Outbound", at=at, party=DipId(party) if party else None, url=url, is_final=False)]


def _codes(answer: Any) -> list[str]:
    """The codes of an answer that are no success, each once: of its entries, or of a problem document."""
    if not isinstance(answer, Mapping):
        return []
    entries = answer.get(_ENTRIES)
    if isinstance(entries, list):
        said = (one.get("message") for one in entries if isinstance(one, Mapping))
        codes = (code_of(text) for text in said if isinstance(text, str))
        return list(dict.fromkeys(code for code in codes if code is not None and code not in SUCCESS_CODES))
    code = answer.get("code")
    return [code] if isinstance(code, str) else []

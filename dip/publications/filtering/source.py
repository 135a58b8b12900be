"""What is filtered: a payload's file, and its form."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Generic, Literal, TypeVar

import msgspec


class Form(StrEnum):
    """How rows are written down."""

    CSV = "csv"
    JSON = "json"
    NDJSON = "ndjson"
    """One JSON object on each line."""

    @property
    def media_type(self) -> str:
        """What the form is called in Content-Type."""
        return {
            Form.CSV: "text/csv; charset=utf-8; header=present",
            Form.JSON: "application/json",
            Form.NDJSON: "application/x-ndjson",
        }[self]


def form_of(media_type: str) -> Form | None:
    """The form that a media type stands for, parameters and letter case aside; None: no structured payload."""
    match media_type.partition(";")[0].strip().lower():
        case "text/csv" | "application/csv":
            return Form.CSV
        case "application/json":
            return Form.JSON
        case "application/x-ndjson" | "application/ndjson" | "application/jsonl":
            return Form.NDJSON
        case other:
            return Form.JSON if other.endswith("+json") else None


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A payload's file. size: bytes on disk. digest: SHA-256 of the file, hexadecimal."""

    path: Path
    form: Form
    compression: Literal["gzip"] | None = None
    size: int
    digest: str


class Place(msgspec.Struct, frozen=True):
    """Where in the unpacked payload a row begins, or the one before it ended. line: counted from 1."""

    byte: int = 0
    line: int = 1


Row = TypeVar("Row")


class Found(msgspec.Struct, Generic[Row], frozen=True):
    """What became of a stretch of the payload.

    rows: those that match, in order, each list of cells (CSV) or the bytes of an object (JSON). used: bytes that are
    dealt with. lines: line ends among them. is_full: as many rows as were asked, so that more may stand in the same
    stretch. is_over: the list of rows ends here.
    """

    rows: Sequence[Row]
    used: int
    lines: int
    is_full: bool = False
    is_over: bool = False

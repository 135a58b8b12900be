"""Whatever a payload holds, a filter ends with rows or with a refusal."""

import asyncio
import contextlib
import gzip
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dip.ground.errors import DipError
from dip.publications.filtering.source import Form
from tests.unit.publications.filter_support import LIMITS, asked, pages, stored

pytestmark = pytest.mark.requirement("FS-37")
GOOD = st.sampled_from(
    [
        b'a,b\r\n1,"x\n""y"\r\n2\r\n\r\n3,4,5\n',
        b'{"z":{"a":[1]},"rows":[{"a":"\\ud83d\\ude00","b":{"c":[{}]}},{"a":1.5e3},{"a":null,"b":"\\u0000"}],"n":0}',
        b'[{"a":"1","b":[]} , {"a":true}]',
        b'{"a":1,"b":"}"}\n\n{"a":-0.0}\r\n{"b":{"c":"\xc3\xa4"}}',
    ]
)
CHANGES = st.lists(
    st.tuples(st.integers(0, 150), st.integers(0, 2), st.sampled_from([*b'"{}[],:\n\r\\\0\xff-e9 ', *b"\\ud800"])),
    max_size=4,
)


def changed(plain: bytes, changes: list[tuple[int, int, int]]) -> bytes:
    """The bytes with some replaced, taken away or put in."""
    for place, taken, put in changes:
        at = place % (len(plain) + 1)
        plain = plain[:at] + (bytes([put]) if taken < 2 else b"") + plain[at + taken :]
    return plain


@given(
    plain=GOOD,
    changes=CHANGES,
    form=st.sampled_from(Form),
    output=st.sampled_from(Form),
    parameters=st.sampled_from(
        [
            {},
            {"columns": "a"},
            {"where": "a:gt:1"},
            {"where": "b:ne:x", "columns": "b"},
            {"limit": "1"},
            {"rows": "z.a"},
        ]
    ),
    block=st.integers(1, 40),
    is_packed=st.booleans(),
    packed_changes=st.one_of(st.just([]), CHANGES),
)
def test_a_damaged_payload_gives_rows_or_a_refusal(
    *,
    plain: bytes,
    changes: list[tuple[int, int, int]],
    form: Form,
    output: Form,
    parameters: dict[str, str],
    block: int,
    is_packed: bool,
    packed_changes: list[tuple[int, int, int]],
) -> None:
    plain = changed(plain, changes)
    limits = msgspec.structs.replace(LIMITS, block_bytes=block, row_bytes=100, head_bytes=120)
    with TemporaryDirectory() as folder:
        source = stored(Path(folder) / "1", plain, form, is_packed=is_packed)
        if is_packed and packed_changes:
            source.path.write_bytes(changed(gzip.compress(plain), packed_changes))
            source = msgspec.structs.replace(source, size=source.path.stat().st_size)
        with contextlib.suppress(DipError):
            asyncio.run(pages(source, asked(form=output, **parameters), limits))

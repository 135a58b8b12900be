"""Filters on CSV against the standard library: any block, any page, any quoting."""

import asyncio
import io
import json
import re
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dip.publications.filtering.errors import FilterRefused, PayloadNotStructured
from dip.publications.filtering.query import Condition, Filter
from dip.publications.filtering.source import Form
from tests.unit.publications.filter_support import LIMITS, asked, pages, run, stored, table, written

pytestmark = pytest.mark.requirement("FS-37")
NAMES = ["mpan", "kwh", "note"]
CELLS = st.one_of(
    st.sampled_from(["", "1", "1.0", "2", "10", "x", "SUP1", 'a"b', "a,b", "a\nb", "a\r\nb", "\r", "ä\u2028\x85"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5),
)
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,9})?")
ROWS = st.lists(st.lists(CELLS, min_size=2, max_size=4), max_size=40)
OPERATORS = st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"])
CONDITIONS = st.lists(
    st.builds(lambda column, asks, value: Condition(column, asks, (value,)), st.sampled_from(NAMES), OPERATORS, CELLS),
    max_size=2,
)


def fitting(row: list[str]) -> list[str]:
    return (row + [""] * 3)[:3]


def holds(condition: Condition, row: list[str]) -> bool:
    """The plainest reading of what the operators mean."""
    cell, operand = row[NAMES.index(condition.column)], condition.operands[0]
    if condition.operator in {"eq", "ne"}:
        return (cell == operand) is (condition.operator == "eq")
    if not NUMBER.fullmatch(operand):
        order = (cell > operand) - (cell < operand)
    elif NUMBER.fullmatch(cell):
        left, right = Decimal(cell), Decimal(operand)
        order = (left > right) - (left < right)
    else:
        return False
    return {"lt": order < 0, "le": order <= 0, "gt": order > 0, "ge": order >= 0}[condition.operator]


@given(
    rows=ROWS,
    conditions=CONDITIONS,
    columns=st.permutations(NAMES).flatmap(lambda names: st.integers(0, 3).map(lambda count: names[:count])),
    line_end=st.sampled_from(["\n", "\r\n"]),
    block=st.integers(1, 60),
    limit=st.one_of(st.none(), st.integers(1, 9)),
    is_packed=st.booleans(),
    is_ended=st.booleans(),
)
def test_a_filter_finds_what_a_plain_loop_finds(
    *,
    rows: list[list[str]],
    conditions: list[Condition],
    columns: list[str],
    line_end: str,
    block: int,
    limit: int | None,
    is_packed: bool,
    is_ended: bool,
) -> None:
    plain = written([NAMES, *rows], line_end)
    if not is_ended:
        plain = plain.removesuffix(line_end.encode())
    read = [fitting(row) for row in table(io.StringIO(plain.decode(), newline="").read())[1:]]
    shown = columns or NAMES
    expected = [
        [row[NAMES.index(name)] for name in shown] for row in read if all(holds(each, row) for each in conditions)
    ]
    wanted = Filter(columns=tuple(columns), conditions=tuple(conditions), limit=limit)
    limits = msgspec.structs.replace(LIMITS, block_bytes=block, piece_bytes=16)
    with TemporaryDirectory() as folder:
        source = stored(Path(folder) / "1", plain, is_packed=is_packed)
        found = asyncio.run(pages(source, wanted, limits))
    if limit is None:
        assert len(found) == 1
    assert all(table(page)[0] == shown for page in found)
    joined = b"".join(page.partition(b"\n")[2] for page in found)
    assert table(joined) == expected


async def test_rows_become_json_objects(tmp_path: Path) -> None:
    source = stored(tmp_path / "1", b'a,b\r\n1,"x ""y"""\r\n2\r\n')
    output, opened = await run(source, asked(form="json"))
    assert json.loads(output) == [{"a": "1", "b": 'x "y"'}, {"a": "2", "b": ""}]
    assert opened.form is Form.JSON
    output, _ = await run(source, asked(form="ndjson", columns="b", where="a:eq:2"))
    assert output == b'{"b":""}\n'
    output, _ = await run(source, asked(form="json", where="a:eq:3"))
    assert json.loads(output) == []


async def test_odd_names_are_written_percent_encoded(tmp_path: Path) -> None:
    names = ["a:b", "c,d", "e%2C", "f.g"]
    source = stored(tmp_path / "1", written([names, ["1", "2", "3", "4"]]))
    encoded = [quote(name, safe="") for name in names]
    output, opened = await run(source, asked(columns=",".join(encoded[::-1]), where=[f"{encoded[0]}:eq:1"]))
    assert table(output) == [names[::-1], ["4", "3", "2", "1"]]
    assert opened.columns == tuple(names[::-1])


async def test_a_mark_at_the_beginning_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    output, _ = await run(stored(tmp_path / "1", b"\xef\xbb\xbfa,b\n1,2\n"), asked(columns="a"))
    assert output == b"a\n1\n"


async def test_columns_that_there_are_not_are_told_all_at_once(tmp_path: Path) -> None:
    source = stored(tmp_path / "1", b"a,b\n1,2\n")
    with pytest.raises(FilterRefused, match=r"columns: no column 'x'; where: no column 'y'; columns are 'a', 'b'"):
        await run(source, asked(columns="x", where="y:eq:1"))
    with pytest.raises(FilterRefused, match="rows: expected of a JSON payload only"):
        await run(source, asked(rows="x"))


@pytest.mark.parametrize(
    ("plain", "message"),
    [
        (b"", "no names of columns"),
        (b"\n", "no names of columns"),
        (b"a,a\n1,2\n", "line 1: two columns are named 'a'"),
        (b"a,b\n1,2\n3,\0\n", "line 3: a NUL byte"),
        (b"a,b\n1,2\n3,\xff\n", "line 3: it is not UTF-8"),
        (b'a,b\n1,2\n"3"x,4\n5,6\n', "line 3: "),
        (b'a,b\n1,2\n"3,4\n', "unexpected end of data"),
        (b"a,b\n1," + b"x" * 200_000 + b"\n", "line 2: field larger"),
        (b"a,b\n1," + b"x" * 2_000_000, "line 2: a row of over 1048576 bytes"),
        (b'"a,b\n1,2\n', "line 1: no names of columns"),
        (b"a," * 5000 + b"\n", "columns"),
    ],
)
async def test_what_is_no_good_csv_is_refused_with_its_line(tmp_path: Path, plain: bytes, message: str) -> None:
    with pytest.raises(PayloadNotStructured, match=message):
        await run(stored(tmp_path / "1", plain), Filter())


async def test_a_row_may_be_longer_than_a_block(tmp_path: Path) -> None:
    rows = [["1", "x\n" * 60_000], ["2", "y"]]
    output, _ = await run(stored(tmp_path / "1", written([["a", "b"], *rows])), asked(where="a:ge:1"))
    assert table(output)[1:] == rows

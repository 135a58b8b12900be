"""Filters on JSON and NDJSON against the standard library: any block, any page, numbers with all their digits."""

import asyncio
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dip.publications.filtering.errors import FilterRefused, PayloadNotStructured
from dip.publications.filtering.query import Filter
from dip.publications.filtering.source import Form, Source
from tests.unit.publications.filter_support import LIMITS, asked, pages, run, stored, table

pytestmark = pytest.mark.requirement("FS-37")
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["1", "x", 'a"b', "},{", "]", "\\", "ä\n\u2028", "null"])
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)
ROWS = st.lists(st.dictionaries(st.sampled_from(["a", "b", "c d"]), VALUES), max_size=20)
FORMS = st.sampled_from([Form.JSON, Form.NDJSON])
LIMITED = st.one_of(st.none(), st.integers(1, 5))


def document(rows: object, form: Form, indent: int | None, *, is_ascii: bool) -> bytes:
    """Rows as the standard library writes them; where it is one document, within an object that says more."""
    if form is Form.NDJSON and isinstance(rows, list):
        return "".join(json.dumps(row, ensure_ascii=is_ascii) + "\n" for row in rows).encode()
    about = {"made": "2026", "tags": ["x"], "of": {"items": [{}]}, "rows": rows, "more": [1]}
    return json.dumps(about if indent else rows, indent=indent, ensure_ascii=is_ascii).encode()


def read(page: bytes, form: Form) -> list[object]:
    found = [json.loads(line) for line in page.splitlines()] if form is Form.NDJSON else json.loads(page)
    assert isinstance(found, list)
    return found


def found_in(plain: bytes, form: Form, wanted: Filter, block: int, *, is_packed: bool = False) -> list[object]:
    """All pages of a filter, together."""
    limits = msgspec.structs.replace(LIMITS, block_bytes=block, piece_bytes=16)
    with TemporaryDirectory() as folder:
        source = stored(Path(folder) / "1", plain, form, is_packed=is_packed)
        return [row for page in asyncio.run(pages(source, wanted, limits)) for row in read(page, form)]


@given(
    rows=ROWS,
    form=FORMS,
    indent=st.sampled_from([None, 1]),
    is_ascii=st.booleans(),
    block=st.integers(1, 80),
    limit=LIMITED,
    is_packed=st.booleans(),
)
def test_pages_joined_are_the_whole(
    *,
    rows: list[object],
    form: Form,
    indent: int | None,
    is_ascii: bool,
    block: int,
    limit: int | None,
    is_packed: bool,
) -> None:
    plain = document(rows, form, indent, is_ascii=is_ascii)
    assert found_in(plain, form, Filter(limit=limit), block, is_packed=is_packed) == rows


@given(rows=ROWS, form=FORMS, limit=LIMITED, operand=st.sampled_from(["1", "x", "null", "true", "-2", "1.0"]))
def test_conditions_and_columns_hold_as_in_a_plain_loop(
    rows: list[dict[str, object]], form: Form, limit: int | None, operand: str
) -> None:
    def equal(row: dict[str, object]) -> bool:
        match row.get("a", []):
            case str(value):
                return value == operand
            case None | bool() as value:
                return json.dumps(value) == operand
            case int() | float() as value:
                return operand not in {"x", "null", "true"} and value == float(operand)
        return False

    if not any("a" in row for row in rows) or not any("b" in row for row in rows):
        return
    plain = document(rows, form, None, is_ascii=False)
    for operator, is_wanted in (("eq", True), ("ne", False)):
        conditions = asked(where=f"a:{operator}:{operand}").conditions
        wanted = Filter(columns=("b",), conditions=conditions, limit=limit)
        expected = [{key: row[key] for key in row if key == "b"} for row in rows if equal(row) is is_wanted]
        assert found_in(plain, form, wanted, 64) == expected


def payload(tmp_path: Path, plain: bytes, form: Form = Form.JSON) -> Source:
    return stored(tmp_path / "1", plain, form)


async def test_numbers_keep_their_digits_and_rows_their_words(tmp_path: Path) -> None:
    rows = b'[{"n": 1.10, "m":12345678901234567890.123e-5},\n {"n": 1E400}]'
    output, _ = await run(payload(tmp_path, rows), Filter())
    assert output == b'[\n{"n": 1.10, "m":12345678901234567890.123e-5},\n{"n": 1E400}\n]\n'
    output, _ = await run(payload(tmp_path, rows), asked(columns="m,n", where="n:eq:1.1"))
    assert output == b'[\n{"m":12345678901234567890.123e-5,"n":1.10}\n]\n'
    output, _ = await run(payload(tmp_path, rows), asked(where="n:gt:1e399", form="ndjson"))
    assert output == b'{"n": 1E400}\n'


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ("v:lt:2026-02", ["2026-01"]),
        ("v:gt:5", ["7", 10]),
        ("v:le:7", ["7"]),
        ("v:eq:10", [10]),
        ("v:eq:7", ["7"]),
        ("v:in:null,true", [None, True]),
        ("v:ne:7", ["2026-01", 10, None, True, {"w": 3}]),
        ("v.w:ge:3", [{"w": 3}]),
    ],
)
async def test_what_operators_mean(tmp_path: Path, where: str, rows: list[object]) -> None:
    values = ["2026-01", "7", 10, None, True, {"w": 3}]
    source = payload(tmp_path, json.dumps([{"v": value} for value in values]).encode())
    output, _ = await run(source, asked(where=where))
    assert [row["v"] for row in json.loads(output)] == rows


async def test_paths_lead_into_objects_and_a_dot_in_a_key_is_encoded(tmp_path: Path) -> None:
    source = payload(tmp_path, b'[{"a":{"b":{"c":1}},"x.y":2},{"a":[]}]')
    output, _ = await run(source, asked(columns="a.b.c,x%2Ey"))
    assert json.loads(output) == [{"a.b.c": 1, "x.y": 2}, {}]


async def test_objects_become_rows_of_a_table(tmp_path: Path) -> None:
    source = payload(tmp_path, b'[{"a":"x,y","b":1.50},{"a":null,"c":{"d":[1, 2]}},{"b":true}]')
    output, _ = await run(source, asked(form="csv"))
    assert table(output) == [["a", "b", "c"], ["x,y", "1.50", ""], ["", "", '{"d":[1, 2]}'], ["", "true", ""]]


async def test_the_list_of_rows_is_found_or_named(tmp_path: Path) -> None:
    source = payload(tmp_path, b'{"n":[1],"none":[],"first":[{"a":1}],"of":{"other":[{"b":2}]}}')
    assert json.loads((await run(source, Filter()))[0]) == [{"a": 1}]
    assert json.loads((await run(source, asked(rows="of.other")))[0]) == [{"b": 2}]
    assert json.loads((await run(source, asked(rows="none")))[0]) == []
    for wrong in ("of", "x", "n", "of.other.b"):
        with pytest.raises(PayloadNotStructured):
            await run(source, asked(rows=wrong))


async def test_columns_that_there_are_not_are_told(tmp_path: Path) -> None:
    with pytest.raises(FilterRefused, match=r"columns: no column 'x'; where: no column 'a\.b'; columns are 'a'"):
        await run(payload(tmp_path, b'[{"a":1}]'), asked(columns="x", where="a.b:eq:1"))
    assert (await run(payload(tmp_path, b"[]"), asked(columns="x")))[0] == b"[]\n"


@pytest.mark.parametrize(
    ("plain", "form"),
    [
        (b"", Form.JSON),
        (b" ", Form.JSON),
        (b"{}", Form.JSON),
        (b"12", Form.JSON),
        (b"[1]", Form.JSON),
        (b'[{"a":1}', Form.JSON),
        (b'[{"a":1},]', Form.JSON),
        (b'[{"a":1}{"a":2}]', Form.JSON),
        (b'[,{"a":1}]', Form.JSON),
        (b'[{"a":NaN}]', Form.JSON),
        (b'[{"a":"\xff"}]', Form.JSON),
        (b'[{"a":' + b"[" * 100_000, Form.JSON),
        (b'{"b":' + b"[" * 100_000, Form.JSON),
        (b'[{"a":"' + b"x" * 2_000_000, Form.JSON),
        (b'{"a":1}\n[]\n', Form.NDJSON),
        (b'{"a":1}\n{"a":', Form.NDJSON),
        (b'{"a":"\xff"}\n', Form.NDJSON),
        (b'{"\xff":1}\n', Form.NDJSON),
        (b'{"a":' + b"[" * 100_000 + b"\n", Form.NDJSON),
    ],
)
async def test_what_is_no_good_json_is_refused(tmp_path: Path, plain: bytes, form: Form) -> None:
    with pytest.raises(PayloadNotStructured):
        await run(payload(tmp_path, plain, form), Filter())


async def test_the_line_of_a_bad_object_is_told(tmp_path: Path) -> None:
    with pytest.raises(PayloadNotStructured, match="line 2:"):
        await run(payload(tmp_path, b'{"a":1}\n{"a"\n{"a":3}\n', Form.NDJSON), Filter())

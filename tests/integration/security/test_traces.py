"""The search for marked values finds what is there: else that it finds nothing would mean nothing."""

import base64
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.integration.security.traces import Search, forms, packed

MPAN = "1712345678914"
NAME = "Żółć Quillmarkõvá 7319"
NOISE = bytes(range(256))


@pytest.mark.parametrize(("mark", "form"), [(mark, form) for mark in (MPAN, NAME) for form in forms(mark)])
def test_a_mark_is_found_in_every_form(mark: str, form: str) -> None:
    found = Search([mark]).bytes(NOISE + forms(mark)[form] + NOISE, "here")
    assert form in {one.form for one in found}


@pytest.mark.parametrize("before", range(6))
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_mark_is_found_in_base64_wherever_it_begins(encode: Callable[[bytes], bytes], before: int) -> None:
    for mark in (MPAN, NAME):
        hidden = encode(b"~" * before + mark.encode() + b"~~~~")
        assert list(Search([mark]).bytes(hidden, "here"))


@pytest.mark.parametrize("way", sorted(packed(b"")))
def test_a_mark_is_found_in_what_is_packed(way: str) -> None:
    content = packed(f"a record that names {MPAN} once".encode())[way]
    assert list(Search([MPAN]).bytes(content, "here"))


def test_what_holds_no_mark_has_no_trace() -> None:
    assert list(Search([MPAN, NAME]).bytes(NOISE * 100, "here")) == []


def test_a_mark_in_small_letters_is_found() -> None:
    assert [one.form for one in Search(["ZQX-7319"]).bytes(b"..zqx-7319..", "here")] == ["small letters"]


def test_a_number_is_found_everywhere_but_where_it_may_stand(tmp_path: Path) -> None:
    file = tmp_path / "dip.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(
            "CREATE TABLE allowed (mpan INTEGER); CREATE TABLE other (value INTEGER, text TEXT, packed BLOB)"
        )
        connection.execute("INSERT INTO allowed VALUES (?)", (int(MPAN),))
        connection.commit()
        search = Search([MPAN], numbers_in=("allowed", "mpan"))
        assert list(search.database(file)) == []
        connection.execute("INSERT INTO other VALUES (?, ?, ?)", (int(MPAN), MPAN, packed(MPAN.encode())["zlib"]))
        connection.commit()
    assert {one.place.partition(",")[0] for one in search.database(file)} == {
        "other.value",
        "other.text",
        "other.packed",
    }


def test_a_mark_in_a_file_or_in_its_name_is_found(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / f"{MPAN}.log").write_text("nothing")
    (tmp_path / "inner" / "other.log").write_bytes(NOISE + MPAN.encode())
    found = [one for one in Search([MPAN]).directory(tmp_path) if one.form == "plain"]
    assert {one.place for one in found} == {f"name of inner/{MPAN}.log", "inner/other.log"}

"""Tables that a spreadsheet opens without calculating anything."""

import csv
import io

import pytest

from dip.http.portal.data.tables import cell, csv_text


@pytest.mark.parametrize("text", ["=1+1", "+44", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_cell_that_would_be_calculated_begins_with_an_apostrophe(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize(
    ("value", "written"),
    [("IF-031", "IF-031"), ("", ""), (None, ""), (True, "yes"), (False, "no"), (14, "14"), ("a=b", "a=b")],
)
def test_other_cells_stand_as_they_are(value: object, written: str) -> None:
    assert cell(value) == written


def test_a_table_comes_back_as_it_went_in() -> None:
    rows = [("DI-979", 'says "yes", or no'), ("DI-980", "two\nlines")]
    read = list(csv.reader(io.StringIO(csv_text(("id", "text"), rows), newline="")))
    assert read == [["id", "text"], *map(list, rows)]

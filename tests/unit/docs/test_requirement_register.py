"""The register of requirements and the marks of the tests agree."""

import ast
from pathlib import Path

import pytest

from tools import requirements

ROOT = Path(__file__).resolve().parents[3]
REGISTER = requirements.read(ROOT / "docs" / "requirements.yaml")


def marked(source: str) -> list[tuple[str, str]]:
    return list(requirements.marked_tests(ast.parse(source)))


def test_no_test_carries_an_unknown_requirement() -> None:
    known = set(REGISTER.requirements)
    strangers = {
        identifier: proofs
        for identifier, proofs in requirements.evidence(ROOT / "tests").items()
        if identifier not in known
    }
    assert not strangers


def test_requirements_are_numbered_without_gaps() -> None:
    for family in ("FS", "BP"):
        numbers = sorted(int(name[3:]) for name in REGISTER.requirements if name.startswith(family))
        assert numbers == list(range(1, len(numbers) + 1))
    assert all(requirements.IDENTIFIER.fullmatch(name) for name in REGISTER.requirements)


def test_a_mark_on_a_test_counts_for_that_test() -> None:
    source = "@pytest.mark.requirement('FS-01', 'FS-02')\nasync def test_a(): ...\ndef test_b(): ..."
    assert marked(source) == [("FS-01", "test_a"), ("FS-02", "test_a")]


def test_a_mark_of_the_module_counts_for_each_of_its_tests() -> None:
    source = (
        "pytestmark = [pytest.mark.requirement('FS-03')]\n"
        "def test_a(): ...\n"
        "def helper(): ...\n"
        "class TestB:\n    def test_c(self): ...\n"
        "TestD = Machine.TestCase\n"
    )
    assert marked(source) == [("FS-03", "test_a"), ("FS-03", "TestB.test_c"), ("FS-03", "TestD")]


def test_a_mark_of_a_parameter_set_counts_for_the_test() -> None:
    source = (
        "@pytest.mark.parametrize('x', [pytest.param(1, marks=pytest.mark.requirement('FS-04'))])\ndef test_a(x): ..."
    )
    assert marked(source) == [("FS-04", "test_a")]


def test_a_mark_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(requirements.MarkUnreadable, match="line 1"):
        marked("@pytest.mark.requirement(*IDS)\ndef test_a(): ...")


def test_the_page_names_tests_and_what_is_open() -> None:
    register = requirements.Register(
        {
            "FS-01": requirements.Requirement("3.2", "It lasts."),
            "FS-02": requirements.Requirement("3.2", "It is neutral."),
        },
        [],
    )
    page = requirements.page(register, {"FS-01": (requirements.Proof("tests/a.py", "test_it_lasts"),)})
    assert "1 of 2 requirements have tests." in page
    assert "- `tests/a.py`\n  - `test_it_lasts`" in page
    assert "## Not covered yet\n\nFS-02." in page

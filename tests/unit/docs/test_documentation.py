"""What the documentation promises can be kept: its links, its commands and its lists."""

import re
import tomllib
from pathlib import Path

import pytest

from tools import docs, errors

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]+)?(?:#[^)]*)?\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def shell_block(heading: str) -> list[str]:
    """The lines of the first shell block below a heading of the README, as `.ci/run` reads them."""
    _, _, section = (ROOT / "README.md").read_text(encoding="utf-8").partition(f"\n## {heading}\n")
    _, _, block = section.partition("```sh\n")
    return block.partition("\n```")[0].splitlines()


def dependencies() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    return {re.split(r"[<>=;\[ ]", line)[0] for line in wanted}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_link_leads_to_a_file_that_exists(page: Path) -> None:
    targets = [target for target in LINK.findall(page.read_text(encoding="utf-8")) if target]
    assert not [target for target in targets if not (page.parent / target).exists()]


def test_every_page_has_one_title() -> None:
    texts = {page: page.read_text(encoding="utf-8") for page in PAGES}
    assert not [page for page, text in texts.items() if not text.startswith("# ")]


def test_the_index_leads_to_every_page() -> None:
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / target).resolve() for target in LINK.findall(index.read_text(encoding="utf-8"))}
    assert {page for page in PAGES if page.is_relative_to(ROOT / "docs") and page != index} <= linked


def test_each_dependency_has_its_reason() -> None:
    text = (ROOT / "docs" / "reference" / "dependencies.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)) == dependencies()


def test_each_dependency_is_pinned() -> None:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pinned = {line.partition("==")[0].lower().replace("_", "-") for line in lines if "==" in line}
    assert dependencies() <= pinned


def test_the_lock_names_versions_and_no_places() -> None:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9_.+!-]+", line) for line in lines)


def test_the_readme_starts_and_tests_the_product_with_one_command_each() -> None:
    (serve,) = shell_block("Start it")
    (test,) = shell_block("Pass the tests")
    assert serve.startswith("python3 -m venv .venv") and serve.endswith("run.py")
    assert test.startswith("python3 -m venv .venv") and test.endswith("-m pytest")


def test_the_glossary_is_in_order() -> None:
    terms = HEADING.findall((ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"))[1:]
    assert terms == sorted(terms, key=str.lower)


def test_decisions_are_numbered_and_say_what_follows() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(record.name[:4]) for record in records] == list(range(1, len(records) + 1))
    for record in records:
        headings = HEADING.findall(record.read_text(encoding="utf-8"))
        assert headings[1:] == ["Context", "Decision", "Consequences"], record.name


def test_every_error_has_a_code_of_its_own_and_a_sentence() -> None:
    kinds = errors.shipped()
    codes = [kind.code for kind in kinds]
    assert not {code for code in codes if codes.count(code) > 1}
    assert not [kind for kind in kinds if not errors.sentence(kind).endswith((".", "?"))]


def test_a_missing_or_changed_page_is_stale(tmp_path: Path) -> None:
    (tmp_path / "same.md").write_text("same")
    (tmp_path / "old.md").write_text("old")
    texts = {tmp_path / name: name.removesuffix(".md") for name in ("same.md", "none.md")}
    assert docs.stale({**texts, tmp_path / "old.md": "new"}) == [tmp_path / "none.md", tmp_path / "old.md"]

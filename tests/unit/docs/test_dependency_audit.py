"""The dependency audit finds what is wrong, and says what it could not look at."""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from packaging.requirements import Requirement

from tools.dependencies import Installed, Promised, changed_files, licences, permitted, promises, versions
from tools.known_vulnerabilities import look_up

ROOT = Path(__file__).resolve().parents[3]
LOCK = ROOT / "requirements.lock"


def library(
    directory: Path, name: str, version: str = "1.0", needs: Sequence[str] = (), licence: str = "MIT", **fields: str
) -> None:
    """Install a library of one file."""
    info = directory / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (directory / f"{name}.py").write_text("good = True\n")
    head = {"Metadata-Version": "2.4", "Name": name, "Version": version, "License-Expression": licence, **fields}
    lines = [*(f"{field}: {value}" for field, value in head.items() if value)]
    (info / "METADATA").write_text("\n".join([*lines, *(f"Requires-Dist: {need}" for need in needs)]) + "\n")
    digest = base64.urlsafe_b64encode(hashlib.sha256(b"good = True\n").digest()).rstrip(b"=").decode()
    (info / "RECORD").write_text(f"{name}.py,sha256={digest},12\n{info.name}/RECORD,,\n")


def promised(**changes: Any) -> Promised:
    """A product that needs `web`, which needs `wire`, and is developed with `tests`."""
    made = Promised(
        runtime={"web": Requirement("web>=1,<2")},
        development={"tests": Requirement("tests>=3")},
        pinned={"web": "1.0", "wire": "1.0", "tests": "3.1"},
        runtime_reasons=frozenset({"web"}),
        development_reasons=frozenset({"tests"}),
    )
    return made._replace(**changes)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    library(tmp_path, "web", needs=['wire; extra == "fast" or python_version > "3"', 'never; python_version < "3"'])
    library(tmp_path, "wire", licence="Apache-2.0 AND MIT")
    library(tmp_path, "tests", "3.1", licence="MPL-2.0")
    return tmp_path


@pytest.mark.requirement("FS-69")
def test_what_agrees_has_no_fault(place: Path) -> None:
    installed = Installed([str(place)])
    runtime = installed.closure(promised().runtime.values())
    assert runtime == {"web", "wire"}
    assert promises(promised()) == []
    assert versions(promised(), installed) == []
    assert changed_files(installed, runtime) == []
    assert licences(installed, runtime) == []


@pytest.mark.requirement("FS-69")
def test_our_own_files_agree() -> None:
    assert promises(Promised.read(ROOT)) == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"runtime_reasons": frozenset()}, "web: no reason in dependencies.md (product)"),
        ({"development_reasons": frozenset({"tests", "old"})}, "old: a reason, but no dependency (development)"),
        ({"pinned": {"web": "2.0", "tests": "3.1"}}, "web: the lock's 2.0 is outside of <2,>=1"),
        ({"pinned": {"web": "1.0"}}, "tests: not in requirements.lock"),
    ],
)
def test_files_that_disagree_are_named(changes: dict[str, Any], fault: str) -> None:
    assert promises(promised(**changes)) == [fault]


@pytest.mark.requirement("FS-69")
@pytest.mark.parametrize(
    ("pinned", "fault"),
    [
        ({"web": "1.0", "tests": "3.1"}, "wire: needed, but not in requirements.lock"),
        ({"web": "1.1", "wire": "1.0", "tests": "3.1"}, "web: 1.0 is installed; the lock has 1.1"),
        (
            {"web": "1.0", "wire": "1.0", "tests": "3.1", "rest": "9"},
            "rest: in requirements.lock, but nothing needs it",
        ),
    ],
)
def test_what_is_installed_beside_the_lock_is_named(place: Path, pinned: dict[str, str], fault: str) -> None:
    assert versions(promised(pinned=pinned), Installed([str(place)])) == [fault]


def test_what_is_not_installed_is_named(tmp_path: Path) -> None:
    library(tmp_path, "tests", "3.1")
    assert versions(promised(pinned={"web": "1.0", "tests": "3.1"}), Installed([str(tmp_path)])) == [
        "web: not installed; the lock has 1.0"
    ]


@pytest.mark.requirement("FS-69")
def test_a_changed_or_missing_file_of_a_library_is_named(place: Path) -> None:
    (place / "web.py").write_text("good = False\n")
    (place / "wire.py").unlink()
    assert changed_files(Installed([str(place)]), {"web", "wire"}) == [
        "web: web.py is not as it was packaged",
        "wire: wire.py is missing",
    ]


def test_a_licence_that_is_not_permitted_or_not_told_is_named(tmp_path: Path) -> None:
    library(tmp_path, "strict", licence="GPL-3.0-only")
    library(tmp_path, "silent", licence="")
    library(tmp_path, "wordy", licence="", License="Apache 2.0")
    library(tmp_path, "classed", licence="", Classifier="License :: OSI Approved :: MIT License")
    assert licences(Installed([str(tmp_path)]), {"strict", "silent", "wordy", "classed"}) == [
        "silent: its licence is not told",
        "strict: GPL-3.0-only is not among the permitted licences",
    ]


@pytest.mark.parametrize(
    ("expression", "fits"),
    [
        ("MIT", True),
        ("GPL-3.0-only OR MIT", True),
        ("GPL-3.0-only AND MIT", False),
        ("(MIT OR GPL-3.0-only) AND MIT", False),
        ("anything at all", False),
    ],
)
def test_one_side_of_an_or_will_do_and_both_of_an_and_are_needed(expression: str, fits: bool) -> None:
    assert permitted(expression) is fits


def report(*dependencies: dict[str, Any]) -> str:
    return msgspec.json.encode({"dependencies": dependencies, "fixes": []}).decode()


SOUND = {"name": "web", "version": "1.0", "vulns": []}
KNOWN = {"name": "wire", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"], "aliases": ["CVE-1"]}]}
SKIPPED = {"name": "tests", "skip_reason": "Dependency not found"}


@pytest.mark.requirement("FS-69")
def test_a_known_vulnerability_is_a_fault() -> None:
    found = look_up(LOCK, 2, lambda lock: report(SOUND, KNOWN))
    assert (found.checked, found.unchecked) == (2, "")
    assert found.faults == ["wire 1.0: PYSEC-1, mended in 1.1"]


@pytest.mark.requirement("FS-69")
@pytest.mark.parametrize("said", [None, "", "no JSON", report(), report(SKIPPED)])
def test_what_the_database_did_not_answer_was_not_checked(said: str | None) -> None:
    found = look_up(LOCK, 1, lambda lock: said)
    assert found.checked == 0
    assert found.unchecked.startswith("known vulnerabilities of 1 libraries")
    assert not found.faults


def test_what_was_left_out_is_named_beside_what_was_checked() -> None:
    found = look_up(LOCK, 2, lambda lock: report(SOUND, SKIPPED))
    assert found.checked == 1
    assert "1 libraries (tests)" in found.unchecked

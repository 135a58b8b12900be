"""What the product depends on, as its files promise it and as it is installed."""

import base64
import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import NamedTuple, Self

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

PERMITTED = frozenset({"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "PSF-2.0"})
"""Licences under which a library of the product may stand."""
_IN_WORDS = {
    "apache 2": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    # A text of two or of three clauses: neither asks for more than to be named.
    "bsd license": "BSD-3-Clause",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "python software foundation license": "PSF-2.0",
}
_INSTALLERS = frozenset({"pip", "setuptools"})
"""What an environment is made with: some libraries name it as a dependency, no lock does."""
_ROW = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)
_PIN = re.compile(r"([A-Za-z0-9_.-]+)==([A-Za-z0-9_.+!-]+)")


class Promised(NamedTuple):
    """What pyproject, lock and reference page say. Names are canonical."""

    runtime: Mapping[str, Requirement]
    development: Mapping[str, Requirement]
    pinned: Mapping[str, str]
    runtime_reasons: frozenset[str]
    development_reasons: frozenset[str]

    @classmethod
    def read(cls, root: Path) -> Self:
        """The three files below a root."""
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        lines = (root / "requirements.lock").read_text(encoding="utf-8").splitlines()
        page = (root / "docs" / "reference" / "dependencies.md").read_text(encoding="utf-8")
        product, _, development = page.partition("\n## Development\n")
        return cls(
            _by_name(project["dependencies"]),
            _by_name(project["optional-dependencies"]["dev"]),
            {canonicalize_name(pin[1]): pin[2] for line in lines if (pin := _PIN.fullmatch(line.strip()))},
            frozenset(_ROW.findall(product)),
            frozenset(_ROW.findall(development)),
        )


class Installed:
    """The libraries of an environment. paths: where to look; None for the environment that runs this."""

    def __init__(self, paths: Sequence[str] | None = None) -> None:
        found = distributions() if paths is None else distributions(path=list(paths))
        self._found = {canonicalize_name(one.metadata["Name"]): one for one in found}

    def get(self, name: str) -> Distribution | None:
        """A library by its canonical name."""
        return self._found.get(canonicalize_name(name))

    def closure(self, wanted: Iterable[Requirement]) -> set[str]:
        """These libraries and all that they need here, whether installed or not. Canonical names."""
        open_ones, seen = list(wanted), set[tuple[str, frozenset[str]]]()
        while open_ones:
            requirement = open_ones.pop()
            key = canonicalize_name(requirement.name), frozenset(requirement.extras)
            if key in seen or not _applies(requirement, ()):
                continue
            seen.add(key)
            needed = found.requires if (found := self.get(requirement.name)) is not None else None
            open_ones += [
                _plain(one) for text in needed or () if _applies(one := Requirement(text), requirement.extras)
            ]
        return {name for name, _ in seen}


def promises(promised: Promised) -> list[str]:
    """Where the three files disagree."""
    faults = []
    for what, wanted, reasons in (
        ("product", promised.runtime, promised.runtime_reasons),
        ("development", promised.development, promised.development_reasons),
    ):
        names = {one.name for one in wanted.values()}
        faults += [f"{name}: no reason in dependencies.md ({what})" for name in sorted(names - reasons)]
        faults += [f"{name}: a reason, but no dependency ({what})" for name in sorted(reasons - names)]
        for name, requirement in sorted(wanted.items()):
            pin = promised.pinned.get(name)
            if pin is None:
                faults.append(f"{name}: not in requirements.lock")
            elif not SpecifierSet(str(requirement.specifier)).contains(pin, prereleases=True):
                faults.append(f"{name}: the lock's {pin} is outside of {requirement.specifier}")
    return faults


def versions(promised: Promised, installed: Installed) -> list[str]:
    """Where what is installed differs from the lock: other versions, libraries beyond it, pins that nothing needs."""
    faults = []
    needed = installed.closure([*promised.runtime.values(), *promised.development.values()])
    for name in sorted(needed - _INSTALLERS):
        found, pin = installed.get(name), promised.pinned.get(name)
        if pin is None:
            faults.append(f"{name}: needed, but not in requirements.lock")
        elif found is None:
            faults.append(f"{name}: not installed; the lock has {pin}")
        elif found.version != pin:
            faults.append(f"{name}: {found.version} is installed; the lock has {pin}")
    return faults + [
        f"{name}: in requirements.lock, but nothing needs it" for name in sorted({*promised.pinned} - needed)
    ]


def changed_files(installed: Installed, names: Iterable[str]) -> list[str]:
    """Files of these libraries that are not as they were packaged, by the SHA-256 in each one's own record."""
    faults = []
    for name in sorted(names):
        found = installed.get(name)
        for file in (found.files or ()) if found is not None else ():
            if file.hash is None or file.hash.mode != "sha256":
                continue
            try:
                digest = hashlib.sha256(Path(str(file.locate())).read_bytes()).digest()
            except OSError:
                faults.append(f"{name}: {file} is missing")
                continue
            if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != file.hash.value:
                faults.append(f"{name}: {file} is not as it was packaged")
    return faults


def licences(installed: Installed, names: Iterable[str]) -> list[str]:
    """Libraries whose licence is not told, or not permitted."""
    faults = []
    for name in sorted(names):
        found = installed.get(name)
        if found is None:
            continue
        told = licence(found)
        if not told:
            faults.append(f"{name}: its licence is not told")
        elif not permitted(told):
            faults.append(f"{name}: {told} is not among the permitted licences")
    return faults


def licence(found: Distribution) -> str:
    """The licence of a library as an expression (SPDX), or in its own words; empty where it tells none."""
    metadata = found.metadata
    classified = [
        one.rpartition(" :: ")[2] for one in metadata.get_all("Classifier") or () if one.startswith("License ::")
    ]
    for told in (
        _told(found, "License-Expression"),
        _told(found, "License"),
        " OR ".join(map(_expression, classified)),
    ):
        if told and "\n" not in told:
            return _expression(told)
    return ""


def permitted(expression: str) -> bool:
    """Whether an expression leaves a way that is permitted: one side of an OR, both of an AND."""
    try:
        canonical = canonicalize_license_expression(expression)
    except InvalidLicenseExpression:
        return False
    if "(" in canonical:
        return set(re.findall(r"[A-Za-z0-9.-]+", canonical)) - {"AND", "OR"} <= PERMITTED
    return any(set(way.split(" AND ")) <= PERMITTED for way in canonical.split(" OR "))


def _told(found: Distribution, field: str) -> str:
    return str((found.metadata.get_all(field) or [""])[0])


def _expression(words: str) -> str:
    return _IN_WORDS.get(words.strip().lower(), words.strip())


def _by_name(lines: Iterable[str]) -> Mapping[str, Requirement]:
    return {canonicalize_name(one.name): one for one in map(Requirement, lines)}


def _plain(requirement: Requirement) -> Requirement:
    """A requirement whose marker was looked at."""
    requirement.marker = None
    return requirement


def _applies(requirement: Requirement, extras: Iterable[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras))

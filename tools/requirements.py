"""The register of requirements, and the tests that are evidence for each of them."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from tools.markdown import GENERATED, paragraph


class Requirement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One requirement: the section of its document and what it asks, in one sentence."""

    section: str
    statement: str


class Exclusion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the specification that is not the product's to meet, and why."""

    section: str
    what: str
    why: str


class Register(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every requirement by its id, and what stands outside the product."""

    requirements: dict[str, Requirement]
    outside: list[Exclusion]


class Proof(msgspec.Struct, frozen=True, order=True):
    """A test that carries the id of a requirement: its file below `tests`, and its name."""

    file: str
    test: str


class MarkUnreadable(ValueError):
    """A requirement mark does not hold plain strings."""


def read(path: Path) -> Register:
    """The register in this YAML file; raises msgspec.ValidationError where its shape is wrong."""
    return msgspec.yaml.decode(path.read_bytes(), type=Register)


def evidence(tests: Path) -> Mapping[str, tuple[Proof, ...]]:
    """The tests below a folder by the requirement ids they carry, read without running anything."""
    found: defaultdict[str, set[Proof]] = defaultdict(set)
    for path in sorted(tests.rglob("*.py")):
        file = f"{tests.name}/{path.relative_to(tests).as_posix()}"
        for identifier, test in marked_tests(ast.parse(path.read_bytes(), filename=str(path))):
            found[identifier].add(Proof(file, test))
    return {identifier: tuple(sorted(proofs)) for identifier, proofs in sorted(found.items())}


def marked_tests(module: ast.Module) -> Iterator[tuple[str, str]]:
    """Pairs of requirement id and test name; marks of a class or a module hold for each test in it."""
    yield from _marked(module.body, frozenset(), "")


def _marked(body: list[ast.stmt], inherited: frozenset[str], owner: str) -> Iterator[tuple[str, str]]:
    shared = inherited | {identifier for node in body for identifier in _pytestmark(node)}
    for node in body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if name.startswith("test"):
                own = {identifier for mark in node.decorator_list for identifier in _identifiers(mark)}
                yield from ((identifier, owner + name) for identifier in sorted(shared | own))
            case ast.ClassDef(name=name) if name.startswith("Test"):
                own = {identifier for mark in node.decorator_list for identifier in _identifiers(mark)}
                yield from _marked(node.body, shared | own, f"{owner}{name}.")
            # A Hypothesis state machine becomes a test by `TestQueue = Queue.TestCase`.
            case ast.Assign(targets=[ast.Name(id=name)]) if name.startswith("Test"):
                yield from ((identifier, owner + name) for identifier in sorted(shared))


def _pytestmark(node: ast.stmt) -> set[str]:
    match node:
        case ast.Assign(targets=[ast.Name(id="pytestmark")], value=value):
            return set(_identifiers(value))
    return set()


def _identifiers(expression: ast.expr) -> Iterator[str]:
    for node in ast.walk(expression):
        match node:
            case ast.Call(func=ast.Attribute(attr="requirement"), args=arguments):
                for argument in arguments:
                    match argument:
                        case ast.Constant(value=str(identifier)):
                            yield identifier
                        case _:
                            raise MarkUnreadable(f"line {argument.lineno}: a requirement id is a plain string")


def page(register: Register, proofs: Mapping[str, tuple[Proof, ...]]) -> str:
    """Each requirement with its tests, then what is open, in the register's order."""
    open_ones = [identifier for identifier in register.requirements if identifier not in proofs]
    covered = len(register.requirements) - len(open_ones)
    lines = [
        "# Requirements",
        "",
        GENERATED,
        "",
        *paragraph(
            "FS stands for the functional specification of the Data Integration Platform, version 2.0; "
            "BP for business process BP017. The statements are ours; the documents hold the full wording. "
            "A test is listed where it carries the mark of the requirement."
        ),
        "",
        f"{covered} of {len(register.requirements)} requirements have tests.",
        "",
    ]
    for identifier in register.requirements:
        requirement = register.requirements[identifier]
        lines += [f"## {identifier} ({requirement.section})", "", *paragraph(requirement.statement), ""]
        lines += [*_proof_lines(proofs.get(identifier, ())), ""]
    lines += ["## Not covered yet", "", ", ".join(open_ones) + "." if open_ones else "None.", ""]
    lines += ["## Outside the product", "", "| section | what | why |", "|---|---|---|"]
    lines += [f"| {item.section} | {item.what} | {item.why} |" for item in register.outside]
    return "\n".join(lines) + "\n"


def _proof_lines(proofs: tuple[Proof, ...]) -> list[str]:
    if not proofs:
        return ["Not covered yet."]
    by_file: defaultdict[str, list[str]] = defaultdict(list)
    for proof in proofs:
        by_file[proof.file].append(proof.test)
    return [line for file, tests in by_file.items() for line in (f"- `{file}`", *(f"  - `{t}`" for t in tests))]


IDENTIFIER = re.compile(r"(FS|BP)-\d\d")
"""The form of a requirement's id."""

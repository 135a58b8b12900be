"""The house keeps its shape: floors, no circles, small modules, no state at module level."""

import ast
import graphlib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLOORS: tuple[frozenset[str], ...] = tuple(
    map(
        frozenset,
        (
            {"__main__"},
            {"cli"},
            {"app"},
            {"assembly"},
            {"start"},
            {"http"},
            {"delivery", "intake", "benchmark"},
            {"routing", "archive", "catalogue", "trust", "registration"},
            {"reporting", "activity", "publications", "simulation", "conformance", "market"},
            {"store", "client"},
            {"participants"},
            {"channels", "security", "appointments"},
            {"messages", "ground"},
        ),
    )
)
# Errors and clocks stand on the ground; the ground itself knows nothing of messages.
SAME_FLOOR = {("messages", "ground")}
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "dip").rglob("*.py"))
    if "_assets" not in path.parts
}
MUTABLE = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
MUTABLE_CALLS = {"list", "dict", "set", "bytearray", "defaultdict", "deque", "Counter", "OrderedDict"}


def room(module: str) -> str | None:
    """The room that a module stands in; None for the package itself and for other libraries."""
    parts = module.split(".")
    return parts[1] if parts[0] == "dip" and len(parts) > 1 else None


def may_import(importer: str, imported: str) -> bool:
    """Whether an arrow between two rooms is allowed: within a room, or down."""
    level = {name: number for number, floor in enumerate(FLOORS) for name in floor}
    return importer == imported or level[importer] < level[imported] or (importer, imported) in SAME_FLOOR


def imports(module: str, tree: ast.Module) -> Iterator[str]:
    """Every module of the product that this one imports, wherever in it the import stands."""
    package = module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names if alias.name.split(".")[0] == "dip")
            case ast.ImportFrom(module=name, names=names, level=level):
                above = package.split(".")[: len(package.split(".")) - level + 1] if level else []
                base = ".".join([*above, *([name] if name else [])])
                if base.split(".")[0] == "dip":
                    full = [f"{base}.{alias.name}" for alias in names]
                    yield from (each if each in MODULES else base for each in full)


def state(tree: ast.Module) -> Iterator[str]:
    """What a module keeps that could change: lists, mappings and sets that no constant's name holds."""
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if not name.isupper():
                if name != "__all__" and mutable(value):
                    yield f"line {node.lineno}: {name}"
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
                constant = name.isupper() or ast.unparse(annotation).startswith(("Final", "Mapping"))
                if value is not None and not constant and mutable(value):
                    yield f"line {node.lineno}: {name}"
    yield from (f"line {node.lineno}: global" for node in ast.walk(tree) if isinstance(node, ast.Global))


def mutable(value: ast.expr) -> bool:
    """Whether the expression makes a value that can be changed in place."""
    match value:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name in MUTABLE_CALLS
    return isinstance(value, MUTABLE)


def parse(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_bytes(), filename=str(MODULES[module]))


def test_every_room_stands_on_a_floor() -> None:
    rooms = {name for module in MODULES if (name := room(module)) and not name.startswith("__")}
    assert rooms <= frozenset().union(*FLOORS)


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down(module: str) -> None:
    here = room(module)
    upwards = [
        imported
        for imported in imports(module, parse(module))
        if here and (there := room(imported)) and not may_import(here, there)
    ]
    assert not upwards, f"{module} may not import {upwards}"


def test_no_import_goes_in_a_circle() -> None:
    graph = {module: set(imports(module, parse(module))) - {module} for module in MODULES}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as exc:
        pytest.fail(" <- ".join(exc.args[1]))


@pytest.mark.parametrize("module", MODULES)
def test_a_module_keeps_no_state_of_its_own(module: str) -> None:
    assert not list(state(parse(module)))


@pytest.mark.parametrize("folder", ["dip", "tests", "tools"])
def test_a_module_has_at_most_400_lines(folder: str) -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in (ROOT / folder).rglob("*.py")}
    assert not {str(path.relative_to(ROOT)): lines for path, lines in lengths.items() if lines > 400}


def test_state_is_seen_and_constants_are_let_through() -> None:
    source = "\n".join(
        [
            "cache = {}",
            "seen: set[int] = set()",
            "LIMITS = {1: 2}",
            "_A: Final = [1]",
            "b: Mapping[str, int] = {}",
        ]
    )
    assert list(state(ast.parse(source))) == ["line 1: cache", "line 2: seen"]


@pytest.mark.parametrize(
    ("importer", "imported", "allowed"),
    [
        ("intake", "routing", True),
        ("intake", "delivery", False),
        ("store", "http", False),
        ("messages", "ground", True),
        ("ground", "messages", False),
    ],
)
def test_an_arrow_points_down(importer: str, imported: str, allowed: bool) -> None:
    assert may_import(importer, imported) is allowed

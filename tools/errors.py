"""The reference page of the error codes, read from the classes themselves."""

import importlib
import pkgutil
from collections.abc import Iterator

import dip
from dip.ground.errors import DipError
from tools.markdown import GENERATED, cell, paragraph


def load_every_module() -> None:
    """Import the whole product, so that every error class is known."""
    for module in pkgutil.walk_packages(dip.__path__, "dip."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def families(root: type[DipError] = DipError) -> Iterator[type[DipError]]:
    """The root and every class below it, each once."""
    yield from sorted(_below(root) | {root}, key=lambda kind: (kind.code, kind.__name__))


def _below(root: type[DipError]) -> set[type[DipError]]:
    children = set(root.__subclasses__())
    return children.union(*(_below(child) for child in children))


def shipped() -> list[type[DipError]]:
    """Every error class of the product itself, by code; tests may add classes of their own."""
    load_every_module()
    return [kind for kind in families() if kind.__module__.split(".")[0] == "dip"]


def page() -> str:
    """The page of the reference: code, class and sentence of each error."""
    lines = [
        "# Errors",
        "",
        GENERATED,
        "",
        *paragraph(
            "The stable code of each error, as it stands in problem documents, logs and exit messages. "
            "A refused message carries a response code of the industry as well. The sentence is the "
            "default; an error often says more."
        ),
        "",
        "| code | class | meaning |",
        "|---|---|---|",
    ]
    lines += [f"| `{kind.code}` | `{kind.__module__}.{kind.__name__}` | {cell(sentence(kind))} |" for kind in shipped()]
    return "\n".join(lines) + "\n"


def sentence(kind: type[DipError]) -> str:
    """The first line of the class's docstring, the default message."""
    return (kind.__doc__ or "").strip().partition("\n")[0]

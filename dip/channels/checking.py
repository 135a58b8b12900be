"""Checking a catalogue, or one file of one, before anybody serves it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from dip.channels.document import CatalogueFault
from dip.channels.errors import CatalogueRefused
from dip.channels.flows import load_flows
from dip.channels.registry import Registry, build, read

_FILES = "interfaces"


def checked(path: Path, shipped: Path) -> Registry:
    """The catalogue in a directory, or the shipped one with a file laid over it; right in both profiles.

    Every format is compiled too, and a directory's flows are compared with its channels.
    Raises CatalogueRefused with every fault of every file.
    """
    if path.is_dir():
        found = _built(read(path), path)
        load_flows(path, found)
        return found
    name = f"{_FILES}/{path.name}"
    try:
        return _built({**read(shipped), name: path.read_text(encoding="utf-8")}, shipped)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8"
        raise CatalogueRefused([CatalogueFault(str(path), 1, 1, f"can't be read: {reason}")]) from error
    except CatalogueRefused as refused:
        given = str(shipped / name)
        raise CatalogueRefused(
            replace(fault, file=str(path)) if fault.file == given else fault for fault in refused.faults
        ) from refused


def _built(texts: Mapping[str, str], directory: Path) -> Registry:
    faults: list[CatalogueFault] = []
    found: Registry | None = None
    for specification_items in (False, True):
        try:
            found = build(texts, directory, specification_items=specification_items)
        except CatalogueRefused as refused:
            faults += refused.faults
    if found is None or faults:
        raise CatalogueRefused(faults)
    found.compile()
    return found

"""A copy of the shipped catalogue with changes, to be served with the setting `channels`."""

import shutil
from pathlib import Path

from dip.ground.assets import asset


def copied_catalogue(target: Path, **added: str) -> str:
    """The catalogue in `target`, with text added at the end of channels' files: `IF_031="…"`."""
    shutil.copytree(asset("channels"), target)
    for name, text in added.items():
        with (target / "interfaces" / f"{name.replace('_', '-')}.yaml").open("a", encoding="utf-8") as file:
            file.write(text)
    return str(target)

"""Where the files that ship with the product stand: channels, static files, seeds."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def asset(name: str) -> Path:
    """The path of a shipped file or folder such as `channels` or `data/seed`.

    A checkout keeps them beside the package, an installed copy inside it.
    """
    installed = _PACKAGE / "_assets" / name
    return installed if installed.exists() else _PACKAGE.parent / name

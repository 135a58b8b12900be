"""Write the generated pages of `docs/`, or say which of them are stale: `python -m tools.docs [--check]`."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from tools import errors, powers, requirements, settings

ROOT = Path(__file__).resolve().parent.parent


def pages(root: Path) -> Mapping[Path, str]:
    """Every generated page below `root`: its path and the text that belongs there."""
    reference = root / "docs" / "reference"
    register = requirements.read(root / "docs" / "requirements.yaml")
    return {
        reference / "errors.md": errors.page(),
        reference / "powers.md": powers.page(),
        reference / "requirements.md": requirements.page(register, requirements.evidence(root / "tests")),
        reference / "settings.md": settings.page(),
    }


def stale(generated: Mapping[Path, str]) -> list[Path]:
    """The pages whose file is missing or holds another text."""
    return [
        path
        for path, text in sorted(generated.items())
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit code is 1 when `--check` finds a stale page."""
    parser = argparse.ArgumentParser(description="Write the generated pages of docs/.")
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a page is stale")
    options = parser.parse_args(arguments)
    generated = pages(ROOT)
    outdated = stale(generated)
    for path in outdated:
        if options.check:
            print(f"{path.relative_to(ROOT)} is stale: run `make docs`", file=sys.stderr)
        else:
            path.write_text(generated[path], encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
    return 1 if options.check and outdated else 0


if __name__ == "__main__":
    sys.exit(main())

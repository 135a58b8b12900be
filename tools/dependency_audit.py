"""Audit what the product depends on: `python -m tools.dependency_audit`. Exit code 1 where something is wrong.

All but the known vulnerabilities is found out from files; where their database can't be reached, a line says so.
"""

import sys
from pathlib import Path

from tools.dependencies import Installed, Promised, changed_files, licences, promises, versions
from tools.known_vulnerabilities import look_up

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Run the command."""
    promised, installed = Promised.read(ROOT), Installed()
    runtime = installed.closure(promised.runtime.values())
    faults = [
        *promises(promised),
        *versions(promised, installed),
        *changed_files(installed, runtime),
        *licences(installed, runtime),
    ]
    print(
        f"checked: {len(promised.pinned)} locked versions against what is declared and installed; "
        f"files and licences of the {len(runtime)} libraries of the product"
    )
    known = look_up(ROOT / "requirements.lock", len(promised.pinned))
    if known.checked:
        print(f"checked: known vulnerabilities of {known.checked} libraries")
    if known.unchecked:
        print(f"NOT CHECKED: {known.unchecked}")
    print("NOT CHECKED: age and withdrawal of versions; nothing here tells them")
    for fault in (*faults, *known.faults):
        print(fault, file=sys.stderr)
    return 1 if faults or known.faults else 0


if __name__ == "__main__":
    sys.exit(main())

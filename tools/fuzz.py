"""A long run of the fuzz tests: `python -m tools.fuzz --cases 20000`; further arguments are pytest's."""

import argparse
import os
import sys

import pytest


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000, help="cases of each test")
    chosen, further = parser.parse_known_args()
    os.environ["FUZZ_CASES"] = str(chosen.cases)
    return int(pytest.main(["tests/fuzz", "--durations=0", *further]))


if __name__ == "__main__":
    sys.exit(main())

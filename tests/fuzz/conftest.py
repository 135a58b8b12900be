"""How many cases are tried: few in every run, as many as wanted with `python -m tools.fuzz --cases N`."""

import os

import hypothesis

CASES = int(os.environ.get("FUZZ_CASES", "200"))
hypothesis.settings.register_profile(
    "fuzz",
    parent=hypothesis.settings(),
    max_examples=CASES,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)


def cases(test: object) -> object:
    """Runs a test with as many cases as were asked for."""
    return hypothesis.settings.get_profile("fuzz")(test)

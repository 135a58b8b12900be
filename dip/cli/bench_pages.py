"""What `bench pages` asks for: every route that is read, as the table of permissions has it."""

from dip.benchmark.pages.plan import Way
from dip.http.portal.permissions import RULES


def ways() -> list[Way]:
    """The routes of pages and reading calls, each with who may use it."""
    found = []
    for route, rule in RULES.items():
        method, _, path = route.partition(" ")
        if method == "GET":
            powers = None if rule.powers is None else frozenset(power.value for power in rule.powers)
            found.append(Way(path, rule.is_open, powers))
    return found

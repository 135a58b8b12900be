"""The page of powers: who may use which page and call of the portal, from the rules that the guard goes by."""

from collections.abc import Mapping
from typing import Final

from dip.http.portal.permissions import RULES, Rule
from dip.http.portal.powers import Power

_MEANINGS: Final[Mapping[Power, str]] = {
    Power.ADMINISTRATOR: "everything, users included",
    Power.OPERATIONS: "channels, clock, faults, queues, endpoints, requeues, the master key, the activity log",
    Power.CERTIFICATES: "certificates, outside authorities, drills",
    Power.PARTICIPANTS: "onboarding, roles, agents, MPANs",
    Power.SUPPORT: "sees everything; of what others run it changes nothing, but it looks after incidents",
    Power.COMPANY_USERS: "the users and agents of a company",
    Power.COMPANY_CERTIFICATES: "the certificates of a company's participants",
    Power.COMPANY_MESSAGES: "the messages, queues, endpoints, dead letters and replays of a company's participants",
    Power.READ_ONLY: "reads, of a company or of everybody",
}
_HEAD: Final = """# Powers

Every page and call of the portal has one rule, and what has none is refused to everybody. This page is made from the
[rules](../../dip/http/portal/permissions.py) by `make docs`; a test holds it to them. How users are made and changed:
[Manage users](../how-to/manage-users.md).

Whatever a power opens, a user of a company sees there only what its participants sent or were addressed; anything else
is answered like what does not exist, 404. Totals are everybody's. The administration token may do everything.
"""


def page() -> str:
    """The text of docs/reference/powers.md."""
    lines = [_HEAD, "## The powers", "", "| power | what it is for |", "|---|---|"]
    lines += [f"| `{power}` | {_MEANINGS[power]} |" for power in Power]
    lines += ["", "## The rules", "", "| page or call | who |", "|---|---|"]
    lines += [f"| `{route}` | {_who(rule)} |" for route, rule in sorted(RULES.items(), key=_by_path)]
    return "\n".join(lines) + "\n"


def _by_path(entry: tuple[str, Rule]) -> tuple[str, str]:
    method, _, path = entry[0].partition(" ")
    return path, method


def _who(rule: Rule) -> str:
    if rule.is_open:
        return "anybody, without a log-in"
    if rule.powers is None:
        return "any user" + _when(rule)
    return ", ".join(power for power in Power if power is Power.ADMINISTRATOR or power in rule.powers)


def _when(rule: Rule) -> str:
    if rule.before_change:
        return ", also before the first password is changed"
    return ", in person: not while viewing the portal as a participant" if rule.in_person else ""

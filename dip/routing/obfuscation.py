"""What a recipient may not see (5.5.6): what is hidden for every role by which the message reached it."""

from collections.abc import Mapping, Sequence

from dip.messages.identifiers import RoleCode


def hidden_for(hidden: Mapping[RoleCode, tuple[str, ...]], roles: Sequence[RoleCode]) -> tuple[str, ...]:
    """The item paths hidden from a recipient that has the message in these roles; the default filters nothing."""
    if not hidden or not roles:
        return ()
    per_role = [frozenset(hidden.get(role, ())) for role in roles]
    return tuple(sorted(frozenset.intersection(*per_role)))

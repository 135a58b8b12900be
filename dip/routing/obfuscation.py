"""What a recipient may not see (5.5.6): what is hidden for every role by which the message reached it."""

from collections.abc import Mapping, Sequence

from dip.channels.obfuscation import hidden_by_all
from dip.messages.identifiers import RoleCode


def hidden_for(hidden: Mapping[RoleCode, tuple[str, ...]], roles: Sequence[RoleCode]) -> tuple[str, ...]:
    """The items hidden from a recipient that has the message in these roles; the default filters nothing."""
    if not hidden or not roles:
        return ()
    return hidden_by_all(hidden.get(role, ()) for role in roles)

"""Rules that raise alarms beside the settings: added, changed and taken away while the server runs (5.11.4)."""

import math
import re
from collections.abc import Sequence
from typing import Final

import msgspec

from dip.ground.clock import Clock
from dip.ground.errors import BadRequest, Conflict, NotFound
from dip.ground.settings import Settings
from dip.store.alarm_settings import AlarmRule, RuleKind, SqliteAlarmSettings

_NAME_LIMIT: Final = 60
_LARGEST: Final = 1e9
_CHANNEL: Final = re.compile(r"[A-Za-z0-9-]{1,20}")
_DIP_ID: Final = re.compile(r"[0-9]{10}")
_SHORTEST_S: Final = 60.0
_LONGEST_S: Final = 7 * 86_400.0
_WHOLE: Final = (RuleKind.DEAD_LETTERS, RuleKind.THROUGHPUT)
_WITHOUT_CHANNEL: Final = (RuleKind.ENDPOINT_PAUSED, RuleKind.CERTIFICATE_EXPIRES)


class RuleOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A rule as somebody wants it. threshold: seconds, messages or days, as the kind has it.

    periodS: of a throughput alone, seconds. recipient: a DIP id, channel: an interface id; empty for each.
    """

    name: str
    kind: RuleKind
    threshold: float
    period_s: float | None = None
    recipient: str = ""
    channel: str = ""
    in_force: bool = True


class AlarmRules:
    """The rules, held in memory as they are stored."""

    def __init__(self, *, store: SqliteAlarmSettings, settings: Settings, clock: Clock) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._rules = tuple(store.rules())

    def listed(self) -> Sequence[AlarmRule]:
        """Every rule, by name."""
        return self._rules

    def in_force(self) -> Sequence[AlarmRule]:
        """The rules that are switched on."""
        return [rule for rule in self._rules if rule.in_force]

    def one(self, number: int) -> AlarmRule:
        """A rule by its number. Raises NotFound."""
        found = next((rule for rule in self._rules if rule.id == number), None)
        if found is None:
            raise NotFound("No rule has this number.")
        return found

    async def add(self, order: RuleOrder, *, author: str) -> AlarmRule:
        """A further rule. Raises BadRequest, Conflict, StoreUnavailable."""
        if len(self._rules) >= self._settings.alarm_rule_limit:
            raise Conflict(f"There are {len(self._rules)} rules already, and no more are allowed. Remove one first.")
        return await self._save(0, order, author)

    async def change(self, number: int, order: RuleOrder, *, author: str) -> AlarmRule:
        """Another form of a rule. Raises NotFound, BadRequest, Conflict, StoreUnavailable."""
        return await self._save(self.one(number).id, order, author)

    async def switch(self, number: int, *, in_force: bool, author: str) -> AlarmRule:
        """Switch a rule on or off. Raises NotFound, StoreUnavailable."""
        rule = self.one(number)
        given = {name: getattr(rule, name) for name in RuleOrder.__struct_fields__}
        return await self._save(number, RuleOrder(**{**given, "in_force": in_force}), author)

    async def remove(self, number: int) -> None:
        """Take a rule away; its alarms are over at the next round. Raises NotFound, StoreUnavailable."""
        self.one(number)
        await self._store.remove_rule(number)
        self._rules = tuple(self._store.rules())

    async def _save(self, number: int, order: RuleOrder, author: str) -> AlarmRule:
        name = " ".join(order.name.split())
        _check(order, name)
        rule = AlarmRule(
            id=number,
            name=name,
            kind=order.kind,
            threshold=order.threshold,
            period_s=order.period_s,
            recipient=order.recipient,
            channel=order.channel,
            in_force=order.in_force,
            changed_at=self._clock.wall(),
            author=author,
        )
        saved = await self._store.save_rule(rule)
        self._rules = tuple(self._store.rules())
        return self.one(saved)


def _check(order: RuleOrder, name: str) -> None:
    """Raise BadRequest where an order is no rule."""
    if not name or len(name) > _NAME_LIMIT or not name.isprintable():
        raise BadRequest(f"name: expected 1 to {_NAME_LIMIT} characters.")
    if not math.isfinite(order.threshold) or not 0 < order.threshold <= _LARGEST:
        raise BadRequest("threshold: expected a number above 0.")
    if order.kind in _WHOLE and order.threshold != int(order.threshold):
        raise BadRequest("threshold: messages are counted in whole numbers.")
    if order.recipient and _DIP_ID.fullmatch(order.recipient) is None:
        raise BadRequest("recipient: expected the ten digits of a DIP id, or nothing for each.")
    if order.channel and _CHANNEL.fullmatch(order.channel) is None:
        raise BadRequest("channel: expected an interface id such as IF-031, or nothing for each.")
    if order.channel and order.kind in _WITHOUT_CHANNEL:
        raise BadRequest("channel: endpoints and certificates are not of one channel; leave it out.")
    if order.kind is not RuleKind.THROUGHPUT:
        if order.period_s is not None:
            raise BadRequest("periodS: only throughput is counted in a period; leave it out.")
    elif order.period_s is None or not _SHORTEST_S <= order.period_s <= _LONGEST_S:
        raise BadRequest(f"periodS: expected {_SHORTEST_S:.0f} to {_LONGEST_S:.0f} seconds.")

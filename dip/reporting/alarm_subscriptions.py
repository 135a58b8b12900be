"""Which alarms each user wants to be told of, and how; the news on its way to them (5.11.4)."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final

import msgspec

from dip.ground.clock import Clock
from dip.ground.errors import BadRequest, Conflict, NotFound
from dip.ground.mail import Mailer
from dip.ground.settings import Settings
from dip.messages.identifiers import DipId
from dip.participants.webhooks import Network, check_webhook_url
from dip.reporting.alarms import AlarmNews, What, about, in_words, mail_subject, mail_text
from dip.store.alarm_settings import AlarmSubscription, SqliteAlarmSettings, Way
from dip.store.alarms import Alarm, AlarmKind

Scope = frozenset[DipId] | None
"""The participants that a user may see; None: all."""

_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_ADDRESS_LIMIT: Final = 254
_CHANNEL: Final = re.compile(r"[A-Za-z0-9-]{1,20}")
_MOST_CHANNELS: Final = 100


class SubscriptionOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a user wants. target: a mail address, or the URL of a webhook; nothing for the page.

    kinds, channels: empty for all. about: a DIP id; empty for every participant that the user may see.
    """

    way: Way
    target: str = ""
    kinds: tuple[AlarmKind, ...] = ()
    channels: tuple[str, ...] = ()
    about: str = ""


class Subscriptions:
    """The subscriptions of every user, and who is told what. Each change is told at most once.

    What has not gone out when the server stops is not told later; the page and the list of alarms have it all the same.
    """

    def __init__(
        self,
        *,
        store: SqliteAlarmSettings,
        settings: Settings,
        clock: Clock,
        networks: Sequence[Network],
        scope: Callable[[str], Scope],
        mailer: Mailer,
        call: Callable[[str, bytes], None],
    ) -> None:
        """scope: what a user may see, by its name; of one who has gone, nothing. call: a webhook, with a body."""
        self._store = store
        self._settings = settings
        self._clock = clock
        self._networks = networks
        self._scope = scope
        self._mailer = mailer
        self._call = call
        self._all = tuple(store.subscriptions())

    def of(self, user: str) -> Sequence[AlarmSubscription]:
        """The subscriptions of a user, the oldest first."""
        return [one for one in self._all if one.user == user]

    async def add(self, user: str, order: SubscriptionOrder, scope: Scope) -> AlarmSubscription:
        """A further one. Raises BadRequest, WebhookRefused, NotFound, Conflict, StoreUnavailable."""
        if len(self.of(user)) >= self._settings.alarm_subscription_limit:
            raise Conflict(f"{self._settings.alarm_subscription_limit} subscriptions are the most. Remove one first.")
        self._check(order, scope)
        number = await self._store.add_subscription(
            AlarmSubscription(
                user=user,
                way=order.way,
                target=order.target,
                kinds=tuple(dict.fromkeys(order.kinds)),
                channels=tuple(dict.fromkeys(order.channels)),
                about=order.about,
                made_at=self._clock.wall(),
            )
        )
        self._read()
        return self._one(user, number)

    async def remove(self, user: str, number: int) -> None:
        """Take one away. Raises NotFound, StoreUnavailable."""
        self._one(user, number)
        await self._store.remove_subscription(number)
        self._read()

    def test(self, user: str, number: int) -> AlarmSubscription:
        """Send news of a made-up alarm the way of a subscription. Raises NotFound, Conflict where it has none."""
        one = self._one(user, number)
        if one.way is Way.PAGE:
            raise Conflict("Nothing is sent to a page; its head shows the number.")
        if one.way is Way.MAIL and not self._settings.mail_host:
            raise Conflict("This server sends no mail: the setting mail_host is empty.")
        now = self._clock.now()
        kind = one.kinds[0] if one.kinds else AlarmKind.LATENCY
        subject = f"{one.about or 'somebody'} {one.channels[0] if one.channels else 'somewhere'}"
        detail = "This is a test. Nothing is wrong."
        self._send(
            one, AlarmNews(What.TEST, Alarm(kind=kind, subject=subject, raised_at=now, updated_at=now, detail=detail))
        )
        return one

    def tell(self, news: AlarmNews) -> None:
        """Hand news on to everybody who wants them and may know of them."""
        scopes: dict[str, Scope] = {}
        for one in self._all:
            if one.way is Way.PAGE or not wants(one, news.alarm):
                continue
            if one.user not in scopes:
                # What a user may see changes: it is asked each time.
                scopes[one.user] = self._scope(one.user)
            if may_see(scopes[one.user], news.alarm):
                self._send(one, news)

    def concerning(self, user: str, alarms: Iterable[Alarm], scope: Scope) -> int:
        """How many of these alarms a page shows a user: those of its subscriptions by page, or all that it may see."""
        chosen = [one for one in self.of(user) if one.way is Way.PAGE]
        return sum(
            may_see(scope, alarm) and (not chosen or any(wants(one, alarm) for one in chosen)) for alarm in alarms
        )

    def _one(self, user: str, number: int) -> AlarmSubscription:
        found = next((one for one in self._all if one.id == number and one.user == user), None)
        if found is None:
            raise NotFound("You have no subscription of this number.")
        return found

    def _read(self) -> None:
        self._all = tuple(self._store.subscriptions())

    def _send(self, one: AlarmSubscription, news: AlarmNews) -> None:
        environment = self._settings.environment
        if one.way is Way.MAIL:
            self._mailer.send([one.target], mail_subject(news, environment), mail_text(news))
        else:
            self._call(one.target, webhook_body(news, environment))

    def _check(self, order: SubscriptionOrder, scope: Scope) -> None:
        match order.way:
            case Way.MAIL:
                if len(order.target) > _ADDRESS_LIMIT or _ADDRESS.fullmatch(order.target) is None:
                    raise BadRequest("target: expected one mail address, such as ops@supplier.example.")
            case Way.WEBHOOK:
                check_webhook_url(order.target, self._settings.environment, self._networks)
            case Way.PAGE if order.target:
                raise BadRequest("target: the page needs none.")
        if len(order.channels) > _MOST_CHANNELS or any(_CHANNEL.fullmatch(one) is None for one in order.channels):
            raise BadRequest(f"channels: expected at most {_MOST_CHANNELS} interface ids, such as IF-031.")
        if order.about and not _sees(scope, order.about):
            raise NotFound("No participant of yours has this DIP id.")


def wants(one: AlarmSubscription, alarm: Alarm) -> bool:
    """Whether an alarm fits a subscription; channels are looked for among the words of the subject."""
    return (
        (not one.kinds or alarm.kind in one.kinds)
        and (not one.about or one.about == about(alarm))
        and (not one.channels or any(word in one.channels for word in alarm.subject.split()[1:]))
    )


def may_see(scope: Scope, alarm: Alarm) -> bool:
    """Whether an alarm is about a participant that somebody may see."""
    return _sees(scope, about(alarm))


def webhook_body(news: AlarmNews, environment: str) -> bytes:
    """What a webhook is sent, JSON. Notes of those who look after the alarm stay here."""
    alarm = news.alarm
    told = {
        "what": news.what,
        "environment": environment,
        "alarm": alarm.id,
        "kind": alarm.kind,
        "inWords": in_words(alarm.kind),
        "subject": alarm.subject,
        "rule": alarm.rule,
        "detail": alarm.detail,
        "raisedAt": alarm.raised_at,
        "clearedAt": alarm.cleared_at,
    }
    return msgspec.json.encode(told)


def _sees(scope: Collection[str] | None, dip_id: str) -> bool:
    return scope is None or dip_id in scope

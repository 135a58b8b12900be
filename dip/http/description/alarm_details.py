"""What the handlers of alarms, the balance and the clock don't say of themselves: queries, bodies, answers."""

from collections.abc import Mapping
from typing import Final

from dip.http.description.detail import PAGED, Detail
from dip.http.description.operations import JSON, query_parameter
from dip.http.description.schemas import reference
from dip.http.description.wire import list_of
from dip.http.portal.guard import API

ALARM_DETAILS: Final[Mapping[str, Detail]] = {
    f"GET {API}/balance": Detail(schema=reference("BalanceSheet")),
    f"GET {API}/clock": Detail(schema=reference("ClockView")),
    f"POST {API}/clock": Detail(schema=reference("ClockView"), body={JSON: reference("Advance")}),
    f"GET {API}/alarms": Detail(
        schema=list_of("Alarm"),
        query=(
            query_parameter("state", "open or cleared; both where it is left out"),
            query_parameter("kind", "Only of this kind"),
            query_parameter("recipient", "Only those whose subject begins with this DIP id"),
            *PAGED,
        ),
    ),
    f"POST {API}/alarms/{{alarm_id}}/acknowledge": Detail(
        schema=reference("Alarm"), body={JSON: reference("Acknowledgement")}
    ),
    f"GET {API}/alarm-rules": Detail(schema=list_of("AlarmRule")),
    f"POST {API}/alarm-rules": Detail(
        schema=reference("AlarmRule"), body={JSON: reference("RuleOrder")}, statuses=(201,)
    ),
    f"PUT {API}/alarm-rules/{{rule_id}}": Detail(schema=reference("AlarmRule"), body={JSON: reference("RuleOrder")}),
    f"DELETE {API}/alarm-rules/{{rule_id}}": Detail(statuses=(204,)),
    f"GET {API}/alarm-subscriptions": Detail(schema=list_of("AlarmSubscription")),
    f"POST {API}/alarm-subscriptions": Detail(
        schema=reference("AlarmSubscription"), body={JSON: reference("SubscriptionOrder")}, statuses=(201,)
    ),
    f"DELETE {API}/alarm-subscriptions/{{subscription_id}}": Detail(statuses=(204,)),
    f"POST {API}/alarm-subscriptions/{{subscription_id}}/test": Detail(schema=reference("AlarmSubscription")),
}
"""By route, as `DETAILS` has them."""

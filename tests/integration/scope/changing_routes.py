"""The table of routes that change something: each is asked to change what others have."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from dip.http.portal.permissions import API
from tests.integration.scope import board_routes
from tests.integration.scope.asking import Also, Row
from tests.integration.scope.reading_routes import PLAIN

_BOTH: Final = {"number": "incident published"}
_CHANNEL: Final = {"channel_id": "channel"}
_DRAFT: Final = {"channel": "IF-047", "name": "vqx-draft-8855.csv", "version": "1.1.1"}
_USER: Final = {"name": "user"}
_HERE: Final = "https://127.0.0.1:9/hook"
_NEW: Final = {"title": "x", "description": "y", "impact": "low", "urgency": "low"}


def _forms(*words: str, **fields: str) -> Sequence[Mapping[str, str]]:
    """Forms, a button each."""
    return [{"do": word, **fields} for word in words]


def _orders(*orders: Any) -> Row:
    return Row(orders=orders)


ACCOUNT: Final[Mapping[str, Row]] = {
    "POST /login": Row(is_plain=True, forms=({"name": "<user>", "password": "a guess"},)),
    # It would end the session with which the rest is asked.
    "POST /logout": Row(is_plain=True, forms=({"form_token": "of another log-in"},)),
    "POST /account/certificate": Row(is_plain=True, forms=({"csr": "none"},)),
    "POST /account/mail": Row(is_plain=True, forms=({"mail": "none", "name": "<user>"},)),
    "POST /account/password": Row(is_plain=True, forms=({"old": "x", "new": "y", "again": "y", "name": "<user>"},)),
}
ALARMS: Final[Mapping[str, Row]] = {
    "POST /alarms/{alarm_id}/acknowledge": Row(forms=({"note": "ours now"},)),
    f"POST {API}/alarms/{{alarm_id}}/acknowledge": _orders({"note": "ours now"}),
    "POST /alarms/rules": Row(is_plain=True, forms=_forms("add", "save", "off", "remove", rule="1")),
    f"POST {API}/alarm-rules": Row(is_plain=True, orders=({"name": "x", "kind": "latency", "threshold": 1},)),
    f"PUT {API}/alarm-rules/{{rule_id}}": Row(ids={"rule_id": "1"}, orders=({"name": "x"},)),
    f"DELETE {API}/alarm-rules/{{rule_id}}": Row(ids={"rule_id": "1"}),
    "POST /alarms/subscriptions": Row(
        is_plain=True,
        forms=(
            *_forms("remove", "test", subscription="<subscription>"),
            *_forms("add", way="page", about="<theirs>"),
        ),
    ),
    f"POST {API}/alarm-subscriptions": Row(is_plain=True, orders=({"way": "page", "about": "<theirs>"},)),
    f"DELETE {API}/alarm-subscriptions/{{subscription_id}}": Row(),
    f"POST {API}/alarm-subscriptions/{{subscription_id}}/test": Row(),
}
INCIDENTS: Final[Mapping[str, Row]] = {
    "POST /incidents": Row(
        is_plain=True,
        forms=(
            {**_NEW, "participant": "<theirs>"},
            {**_NEW, "related": "<incident>"},
            {**_NEW, "related": "<published>", "transaction": "<asked>", "alarm": "<alarm>"},
        ),
    ),
    "POST /incidents/{number}": Row(
        ids=_BOTH,
        forms=_forms(
            *("assign", "escalate", "edit", "publish", "unpublish", "contact", "resolve", "confirm", "deny", "review"),
            text="ours",
            owner="anna",
            team="ours",
            notice="ours",
            resolution="ours",
            held_on="2026-01-01",
            impact="high",
            urgency="high",
        ),
    ),
    f"POST {API}/incidents": Row(
        is_plain=True,
        orders=({**_NEW, "participant": "<theirs>"}, {**_NEW, "related": [1]}, {**_NEW, "related": [2]}),
    ),
    f"PATCH {API}/incidents/{{number}}": Row(ids=_BOTH, orders=({"notice": "ours"}, {"text": "x", "related": [1]})),
    f"POST {API}/incidents/{{number}}/contacts": Row(ids=_BOTH, orders=({"way": "page", "text": "x"},)),
    f"POST {API}/incidents/{{number}}/resolve": Row(ids=_BOTH, orders=({"resolution": "x"},)),
    f"POST {API}/incidents/{{number}}/confirm": Row(
        ids=_BOTH, orders=({"solved": True}, {"solved": False, "text": "x"})
    ),
    f"POST {API}/incidents/{{number}}/review": Row(ids=_BOTH, orders=({"heldOn": "2026-01-01", "text": "x"},)),
}
MESSAGES: Final[Mapping[str, Row]] = {
    "POST /endpoints/{endpoint_id}": Row(
        forms=(
            *_forms("pause", "resume"),
            *_forms("save", name="ours", told=""),
            *_forms("move", url=_HERE),
            *_forms("remove", channel="IF-018"),
        )
    ),
    "POST /endpoints/new": Row(
        is_plain=True,
        forms=[
            {"recipient": party, "url": _HERE, "channel": channel}
            for party in ("<theirs>", "<partner>")
            for channel in ("IF-018", "statusmessage", "all", "IF-031")
        ],
    ),
    "POST /endpoints/{endpoint_id}/test": Row(forms=({},)),
    f"POST {API}/endpoints/{{endpoint_id}}/test": Row(),
    f"DELETE {API}/endpoints/{{endpoint_id}}": Row(),
    f"POST {API}/endpoints": Row(
        is_plain=True,
        orders=[
            {"recipient": party, "url": _HERE, "channels": channels}
            for party in ("<theirs>", "<partner>")
            for channels in (["IF-018"], ["statusmessage"], ["all"], ["IF-031"])
        ],
    ),
    f"PATCH {API}/endpoints/{{endpoint_id}}": _orders({"name": "ours"}, {"told": ["x@mail.example"]}),
    f"POST {API}/endpoints/{{endpoint_id}}/pause": Row(),
    f"POST {API}/endpoints/{{endpoint_id}}/resume": Row(),
    "POST /dead-letters": Row(
        is_plain=True,
        forms=(
            *_forms("requeue <letter>", "withdraw <letter>", "requeue-all"),
            *_forms("requeue-all", recipient="<theirs>"),
            *_forms("requeue-all", sender="<partner>", channel="<channel>"),
        ),
    ),
    f"POST {API}/dead-letters/requeue": Row(
        is_plain=True, orders=({}, {"recipient": "<theirs>"}, {"sender": "<partner>"}, {"channel": "<channel>"})
    ),
    f"POST {API}/dead-letters/{{delivery_id}}/requeue": Row(),
    f"POST {API}/dead-letters/{{delivery_id}}/withdraw": Row(),
    "POST /replay": Row(
        is_plain=True,
        forms=(
            {"recipient": "<theirs>", "channel": "<channel>"},
            {"recipient": "<partner>", "channel": "IF-031"},
            {"recipient": "<theirs>", "channel": "statusmessage"},
            {"recipient": "<ours>", "channel": "<channel>", "transactions": "<rejected> <dead_transaction>"},
        ),
    ),
    f"POST {API}/requeues": Row(
        is_plain=True,
        orders=(
            {"recipient": "<theirs>", "channel": "<channel>"},
            {"recipient": "<partner>", "channel": "IF-031"},
            {"recipient": "<ours>", "channel": "<channel>", "transactionIDs": ["<rejected>", "<dead_transaction>"]},
            {"recipient": "<ours>", "channel": "<channel>", "MPAN": "<mpan>"},
            {"recipient": "<ours>", "channel": "statusmessage", "correlationID": "<correlation>"},
        ),
    ),
}
MPANS: Final[Mapping[str, Row]] = {
    "POST /mpans/updates": Row(is_plain=True, forms=_forms("retry <asked>", "give-up <asked>")),
    f"POST {API}/mpans/updates/{{transaction_id}}/retry": Row(),
    f"DELETE {API}/mpans/updates/{{transaction_id}}": Row(),
    f"POST {API}/mpans": Row(is_plain=True, orders=(b"mpan,role,dip_id,effective_from,effective_to\n",)),
    "POST /mpans/runs": Row(is_plain=True, forms=_forms("pull", "stop", service="<partner>", url=_HERE)),
    "POST /mpans/imports": Row(is_plain=True, forms=({"run": "ours"},)),
    f"POST {API}/mpans/pulls": Row(is_plain=True, orders=({"dipId": "<partner>", "url": _HERE},)),
    f"DELETE {API}/mpans/pulls/{{dip_id}}": Row(),
}
PLATFORM: Final[Mapping[str, Row]] = {
    "POST /channels/new": Row(is_plain=True, forms=({"definition": "id: IF-999"},)),
    "POST /channels/{channel_id}": Row(ids=_CHANNEL, forms=({"action": "save", "definition": "x"},)),
    "POST /channels/{channel_id}/undo": Row(ids=_CHANNEL, forms=({"version": "1"},)),
    "POST /channels/{channel_id}/remove": Row(ids=_CHANNEL, forms=({},)),
    "POST /channels/{channel_id}/roles": Row(
        ids=_CHANNEL, forms=({"role": "SUP", "place": "senders", "action": "add"},)
    ),
    "POST /channels/{channel_id}/pause": Row(ids=_CHANNEL, forms=({"reason": "x"},)),
    "POST /channels/{channel_id}/resume": Row(ids=_CHANNEL, forms=({},)),
    f"PUT {API}/channels/{{channel_id}}": Row(ids=_CHANNEL, orders=({},)),
    f"DELETE {API}/channels/{{channel_id}}": Row(ids=_CHANNEL),
    f"POST {API}/channels/{{channel_id}}/undo": Row(ids=_CHANNEL, orders=({"version": 1},)),
    f"POST {API}/channels/{{channel_id}}/senders": Row(ids=_CHANNEL, orders=({"add": ["SUP"]},)),
    f"POST {API}/channels/{{channel_id}}/recipients": Row(ids=_CHANNEL, orders=({"add": ["SUP"]},)),
    f"POST {API}/channels/{{channel_id}}/pause": Row(ids=_CHANNEL, orders=({"reason": "x"},)),
    f"DELETE {API}/channels/{{channel_id}}/pause": Row(ids=_CHANNEL),
    "POST /maintenance": Row(is_plain=True, forms=({"channel": "IF-018", "reason": "x"},)),
    f"POST {API}/maintenance": Row(is_plain=True, orders=({"channels": ["IF-018"], "reason": "x"},)),
    "POST /publications": Row(is_plain=True, forms=({"upload": "<upload>"},)),
    "POST /publications/{channel}/{name}": Row(ids=_DRAFT, forms=({"version": "1.1.1", "why": "x"},)),
    f"DELETE {API}/publications/uploads/{{upload}}": Row(),
    f"DELETE {API}/publications/{{channel}}/{{name}}/{{version}}": Row(ids=_DRAFT, orders=({"reason": "x"},)),
    "POST /clock": Row(is_plain=True, forms=({"advance": "PT1H"},)),
    f"POST {API}/clock": Row(is_plain=True, orders=({"advance": "PT1H"},)),
    "POST /faults": Row(is_plain=True, forms=_forms("clear")),
    f"PUT {API}/faults": Row(is_plain=True, orders=({"items": []},)),
    f"POST {API}/faults": Row(is_plain=True, orders=({"kind": "delay", "participant": "<theirs>"},)),
    f"DELETE {API}/faults": PLAIN,
    f"DELETE {API}/faults/{{fault_id}}": Row(ids={"fault_id": "1"}),
    f"POST {API}/master-key/rotate": Row(is_plain=True, orders=({},)),
    "POST /master-key": Row(is_plain=True, forms=({"confirm": "change"},)),
    f"POST {API}/central-feed/pull": PLAIN,
    f"POST {API}/platform/certificates": Row(is_plain=True, orders=({"use": "tls"},)),
    f"DELETE {API}/platform/certificates/{{fingerprint}}": Row(),
    "POST /certificates": Row(is_plain=True, forms=_forms("renew tls", "revoke <fingerprint>")),
    "POST /authorities": Row(is_plain=True, forms=_forms("remove", fingerprint="<fingerprint>")),
    f"POST {API}/authorities": Row(is_plain=True, orders=({"certificate": "x"},)),
    f"DELETE {API}/authorities/{{fingerprint}}": Row(),
}
PARTIES: Final[Mapping[str, Row]] = {
    f"POST {API}/participants": Row(is_plain=True, orders=({"mpid": "ABCD", "name": "x", "roles": ["SUP"]},)),
    f"PATCH {API}/participants/{{dip_id}}": _orders(
        {"optionalChannels": []}, {"newApiKey": True}, {"company": "09000001"}
    ),
    f"DELETE {API}/participants/{{dip_id}}": Row(),
    "POST /participants": Row(is_plain=True, forms=_forms("pull")),
    "POST /participants/new": Row(is_plain=True, forms=({"mpid": "ABCD", "name": "x", "role": "SUP"},)),
    "POST /participants/{dip_id}": Row(
        forms=(*_forms("sign-up", "new-key", "save"), *_forms("offboard", confirm="<theirs>")),
        also=(Also(path="/participants/<ours>", form={"do": "save", "company": "<company>", "mpid": "EMEB"}),),
    ),
    f"POST {API}/participants/{{dip_id}}/agents": _orders(
        {"agent": "<agent>", "role": "REGS"}, {"agent": "<agent>", "role": "SUP", "encrypts": True}
    ),
    f"DELETE {API}/participants/{{dip_id}}/agents/{{agent}}": Row(),
    "POST /participants/{dip_id}/agents": Row(
        forms=_forms("withdraw", "assign", agent="<agent>", role="SUP"),
    ),
    "POST /participants/{dip_id}/certificates": Row(
        forms=(*_forms("revoke <fingerprint>"), *_forms("make", use="tls"), *_forms("", use="tls", csr="x")),
        also=(
            Also(path="/participants/<ours>/certificates", form={"do": "revoke <fingerprint>"}),
            Also(path="/participants/<ours>/certificates", form={"do": "revoke <drill>"}),
        ),
    ),
    f"POST {API}/participants/{{dip_id}}/certificates/renew": _orders({"use": "tls"}, {}),
    f"POST {API}/participants/{{dip_id}}/certificates": _orders({"use": "tls"}),
    f"DELETE {API}/participants/{{dip_id}}/certificates/{{fingerprint}}": Row(ids={"dip_id": "dip_id ours"}),
    "POST /drills": Row(is_plain=True, forms=({"participant": "<theirs>"}, {"participant": "<partner>"})),
    f"POST {API}/participants/{{dip_id}}/drills": Row(),
    "POST /users": Row(
        is_plain=True,
        forms=(
            *_forms("save", "disable", "password", "no-certificate", "remove", name="<user>", powers="read-only"),
            *_forms("add", name="x-one", powers="read-only", company="<company>"),
            *_forms("add", name="x-two", powers="read-only", company="09000001", dip_ids="<theirs>"),
            *_forms("add", name="<user>", powers="read-only", company="09000001"),
        ),
    ),
    f"POST {API}/users": Row(
        is_plain=True,
        orders=(
            {"name": "x-three", "powers": ["company-users"], "company": "<company>"},
            {"name": "x-four", "powers": ["support"]},
            {"name": "x-five", "powers": ["read-only"], "company": "09000001", "dipIds": ["<theirs>"]},
            {"name": "x-six", "powers": ["read-only"], "company": "09000001", "certificate": "<fingerprint>"},
        ),
    ),
    f"PATCH {API}/users/{{name}}": Row(
        ids=_USER, orders=({"disabled": True}, {"newPassword": True}, {"company": "09000001"})
    ),
    f"DELETE {API}/users/{{name}}": Row(ids=_USER),
    f"POST {API}/users/{{name}}/certificate": Row(ids=_USER, orders=({"csr": "x"},)),
}
CHANGING: Final[Mapping[str, Row]] = {
    **ACCOUNT,
    **ALARMS,
    **INCIDENTS,
    **MESSAGES,
    **MPANS,
    **PLATFORM,
    **PARTIES,
    **board_routes.CHANGING,
}
READ_BACK: Final = (
    f"{API}/messages",
    f"{API}/messages/<rejected>",
    f"{API}/messages/<dead_transaction>",
    f"{API}/dead-letters/<letter>",
    f"{API}/requeues",
    f"{API}/endpoints",
    f"{API}/incidents",
    f"{API}/incidents/<incident>/history",
    f"{API}/incidents/<published>/history",
    f"{API}/alarms",
    f"{API}/alarm-subscriptions",
    f"{API}/participants/<theirs>",
    f"{API}/participants/<theirs>/agents",
    f"{API}/participants/<theirs>/certificates",
    f"{API}/participants/<theirs>/drills",
    f"{API}/users",
    f"{API}/views",
    f"{API}/mpans/<mpan>",
)
"""What the other company's user sees of its own; none of it changes by itself."""
READ_BACK_BY_ADMINISTRATOR: Final = (
    f"{API}/participants/<partner>",
    f"{API}/participants/<partner>/agents",
    f"{API}/participants/<partner>/certificates",
    f"{API}/messages/<asked>",
    f"{API}/publications/uploads",
    f"{API}/platform/certificates",
    f"{API}/authorities",
    f"{API}/channels",
    f"{API}/alarm-rules",
    f"{API}/faults",
    f"{API}/mpans/pulls",
    f"{API}/mpans/runs",
    "/maintenance.json",
)

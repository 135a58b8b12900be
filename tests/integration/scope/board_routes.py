"""The table's rows of the dashboard, reports, views, try-outs, and forms of administration."""

from collections.abc import Mapping
from typing import Final

from dip.http.portal.permissions import API
from tests.integration.scope.asking import Row

_PLAIN: Final = Row(is_plain=True)
_REPORT: Final = "from to bucket side channel sender recipient outcome by"
_VIEW: Final = {"view_id": "view"}
_HOOK: Final = "https://127.0.0.1:9/hook"

READING: Final[Mapping[str, Row]] = {
    "GET /": Row(query="wall"),
    "GET /dashboard/events": _PLAIN,
    f"GET {API}/dashboard": _PLAIN,
    "GET /balance": _PLAIN,
    "GET /throughput": Row(query=_REPORT),
    "GET /performance": Row(query=_REPORT),
    "GET /docs": Row(query="as"),
    "GET /views": _PLAIN,
    "GET /views/{view_id}": Row(ids=_VIEW),
    f"GET {API}/views": _PLAIN,
    "GET /view-as": Row(query="participant back"),
    "GET /help/verdicts": _PLAIN,
    "GET /endpoints/new": Row(query="recipient channel url name"),
    "GET /endpoints/{endpoint_id}/test": Row(query="done"),
    "GET /mpans/runs/{name}": Row(ids={"name": "vqx-run"}, query="after done"),
    "GET /master-key": _PLAIN,
}
CHANGING: Final[Mapping[str, Row]] = {
    "POST /views": Row(is_plain=True, forms=({"name": "x", "address": "/messages?sender=<theirs>", "shared": "1"},)),
    "POST /views/{view_id}": Row(
        ids=_VIEW,
        forms=({"do": "change", "name": "ours"}, {"do": "change", "name": "ours", "shared": "1"}, {"do": "remove"}),
    ),
    f"POST {API}/views": Row(is_plain=True, orders=({"name": "y", "address": "/messages?sender=<theirs>"},)),
    f"DELETE {API}/views/{{view_id}}": Row(ids=_VIEW),
    "POST /view-as": Row(is_plain=True, forms=({"participant": "<theirs>", "back": "/messages"}, {"do": "stop"})),
    "POST /docs/try": Row(
        is_plain=True,
        orders=(
            {"as": "<theirs>", "method": "GET", "path": "/dip-channel/IF-018/messages/<theirs>"},
            {"as": "<theirs>", "method": "GET", "path": "/dip-channel/IF-018/deliveryStatus/{own}/<reference>"},
            {"as": "<ours>", "method": "GET", "path": "/dip-channel/IF-018/deliveryStatus/<theirs>/<reference>"},
            {"as": "<ours>", "method": "GET", "path": "/statusmessage/messages/<partner>"},
            {"as": "<partner>", "method": "DELETE", "path": "/dip-channel/IF-031/pubconfig/<partner>"},
            {"as": "<ours>", "method": "DELETE", "path": "/dip-channel/IF-018/pubconfig/<theirs>"},
        ),
    ),
    "POST /endpoints/new": Row(
        is_plain=True,
        forms=(
            {"recipient": "<theirs>", "channel": "IF-018", "url": _HOOK},
            {"recipient": "<partner>", "channel": "IF-031", "url": _HOOK},
        ),
    ),
    "POST /endpoints/{endpoint_id}/test": Row(forms=({},)),
    f"POST {API}/endpoints/{{endpoint_id}}/test": Row(),
    f"DELETE {API}/endpoints/{{endpoint_id}}": Row(),
    "POST /mpans/runs": Row(is_plain=True, forms=({"do": "pull", "service": "<partner>"},)),
    "POST /mpans/imports": Row(is_plain=True, forms=({"run": "x"},)),
    "POST /master-key": Row(is_plain=True, forms=({"confirm": "rotate"},)),
}

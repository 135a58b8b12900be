"""Where each page of the portal is looked at, in the world of `tests.browser.world`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

PLACES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "/": ("/", "/?wall=1"),
        "/balance": ("/balance",),
        "/maintenance": ("/maintenance",),
        "/docs": ("/docs",),
        "/help": ("/help", "/help?text=dead+letter", "/help?text=no-such-word"),
        "/help/words": ("/help/words",),
        "/help/verdicts": ("/help/verdicts",),
        "/help/codes": ("/help/codes",),
        "/help/codes/{code}": ("/help/codes/MSG1006", "/help/codes/not_found"),
        "/help/pages/{name}": ("/help/pages/messages",),
        "/publications": ("/publications",),
        "/publications/{channel}": ("/publications/IF-047",),
        "/publications/{channel}/{name}": ("/publications/IF-047/isd.csv",),
        "/account": ("/account",),
        "/account/password": ("/account/password",),
        "/clock": ("/clock",),
        "/channels": ("/channels",),
        "/channels/new": ("/channels/new",),
        "/channels/{channel_id}": ("/channels/IF-031", "/channels/IF-033"),
        "/channels/{channel_id}/versions/{version}": ("/channels/IF-033/versions/1",),
        "/data": ("/data", "/data?q=distributor"),
        "/data/items": ("/data/items",),
        "/data/items/{item}": ("/data/items/DI-979",),
        "/data/blocks": ("/data/blocks",),
        "/data/blocks/{block}": ("/data/blocks/B071",),
        "/data/interfaces": ("/data/interfaces",),
        "/data/interfaces/{interface}": ("/data/interfaces/IF-031",),
        "/data/flows": ("/data/flows",),
        "/data/flows/{flow}": ("/data/flows/{catalogue_flow}",),
        "/alarms": ("/alarms?state=",),
        "/alarms/rules": ("/alarms/rules",),
        "/alarms/subscriptions": ("/alarms/subscriptions",),
        "/views": ("/views",),
        # Leads to the page that was kept.
        "/views/{view_id}": (),
        "/view-as": ("/view-as", "/view-as?participant=supplier"),
        "/incidents": ("/incidents",),
        "/incidents/new": ("/incidents/new",),
        "/incidents/{number}": ("/incidents/1",),
        "/activity": ("/activity",),
        "/activity/{number}": ("/activity/1",),
        "/messages": ("/messages", "/messages?mpan=2099999999999"),
        "/messages/{transaction_id}": ("/messages/{delivered}", "/messages/{rejected}", "/messages/{dead}"),
        "/messages/{transaction_id}/content": ("/messages/{delivered}/content",),
        "/diagrams": ("/diagrams", "/diagrams?correlation={correlation}"),
        "/audit": ("/audit", "/audit?correlation={correlation}"),
        "/flows": ("/flows",),
        "/flows/{flow}": ("/flows/change-of-service", "/flows/own"),
        "/queues": ("/queues",),
        "/throughput": ("/throughput", "/throughput?period=year", "/throughput?period=today&by=channel"),
        "/performance": ("/performance",),
        "/endpoints": ("/endpoints",),
        "/dead-letters": ("/dead-letters",),
        "/replay": ("/replay",),
        "/mpans": ("/mpans",),
        "/mpans/{mpan}": ("/mpans/{mpan}?channel=IF-021",),
        "/mpans/updates": ("/mpans/updates",),
        "/endpoints/new": ("/endpoints/new", "/endpoints/new?recipient={supplier}"),
        "/endpoints/{endpoint_id}/test": ("/endpoints/{endpoint}/test",),
        "/mpans/runs": ("/mpans/runs",),
        "/mpans/runs/{name}": ("/mpans/runs/{run}",),
        "/master-key": ("/master-key",),
        "/faults": ("/faults",),
        "/participants": ("/participants",),
        "/participants/new": ("/participants/new",),
        "/participants/{dip_id}": ("/participants/{supplier}",),
        "/participants/{dip_id}/agents": ("/participants/{supplier}/agents",),
        "/participants/{dip_id}/certificates": ("/participants/{supplier}/certificates",),
        "/certificates": ("/certificates",),
        "/authorities": ("/authorities",),
        "/drills": ("/drills",),
        "/drills/{dip_id}": ("/drills/{supplier}",),
        "/users": ("/users",),
    }
)
"""The addresses of each page, by its route as the rules name it. Names in braces stand for what the world has."""

BEFORE_LOG_IN: Final = ("/login",)
"""Pages that somebody meets who has not logged in."""

REFUSED: Final[Mapping[str, int]] = MappingProxyType(
    {"/nothing": 404, "/messages/T-NOTHING": 404, "/mpans?mpan=12": 400, "/throughput?from=soon": 400}
)
"""Pages of what can't be had, with their status."""

FILES: Final = frozenset(
    {
        "/healthz",
        "/metrics",
        "/catalogue.json",
        "/maintenance.json",
        "/openapi.json",
        "/asyncapi.json",
        "/crl",
        "/static",
        "/dashboard/events",
        "/publications/{channel}/{name}/{version}",
        "/publications/{channel}/{name}/{version}/filter",
        "/data/items.json",
        "/data/items.csv",
        "/data/blocks.json",
        "/data/blocks.csv",
        "/data/interfaces.json",
        "/data/interfaces.csv",
        "/data/interfaces/{interface}/schema.json",
        "/data/interfaces/{interface}/example.json",
        "/data/interfaces/{interface}/items.csv",
        "/data/flows/{flow}/flow.json",
        "/data/flows/{flow}/steps.csv",
        "/data/flows/{flow}/sequence.mmd",
        "/diagrams/diagram.svg",
        "/diagrams/diagram.mmd",
        "/diagrams/diagram.html",
        "/certificates/ca.pem",
        "/participants/{dip_id}/certificates/{fingerprint}.pem",
    }
)
"""Routes that answer with a file, to be kept or read by a program; and no page has them."""

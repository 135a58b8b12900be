"""The table of routes that read: each is asked for what others have. A new route of the portal needs a row here."""

from collections.abc import Mapping
from typing import Final

from dip.http.portal.permissions import API
from tests.integration.scope import board_routes
from tests.integration.scope.asking import Also, Row

PLAIN: Final = Row(is_plain=True)
_MESSAGE: Final = {"transaction_id": "transaction_id"}
_AUDIT: Final = "id mpan reference correlation transaction envelope sender channel process from to next limit"
_FLOW: Final = "from to mpan correlation participant state link message response stage form next limit"
_FLOWS: Final = {"flow": "acquisition change-of-service metering-activity own IF-018 IF-031"}
_DEAD: Final = "recipient channel sender from to reason"
_DIAGRAM: Final = "correlation mpan transaction from to"
_DRAFT: Final = {"channel": "IF-047", "name": "vqx-draft-8855.csv", "version": "1.1.1 latest"}
_INCIDENT: Final = {"number": "incident"}
_ACTIVITY: Final = {"number": "1 2 3 4"}
_OWN_FLOW: Final = "link=mpan&message=IF-018&response=&stage=First"

OPEN: Final[Mapping[str, Row]] = {
    "GET /healthz": PLAIN,
    "GET /metrics": PLAIN,
    "GET /catalogue.json": PLAIN,
    "GET /maintenance.json": PLAIN,
    "GET /maintenance": PLAIN,
    "GET /openapi.json": PLAIN,
    "GET /asyncapi.json": PLAIN,
    "GET /help": PLAIN,
    "GET /help/words": PLAIN,
    "GET /help/codes": PLAIN,
    "GET /help/codes/{code}": Row(is_plain=True, ids={"code": "MSG1000"}),
    "GET /help/pages/{name}": Row(is_plain=True, ids={"name": "messages users"}),
    "GET /crl": PLAIN,
    "GET /static": Row(is_plain=True, also=(Also(path="/static/dip.css"),)),
    "GET /login": Row(is_plain=True, query="next"),
    "GET /publications": Row(is_plain=True, query="channel text from to before limit form"),
    "GET /publications/{channel}": Row(is_plain=True, ids=_DRAFT, query="text after limit form"),
    "GET /publications/{channel}/{name}": Row(
        ids=_DRAFT, known=("IF-047",), query="version from to removed before limit form"
    ),
    "GET /publications/{channel}/{name}/{version}": Row(
        ids=_DRAFT, known=("IF-047",), query="columns where limit cursor form rows"
    ),
    # Leads on to the payload itself, which is refused there.
    "GET /publications/{channel}/{name}/{version}/filter": Row(is_plain=True, ids=_DRAFT, query="column value form"),
}
DATA: Final[Mapping[str, Row]] = {
    "GET /data": Row(is_plain=True, query="q"),
    "GET /data/items": Row(is_plain=True, query="q after"),
    "GET /data/items.json": Row(is_plain=True, query="q"),
    "GET /data/items.csv": Row(is_plain=True, query="q"),
    "GET /data/items/{item}": Row(is_plain=True, ids={"item": "DI-031"}),
    "GET /data/blocks": PLAIN,
    "GET /data/blocks.json": PLAIN,
    "GET /data/blocks.csv": PLAIN,
    "GET /data/blocks/{block}": Row(is_plain=True, ids={"block": "B022"}),
    "GET /data/interfaces": PLAIN,
    "GET /data/interfaces.json": PLAIN,
    "GET /data/interfaces.csv": PLAIN,
    "GET /data/interfaces/{interface}": Row(is_plain=True, ids={"interface": "channel"}, query="role"),
    "GET /data/interfaces/{interface}/schema.json": Row(is_plain=True, ids={"interface": "channel"}, query="role"),
    "GET /data/interfaces/{interface}/example.json": Row(is_plain=True, ids={"interface": "channel"}, query="event"),
    "GET /data/interfaces/{interface}/items.csv": Row(is_plain=True, ids={"interface": "channel"}),
    "GET /data/flows": PLAIN,
    "GET /data/flows/{flow}": Row(is_plain=True, ids={"flow": "acquisition"}, query="lane"),
    "GET /data/flows/{flow}/flow.json": Row(is_plain=True, ids={"flow": "acquisition"}),
    "GET /data/flows/{flow}/steps.csv": Row(is_plain=True, ids={"flow": "acquisition"}),
    "GET /data/flows/{flow}/sequence.mmd": Row(is_plain=True, ids={"flow": "acquisition"}),
}
CHANNELS: Final[Mapping[str, Row]] = {
    "GET /channels": PLAIN,
    "GET /channels/new": PLAIN,
    "GET /channels/{channel_id}": Row(is_plain=True, ids={"channel_id": "channel"}),
    "GET /channels/{channel_id}/versions/{version}": Row(is_plain=True, ids={"channel_id": "channel", "version": "1"}),
    f"GET {API}/channels": PLAIN,
    f"GET {API}/channels/{{channel_id}}": Row(is_plain=True, ids={"channel_id": "channel"}),
    f"GET {API}/channels/{{channel_id}}/versions": Row(is_plain=True, ids={"channel_id": "channel"}),
    f"GET {API}/channels/{{channel_id}}/diff": Row(is_plain=True, ids={"channel_id": "channel"}),
}
TOTALS: Final[Mapping[str, Row]] = {
    f"GET {API}/balance": PLAIN,
    f"GET {API}/throughput": PLAIN,
    "GET /clock": PLAIN,
    f"GET {API}/clock": PLAIN,
    "GET /account": PLAIN,
    "GET /account/password": PLAIN,
    "GET /alarms": Row(query="state kind recipient next"),
    f"GET {API}/alarms": PLAIN,
    "GET /alarms/rules": PLAIN,
    f"GET {API}/alarm-rules": PLAIN,
    "GET /alarms/subscriptions": PLAIN,
    f"GET {API}/alarm-subscriptions": PLAIN,
    "GET /incidents": Row(
        query="state priority queue next", also=(Also(path="/incidents?state="), Also(path="/incidents?state=closed"))
    ),
    "GET /incidents/new": Row(query="participant transaction"),
    "GET /incidents/{number}": Row(
        ids=_INCIDENT,
        query="next",
        also=(Also(path="/incidents/<published>"), Also(path="/incidents/<published>?next=99")),
    ),
    f"GET {API}/incidents": PLAIN,
    f"GET {API}/incidents/{{number}}": Row(ids=_INCIDENT, also=(Also(path=f"{API}/incidents/<published>"),)),
    f"GET {API}/incidents/{{number}}/history": Row(ids={"number": "incident published"}),
    "GET /activity": Row(query="who status path from to next"),
    "GET /activity/{number}": Row(ids=_ACTIVITY),
    f"GET {API}/activity": PLAIN,
    f"GET {API}/activity/export": PLAIN,
    f"GET {API}/activity/{{number}}": Row(ids=_ACTIVITY),
}
MESSAGES: Final[Mapping[str, Row]] = {
    "GET /messages": Row(query="channel sender mpan reference correlation transaction next watch"),
    "GET /messages/{transaction_id}": Row(ids=_MESSAGE, also=(Also(path="/messages/<shared>"),)),
    "GET /messages/{transaction_id}/content": Row(
        ids=_MESSAGE,
        query="recipient",
        also=(
            Also(path="/messages/<shared>/content"),
            Also(path="/messages/<shared>/content?recipient=<witness>"),
            Also(path="/messages/<shared>/content?recipient=<ours>"),
        ),
    ),
    "GET /diagrams": Row(query=_DIAGRAM, also=(Also(path="/diagrams?from=2020-01-01&to=2090-01-01"),)),
    "GET /diagrams/diagram.svg": Row(
        query=_DIAGRAM, also=(Also(path="/diagrams/diagram.svg?from=2020-01-01&to=2090-01-01"),)
    ),
    "GET /diagrams/diagram.mmd": Row(
        query=_DIAGRAM, also=(Also(path="/diagrams/diagram.mmd?from=2020-01-01&to=2090-01-01"),)
    ),
    "GET /diagrams/diagram.html": Row(
        query=_DIAGRAM, also=(Also(path="/diagrams/diagram.html?from=2020-01-01&to=2090-01-01"),)
    ),
    f"GET {API}/messages": PLAIN,
    f"GET {API}/messages/{{transaction_id}}": Row(ids=_MESSAGE, also=(Also(path=f"{API}/messages/<shared>"),)),
    "GET /audit": Row(query=_AUDIT),
    f"GET {API}/audit": PLAIN,
    "GET /flows": Row(query="message response stage link"),
    "GET /flows/{flow}": Row(is_plain=True, ids=_FLOWS, query=_FLOW, also=(Also(path=f"/flows/own?{_OWN_FLOW}"),)),
    f"GET {API}/flows/{{flow}}": Row(
        is_plain=True,
        ids=_FLOWS,
        also=tuple(
            Also(path=f"{API}/flows/own?{_OWN_FLOW}{more}")
            for more in ("", "&form=csv", "&mpan=<mpan>", "&participant=<theirs>")
        ),
    ),
    "GET /queues": PLAIN,
    f"GET {API}/queues": PLAIN,
    "GET /endpoints": PLAIN,
    "GET /endpoints/new": Row(is_plain=True, query="recipient channel"),
    "GET /endpoints/{endpoint_id}/test": Row(query="done"),
    f"GET {API}/endpoints": PLAIN,
    f"GET {API}/endpoints/{{endpoint_id}}": Row(),
    "GET /dead-letters": Row(query=f"{_DEAD} next"),
    f"GET {API}/dead-letters": PLAIN,
    f"GET {API}/dead-letters.csv": PLAIN,
    f"GET {API}/dead-letters/{{delivery_id}}": Row(),
    "GET /replay": Row(query="begun recipient still"),
    f"GET {API}/requeues": PLAIN,
}
MPANS: Final[Mapping[str, Row]] = {
    f"GET {API}/mpans/{{mpan}}": Row(),
    "GET /mpans": Row(query="mpan"),
    "GET /mpans/{mpan}": Row(query="channel event at known_at"),
    "GET /mpans/updates": Row(query="state next"),
    f"GET {API}/mpans/updates": PLAIN,
    "GET /mpans/runs": PLAIN,
    "GET /mpans/runs/{name}": Row(ids={"name": "vqx-run"}),
    "GET /master-key": PLAIN,
    f"GET {API}/mpans/pulls": PLAIN,
    f"GET {API}/mpans/runs": PLAIN,
    f"GET {API}/mpans/runs/{{name}}": Row(ids={"name": "vqx-run"}),
}
PARTIES: Final[Mapping[str, Row]] = {
    f"GET {API}/publications": PLAIN,
    f"GET {API}/publications/uploads": PLAIN,
    "GET /faults": PLAIN,
    f"GET {API}/faults": PLAIN,
    f"GET {API}/participants": PLAIN,
    f"GET {API}/participants/{{dip_id}}": Row(),
    f"GET {API}/central-feed": PLAIN,
    "GET /participants": Row(query="q left"),
    "GET /participants/new": PLAIN,
    "GET /participants/{dip_id}": Row(),
    f"GET {API}/participants/{{dip_id}}/agents": Row(),
    f"GET {API}/participants/{{dip_id}}/principals": Row(ids={"dip_id": "dip_id agent"}),
    "GET /participants/{dip_id}/agents": Row(ids={"dip_id": "dip_id agent"}),
    "GET /certificates": Row(query="state use holder page"),
    "GET /certificates/ca.pem": PLAIN,
    "GET /participants/{dip_id}/certificates": Row(),
    "GET /participants/{dip_id}/certificates/{fingerprint}.pem": Row(ids={"dip_id": "dip_id ours"}),
    f"GET {API}/certificates": PLAIN,
    f"GET {API}/platform/certificates": PLAIN,
    f"GET {API}/platform/authority": PLAIN,
    f"GET {API}/participants/{{dip_id}}/certificates": Row(),
    "GET /authorities": PLAIN,
    f"GET {API}/authorities": PLAIN,
    "GET /drills": PLAIN,
    "GET /drills/{dip_id}": Row(),
    f"GET {API}/participants/{{dip_id}}/drills": Row(),
    f"GET {API}/participants/{{dip_id}}/drills.zip": Row(),
    "GET /users": PLAIN,
    f"GET {API}/users": PLAIN,
    f"GET {API}/users/{{name}}": Row(ids={"name": "user"}),
}
READING: Final[Mapping[str, Row]] = {
    **OPEN,
    **DATA,
    **CHANNELS,
    **TOTALS,
    **MESSAGES,
    **MPANS,
    **PARTIES,
    **board_routes.READING,
}

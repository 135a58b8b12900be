"""Who may use which page and call of the portal (5.12, 8.3): the one table that the guard goes by.

A route without a rule here is refused to everybody. Rules are about powers alone; whose affairs a visitor sees is
decided where they are read, by `Visitor.dip_ids`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec
from aiohttp import web

from dip.http.portal.powers import Power, Visitor

API: Final = "/admin/api"


class Rule(msgspec.Struct, frozen=True):
    """Who may use a route.

    is_open: anybody, without a log-in. powers: one of them is needed, which an administrator always has; None: any
    log-in will do. before_change: also somebody who has to change the password first. in_person: not for who views the
    portal as a participant.
    """

    is_open: bool = False
    powers: frozenset[Power] | None = None
    before_change: bool = False
    in_person: bool = False

    def allows(self, visitor: Visitor | None) -> bool:
        """Whether somebody may use it; None: nobody known."""
        if self.is_open or visitor is None:
            return self.is_open
        if self.in_person and visitor.viewer is not None:
            return False
        return self.powers is None or visitor.has(*self.powers)


def _of(*powers: Power) -> Rule:
    return Rule(powers=frozenset(powers))


OPEN: Final = Rule(is_open=True)
LOGGED_IN: Final = Rule()
"""Totals, the catalogue and whatever else is the same for everybody."""
FIRST: Final = Rule(before_change=True)
"""What somebody needs who has to change the password before anything else."""
IN_PERSON: Final = Rule(in_person=True)
"""What one does in the name of one's own company."""

MESSAGES_READ: Final = _of(Power.OPERATIONS, Power.SUPPORT, Power.COMPANY_MESSAGES, Power.READ_ONLY)
"""Messages, dead letters, queues, endpoints and replays."""
MESSAGES_CHANGE: Final = _of(Power.OPERATIONS, Power.COMPANY_MESSAGES)
MPANS_READ: Final = _of(Power.OPERATIONS, Power.PARTICIPANTS, Power.SUPPORT, Power.COMPANY_MESSAGES, Power.READ_ONLY)
MPANS_CHANGE: Final = _of(Power.OPERATIONS)
"""Imports and pulls of appointments; who may see them sees every MPAN that was rejected."""
UPDATES_READ: Final = _of(Power.OPERATIONS, Power.PARTICIPANTS, Power.SUPPORT)
"""What could not be applied to the MPAN table."""
UPDATES_CHANGE: Final = _of(Power.OPERATIONS, Power.PARTICIPANTS)
OPERATIONS_READ: Final = _of(Power.OPERATIONS, Power.SUPPORT)
"""Faults on demand, the activity log, uploads under way: what nobody outside of the DIP needs to see."""
OPERATIONS_CHANGE: Final = _of(Power.OPERATIONS)
"""Channels, publications, clock, faults, master key."""
INCIDENTS_CHANGE: Final = _of(Power.OPERATIONS, Power.SUPPORT)
"""The service desk: owners, escalation, resolution and review of incidents."""
PARTICIPANTS_READ: Final = LOGGED_IN
"""The company's own, or all."""
PARTICIPANTS_CHANGE: Final = _of(Power.PARTICIPANTS)
AGENTS_CHANGE: Final = _of(Power.PARTICIPANTS, Power.COMPANY_USERS)
"""Agents, optional roles and channels: what a company decides for itself."""
AGENTS_ASSIGN: Final = _of(Power.PARTICIPANTS, Power.COMPANY_USERS, Power.COMPANY_MESSAGES)
CERTIFICATES_READ: Final = _of(
    Power.CERTIFICATES, Power.PARTICIPANTS, Power.SUPPORT, Power.COMPANY_CERTIFICATES, Power.READ_ONLY
)
CERTIFICATES_CHANGE: Final = _of(Power.CERTIFICATES, Power.COMPANY_CERTIFICATES)
AUTHORITIES_READ: Final = _of(Power.CERTIFICATES, Power.SUPPORT)
"""Outside authorities, the DIP's own certificates."""
AUTHORITIES_CHANGE: Final = _of(Power.CERTIFICATES)
USERS_READ: Final = _of(Power.SUPPORT, Power.COMPANY_USERS)
USERS_CHANGE: Final = _of(Power.COMPANY_USERS)
ALARMS_ACKNOWLEDGE: Final = _of(
    Power.OPERATIONS,
    Power.CERTIFICATES,
    Power.PARTICIPANTS,
    Power.COMPANY_MESSAGES,
    Power.COMPANY_CERTIFICATES,
)
"""Who can do something about what is wrong, each about its own participants."""


RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        # Open to all.
        "GET /healthz": OPEN,
        "GET /metrics": OPEN,
        "GET /catalogue.json": OPEN,
        "GET /maintenance.json": OPEN,
        "GET /maintenance": OPEN,
        "GET /openapi.json": OPEN,
        "GET /asyncapi.json": OPEN,
        "GET /docs": OPEN,
        "POST /docs/try": MESSAGES_CHANGE,
        "GET /help": OPEN,
        "GET /help/words": OPEN,
        "GET /help/verdicts": OPEN,
        "GET /help/codes": OPEN,
        "GET /help/codes/{code}": OPEN,
        "GET /help/pages/{name}": OPEN,
        "GET /crl": OPEN,
        "GET /static": OPEN,
        "GET /publications": OPEN,
        "GET /publications/{channel}": OPEN,
        "GET /publications/{channel}/{name}": OPEN,
        "GET /publications/{channel}/{name}/{version}": OPEN,
        "GET /publications/{channel}/{name}/{version}/filter": OPEN,
        "GET /login": OPEN,
        "POST /login": OPEN,
        # Totals, the catalogue, one's own account.
        "POST /logout": FIRST,
        "GET /account": LOGGED_IN,
        "POST /account/certificate": LOGGED_IN,
        "POST /account/mail": LOGGED_IN,
        "GET /account/password": FIRST,
        "POST /account/password": FIRST,
        # Views that one keeps, and those that colleagues share; the DIP's people view the portal as a participant.
        "GET /views": LOGGED_IN,
        "POST /views": LOGGED_IN,
        "GET /views/{view_id}": LOGGED_IN,
        "POST /views/{view_id}": LOGGED_IN,
        f"GET {API}/views": LOGGED_IN,
        f"POST {API}/views": LOGGED_IN,
        f"DELETE {API}/views/{{view_id}}": LOGGED_IN,
        "GET /view-as": LOGGED_IN,
        "POST /view-as": LOGGED_IN,
        "GET /": LOGGED_IN,
        "GET /dashboard/events": LOGGED_IN,
        f"GET {API}/dashboard": LOGGED_IN,
        "GET /balance": LOGGED_IN,
        f"GET {API}/balance": LOGGED_IN,
        f"GET {API}/throughput": LOGGED_IN,
        "GET /throughput": LOGGED_IN,
        "GET /performance": LOGGED_IN,
        f"GET {API}/alarms": LOGGED_IN,
        "GET /clock": LOGGED_IN,
        f"GET {API}/clock": LOGGED_IN,
        "GET /channels": LOGGED_IN,
        "GET /channels/{channel_id}": LOGGED_IN,
        "GET /channels/{channel_id}/versions/{version}": LOGGED_IN,
        f"GET {API}/channels": LOGGED_IN,
        f"GET {API}/channels/{{channel_id}}": LOGGED_IN,
        f"GET {API}/channels/{{channel_id}}/versions": LOGGED_IN,
        f"GET {API}/channels/{{channel_id}}/diff": LOGGED_IN,
        "GET /data": LOGGED_IN,
        "GET /data/items": LOGGED_IN,
        "GET /data/items.json": LOGGED_IN,
        "GET /data/items.csv": LOGGED_IN,
        "GET /data/items/{item}": LOGGED_IN,
        "GET /data/blocks": LOGGED_IN,
        "GET /data/blocks.json": LOGGED_IN,
        "GET /data/blocks.csv": LOGGED_IN,
        "GET /data/blocks/{block}": LOGGED_IN,
        "GET /data/interfaces": LOGGED_IN,
        "GET /data/interfaces.json": LOGGED_IN,
        "GET /data/interfaces.csv": LOGGED_IN,
        "GET /data/interfaces/{interface}": LOGGED_IN,
        "GET /data/interfaces/{interface}/schema.json": LOGGED_IN,
        "GET /data/interfaces/{interface}/example.json": LOGGED_IN,
        "GET /data/interfaces/{interface}/items.csv": LOGGED_IN,
        "GET /data/flows": LOGGED_IN,
        "GET /data/flows/{flow}": LOGGED_IN,
        "GET /data/flows/{flow}/flow.json": LOGGED_IN,
        "GET /data/flows/{flow}/steps.csv": LOGGED_IN,
        "GET /data/flows/{flow}/sequence.mmd": LOGGED_IN,
        # Alarms: those about one's own participants, and what one wants to be told.
        "GET /alarms": LOGGED_IN,
        "POST /alarms/{alarm_id}/acknowledge": ALARMS_ACKNOWLEDGE,
        f"POST {API}/alarms/{{alarm_id}}/acknowledge": ALARMS_ACKNOWLEDGE,
        "GET /alarms/rules": OPERATIONS_READ,
        "POST /alarms/rules": OPERATIONS_CHANGE,
        f"GET {API}/alarm-rules": OPERATIONS_READ,
        f"POST {API}/alarm-rules": OPERATIONS_CHANGE,
        f"PUT {API}/alarm-rules/{{rule_id}}": OPERATIONS_CHANGE,
        f"DELETE {API}/alarm-rules/{{rule_id}}": OPERATIONS_CHANGE,
        "GET /alarms/subscriptions": LOGGED_IN,
        "POST /alarms/subscriptions": LOGGED_IN,
        f"GET {API}/alarm-subscriptions": LOGGED_IN,
        f"POST {API}/alarm-subscriptions": LOGGED_IN,
        f"DELETE {API}/alarm-subscriptions/{{subscription_id}}": LOGGED_IN,
        f"POST {API}/alarm-subscriptions/{{subscription_id}}/test": LOGGED_IN,
        # Incidents: raised by anybody, managed by the service desk, each seen by whom it concerns.
        "GET /incidents": LOGGED_IN,
        "POST /incidents": IN_PERSON,
        "GET /incidents/new": LOGGED_IN,
        "GET /incidents/{number}": LOGGED_IN,
        "POST /incidents/{number}": IN_PERSON,
        f"GET {API}/incidents": LOGGED_IN,
        f"POST {API}/incidents": IN_PERSON,
        f"GET {API}/incidents/{{number}}": LOGGED_IN,
        f"PATCH {API}/incidents/{{number}}": INCIDENTS_CHANGE,
        f"GET {API}/incidents/{{number}}/history": LOGGED_IN,
        f"POST {API}/incidents/{{number}}/contacts": IN_PERSON,
        f"POST {API}/incidents/{{number}}/resolve": INCIDENTS_CHANGE,
        f"POST {API}/incidents/{{number}}/confirm": IN_PERSON,
        f"POST {API}/incidents/{{number}}/review": INCIDENTS_CHANGE,
        # The activity log.
        "GET /activity": OPERATIONS_READ,
        "GET /activity/{number}": OPERATIONS_READ,
        f"GET {API}/activity": OPERATIONS_READ,
        f"GET {API}/activity/export": OPERATIONS_READ,
        f"GET {API}/activity/{{number}}": OPERATIONS_READ,
        # Messages and what becomes of them.
        "GET /messages": MESSAGES_READ,
        "GET /messages/{transaction_id}": MESSAGES_READ,
        # Of the DIP's own people, only who operates or supports it: see `may_see_content`.
        "GET /messages/{transaction_id}/content": MESSAGES_READ,
        "GET /diagrams": MESSAGES_READ,
        "GET /diagrams/diagram.svg": MESSAGES_READ,
        "GET /diagrams/diagram.mmd": MESSAGES_READ,
        "GET /diagrams/diagram.html": MESSAGES_READ,
        f"GET {API}/messages": MESSAGES_READ,
        f"GET {API}/messages/{{transaction_id}}": MESSAGES_READ,
        "GET /audit": MESSAGES_READ,
        f"GET {API}/audit": MESSAGES_READ,
        "GET /flows": MESSAGES_READ,
        "GET /flows/{flow}": MESSAGES_READ,
        f"GET {API}/flows/{{flow}}": MESSAGES_READ,
        "GET /queues": MESSAGES_READ,
        f"GET {API}/queues": MESSAGES_READ,
        "GET /endpoints": MESSAGES_READ,
        "GET /endpoints/new": MESSAGES_CHANGE,
        "POST /endpoints/new": MESSAGES_CHANGE,
        "POST /endpoints/{endpoint_id}": MESSAGES_CHANGE,
        "GET /endpoints/{endpoint_id}/test": MESSAGES_READ,
        "POST /endpoints/{endpoint_id}/test": MESSAGES_CHANGE,
        f"GET {API}/endpoints": MESSAGES_READ,
        f"POST {API}/endpoints": MESSAGES_CHANGE,
        f"GET {API}/endpoints/{{endpoint_id}}": MESSAGES_READ,
        f"PATCH {API}/endpoints/{{endpoint_id}}": MESSAGES_CHANGE,
        f"DELETE {API}/endpoints/{{endpoint_id}}": MESSAGES_CHANGE,
        f"POST {API}/endpoints/{{endpoint_id}}/test": MESSAGES_CHANGE,
        f"POST {API}/endpoints/{{endpoint_id}}/pause": MESSAGES_CHANGE,
        f"POST {API}/endpoints/{{endpoint_id}}/resume": MESSAGES_CHANGE,
        "GET /dead-letters": MESSAGES_READ,
        "POST /dead-letters": MESSAGES_CHANGE,
        f"GET {API}/dead-letters": MESSAGES_READ,
        f"GET {API}/dead-letters.csv": MESSAGES_READ,
        f"POST {API}/dead-letters/requeue": MESSAGES_CHANGE,
        f"GET {API}/dead-letters/{{delivery_id}}": MESSAGES_READ,
        f"POST {API}/dead-letters/{{delivery_id}}/requeue": MESSAGES_CHANGE,
        f"POST {API}/dead-letters/{{delivery_id}}/withdraw": MESSAGES_CHANGE,
        "GET /replay": MESSAGES_READ,
        "POST /replay": MESSAGES_CHANGE,
        f"GET {API}/requeues": MESSAGES_READ,
        f"POST {API}/requeues": MESSAGES_CHANGE,
        f"GET {API}/mpans/{{mpan}}": MPANS_READ,
        "GET /mpans": MPANS_READ,
        "GET /mpans/{mpan}": MPANS_READ,
        "GET /mpans/updates": UPDATES_READ,
        "POST /mpans/updates": UPDATES_CHANGE,
        f"GET {API}/mpans/updates": UPDATES_READ,
        f"POST {API}/mpans/updates/{{transaction_id}}/retry": UPDATES_CHANGE,
        f"DELETE {API}/mpans/updates/{{transaction_id}}": UPDATES_CHANGE,
        f"POST {API}/mpans": MPANS_CHANGE,
        "GET /mpans/runs": OPERATIONS_READ,
        "GET /mpans/runs/{name}": OPERATIONS_READ,
        "POST /mpans/runs": MPANS_CHANGE,
        "POST /mpans/imports": MPANS_CHANGE,
        f"GET {API}/mpans/pulls": OPERATIONS_READ,
        f"POST {API}/mpans/pulls": MPANS_CHANGE,
        f"DELETE {API}/mpans/pulls/{{dip_id}}": MPANS_CHANGE,
        f"GET {API}/mpans/runs": OPERATIONS_READ,
        f"GET {API}/mpans/runs/{{name}}": OPERATIONS_READ,
        # The catalogue, the clock, faults, keys.
        "GET /channels/new": OPERATIONS_CHANGE,
        "POST /channels/new": OPERATIONS_CHANGE,
        "POST /channels/{channel_id}": OPERATIONS_CHANGE,
        "POST /channels/{channel_id}/undo": OPERATIONS_CHANGE,
        "POST /channels/{channel_id}/remove": OPERATIONS_CHANGE,
        "POST /channels/{channel_id}/roles": OPERATIONS_CHANGE,
        "POST /channels/{channel_id}/pause": OPERATIONS_CHANGE,
        "POST /channels/{channel_id}/resume": OPERATIONS_CHANGE,
        f"PUT {API}/channels/{{channel_id}}": OPERATIONS_CHANGE,
        f"DELETE {API}/channels/{{channel_id}}": OPERATIONS_CHANGE,
        f"POST {API}/channels/{{channel_id}}/undo": OPERATIONS_CHANGE,
        f"POST {API}/channels/{{channel_id}}/senders": OPERATIONS_CHANGE,
        f"POST {API}/channels/{{channel_id}}/recipients": OPERATIONS_CHANGE,
        f"POST {API}/channels/{{channel_id}}/pause": OPERATIONS_CHANGE,
        f"DELETE {API}/channels/{{channel_id}}/pause": OPERATIONS_CHANGE,
        "POST /maintenance": OPERATIONS_CHANGE,
        f"POST {API}/maintenance": OPERATIONS_CHANGE,
        "POST /publications": OPERATIONS_CHANGE,
        "POST /publications/{channel}/{name}": OPERATIONS_CHANGE,
        f"GET {API}/publications": OPERATIONS_READ,
        f"GET {API}/publications/uploads": OPERATIONS_READ,
        f"DELETE {API}/publications/uploads/{{upload}}": OPERATIONS_CHANGE,
        f"DELETE {API}/publications/{{channel}}/{{name}}/{{version}}": OPERATIONS_CHANGE,
        "POST /clock": OPERATIONS_CHANGE,
        f"POST {API}/clock": OPERATIONS_CHANGE,
        "GET /faults": OPERATIONS_READ,
        "POST /faults": OPERATIONS_CHANGE,
        f"GET {API}/faults": OPERATIONS_READ,
        f"PUT {API}/faults": OPERATIONS_CHANGE,
        f"POST {API}/faults": OPERATIONS_CHANGE,
        f"DELETE {API}/faults": OPERATIONS_CHANGE,
        f"DELETE {API}/faults/{{fault_id}}": OPERATIONS_CHANGE,
        f"POST {API}/master-key/rotate": OPERATIONS_CHANGE,
        "GET /master-key": OPERATIONS_CHANGE,
        "POST /master-key": OPERATIONS_CHANGE,
        # Participants and agents.
        f"GET {API}/participants": PARTICIPANTS_READ,
        f"GET {API}/participants/{{dip_id}}": PARTICIPANTS_READ,
        f"POST {API}/participants": PARTICIPANTS_CHANGE,
        f"PATCH {API}/participants/{{dip_id}}": AGENTS_CHANGE,
        f"DELETE {API}/participants/{{dip_id}}": PARTICIPANTS_CHANGE,
        f"GET {API}/central-feed": PARTICIPANTS_CHANGE,
        f"POST {API}/central-feed/pull": PARTICIPANTS_CHANGE,
        "GET /participants": PARTICIPANTS_READ,
        "POST /participants": PARTICIPANTS_CHANGE,
        "GET /participants/new": PARTICIPANTS_CHANGE,
        "POST /participants/new": PARTICIPANTS_CHANGE,
        "GET /participants/{dip_id}": PARTICIPANTS_READ,
        "POST /participants/{dip_id}": AGENTS_CHANGE,
        f"GET {API}/participants/{{dip_id}}/agents": PARTICIPANTS_READ,
        f"POST {API}/participants/{{dip_id}}/agents": AGENTS_ASSIGN,
        f"DELETE {API}/participants/{{dip_id}}/agents/{{agent}}": AGENTS_ASSIGN,
        f"GET {API}/participants/{{dip_id}}/principals": PARTICIPANTS_READ,
        "GET /participants/{dip_id}/agents": PARTICIPANTS_READ,
        "POST /participants/{dip_id}/agents": AGENTS_ASSIGN,
        # Certificates.
        "GET /certificates": CERTIFICATES_READ,
        "POST /certificates": AUTHORITIES_CHANGE,
        "GET /certificates/ca.pem": LOGGED_IN,
        "GET /participants/{dip_id}/certificates": CERTIFICATES_READ,
        "POST /participants/{dip_id}/certificates": CERTIFICATES_CHANGE,
        "GET /participants/{dip_id}/certificates/{fingerprint}.pem": CERTIFICATES_READ,
        f"GET {API}/certificates": CERTIFICATES_READ,
        f"POST {API}/participants/{{dip_id}}/certificates/renew": CERTIFICATES_CHANGE,
        f"GET {API}/platform/certificates": AUTHORITIES_READ,
        f"POST {API}/platform/certificates": AUTHORITIES_CHANGE,
        f"DELETE {API}/platform/certificates/{{fingerprint}}": AUTHORITIES_CHANGE,
        f"GET {API}/platform/authority": LOGGED_IN,
        f"GET {API}/participants/{{dip_id}}/certificates": CERTIFICATES_READ,
        f"POST {API}/participants/{{dip_id}}/certificates": CERTIFICATES_CHANGE,
        f"DELETE {API}/participants/{{dip_id}}/certificates/{{fingerprint}}": CERTIFICATES_CHANGE,
        "GET /authorities": AUTHORITIES_READ,
        "POST /authorities": AUTHORITIES_CHANGE,
        f"GET {API}/authorities": AUTHORITIES_READ,
        f"POST {API}/authorities": AUTHORITIES_CHANGE,
        f"DELETE {API}/authorities/{{fingerprint}}": AUTHORITIES_CHANGE,
        "GET /drills": CERTIFICATES_READ,
        "POST /drills": CERTIFICATES_CHANGE,
        "GET /drills/{dip_id}": CERTIFICATES_READ,
        f"GET {API}/participants/{{dip_id}}/drills": CERTIFICATES_READ,
        f"POST {API}/participants/{{dip_id}}/drills": CERTIFICATES_CHANGE,
        f"GET {API}/participants/{{dip_id}}/drills.zip": CERTIFICATES_CHANGE,
        # Users.
        "GET /users": USERS_READ,
        "POST /users": USERS_CHANGE,
        f"GET {API}/users": USERS_READ,
        f"POST {API}/users": USERS_CHANGE,
        f"GET {API}/users/{{name}}": USERS_READ,
        f"PATCH {API}/users/{{name}}": USERS_CHANGE,
        f"DELETE {API}/users/{{name}}": USERS_CHANGE,
        f"POST {API}/users/{{name}}/certificate": USERS_CHANGE,
    }
)
"""The rule of each route, by "METHOD /path" as aiohttp writes it (`resource.canonical`); HEAD goes by GET's."""


def route_key(request: web.Request) -> str | None:
    """How the table names what a request leads to; None where it leads nowhere."""
    resource = request.match_info.route.resource
    if resource is None or request.match_info.http_exception is not None:
        return None
    return f"{'GET' if request.method == 'HEAD' else request.method} {resource.canonical}"


def is_open_address(path: str) -> bool:
    """Whether anybody may ask for this address without a log-in."""
    return path.startswith("/static/") or RULES.get(f"GET {path}") is OPEN

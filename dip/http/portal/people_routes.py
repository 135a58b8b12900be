"""The routes about participants and people: onboarding, agents, certificates, users and one's own account (5.12)."""

from datetime import timedelta

from aiohttp import web

from dip.http.portal.account import AccountPages
from dip.http.portal.accounts import Accounts
from dip.http.portal.agents import AgentDesk
from dip.http.portal.authorities import AuthorityDesk
from dip.http.portal.certificate_pages import CertificatePages
from dip.http.portal.certificate_views import CertificateViews
from dip.http.portal.certificates import CertificateDesk
from dip.http.portal.drills import DrillDesk
from dip.http.portal.lock_out import LockOut
from dip.http.portal.log_in import LogIn
from dip.http.portal.own_address import OwnAddress
from dip.http.portal.own_certificates import OwnCertificateDesk
from dip.http.portal.participant_pages import ParticipantPages
from dip.http.portal.participants import ParticipantDesk
from dip.http.portal.parts import PortalParts
from dip.http.portal.passwords import Passwords
from dip.http.portal.renderer import Renderer
from dip.http.portal.sessions import Sessions
from dip.http.portal.users import UserDesk


def sessions_of(parts: PortalParts, passwords: Passwords) -> Sessions:
    """Who is logged in."""
    return Sessions(
        users=parts.store.users,
        passwords=passwords,
        participants=parts.participants,
        clock=parts.clock,
        lasts=timedelta(hours=parts.settings.session_hours),
    )


def participant_routes(parts: PortalParts, renderer: Renderer) -> list[web.RouteDef]:
    """The routes about participants, their agents and everybody's certificates."""
    participants, trust = parts.participants, parts.trust
    views = CertificateViews(participants=participants, clock=parts.clock, settings=parts.settings)
    desk = ParticipantDesk(
        onboarding=trust.onboarding,
        central_feed=trust.central_feed,
        participants=participants,
        registry=parts.registry,
        dispatcher=parts.dispatcher,
    )
    return [
        *desk.routes(),
        *ParticipantPages(
            desk=desk,
            onboarding=trust.onboarding,
            central_feed=trust.central_feed,
            registry=parts.registry,
            renderer=renderer,
        ).routes(),
        *AgentDesk(agents=trust.agents, participants=participants, renderer=renderer).routes(),
        *CertificateDesk(
            certificates=trust.certificates, authorities=trust.authorities, participants=participants, views=views
        ).routes(),
        *OwnCertificateDesk(own=trust.own, authority=trust.certificates.authority, views=views).routes(),
        *CertificatePages(
            certificates=trust.certificates,
            own=trust.own,
            participants=participants,
            views=views,
            renderer=renderer,
        ).routes(),
        *AuthorityDesk(authorities=trust.authorities, renderer=renderer).routes(),
        *DrillDesk(drills=trust.drills, participants=participants, renderer=renderer).routes(),
    ]


def account_routes(
    parts: PortalParts, renderer: Renderer, *, passwords: Passwords, sessions: Sessions
) -> list[web.RouteDef]:
    """The routes about users, and of logging in."""
    settings = parts.settings
    accounts = Accounts(
        users=parts.store.users,
        passwords=passwords,
        participants=parts.participants,
        clock=parts.clock,
        certificates=parts.trust.user_certificates,
        first_password=parts.first_password,
        log=parts.log,
    )
    lock_out = LockOut(parts.clock, attempts=settings.log_in_attempts, lasts_s=settings.log_in_lock_minutes * 60)
    return [
        *LogIn(sessions=sessions, lock_out=lock_out, renderer=renderer, log=parts.log).routes(),
        *UserDesk(accounts=accounts, participants=parts.participants, renderer=renderer).routes(),
        *AccountPages(
            accounts=accounts,
            passwords=passwords,
            sessions=sessions,
            own_address=OwnAddress(parts.store.user_addresses),
            renderer=renderer,
            asks_for_certificates=settings.portal_client_certificates,
        ).routes(),
    ]

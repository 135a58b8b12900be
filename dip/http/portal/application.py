"""The portal's application: every page and every call of the administration API, put together."""

from aiohttp import web

from dip.ground.assets import asset
from dip.http.description.documents import Documents
from dip.http.forwarded import PROXIES, Proxies
from dip.http.portal.dashboard.routes import dashboard_of
from dip.http.portal.failures import add_security_headers, failures, refuse_unread
from dip.http.portal.guard import guard, visitor_again
from dip.http.portal.help.book import HelpBook
from dip.http.portal.help.pages import HelpPages
from dip.http.portal.help.problem_codes import problem_codes
from dip.http.portal.help.texts import read_help
from dip.http.portal.maintenance import Maintenance
from dip.http.portal.message_routes import message_routes
from dip.http.portal.open_doors import OpenDoors
from dip.http.portal.operation_routes import operation_routes
from dip.http.portal.page_head import head_of
from dip.http.portal.parts import PortalParts
from dip.http.portal.passwords import Passwords
from dip.http.portal.people_routes import account_routes, participant_routes, sessions_of
from dip.http.portal.powers import Visitor
from dip.http.portal.renderer import Renderer
from dip.http.portal.saved_view_desk import SavedViewDesk
from dip.http.portal.strangers import strangers_limited
from dip.http.portal.trying.choice import Senders
from dip.http.portal.trying.desk import TryDesk
from dip.http.portal.view_as import ViewAs
from dip.http.portal.view_as_desk import ViewAsDesk
from dip.http.unread import REFUSE
from dip.participants.rates import strangers_rate


def portal_application(parts: PortalParts) -> web.Application:
    """The application of the portal port. Serve it without an access log: a search by MPAN stands in the address.

    Raises CatalogueRefused where the catalogue's flows have faults.
    """
    settings, clock = parts.settings, parts.clock
    maintenance = Maintenance(pauses=parts.pauses, registry=parts.registry, clock=clock)
    book = HelpBook(read_help(asset("data/help"), asset("docs/glossary.md")), problem_codes())

    def alarms_of(visitor: Visitor) -> int:
        """How many alarms that go on a page shows to a visitor."""
        user = visitor.name if visitor.form_token is not None else ""
        return parts.subscriptions.concerning(user, parts.duties.alarms.open(), visitor.dip_ids)

    view_as = ViewAs(participants=parts.participants, environment=settings.environment)
    renderer = Renderer(
        settings=settings,
        clock=clock,
        maintenance=maintenance.published,
        book=book,
        alarms=alarms_of,
        head=head_of(view_as),
    )
    passwords = Passwords(shortest=settings.password_characters)
    sessions = sessions_of(parts, passwords)
    application = web.Application(
        middlewares=[
            failures(renderer, parts.log),
            strangers_limited(strangers_rate(settings, clock)),
            guard(sessions, parts.admin_token_digest, view_as),
        ]
    )
    dashboard = dashboard_of(
        parts,
        renderer,
        maintenance=maintenance.published,
        present=lambda request: visitor_again(request, sessions, parts.admin_token_digest, view_as),
    )
    application.on_response_prepare.append(add_security_headers)
    application.on_shutdown.append(dashboard.close)
    application[REFUSE] = refuse_unread
    application[PROXIES] = Proxies.of(settings)
    tries = TryDesk(
        settings=settings,
        clock=clock,
        registry=parts.registry,
        participants=parts.participants,
        senders=Senders(directory=parts.directory, settings=settings, participants=parts.participants),
        api_url=parts.near_api_url,
    )
    documents = Documents(
        settings=settings,
        registry=parts.registry,
        renderer=renderer,
        api_url=parts.api_url,
        api=parts.api,
        portal=application,
        offered=tries.offered,
    )
    application.add_routes(
        [
            *OpenDoors(settings=settings, registry=parts.registry, metrics=parts.metrics).routes(),
            *documents.routes(),
            *tries.routes(),
            *HelpPages(book=book, registry=parts.registry, renderer=renderer).routes(),
            web.static("/static", asset("static")),
            *account_routes(parts, renderer, passwords=passwords, sessions=sessions),
            *ViewAsDesk(view_as=view_as, renderer=renderer).routes(),
            *SavedViewDesk(views=parts.saved_views, renderer=renderer).routes(),
            *dashboard.routes(),
            *message_routes(parts, renderer),
            *operation_routes(parts, renderer, maintenance),
            *participant_routes(parts, renderer),
        ]
    )
    return application

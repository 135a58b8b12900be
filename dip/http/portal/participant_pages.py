"""The pages about participants: list, one, a new one; roles, sign-ups and offboarding (5.12, FS-57)."""

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web
from multidict import MultiDictProxy

from dip.channels.registry import Registry
from dip.ground.current import Current
from dip.ground.errors import BadRequest, DipError, NotFound, NotPermitted
from dip.http.portal.guard import present_visitor
from dip.http.portal.participants import ParticipantDesk, check_change
from dip.http.portal.powers import Power, Visitor
from dip.http.portal.renderer import Renderer
from dip.http.problems import status_of
from dip.messages.identifiers import DIP, RoleCode
from dip.participants.participant import Participant
from dip.store.records import ALL_CHANNELS, STATUS_CHANNEL
from dip.trust.central_feed import CentralFeed
from dip.trust.onboarding import Onboarding
from dip.trust.onboarding_orders import NewParticipant, ParticipantChange

_ALL: Final = "/participants"
_NEW: Final = "/participants/new"
_ONE: Final = "/participants/{dip_id}"
_SHOWN: Final = 500
_NOTICES: Final = {
    "saved": "Saved; it counts from now on.",
    "signed": "Saved. Channels that were signed off bring nothing any more.",
    "left": "Offboarded: roles, certificates, API key, webhooks and waiting messages are withdrawn.",
}


class ParticipantPages:
    """Handlers of `/participants`."""

    def __init__(
        self,
        *,
        desk: ParticipantDesk,
        onboarding: Onboarding,
        central_feed: CentralFeed,
        registry: Current[Registry],
        renderer: Renderer,
    ) -> None:
        self._desk = desk
        self._onboarding = onboarding
        self._central_feed = central_feed
        self._registry = registry
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """The pages."""
        return [
            web.get(_ALL, self.listed),
            web.post(_ALL, self.pull),
            web.get(_NEW, self.form),
            web.post(_NEW, self.add),
            web.get(_ONE, self.one),
            web.post(_ONE, self.change),
        ]

    async def listed(self, request: web.Request) -> web.Response:
        """Participants, searched by id, MPID, name, company or role; and how the central feed stands."""
        return self._listed(request)

    async def pull(self, request: web.Request) -> web.Response:
        """Ask the central feed now."""
        try:
            await self._central_feed.pull()
        except DipError as refused:
            return self._listed(request, refused)
        raise web.HTTPSeeOther(f"{_ALL}?pulled=1")

    async def form(self, request: web.Request) -> web.Response:
        """The form for a new participant."""
        return self._form(request)

    async def add(self, request: web.Request) -> web.Response:
        """Onboard what the form says, and show the API key once."""
        present_visitor(request).check_has(Power.PARTICIPANTS)
        form = await request.post()
        try:
            joined = await self._onboarding.add(_new(form))
        except DipError as refused:
            return self._form(request, form, refused)
        return self._page(request, joined.participant, api_key=joined.api_key, is_new=True)

    async def one(self, request: web.Request) -> web.Response:
        """One participant: details, roles, channels, sign-ups, webhooks."""
        return self._page(request, self._desk.found(request), notice=_NOTICES.get(request.query.get("done", ""), ""))

    async def change(self, request: web.Request) -> web.Response:
        """What a form of the page asks for: save, sign up, a new API key, offboarding."""
        participant, visitor = self._desk.found(request), present_visitor(request)
        form = await request.post()
        try:
            api_key, done = await self._done(participant, form, visitor)
        except (NotPermitted, NotFound):
            raise
        except DipError as refused:
            return self._page(request, self._desk.found(request), refused=refused)
        if api_key is not None:
            return self._page(request, self._desk.found(request), api_key=api_key)
        raise web.HTTPSeeOther(f"{_ALL}/{participant.dip_id}?done={done}")

    async def _done(
        self, participant: Participant, form: "MultiDictProxy[Any]", visitor: Visitor
    ) -> tuple[str | None, str]:
        """The new API key, where one was made, and what was done."""
        dip_id, asked = participant.dip_id, form.get("do")
        if asked == "offboard":
            visitor.check_has(Power.PARTICIPANTS)
            if str(form.get("confirm", "")).strip() != dip_id:
                raise BadRequest(f"Type {dip_id} to confirm.")
            await self._onboarding.offboard(dip_id)
            return None, "left"
        if asked == "new-key":
            change = ParticipantChange(new_api_key=True)
        elif asked == "sign-up":
            change = ParticipantChange(
                optional_roles=_roles(form, "optional_role"), optional_channels=_texts(form, "optional_channel")
            )
        else:
            change = ParticipantChange(
                mpid=_text(form, "mpid").upper(),
                name=_text(form, "name"),
                roles=_kept_in_order(participant.base_roles, _roles(form, "role")),
                company=_text(form, "company"),
                company_name=_text(form, "company_name") or None,
            )
        check_change(visitor, change)
        joined = await self._onboarding.change(dip_id, change)
        return joined.api_key, "signed" if asked == "sign-up" else "saved"

    def _listed(self, request: web.Request, refused: DipError | None = None) -> web.Response:
        visitor = present_visitor(request)
        wanted = request.query.get("q", "").strip()
        with_left = request.query.get("left") == "true"
        known = [self._desk.view(one) for one in self._desk.seen(visitor, with_left=with_left)]
        found = [one for one in known if _fits(wanted, one)]
        values = {
            "rows": found[:_SHOWN],
            "more": len(found) - _SHOWN,
            "wanted": wanted,
            "with_left": with_left,
            "changes": visitor.has(Power.PARTICIPANTS),
            "feed": self._central_feed.state if self._central_feed.is_configured else None,
            "pulled": request.query.get("pulled") == "1",
            "refused": refused,
        }
        status = 200 if refused is None else status_of(refused)
        return self._renderer.page(request, "participants.html", values, status=status)

    def _form(
        self, request: web.Request, form: Mapping[str, Any] | None = None, refused: DipError | None = None
    ) -> web.Response:
        typed = {
            name: str((form or {}).get(name, "")) for name in ("mpid", "name", "dip_id", "company", "company_name")
        }
        values = {
            "typed": typed,
            "chosen": _roles(form, "role") if isinstance(form, MultiDictProxy) else (),
            "roles": self._roles_given(),
            "companies": sorted(self._onboarding.companies.values(), key=lambda one: one.number),
            "refused": refused,
        }
        status = 200 if refused is None else status_of(refused)
        return self._renderer.page(request, "participant_new.html", values, status=status)

    def _page(
        self,
        request: web.Request,
        participant: Participant,
        *,
        refused: DipError | None = None,
        api_key: str | None = None,
        is_new: bool = False,
        notice: str = "",
    ) -> web.Response:
        visitor, registry = present_visitor(request), self._registry.value
        detail = self._desk.detail(participant)
        present = participant.left_at is None and participant.dip_id != DIP
        values = {
            "participant": participant,
            "tab": "details",
            "detail": detail,
            "company_name": self._desk.company_name(participant.company),
            "roles": self._roles_given(),
            "role_of": registry.roles.get,
            "optional_roles": [
                one for one in self._roles_given() if one.optional and one.code not in participant.base_roles
            ],
            "stated": {one.role: one for one in self._onboarding.qualifications.get(participant.dip_id, ())},
            "channel_name": lambda one: channel.name if (channel := registry.find(one)) is not None else "",
            "webhook_name": lambda one: {ALL_CHANNELS: "every other channel", STATUS_CHANNEL: "status messages"}.get(
                one, one
            ),
            "changes": present and visitor.has(Power.PARTICIPANTS),
            "signs_up": present and visitor.has(Power.PARTICIPANTS, Power.COMPANY_USERS),
            "refused": refused,
            "api_key": api_key,
            "is_new": is_new,
            "notice": notice,
        }
        status = 200 if refused is None else status_of(refused)
        response = self._renderer.page(request, "participant.html", values, status=201 if is_new else status)
        if api_key is not None:
            response.headers["Cache-Control"] = "no-store"
        return response

    def _roles_given(self) -> list[Any]:
        roles = self._registry.value.roles.values()
        return sorted((one for one in roles if one.kind != "platform"), key=lambda one: one.code)


def _new(form: "MultiDictProxy[Any]") -> NewParticipant:
    return NewParticipant(
        mpid=_text(form, "mpid").upper(),
        name=_text(form, "name"),
        roles=_roles(form, "role"),
        dip_id=_text(form, "dip_id") or None,
        company=_text(form, "company") or None,
        company_name=_text(form, "company_name") or None,
    )


def _kept_in_order(before: tuple[RoleCode, ...], chosen: tuple[RoleCode, ...]) -> tuple[RoleCode, ...]:
    """A form lists roles by their code; the main one stays the first."""
    return (*(role for role in before if role in chosen), *(role for role in chosen if role not in before))


def _fits(wanted: str, one: Any) -> bool:
    """Whether each word stands somewhere in what is known of a participant."""
    text = " ".join((one.dip_id, one.mpid, one.name, one.company, one.company_name, *one.roles)).casefold()
    return all(word in text for word in wanted.casefold().split())


def _text(form: Mapping[str, Any], name: str) -> str:
    return str(form.get(name, "")).strip()


def _texts(form: "MultiDictProxy[Any]", name: str) -> tuple[str, ...]:
    return tuple(str(one) for one in form.getall(name, []))


def _roles(form: "MultiDictProxy[Any]", name: str) -> tuple[RoleCode, ...]:
    return tuple(RoleCode(one) for one in _texts(form, name))
